// Requests to the payout API of the JPay simulator.
import { afterEach, expect, jest } from '@jest/globals';
import type { Clock } from 'payout-guard';
import type { JpaySimulator, JpaySimulatorOptions } from 'payout-guard/testing';
import { closeAll, startJpay } from '../providers/support.js';

export const running: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((party) => party.close()));
  await closeAll();
});

// 12 April 2024, 14:30:45 in Nairobi, from the vectors.
export const nowMs: number = Date.parse('2024-04-12T11:30:45Z');
export const clock: Clock = { now: () => nowMs };

export function start(options: JpaySimulatorOptions = {}): Promise<JpaySimulator> {
  return startJpay({ payout: '1000.00', clock, ...options });
}

export interface Reply {
  status: number;
  body: Record<string, unknown>;
}

export async function call(simulator: JpaySimulator, path: string, init: RequestInit = {}): Promise<Reply> {
  const headers = { authorization: `Bearer ${simulator.accessToken()}` };
  const response = await fetch(`${simulator.url}/payments/payouts${path}`, { headers, ...init });
  expect(response.headers.get('content-type')).toBe('application/json');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** A correct initiation with changes. A field that is `undefined` is left out. */
export function initiation(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    payto: '+254712345678',
    amount: '100.00',
    ref_no: 'ref-1',
    callback_url: 'https://shop.example/paid',
    app_code: 12_345,
    ...changes,
  };
}

export function initiate(simulator: JpaySimulator, changes?: Record<string, unknown>): Promise<Reply> {
  return call(simulator, '/initiate', { method: 'POST', body: JSON.stringify(initiation(changes)) });
}

export function refusal(status: number, detail: string): Reply {
  return { status, body: { detail } };
}

export const mpesa = { channel: 63_902, channel_name: 'M-Pesa', channel_type: 'Mobile Money' };

export const first: Record<string, unknown> = {
  id: 'PAYOUT-SIM-1',
  payto: '+254712345678',
  amount: '100.00',
  ref_no: 'ref-1',
  status: 'pending',
  category: 'other',
  created_at: '12/04/2024 14:30:45',
  ...mpesa,
};

export function payoutBalance(simulator: JpaySimulator): string {
  return simulator.balances().payout;
}
