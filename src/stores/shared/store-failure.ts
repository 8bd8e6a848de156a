// Why a database failed. Its own words stay out: they may hold secrets.
import { BalanceUnavailableError } from '../../core/errors.js';
import { warn } from '../../core/warn.js';

export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  /** A short name of the cause, such as `NOAUTH`. */
  readonly failure: string;
  /** What happened, as a sentence without its full stop. */
  readonly what: string;
  /** What the operator can do about it, in sentences. */
  readonly advice: string;

  constructor(failure: string, what: string, advice: string) {
    super(`${failure}: ${what}. ${advice}`);
    this.failure = failure;
    this.what = what;
    this.advice = advice;
  }
}

export function unavailable(detail: string): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail });
}

/** The refusal of a caller. */
export function refusalOf(error: unknown): BalanceUnavailableError {
  if (error instanceof BalanceUnavailableError) return error;
  // Another error may hold secrets.
  if (!(error instanceof StoreFailure)) return unavailable('it failed');
  return new BalanceUnavailableError('store', { detail: `${error.failure}: ${error.what}`, cause: error });
}

/** How long the same cause is not warned of again, in milliseconds. */
const quietMs = 3_600_000;

/** What a store does about the failures of its database. */
export class Failures {
  readonly #store: string;
  readonly #warnedAtMs = new Map<string, number>();

  constructor(store: string) {
    this.#store = store;
  }

  /** Warns the operator of each cause once in an hour. */
  seen(error: unknown): void {
    if (error instanceof StoreFailure) this.#warn(error);
  }

  #warn({ failure, message }: StoreFailure): void {
    const nowMs = performance.now();
    const warnedAtMs = this.#warnedAtMs.get(failure);
    if (warnedAtMs !== undefined && nowMs - warnedAtMs < quietMs) return;
    this.#warnedAtMs.set(failure, nowMs);
    warn('PAYOUT_GUARD_STORE', `The ${this.#store} store refuses payouts. ${message}`);
  }
}
