// The rule: what can be spent, and whether a payout fits. Pure; the only place that compares money.
import type { Currency } from './currency.js';
import type { PayoutGuardErrorCode } from './errors.js';
import { formatMinorUnits } from './money.js';
import type { WalletTotals } from './store.js';

/**
 * One reading of a wallet, as a decision sees it. It has no field for a ledger, total or current balance, so that no
 * decision can look at one.
 */
export interface Snapshot {
  /** What the provider said can be spent, in minor units. */
  readonly availableMinor: bigint;
  /** The store's captured amount, read before the balance was asked for, in minor units. */
  readonly capturedMarkMinor: bigint;
  /** The epoch of the store that the mark belongs to. */
  readonly epoch: string;
  /** When the balance was asked for, in epoch milliseconds on the injected clock. Freshness counts from here. */
  readonly requestedAtMs: number;
  /** When the answer was there, in epoch milliseconds. */
  readonly receivedAtMs: number;
}

/** What a payout needs of which wallet. */
export interface Requirement {
  readonly wallet: string;
  readonly currency: Currency;
  /** Amount plus fee, in minor units. */
  readonly requiredMinor: bigint;
  /** Never spent, in minor units. */
  readonly floorMinor: bigint;
}

/**
 * `available - floor - open holds - captured since the snapshot's mark`, in minor units. A capture after the mark was
 * read may not be in `available` yet, so it is subtracted; one before it is (a capture follows the debit).
 */
export function spendableMinor(snapshot: Snapshot, totals: WalletTotals, floorMinor: bigint): bigint {
  return snapshot.availableMinor - floorMinor - totals.active - (totals.captured - snapshot.capturedMarkMinor);
}

/** Applies the rule. The caller has made sure that snapshot and totals are of the same epoch. */
export function decide(snapshot: Snapshot, totals: WalletTotals, requirement: Requirement): Decision {
  const spendable = spendableMinor(snapshot, totals, requirement.floorMinor);
  return new Decision(snapshot, totals, requirement, spendable);
}

/** What a guard answers that only observes, when nothing could be decided: a yes without numbers. */
export function undecided(requirement: Requirement, refusal: PayoutGuardErrorCode): Decision {
  const snapshot = { availableMinor: 0n, capturedMarkMinor: 0n, epoch: '', requestedAtMs: 0, receivedAtMs: 0 };
  return new ObservedDecision(snapshot, { epoch: '', active: 0n, captured: 0n }, requirement, 0n, refusal);
}

/** The outcome of a check with every number that led to it. Amounts are decimal text in major units. */
export class Decision {
  readonly #snapshot: Snapshot;
  readonly #totals: WalletTotals;
  readonly #requirement: Requirement;
  readonly #spendableMinor: bigint;

  /** @internal */
  constructor(snapshot: Snapshot, totals: WalletTotals, requirement: Requirement, spendable: bigint) {
    this.#snapshot = snapshot;
    this.#totals = totals;
    this.#requirement = requirement;
    this.#spendableMinor = spendable;
  }

  /** Amount plus fee, in minor units. @internal */
  requiredMinor(): bigint {
    return this.#requirement.requiredMinor;
  }

  /** The same, told as a yes by a guard that only observes. @internal */
  observed(): Decision {
    const refusal = 'insufficient_funds';
    return new ObservedDecision(this.#snapshot, this.#totals, this.#requirement, this.#spendableMinor, refusal);
  }

  /**
   * In mode `observe`, why the payout would have been refused. Its numbers are zero unless that is `insufficient_funds`. Undefined
   * when it was approved, and in mode `enforce`.
   */
  get refusal(): PayoutGuardErrorCode | undefined {
    return undefined;
  }

  /** Whether the payout fits: `required <= spendable`. Always true in mode `observe`, where nothing is refused. */
  get sufficient(): boolean {
    return this.#requirement.requiredMinor <= this.#spendableMinor;
  }
  /**
   * True when it does not fit only because of open holds, or of payouts captured since the balance was asked for, which that
   * balance may show already.
   */
  get temporary(): boolean {
    const { requiredMinor, floorMinor } = this.#requirement;
    return !this.sufficient && requiredMinor <= this.#snapshot.availableMinor - floorMinor;
  }
  /** The key of the wallet. */
  get wallet(): string {
    return this.#requirement.wallet;
  }
  /** ISO 4217 code. */
  get currency(): string {
    return this.#requirement.currency.code;
  }
  /** Amount plus fee. */
  get required(): string {
    return this.#format(this.#requirement.requiredMinor);
  }
  /** What the provider said can be spent. */
  get available(): string {
    return this.#format(this.#snapshot.availableMinor);
  }
  /** The minimum balance that is never spent. */
  get floor(): string {
    return this.#format(this.#requirement.floorMinor);
  }
  /** Sum of the open holds. */
  get held(): string {
    return this.#format(this.#totals.active);
  }
  /** Captured since the balance was asked for, and therefore possibly not in `available` yet. */
  get capturedSince(): string {
    return this.#format(this.#totals.captured - this.#snapshot.capturedMarkMinor);
  }
  /** `available - floor - held - capturedSince`. May be negative. */
  get spendable(): string {
    return this.#format(this.#spendableMinor);
  }
  /** How much is missing; zero when the payout fits. */
  get shortfall(): string {
    return this.#format(this.sufficient ? 0n : this.#requirement.requiredMinor - this.#spendableMinor);
  }
  /** When the balance was asked for. */
  get asOf(): Date {
    return new Date(this.#snapshot.requestedAtMs);
  }

  /** Every number as plain data. Contains balances: for operators, not for clients. */
  toData(): DecisionData {
    return {
      sufficient: this.sufficient,
      temporary: this.temporary,
      wallet: this.wallet,
      currency: this.currency,
      required: this.required,
      available: this.available,
      floor: this.floor,
      held: this.held,
      capturedSince: this.capturedSince,
      spendable: this.spendable,
      shortfall: this.shortfall,
      asOf: this.asOf.toISOString(),
      ...(this.refusal && { refusal: this.refusal }),
    };
  }

  /** What a JSON logger or `res.json` writes by accident: the outcome and no balance. */
  toJSON(): Pick<DecisionData, 'sufficient' | 'temporary' | 'wallet' | 'currency'> {
    return { sufficient: this.sufficient, temporary: this.temporary, wallet: this.wallet, currency: this.currency };
  }

  #format(minor: bigint): string {
    return formatMinorUnits(minor, this.#requirement.currency);
  }
}

// A class of its own, because a field that is always empty made every check some percent slower.
class ObservedDecision extends Decision {
  readonly #refusal: PayoutGuardErrorCode;

  constructor(
    snapshot: Snapshot,
    totals: WalletTotals,
    requirement: Requirement,
    spendable: bigint,
    refusal: PayoutGuardErrorCode,
  ) {
    super(snapshot, totals, requirement, spendable);
    this.#refusal = refusal;
  }

  override get refusal(): PayoutGuardErrorCode {
    return this.#refusal;
  }
  override get sufficient(): boolean {
    return true;
  }
}

/** A {@link Decision} as plain data. */
export interface DecisionData {
  readonly sufficient: boolean;
  readonly temporary: boolean;
  readonly wallet: string;
  readonly currency: string;
  readonly required: string;
  readonly available: string;
  readonly floor: string;
  readonly held: string;
  readonly capturedSince: string;
  readonly spendable: string;
  readonly shortfall: string;
  readonly asOf: string;
  readonly refusal?: PayoutGuardErrorCode;
}
