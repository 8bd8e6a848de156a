// The results of an observing guard, and the answers that it makes up.
import { Decision } from './decision.js';
import { type BalanceUnavailableReason, isPayoutGuardError, type PayoutGuardErrorCode } from './errors.js';
import type { HoldState } from './hold.js';
import type { HoldInfo } from './hold-info.js';
import { type InsufficientFundsError, isInsufficientFunds } from './insufficient-funds.js';
import { formatMinorUnits } from './money.js';
import type { PayoutGuard } from './payout-guard.js';
import { warn } from './warn.js';

/** A payout that would have been refused. Contains balances: for operators. */
export interface ObservedRefusal {
  readonly at: Date;
  readonly code: PayoutGuardErrorCode;
  /** The reason why the balance was unavailable, if it was. */
  readonly reason?: BalanceUnavailableReason;
  readonly wallet?: string;
  readonly reference?: string;
  /** Amount plus fee, decimal text; of insufficient funds. */
  readonly required?: string;
  /** The amount that could have been spent, decimal text; of insufficient funds. */
  readonly spendable?: string;
}

/** Results of an observing guard since it was made. Contains balances: for operators. */
export interface ObserveReport {
  readonly since: Date;
  /** Checks and holds that would have been approved. */
  readonly approved: number;
  /** Checks and holds that would have been refused. */
  readonly refused: number;
  /** The same by code. */
  readonly refusedBy: Readonly<Partial<Record<PayoutGuardErrorCode, number>>>;
  /** The last 1,000 of them, oldest first. */
  readonly refusals: readonly ObservedRefusal[];
  /**
   * By wallet, the sum of payouts that the wallet did not cover and that were not proved to have failed: at most so
   * much was overspent. Decimal text.
   */
  readonly overspent: Readonly<Record<string, string>>;
}

/** An approval without numbers. */
export function undecided(wallet: unknown): Decision {
  const snapshot = {
    availableMinor: 0n,
    capturedMarkMinor: 0n,
    epoch: '',
    requestedAtMs: 0,
    requestedElapsedMs: 0,
    receivedAtMs: 0,
  };
  const requirement = {
    wallet: {
      key: typeof wallet === 'string' ? wallet : 'default',
      currency: { code: 'XXX', exponent: 0 },
      floorMinor: 0n,
    },
    requiredMinor: 0n,
  };
  return new Decision(snapshot, { epoch: '', active: 0n, captured: 0n }, requirement, 0n);
}

type About = { readonly wallet?: unknown; readonly reference?: unknown };

const mostRefusals = 1_000;

export class ObserveLog {
  readonly #guard: PayoutGuard;
  readonly #sinceMs: number;
  readonly #refusals: ObservedRefusal[] = [];
  readonly #refusedBy = new Map<PayoutGuardErrorCode, number>();
  readonly #overspentMinor = new Map<string, bigint>();
  /** Amounts that were not covered, by reference: what turns out not to be paid is taken back. */
  readonly #uncovered = new Map<string, Decision>();
  #approved = 0;
  #refused = 0;

  constructor(guard: PayoutGuard) {
    this.#guard = guard;
    this.#sinceMs = guard.internals.clock.now();
  }

  approved(decision: Decision): Decision {
    this.#approved += 1;
    return decision;
  }

  /** @param uncoveredMinor - The part of it that the wallet did not cover, in minor units. */
  insufficient(decision: Decision, about: About, uncoveredMinor: bigint = decision.requiredMinor()): Decision {
    this.#note('insufficient_funds', about, { required: decision.required, spendable: decision.spendable });
    this.#overspend(decision, uncoveredMinor);
    return undecided(decision.wallet);
  }

  /** Anything that is no error of this library is a mistake in it, and is reported. */
  refused(error: unknown, about: About): Decision {
    if (!isPayoutGuardError(error)) {
      warn('PAYOUT_GUARD_OBSERVE', 'The observed guard failed.', error);
      return undecided(about.wallet);
    }
    if (isInsufficientFunds(error)) {
      const { decision } = error as InsufficientFundsError;
      if (typeof about.reference === 'string') this.#remember(about.reference, decision);
      return this.insufficient(decision, about);
    }
    const { reason } = error as { reason?: BalanceUnavailableReason };
    this.#note(error.code, about, error.code === 'balance_unavailable' && reason ? { reason } : {});
    return undecided(about.wallet);
  }

  /** The answer to a settlement that the guard behind refused; made up. */
  refusedSettlement(error: unknown, reference: string, state: HoldState): HoldInfo {
    if (state === 'released') this.notPaid(reference);
    else this.#uncovered.delete(reference);
    if (!isPayoutGuardError(error)) warn('PAYOUT_GUARD_OBSERVE', 'The observed guard failed.', error);
    return imaginedInfo({ reference }, state, this.#guard.internals.clock.now());
  }

  /** A payout that the wallet did not cover was not made. */
  notPaid(reference: string): void {
    const decision = this.#uncovered.get(reference);
    if (decision) this.#overspend(decision, -decision.requiredMinor());
    this.#uncovered.delete(reference);
  }

  now(): number {
    return this.#guard.internals.clock.now();
  }

  report(): ObserveReport {
    const overspent = [...this.#overspentMinor].map(([wallet, minor]) => {
      const { currency } = this.#guard.internals.wallet(wallet);
      return [wallet, formatMinorUnits(minor, currency)];
    });
    return {
      since: new Date(this.#sinceMs),
      approved: this.#approved,
      refused: this.#refused,
      refusedBy: Object.fromEntries(this.#refusedBy),
      refusals: [...this.#refusals],
      overspent: Object.fromEntries(overspent),
    };
  }

  #note(code: PayoutGuardErrorCode, about: About, more: Partial<ObservedRefusal>): void {
    const { wallet, reference } = about;
    this.#refused += 1;
    this.#refusedBy.set(code, (this.#refusedBy.get(code) ?? 0) + 1);
    if (this.#refusals.length === mostRefusals) this.#refusals.shift();
    this.#refusals.push({
      at: new Date(this.now()),
      code,
      ...(typeof wallet === 'string' && { wallet }),
      ...(typeof reference === 'string' && { reference }),
      ...more,
    });
  }

  #remember(reference: string, decision: Decision): void {
    const [oldest] = this.#uncovered.keys();
    if (oldest !== undefined && this.#uncovered.size >= mostRefusals) this.#uncovered.delete(oldest);
    this.#uncovered.set(reference, decision);
  }

  #overspend({ wallet }: Decision, minor: bigint): void {
    this.#overspentMinor.set(wallet, (this.#overspentMinor.get(wallet) ?? 0n) + minor);
  }
}

export function imaginedInfo(
  about: { reference: string; wallet?: string; amount?: string; currency?: string; attempt?: string },
  state: HoldState,
  nowMs: number,
): HoldInfo {
  const { reference, wallet = 'default', amount = '0', currency = 'XXX', attempt = '' } = about;
  return { reference, wallet, state, attempt, amount, currency, createdAt: new Date(nowMs), metadata: {} };
}
