// A wallet whose provider fails on request of the test.
import type { BalanceProvider, GuardOptions, WalletSettings } from 'payout-guard';
import { interswitch, type NetworkOptions } from 'payout-guard/providers/interswitch';
import type { Fault, InterswitchSimulator } from 'payout-guard/testing';
import { guardOf, quick, startInterswitch } from './support.js';

export const openMs = 60_000;

export async function wallet(
  options: NetworkOptions = {},
  guardOptions: Partial<GuardOptions & WalletSettings> = {},
): Promise<ReturnType<typeof guardOf> & { simulator: InterswitchSimulator; provider: BalanceProvider }> {
  const simulator = await startInterswitch({ available: '1000' });
  const circuitBreaker = { failures: 2, openMs };
  const provider = interswitch({ baseUrl: simulator.url, ...quick, maxAttempts: 1, circuitBreaker, ...options });
  return { ...guardOf(provider, guardOptions), simulator, provider };
}

export const status = (code: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'status',
  status: code,
  headers,
});
