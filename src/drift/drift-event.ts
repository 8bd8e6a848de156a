// What a drift watch reports.
import type { Currency } from '../core/currency.js';
import { formatMinorUnits } from '../core/money.js';
import type { Finding } from './ledger.js';

/** Money that moved without a payout or a reported credit. Contains amounts: for operators. */
export interface DriftEvent {
  readonly wallet: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** `debit`: more left the wallet than is explained. `credit`: more came in. */
  readonly direction: 'debit' | 'credit';
  /** How much, exactly; decimal text. The least it can have been when there is an `atMost`. */
  readonly amount: string;
  /**
   * Present when the amount is not certain and never will be: more than one movement happened between two quiet
   * moments, and there was no earlier one to compare with.
   */
  readonly atMost?: string;
  /** It happened after this time, and */
  readonly from: Date;
  /** before this one. */
  readonly to: Date;
  /** The balance at `to` that payouts and credits explain; decimal text. */
  readonly expected: string;
  /** The first balance that shows the movement. */
  readonly actual: string;
}

/**
 * The balance showed a captured payout later than the wallet's `visibilityLagMs`, so payouts may have been approved on
 * money that had left. Times are counted from the moment at which the store had recorded the capture. Contains amounts:
 * for operators.
 */
export interface VisibilityLagEvent {
  readonly wallet: string;
  /** ISO 4217 code. */
  readonly currency: string;
  readonly reference: string;
  /** Names the request that took the hold. */
  readonly attempt: string;
  /** The real debit; decimal text. */
  readonly amount: string;
  /** The `visibilityLagMs` of the wallet. */
  readonly lagMs: number;
  /** So long after the capture the balance certainly did not show it, in milliseconds. */
  readonly longerThanMs: number;
  /** So long after the capture it certainly did. */
  readonly atMostMs: number;
}

export function driftEvent(
  { debitedMinor: { least, most }, from, to }: Finding,
  about: { readonly wallet: string; readonly currency: Currency; readonly lagMs: number },
): DriftEvent {
  const text = (minor: bigint) => formatMinorUnits(minor, about.currency);
  const direction = least + most > 0n ? 'debit' : 'credit';
  const [amount, atMost] = direction === 'debit' ? [least, most] : [-most, -least];
  return {
    wallet: about.wallet,
    currency: about.currency.code,
    direction,
    amount: text(amount),
    ...(least !== most && { atMost: text(atMost) }),
    from: new Date(from.requestedAtMs - about.lagMs),
    to: new Date(to.receivedAtMs),
    expected: text(to.availableMinor + (direction === 'debit' ? amount : -amount)),
    actual: text(to.availableMinor),
  };
}
