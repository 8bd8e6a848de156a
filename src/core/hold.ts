// The life of a hold: reserved -> sent -> captured or released. Pure, no I/O.
import type { Currency } from './currency.js';

/**
 * - `reserved`: promised to a payout that has not been sent. Expires.
 * - `sent`: the payout may have left. Only its outcome ends it, never time.
 * - `captured`: the payout was made.
 * - `released`: the payout was not made, or the reservation expired.
 */
export type HoldState = 'reserved' | 'sent' | 'captured' | 'released';

/** A hold as a store keeps it. Times are of the store's clock, in epoch milliseconds. */
export interface HoldRecord {
  /** The caller's unique id of the payout. */
  readonly reference: string;
  /** The key of the wallet. */
  readonly wallet: string;
  readonly state: HoldState;
  /** Random id of the request that took this hold. Distinguishes it from other holds of the same reference. */
  readonly attempt: string;
  /** The promised amount, fee included, in minor units. */
  readonly amountMinor: bigint;
  /** The currency of all amounts of this hold. */
  readonly currency: Currency;
  /** The real debit, once captured, in minor units. */
  readonly capturedMinor?: bigint | undefined;
  readonly createdAtMs: number;
  /** Time at which the hold expires unless it is sent; `reserved` only. */
  readonly expiresAtMs?: number | undefined;
  readonly sentAtMs?: number | undefined;
  /** The handle that was given `sent`, if it is not the one that took the hold. */
  readonly sender?: string | undefined;
  /**
   * Until when the code that pays may still be sending; the moment it ended, once that is recorded. Before it a
   * provider's "failed" proves nothing, because a later attempt to send may succeed.
   */
  readonly sendsUntilMs?: number | undefined;
  /** Time of the capture or release. */
  readonly endedAtMs?: number | undefined;
  /**
   * Until when a capture counts as held, because the provider's balance shows it late; absent when it is visible at
   * once.
   */
  readonly visibleAtMs?: number | undefined;
  /**
   * Number of this hold among those of its reference, 2 or more: the ones before were released. The provider's "failed"
   * may be about one of them. Absent for the first.
   */
  readonly turn?: number | undefined;
  /** The payout failed, so the reference is not held again. */
  readonly failed?: boolean | undefined;
  /** Captured because the provider debits at acceptance; whether the payout succeeded is not known yet. */
  readonly awaitsOutcome?: boolean | undefined;
  /** Digest of the payee, if the application named one. */
  readonly fingerprint?: string | undefined;
  /**
   * The day that it counts on under daily limits, as the number of days since 1970-01-01; absent without such limits.
   */
  readonly day?: number | undefined;
  /** Digest of the payee that it counts for under daily limits. */
  readonly payee?: string | undefined;
  /** Short texts of the application. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The outcome of a request to move a hold on; see `SettleOutcome`. */
export type Transition = 'done' | 'late' | 'already' | 'illegal';

/** The targets of a move; see `SettleRequest`. */
export type Target = 'reserved' | 'sent' | 'returned' | 'captured' | 'released' | 'failed';

/**
 * Returns the outcome of a move, requested by the attempt of the hold or by a request that names none.
 *
 * Captures, releases and verdicts may be repeated; `sent` may not: it is the permission to send the payout, and is
 * given once. A capture of a hold that was never marked as sent is accepted, and so is one after the release, because
 * the money has left all the same; that one must name its attempt.
 */
export function transition(hold: HoldRecord, to: Target, namesAttempt: boolean): Transition {
  switch (to) {
    case 'reserved':
    case 'sent':
      return hold.state === 'reserved' ? 'done' : 'illegal';
    case 'returned':
      return hold.state === 'sent' ? 'done' : hold.state === 'captured' ? 'already' : 'illegal';
    case 'captured':
      if (isOpen(hold.state)) return 'done';
      if (hold.state === 'captured') return 'already';
      return namesAttempt ? 'late' : 'illegal';
    case 'released':
      if (isOpen(hold.state)) return 'done';
      return hold.state === 'released' ? 'already' : 'illegal';
    case 'failed':
      if (isOpen(hold.state)) return 'done';
      return hold.state === 'released' || hold.awaitsOutcome || hold.failed ? 'already' : 'illegal';
    default:
      return to satisfies never;
  }
}

/** Returns true while a hold counts against the wallet. */
export function isOpen(state: HoldState): boolean {
  return state === 'reserved' || state === 'sent';
}

/** The share of a hold in daily limits, in minor units. */
export function countedMinor({ state, amountMinor, capturedMinor = amountMinor }: HoldRecord): bigint {
  if (isOpen(state)) return amountMinor;
  return state === 'captured' ? capturedMinor : 0n;
}

/** Returns true while the outcome of the payout is unknown. */
export function isUndecided({ state, awaitsOutcome }: HoldRecord): boolean {
  return state === 'sent' || awaitsOutcome === true;
}

/** Returns the turn of the next hold of the reference. */
export function nextTurn({ turn = 1 }: HoldRecord): number {
  return turn + 1;
}

/** Returns true if a hold is as its attempt was granted it: open, and not sent by another handle. */
export function isAsGranted(hold: HoldRecord, attempt: string, state: HoldState): boolean {
  return hold.attempt === attempt && hold.state === state && hold.sender === undefined;
}

/** Returns true if the reference of a finished hold may be held again: its payout certainly was not sent. */
export function mayBeHeldAgain(hold: HoldRecord): boolean {
  return hold.state === 'released' && hold.failed !== true;
}
