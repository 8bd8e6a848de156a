// The life of a hold: reserved -> sent -> captured or released. Pure, no I/O.

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
  /** Random text of the request that took this hold: tells it from an earlier or later one with the same reference. */
  readonly attempt: string;
  /** What is promised, fee included, in minor units. */
  readonly amountMinor: bigint;
  /** What was really debited, once captured, in minor units. */
  readonly capturedMinor?: bigint | undefined;
  readonly createdAtMs: number;
  /** When the hold ends by itself unless it is sent; `reserved` only. */
  readonly expiresAtMs?: number | undefined;
  readonly sentAtMs?: number | undefined;
  /** When it was captured or released. */
  readonly endedAtMs?: number | undefined;
  /** Until when a capture counts as held, because the provider's balance shows it late; absent when it counts as visible at once. */
  readonly visibleAtMs?: number | undefined;
  /**
   * The reference was held before and released. The provider may know of that attempt too: its "failed" may be the old one's.
   */
  readonly heldBefore?: boolean | undefined;
  /** What the application wrote on it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What becomes of a request to move a hold on: it is done, it was done before, or it cannot be done. */
export type Transition = 'done' | 'already' | 'illegal';

/**
 * Whether a hold may move on. Capture and release may be repeated; `sent` may not: it is the permission to send the
 * payout, and is given once. A captured hold that was never marked as sent is accepted: the money has left all the same.
 */
export function transition(from: HoldState, to: Exclude<HoldState, 'reserved'>): Transition {
  if (from === to) return to === 'sent' ? 'illegal' : 'already';
  if (from === 'captured' || from === 'released') return 'illegal';
  return 'done';
}

/** Whether a hold still counts against the wallet. */
export function isOpen(state: HoldState): boolean {
  return state === 'reserved' || state === 'sent';
}
