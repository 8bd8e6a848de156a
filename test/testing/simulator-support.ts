// Simulators that end with the test.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, jest } from '@jest/globals';
import {
  type InterswitchSimulator,
  interswitchSimulator,
  type JpaySimulator,
  type JpaySimulatorOptions,
  jpaySimulator,
  type Simulator,
} from 'payout-guard/testing';

export const running: Simulator[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

export async function startJpay(options?: JpaySimulatorOptions): Promise<JpaySimulator> {
  const simulator = await jpaySimulator(options);
  running.push(simulator);
  return simulator;
}

export async function startInterswitch(): Promise<InterswitchSimulator> {
  const simulator = await interswitchSimulator();
  running.push(simulator);
  return simulator;
}

export function getBalance(simulator: JpaySimulator, init: RequestInit = {}): Promise<Response> {
  return fetch(`${simulator.url}/wallets/balance`, {
    ...init,
    headers: { authorization: `Bearer ${simulator.accessToken()}` },
    redirect: 'manual',
  });
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

/** The error code of the cause for which a fetch, or the reading of its body, failed. */
export async function failureCode(work: Promise<unknown>): Promise<unknown> {
  const failure = await work.then(
    () => undefined,
    (error: Error & { cause?: { code?: string } }) => error,
  );
  return failure?.cause?.code ?? failure?.name;
}
