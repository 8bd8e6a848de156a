// The errors of limits: a payout is above one of them, or the counters of a day are incomplete.
import type { Currency } from './currency.js';
import { PayoutGuardError } from './errors.js';
import { formatMinorUnits } from './money.js';

/** The limits of a wallet, by the names of their options. */
export type LimitName = 'perPayout' | 'perPayee' | 'perDay';

/** The limit that refuses a payout, with its figures. */
export interface LimitFacts {
  readonly wallet: string;
  readonly currency: Currency;
  readonly limit: LimitName;
  /** Amount plus fee. */
  readonly requiredMinor: bigint;
  readonly allowedMinor: bigint;
  /** Counted on the day so far; 0 for a limit of one payout. */
  readonly usedMinor: bigint;
  /** The day that is used up; absent for a payout that fits on no day. */
  readonly day?: { readonly endMs: number; readonly nowMs: number } | undefined;
}

/**
 * The payout, its fee included, is above a limit of the wallet, whatever the balance. The figures are on the error for
 * the program that catches it; they are not enumerable, so they do not reach a log or a client by accident.
 */
export class LimitExceededError extends PayoutGuardError {
  override readonly name = 'LimitExceededError';
  override readonly code = 'limit_exceeded';
  /** The key of the wallet. */
  readonly wallet: string;
  /** The option that sets the limit. */
  readonly limit: LimitName;
  /**
   * True if the payout would fit on a day of its own: status 429, and Retry-After is the end of the day. False for one
   * that is above the limit by itself: status 422.
   */
  readonly temporary: boolean;
  /** End of the day that is used up, on the store's clock, if `temporary`. */
  readonly until: Date | undefined;
  /** Time until then, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly #facts: LimitFacts;

  constructor(facts: LimitFacts) {
    const { limit, day } = facts;
    super(day ? usedUp[limit] : tooLarge[limit], { status: day ? 429 : 422, expose: true });
    this.wallet = facts.wallet;
    this.limit = limit;
    this.temporary = day !== undefined;
    this.until = day && new Date(day.endMs);
    this.retryAfterMs = day && Math.max(1, day.endMs - day.nowMs);
    this.#facts = facts;
  }

  /** Amount plus fee, decimal text. */
  get required(): string {
    return this.#text(this.#facts.requiredMinor);
  }
  /** The limit, decimal text. */
  get allowed(): string {
    return this.#text(this.#facts.allowedMinor);
  }
  /** Counted on the day so far, decimal text; zero for a limit of one payout. */
  get used(): string {
    return this.#text(this.#facts.usedMinor);
  }
  /** `allowed - used`, decimal text; zero when more was debited than was held. */
  get remaining(): string {
    const { allowedMinor, usedMinor } = this.#facts;
    return this.#text(usedMinor < allowedMinor ? allowedMinor - usedMinor : 0n);
  }
  /** ISO 4217 code. */
  get currency(): string {
    return this.#facts.currency.code;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), wallet: this.wallet, limit: this.limit, temporary: this.temporary };
  }

  #text(minor: bigint): string {
    return formatMinorUnits(minor, this.#facts.currency);
  }
}

const tooLarge: Readonly<Record<LimitName, string>> = {
  perPayout: 'The payout is above the limit for one payout.',
  perPayee: 'The payout is above what one payee may get in a day.',
  perDay: 'The payout is above what may be paid out in a day.',
};

const usedUp: Readonly<Record<LimitName, string>> = {
  ...tooLarge,
  perPayee: 'The payee has reached the daily limit, or this payout would exceed it. Repeat it on the next day.',
  perDay: 'The daily limit is reached, or this payout would exceed it. Repeat it on the next day.',
};

/** By code, not by `instanceof`: the error may come from another copy of this package. */
export function isLimitExceeded(error: PayoutGuardError): error is LimitExceededError {
  return error.code === 'limit_exceeded';
}

/** Longest wait before a client retries, in milliseconds: an operator may accept the counters at any time. */
const retrySoonMs = 60_000;

/**
 * The counters of the store may lack holds of this day, because the store began, or lost data, in the course of it.
 * Daily limits refuse until the next day, or until an operator accepts the counters: `guard.acceptLimits(wallet)`.
 */
export class LimitsUnknownError extends PayoutGuardError {
  override readonly name = 'LimitsUnknownError';
  override readonly code = 'limits_unknown';
  /** The key of the wallet. */
  readonly wallet: string;
  /** The counters are complete from this moment on. */
  readonly since: Date;
  /** The end of the day. */
  readonly until: Date;
  /** Recommended wait before the client retries, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(wallet: string, about: { sinceMs: number; untilMs: number; nowMs: number; timeZone: string }) {
    const { sinceMs, untilMs, nowMs, timeZone } = about;
    const [since, until] = [new Date(sinceMs), new Date(untilMs)];
    super(
      `Daily limits unknown: the store is new or lost data at ${since.toISOString()}, so payouts of this day may be ` +
        `missing from it. Wallet "${wallet}" pays nothing until ${until.toISOString()}, the end of the day in ` +
        `${timeZone}. To pay before, check what was paid today and call guard.acceptLimits("${wallet}").`,
      { status: 503, expose: false },
    );
    this.wallet = wallet;
    this.since = since;
    this.until = until;
    this.retryAfterMs = Math.max(1, Math.min(retrySoonMs, untilMs - nowMs));
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), wallet: this.wallet };
  }
}
