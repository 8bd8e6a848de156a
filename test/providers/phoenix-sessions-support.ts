// A terminal of the Phoenix simulator.
import { expect } from '@jest/globals';
import type { BalanceProvider } from 'payout-guard';
import { type PhoenixOptions, phoenix } from 'payout-guard/providers/phoenix';
import type { PhoenixSimulator, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { stoppedClock, type TestClock } from '../support/wallet.js';
import { guardOf, quick, startPhoenix } from './support.js';

export const paths = { exchange: '/client/doKeyExchange', balance: '/sente/accountBalance' } as const;

/** The number of key exchanges and of balance requests at the simulator. */
export function asked(simulator: PhoenixSimulator): [exchanges: number, balances: number] {
  return [simulator.count(paths.exchange), simulator.count(paths.balance)];
}

export interface Terminal extends ReturnType<typeof guardOf> {
  readonly clock: TestClock;
  readonly simulator: PhoenixSimulator;
  readonly provider: BalanceProvider;
}

export async function terminal(
  simulated: PhoenixSimulatorOptions = {},
  options: Partial<PhoenixOptions> = {},
): Promise<Terminal> {
  const clock = stoppedClock();
  const simulator = await startPhoenix({ clock, available: '1000', ...simulated });
  const provider = phoenix({ baseUrl: simulator.url, ...simulator.credentials(), ...quick, clock, ...options });
  return { ...guardOf(provider), clock, simulator, provider };
}

/** Expects that a new session is used for this time, and is then renewed. */
export async function expectRenewalAfter(lifeMs: number, { clock, simulator, provider }: Terminal): Promise<void> {
  await ask(provider);
  clock.advance(lifeMs - 1);
  await ask(provider);
  expect(asked(simulator)).toEqual([1, 2]);
  clock.advance(1);
  await ask(provider);
  expect(asked(simulator)).toEqual([2, 3]);
}

export const ask = (provider: BalanceProvider, signal?: AbortSignal): ReturnType<BalanceProvider['fetchBalance']> =>
  provider.fetchBalance({ currency: 'UGX', signal: signal ?? new AbortController().signal });
