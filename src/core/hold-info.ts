// A hold as the application sees it: amounts as text, times as dates.
import type { Currency } from './currency.js';
import type { HoldRecord, HoldState } from './hold.js';
import { formatMinorUnits } from './money.js';

/** A hold. Amounts are decimal text in major units, times are of the store's clock. */
export interface HoldInfo {
  /** The unique id of the payout. */
  readonly reference: string;
  /** The key of the wallet. */
  readonly wallet: string;
  readonly state: HoldState;
  /** What is promised, fee included. */
  readonly amount: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** What was really debited, once captured. May be less or more than was held. */
  readonly captured?: string;
  readonly createdAt: Date;
  /** When a `reserved` hold ends by itself. */
  readonly expiresAt?: Date;
  readonly sentAt?: Date;
  /** When it was captured or released. */
  readonly endedAt?: Date;
  /** What the application wrote on it. */
  readonly metadata: Readonly<Record<string, string>>;
}

export function holdInfo(hold: HoldRecord, currency: Currency): HoldInfo {
  const { reference, wallet, state, amountMinor, capturedMinor, metadata } = hold;
  return {
    reference,
    wallet,
    state,
    amount: formatMinorUnits(amountMinor, currency),
    currency: currency.code,
    ...(capturedMinor === undefined ? {} : { captured: formatMinorUnits(capturedMinor, currency) }),
    createdAt: new Date(hold.createdAtMs),
    ...(hold.expiresAtMs === undefined ? {} : { expiresAt: new Date(hold.expiresAtMs) }),
    ...(hold.sentAtMs === undefined ? {} : { sentAt: new Date(hold.sentAtMs) }),
    ...(hold.endedAtMs === undefined ? {} : { endedAt: new Date(hold.endedAtMs) }),
    metadata: { ...metadata },
  };
}
