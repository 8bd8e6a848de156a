// A hold as the application sees it: amounts as text, times as dates.
import type { HoldRecord, HoldState } from './hold.js';
import { formatMinorUnits } from './money.js';

/** A hold. Amounts are decimal text in major units, times are of the store's clock. */
export interface HoldInfo {
  /** The unique id of the payout. */
  readonly reference: string;
  /** The key of the wallet. */
  readonly wallet: string;
  readonly state: HoldState;
  /** Names the request that took the hold, for `guard.release(reference, { attempt })`. */
  readonly attempt: string;
  /** The promised amount, fee included. */
  readonly amount: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** The real debit, once captured. May be less or more than was held. */
  readonly captured?: string;
  readonly createdAt: Date;
  /** Time at which a `reserved` hold expires. */
  readonly expiresAt?: Date;
  readonly sentAt?: Date;
  /** Time of the capture or release. */
  readonly endedAt?: Date;
  /** The payout failed: its reference is not held again. */
  readonly failed?: true;
  /** Captured because the provider debits at acceptance; whether the payout succeeded is not known yet. */
  readonly awaitsOutcome?: true;
  /** Short texts of the application. */
  readonly metadata: Readonly<Record<string, string>>;
}

export function holdInfo(hold: HoldRecord): HoldInfo {
  const { currency } = hold;
  const info: { -readonly [Key in keyof HoldInfo]: HoldInfo[Key] } = {
    reference: hold.reference,
    wallet: hold.wallet,
    state: hold.state,
    attempt: hold.attempt,
    amount: formatMinorUnits(hold.amountMinor, currency),
    currency: currency.code,
    createdAt: new Date(hold.createdAtMs),
    metadata: hold.metadata,
  };
  if (hold.capturedMinor !== undefined) info.captured = formatMinorUnits(hold.capturedMinor, currency);
  if (hold.expiresAtMs !== undefined) info.expiresAt = new Date(hold.expiresAtMs);
  if (hold.sentAtMs !== undefined) info.sentAt = new Date(hold.sentAtMs);
  if (hold.endedAtMs !== undefined) info.endedAt = new Date(hold.endedAtMs);
  if (hold.failed) info.failed = true;
  if (hold.awaitsOutcome) info.awaitsOutcome = true;
  return info;
}
