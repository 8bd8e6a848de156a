// The contract of a store: where holds live. Issue by issue the interface grows; what stands here is what a decision needs.

import { BalanceUnavailableError, isPayoutGuardError } from './errors.js';
import { redactedCause } from './redact.js';

/** A value, or a promise of it: a store in memory answers at once, and a warm check then costs no extra turn. */
export type MaybePromise<T> = T | Promise<T>;

/** What a store knows of one wallet, read in one atomic step. */
export interface WalletTotals {
  /** Random text made when the store's memory began. Another epoch means that the store forgot everything before. */
  readonly epoch: string;
  /** Sum of all open (reserved and sent) holds, in minor units. */
  readonly active: bigint;
  /** Sum of all holds ever captured in this epoch, in minor units. Only grows. */
  readonly captured: bigint;
}

/**
 * Where holds live.
 *
 * 1. `totals` is atomic: `active` and `captured` are of the same instant.
 * 2. Within one epoch `captured` never decreases.
 * 3. A wallet that was never seen has `active` and `captured` of zero.
 * 4. A store that cannot answer rejects. It never guesses.
 */
export interface HoldStore {
  /** For messages and metrics: `memory`, `redis`, `postgres`. */
  readonly name: string;
  /** The totals of a wallet now. */
  totals(wallet: string): MaybePromise<WalletTotals>;
  /** Lets go of timers and of whatever the store opened itself. Idempotent. */
  close(): Promise<void>;
}

/** The totals of a wallet. A store that fails becomes a {@link BalanceUnavailableError} with reason `store`. */
export function readTotals(store: HoldStore, wallet: string): MaybePromise<WalletTotals> {
  try {
    const totals = store.totals(wallet);
    return isPromise(totals) ? totals.catch(rethrowAsStoreFailure) : totals;
  } catch (error) {
    return rethrowAsStoreFailure(error);
  }
}

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Promise<T>).then === 'function';
}

function rethrowAsStoreFailure(error: unknown): never {
  throw isPayoutGuardError(error) ? error : new BalanceUnavailableError('store', { cause: redactedCause(error) });
}
