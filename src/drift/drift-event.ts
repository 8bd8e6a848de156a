// The events of a drift watch.
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
  /** The exact amount as decimal text; with an `atMost`, the least that it can have been. */
  readonly amount: string;
  /**
   * Present when the amount is not certain and never will be: more than one movement happened between two quiet
   * moments, and there was no earlier one to compare with.
   */
  readonly atMost?: string;
  /** The movement happened after this time, and */
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
  /** Time after the capture at which the balance certainly did not show it, in milliseconds. */
  readonly longerThanMs: number;
  /** Time after the capture at which the balance certainly showed it, in milliseconds. */
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
