// What is told of money that moved without us.
import type { Currency } from '../../core/currency.js';
import { formatMinorUnits } from '../../core/money.js';
import type { Finding } from './ledger.js';

/** Money that moved without a payout of this guard or a reported credit. Contains amounts: for operators. */
export interface DriftEvent {
  readonly wallet: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** `debit`: more left the wallet than is explained. `credit`: more came in. */
  readonly direction: 'debit' | 'credit';
  /** How much, exactly; decimal text. The least it can have been when there is an `atMost`. */
  readonly amount: string;
  /**
   * Present when it cannot be told exactly and never will: more happened between two quiet moments than one movement, and there was
   * none before that to compare with.
   */
  readonly atMost?: string;
  /** It happened after this time, and */
  readonly from: Date;
  /** before this one. */
  readonly to: Date;
  /** What the balance should have been at `to`, given the `actual` one; decimal text. */
  readonly expected: string;
  /** What the first balance said that shows it. */
  readonly actual: string;
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
