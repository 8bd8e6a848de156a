// A terminal of the Phoenix simulator.
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

export const ask = (provider: BalanceProvider, signal?: AbortSignal): ReturnType<BalanceProvider['fetchBalance']> =>
  provider.fetchBalance({ currency: 'UGX', signal: signal ?? new AbortController().signal });
