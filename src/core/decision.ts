// The rule: what can be spent, and whether a payout fits. Pure; besides the stores, the only place that compares a
// payout with money.
import { formatMinorUnits } from './money.js';
import type { WalletTotals } from './store.js';
import type { Wallet } from './wallet.js';

/**
 * One reading of a wallet, as a decision sees it. It has no field for a ledger, total or current balance, so that no
 * decision can look at one.
 */
export interface Snapshot {
  /** The available balance, in minor units; may be negative. */
  readonly availableMinor: bigint;
  /** The store's captured amount, read before the balance was asked for, in minor units. */
  readonly capturedMarkMinor: bigint;
  /** The epoch of the store that the mark belongs to. */
  readonly epoch: string;
  /** Time at which the balance was requested, in epoch milliseconds on the injected clock. */
  readonly requestedAtMs: number;
  /** The same moment on the monotonic clock: freshness counts from here. */
  readonly requestedElapsedMs: number;
  /** Time at which the answer arrived, in epoch milliseconds. */
  readonly receivedAtMs: number;
}

/** The amount a payout needs, and the wallet it comes from. */
export interface Requirement {
  readonly wallet: Pick<Wallet, 'key' | 'currency' | 'floorMinor'>;
  /** Amount plus fee, in minor units. */
  readonly requiredMinor: bigint;
}

/**
 * `available - floor - open holds - captured since the snapshot's mark`, in minor units. Totals are sums over the
 * wallet: `active` of its open holds, `captured` of the captures that its balance shows, which only grows. A capture
 * after the mark was read may not be in `available` yet, so it is subtracted; one before it is (a capture follows the
 * debit).
 */
export function spendableMinor(snapshot: Snapshot, totals: WalletTotals, floorMinor: bigint): bigint {
  return snapshot.availableMinor - floorMinor - totals.active - (totals.captured - snapshot.capturedMarkMinor);
}

/**
 * The same rule as the store applies it in one step with the hold: the most that `active + captured` may reach. A
 * payout fits if and only if `required <= spendable`, which is `active + captured + required <= limit`.
 */
export function limitMinor(snapshot: Snapshot, floorMinor: bigint): bigint {
  return snapshot.availableMinor - floorMinor + snapshot.capturedMarkMinor;
}

/** Applies the rule. The caller has made sure that snapshot and totals are of the same epoch. */
export function decide(snapshot: Snapshot, totals: WalletTotals, requirement: Requirement): Decision {
  const spendable = spendableMinor(snapshot, totals, requirement.wallet.floorMinor);
  return new Decision(snapshot, totals, requirement, spendable);
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

  /** True if the payout fits: `required <= spendable`. */
  get sufficient(): boolean {
    return this.#requirement.requiredMinor <= this.#spendableMinor;
  }
  /**
   * True when it does not fit only because of open holds, or of payouts captured since the balance was asked for, which
   * that balance may show already.
   */
  get temporary(): boolean {
    const { requiredMinor, wallet } = this.#requirement;
    return !this.sufficient && requiredMinor <= this.#snapshot.availableMinor - wallet.floorMinor;
  }
  /** The key of the wallet. */
  get wallet(): string {
    return this.#requirement.wallet.key;
  }
  /** ISO 4217 code. */
  get currency(): string {
    return this.#requirement.wallet.currency.code;
  }
  /** Amount plus fee. */
  get required(): string {
    return this.#format(this.#requirement.requiredMinor);
  }
  /** The available balance. */
  get available(): string {
    return this.#format(this.#snapshot.availableMinor);
  }
  /** The minimum balance that is never spent. */
  get floor(): string {
    return this.#format(this.#requirement.wallet.floorMinor);
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
  /** The missing amount; zero when the payout fits. */
  get shortfall(): string {
    return this.#format(this.sufficient ? 0n : this.#requirement.requiredMinor - this.#spendableMinor);
  }
  /** Time at which the balance was requested. */
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
    };
  }

  /** Returns the outcome without any balance, for a JSON logger or `res.json` that meets a decision by accident. */
  toJSON(): Pick<DecisionData, 'sufficient' | 'temporary' | 'wallet' | 'currency'> {
    return { sufficient: this.sufficient, temporary: this.temporary, wallet: this.wallet, currency: this.currency };
  }

  #format(minor: bigint): string {
    return formatMinorUnits(minor, this.#requirement.wallet.currency);
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
}
