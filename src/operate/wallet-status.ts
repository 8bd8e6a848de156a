// The wallets of a guard as an operator looks at them: funds, or the reason why there are none to show.
import type { Funds, FundsOptions } from '../core/calls.js';
import { type BalanceUnavailableError, isPayoutGuardError } from '../core/errors.js';
import type { PayoutGuard } from '../core/payout-guard.js';

export interface WalletStatus {
  readonly wallet: string;
  /** ISO 4217 code of all amounts. */
  readonly currency: string;
  /** Decimals of the currency. */
  readonly exponent: number;
  readonly provider: string;
  /** Absent when the balance or the store could not be read. */
  readonly funds?: Funds;
  readonly problem?: StatusProblem;
}

export interface StatusProblem {
  /** Code of the error, such as `balance_unavailable` or `currency_mismatch`. */
  readonly code: string;
  /** Reason of a `balance_unavailable`, such as `timeout`, `unauthorized` or `store`. */
  readonly reason?: string;
  /** A sentence for operators, without secrets and balances. */
  readonly message: string;
}

/** As the options of `guard.funds`. */
export type StatusOptions = Pick<FundsOptions, 'refresh' | 'staleForDisplayMs'>;

/** Reads every wallet that the guard knows now, all at once. Never rejects for a wallet that cannot be read. */
export function walletStatuses(guard: PayoutGuard): Promise<WalletStatus[]> {
  return Promise.all(guard.internals.wallets().map(({ key }) => walletStatus(guard, key)));
}

/**
 * @throws `InvalidArgumentError` `ConfigurationError` the wallet is not known.
 */
export async function walletStatus(
  guard: PayoutGuard,
  key: string,
  options: StatusOptions = {},
): Promise<WalletStatus> {
  const { currency, providerName } = guard.internals.wallet(key);
  const about = { wallet: key, currency: currency.code, exponent: currency.exponent, provider: providerName };
  try {
    return { ...about, funds: await guard.funds({ ...options, wallet: key }) };
  } catch (error) {
    return { ...about, problem: problemOf(error) };
  }
}

/** Errors of other code may hold anything, so only their kind is shown. */
export function problemOf(error: unknown): StatusProblem {
  if (!isPayoutGuardError(error)) return { code: 'unexpected', message: 'An unexpected error occurred.' };
  const { reason } = error as Partial<BalanceUnavailableError>;
  return { code: error.code, ...(reason !== undefined && { reason }), message: withoutConsequence(error.message) };
}

/** The message of an error without the sentence about its payout: for readers who have asked about no payout. */
export function withoutConsequence(message: string): string {
  return message.replace(/ The payout was not approved\.$/, '');
}
