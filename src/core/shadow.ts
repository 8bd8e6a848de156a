// Observing without refusing: what would have been refused, and what would have been overspent.
import type { Clock } from './clock.js';
import type { Currency } from './currency.js';
import type {
  BalanceUnavailableReason,
  InsufficientFundsError,
  PayoutGuardError,
  PayoutGuardErrorCode,
} from './errors.js';
import { formatMinorUnits } from './money.js';
import type { ShadowHold } from './shadow-hold.js';

/** A payout that would have been refused. Contains balances: for operators. */
export interface ShadowRefusal {
  readonly at: Date;
  readonly code: PayoutGuardErrorCode;
  /** Why the balance could not be told, if that is why. */
  readonly reason?: BalanceUnavailableReason;
  readonly wallet?: string;
  readonly reference?: string;
  /** Amount plus fee, decimal text; of insufficient funds. */
  readonly required?: string;
  /** What could have been spent, decimal text; of insufficient funds. */
  readonly spendable?: string;
}

/** What a guard in mode `observe` has seen since it was made. Contains balances: for operators. */
export interface ShadowReport {
  readonly since: Date;
  /** Checks and holds that would have been approved. */
  readonly approved: number;
  /** Checks and holds that would have been refused. */
  readonly refused: number;
  /** The same by code. */
  readonly refusedBy: Readonly<Partial<Record<PayoutGuardErrorCode, number>>>;
  /** The last 1,000 of them, oldest first. */
  readonly refusals: readonly ShadowRefusal[];
  /**
   * By wallet, what was paid at most though the wallet did not cover it: payouts that would have been refused for insufficient
   * funds, and were not released. Decimal text.
   */
  readonly overspent: Readonly<Record<string, string>>;
}

const maxRefusals = 1_000;

export class Shadow {
  readonly #currency: Currency;
  readonly #clock: Clock;
  readonly #sinceMs: number;
  readonly #refusals: ShadowRefusal[] = [];
  readonly #refusedBy = new Map<PayoutGuardErrorCode, number>();
  readonly #overspentMinor = new Map<string, bigint>();
  readonly #holds = new Map<string, ShadowHold>();
  #approved = 0;
  #refused = 0;

  constructor(options: { readonly currency: Currency; readonly clock: Clock }) {
    this.#currency = options.currency;
    this.#clock = options.clock;
    this.#sinceMs = options.clock.now();
  }

  approved(): void {
    this.#approved += 1;
  }

  refused(error: PayoutGuardError, about: { wallet?: string | undefined; reference?: string | undefined }): void {
    const { code } = error;
    const { wallet, reference } = about;
    this.#refused += 1;
    this.#refusedBy.set(code, (this.#refusedBy.get(code) ?? 0) + 1);
    if (this.#refusals.length === maxRefusals) this.#refusals.shift();
    this.#refusals.push({
      at: new Date(this.#clock.now()),
      code,
      ...('reason' in error && code === 'balance_unavailable' && { reason: error.reason as BalanceUnavailableReason }),
      ...(wallet !== undefined && { wallet }),
      ...(typeof reference === 'string' && { reference }),
      ...(isInsufficient(error) && { required: error.required, spendable: error.spendable }),
    });
  }

  /** Paid though it was not covered; a negative amount takes back what turned out not to be paid. */
  overspent(wallet: string, amountMinor: bigint): void {
    this.#overspentMinor.set(wallet, (this.#overspentMinor.get(wallet) ?? 0n) + amountMinor);
  }

  /** Remembers a hold that holds nothing: a webhook may name it. */
  remember(hold: ShadowHold): void {
    const [oldest] = this.#holds.keys();
    if (oldest !== undefined && this.#holds.size >= maxRefusals) this.#holds.delete(oldest);
    this.#holds.set(hold.reference, hold);
  }

  hold(reference: string): ShadowHold | undefined {
    return this.#holds.get(reference);
  }

  report(): ShadowReport {
    const overspent = [...this.#overspentMinor].map(([wallet, minor]) => [
      wallet,
      formatMinorUnits(minor, this.#currency),
    ]);
    return {
      since: new Date(this.#sinceMs),
      approved: this.#approved,
      refused: this.#refused,
      refusedBy: Object.fromEntries(this.#refusedBy),
      refusals: [...this.#refusals],
      overspent: Object.fromEntries(overspent),
    };
  }
}

function isInsufficient(error: PayoutGuardError): error is InsufficientFundsError {
  return error.code === 'insufficient_funds';
}
