// The refusals of a shared store, its own and those for a failure of its database.
import { BalanceUnavailableError } from '../../core/errors.js';
import { StoreFailure } from '../../core/store-failure.js';
import { warn } from '../../core/warn.js';

/** A refusal of the store itself, without an error of the database. */
export function unavailable(failure: StoreFailure): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail: `${failure.failure}: ${failure.what}`, cause: failure });
}

/** The event that a request was waiting for when its time was over, where it is known. */
export type Wait = 'connection' | 'reply' | undefined;

/** The deadline of a request that was sent is over. */
export function noAnswer(wait: Wait): BalanceUnavailableError {
  switch (wait) {
    case 'connection':
      return unavailable(
        new StoreFailure(
          'NO_CONNECTION',
          'connection',
          'no answer in time, because the client has no connection',
          'Check the server, its address and the network, and whether the pool is large enough.',
        ),
      );
    case 'reply':
      return unavailable(new StoreFailure('NO_REPLY', 'timeout', 'no answer in time to what was sent', slowAdvice));
    default:
      return unavailable(new StoreFailure('NO_ANSWER', 'timeout', 'no answer in time', slowAdvice));
  }
}

const slowAdvice = 'See whether the server is overloaded, and the network slow; `deadlineMs` is the time that it has.';

type Refusal = 'notSent' | 'locked' | 'full' | 'silent' | 'undoing' | 'restoring' | 'unstable' | 'late' | 'unknown';

/** The other refusals of a store. */
export const refusals: Readonly<Record<Refusal, StoreFailure>> = {
  notSent: new StoreFailure(
    'NOT_SENT',
    'timeout',
    'no answer in time to the requests before this one, which was not sent',
    slowAdvice,
  ),
  locked: new StoreFailure(
    'LOCKED',
    'lock',
    'no answer in time, because another transaction keeps the wallet locked',
    'Commit soon after `within`.',
  ),
  full: new StoreFailure(
    'QUEUE_FULL',
    'capacity',
    'too many operations wait for it',
    'See whether the server is overloaded; `maxQueue` is how many may wait.',
  ),
  silent: new StoreFailure(
    'SILENT',
    'timeout',
    'it has stopped answering',
    'It is asked again every second. Check the server and the network.',
  ),
  undoing: new StoreFailure(
    'UNDOING',
    'capacity',
    'too many attempts are still to be undone',
    'No action needed: they are undone when the database responds.',
  ),
  restoring: new StoreFailure(
    'RESTORING',
    'recovering',
    'it lost data and is restoring open holds',
    'No action needed: it ends when the holds of this process are back.',
  ),
  unstable: new StoreFailure(
    'UNSTABLE',
    'recovering',
    'its data or its clock changes again and again',
    'See whether the client alternates between servers, and whether the clock of the server is stepped.',
  ),
  late: new StoreFailure('LATE', 'timeout', 'the request arrived too late, or after it lost data', slowAdvice),
  unknown: new StoreFailure('UNKNOWN', 'other', 'it failed', 'See the log of the database.'),
};

/** The refusal of a caller. */
export function refusalOf(error: unknown): BalanceUnavailableError {
  if (error instanceof BalanceUnavailableError) return error;
  // Another error may hold secrets.
  return unavailable(error instanceof StoreFailure ? error : refusals.unknown);
}

/** Interval in which the same cause is not warned of again, in milliseconds. */
const quietMs = 3_600_000;

/** Warnings of the failures of a database. */
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
