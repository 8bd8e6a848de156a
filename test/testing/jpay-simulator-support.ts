// Requests to the JPay simulator.
import { afterEach, expect } from '@jest/globals';
import type { JpaySimulator } from 'payout-guard/testing';
import { closeAll } from '../providers/support.js';

export { startJpay as start } from '../providers/support.js';

afterEach(closeAll);

export interface Reply {
  status: number;
  body: Record<string, unknown>;
}

export async function reply(response: Response): Promise<Reply> {
  expect(response.headers.get('content-type')).toBe('application/json');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

export async function post(simulator: JpaySimulator, path: string, body: unknown): Promise<Reply> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return reply(await fetch(simulator.url + path, { method: 'POST', body: text }));
}

export async function balance(simulator: JpaySimulator, authorization?: string): Promise<Reply> {
  const headers = authorization === undefined ? {} : { authorization };
  return reply(await fetch(`${simulator.url}/wallets/balance`, { headers }));
}

export async function login(simulator: JpaySimulator): Promise<{ access: string; refresh: string }> {
  const { appKey, appSecret } = simulator;
  const { body } = await post(simulator, '/auth/app/token', { app_key: appKey, app_secret: appSecret });
  return body as { access: string; refresh: string };
}

export const correct = {
  status: 200,
  body: { collection_wallet_balance: '45000.00', payout_wallet_balance: '12000.00', total_balance: '57000.00' },
};
