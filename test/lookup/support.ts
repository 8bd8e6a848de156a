// Helpers for the look-up tests.
import type { BalanceProvider, PayoutAnswer } from 'payout-guard';
import type { NetworkOptions } from 'payout-guard/providers/jpay';
import { failureOf, quick } from '../providers/support.js';

/** Network options for a look-up that fails quickly. */
export const once: NetworkOptions = { ...quick, maxAttempts: 1 };

export async function ask(
  provider: BalanceProvider,
  reference = 'ref-1',
  signal: AbortSignal = new AbortController().signal,
): Promise<PayoutAnswer> {
  if (!provider.lookup) throw new Error('the provider has no lookup');
  return provider.lookup({ reference, currency: 'KES', sentAtMs: 0, signal });
}

/** The result of a look-up: its outcome, or the reason of its failure. */
export async function wordOf(provider: BalanceProvider, reference?: string): Promise<string> {
  return ask(provider, reference).then(
    (answer: PayoutAnswer) => answer.outcome,
    (error: { code: string; reason: string }) => {
      if (error.code !== 'balance_unavailable') throw error;
      return error.reason;
    },
  );
}

export async function lookupFailure(provider: BalanceProvider, reference?: string): Promise<Error> {
  return failureOf(ask(provider, reference));
}
