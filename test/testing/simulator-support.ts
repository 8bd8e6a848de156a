// Requests to simulators that end with the test.
import { afterEach, jest } from '@jest/globals';
import type { JpaySimulator } from 'payout-guard/testing';
import { closeAll } from '../providers/support.js';

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

export function getBalance(simulator: JpaySimulator, init: RequestInit = {}): Promise<Response> {
  return fetch(`${simulator.url}/wallets/balance`, {
    ...init,
    headers: { authorization: `Bearer ${simulator.accessToken()}` },
    redirect: 'manual',
  });
}

/** The error code of the cause for which a fetch, or the reading of its body, failed. */
export async function failureCode(work: Promise<unknown>): Promise<unknown> {
  const failure = await work.then(
    () => undefined,
    (error: Error & { cause?: { code?: string } }) => error,
  );
  return failure?.cause?.code ?? failure?.name;
}
