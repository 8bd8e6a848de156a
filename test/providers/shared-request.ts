// A request that two guards wait for, of which the first ends.
import { expect } from '@jest/globals';
import type { BalanceProvider } from 'payout-guard';
import type { Simulator } from 'payout-guard/testing';
import type { TestClock } from '../support/clock.js';
import { failureOf, guardOf, until } from './support.js';

interface Client {
  readonly clock: TestClock;
  readonly simulator: Simulator;
  readonly provider: BalanceProvider;
}

/** Expects that the end of one guard leaves the request to the other. `amounts` are what the two check. */
export async function expectSharedRequest(
  end: 'close' | 'timeout',
  { clock, simulator, provider }: Client,
  path: string,
  amounts: { readonly first: string; readonly staying: string },
): Promise<void> {
  simulator.fault({ kind: 'slow', ms: 200 }, { path, times: 1 });
  const first = guardOf(provider, { clock, fetchTimeoutMs: 100 });
  const gone = failureOf(first.checkFunds(amounts.first));
  const staying = guardOf(provider).checkFunds(amounts.staying);
  await until(() => simulator.count(path) === 1);
  if (end === 'close') await first.close();
  else await clock.pass(100);
  expect(await gone).toMatchObject({ reason: end === 'close' ? 'closed' : 'timeout' });
  await clock.pass(200);
  expect((await staying).sufficient).toBe(true);
}
