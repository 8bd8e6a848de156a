// What attributes say: few values, and none that names a payout.
import { type BalanceUnavailableError, isPayoutGuardError } from '../core/errors.js';
import { errorTypes, other } from './metrics.js';

const known = new Set(errorTypes);

/** The code of an error, or the reason if a balance could not be told; `_OTHER` for what is not of this library. */
export function errorType(error: unknown): string {
  if (!isPayoutGuardError(error)) return other;
  const type = error.code === 'balance_unavailable' ? (error as BalanceUnavailableError).reason : error.code;
  return known.has(type) ? type : other;
}

/** Names a wallet only if it is one of those that were listed. */
export class WalletLabels {
  readonly #listed: ReadonlySet<string> | undefined;

  constructor(listed: readonly string[] | undefined) {
    this.#listed = listed && new Set(listed);
  }

  /** Nothing when no wallets were listed, or none is meant; `_OTHER` for one that was not. */
  of(wallet: unknown): { 'payout_guard.wallet'?: string } {
    if (!this.#listed || typeof wallet !== 'string') return {};
    return { 'payout_guard.wallet': this.#listed.has(wallet) ? wallet : other };
  }
}

/** What a caller wrote, if it can be a reference or the key of a wallet: neither is checked before it is told. */
export function plausibleKey(text: unknown): string | undefined {
  return typeof text === 'string' && /^[\x21-\x7e]{1,128}$/.test(text) ? text : undefined;
}
