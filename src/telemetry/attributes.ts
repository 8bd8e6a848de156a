// The values of attributes: few, and none that names a payout.
import { type BalanceUnavailableError, isPayoutGuardError } from '../core/errors.js';
import { errorTypes, other } from './metrics.js';

const known = new Set(errorTypes);

/** The code of an error, or the reason of an unavailable balance; `_OTHER` for errors that are not of this library. */
export function errorType(error: unknown): string {
  if (!isPayoutGuardError(error)) return other;
  const type = error.code === 'balance_unavailable' ? (error as BalanceUnavailableError).reason : error.code;
  return known.has(type) ? type : other;
}

/** Names a wallet only if it was listed. */
export class WalletLabels {
  readonly #listed: ReadonlySet<string> | undefined;

  constructor(listed: readonly string[] | undefined) {
    this.#listed = listed && new Set(listed);
  }

  /** Empty when no wallets were listed, or none is meant; `_OTHER` for a wallet that was not listed. */
  of(wallet: unknown): { 'payout_guard.wallet'?: string } {
    if (!this.#listed || typeof wallet !== 'string') return {};
    return { 'payout_guard.wallet': this.#listed.has(wallet) ? wallet : other };
  }
}

/** The text of a caller if it can be a reference or the key of a wallet: events may come before either was checked. */
export function plausibleKey(text: unknown): string | undefined {
  return typeof text === 'string' && /^[\x21-\x7e]{1,128}$/.test(text) ? text : undefined;
}
