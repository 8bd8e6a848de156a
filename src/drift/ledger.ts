// The evidence on one wallet, and the movements that it proves. Pure: the time is an argument.
import { firstMovement, isExplained, type Movement, withoutBlips } from './analysis.js';
import {
  type Credit,
  type Evidence,
  isShown,
  type LateDebit,
  mayMiss,
  positionsOf,
  type Visibility,
} from './evidence.js';
import { hull, pointOf, type Range, type Ranges } from './ranges.js';

export interface LedgerOptions extends Visibility {
  /**
   * A balance may show a payout that fails, until the provider has given the money back. A single snapshot then proves
   * nothing.
   */
  readonly mayBlip: boolean;
}

/** A {@link Movement} with the evidence it rests on. */
export interface Finding {
  /** Positive: more was debited than is explained. Minor units; one amount when it is known exactly. */
  readonly debitedMinor: Range;
  /** The last snapshot before it. */
  readonly from: Evidence;
  /** The first snapshot after it. */
  readonly to: Evidence;
}

interface Entry {
  readonly evidence: Evidence;
  positions: Ranges;
}

/** Snapshots that are kept; beyond that the least certain one is dropped. */
const maxEntries = 64;

export class DriftLedger {
  readonly #options: LedgerOptions;
  /** In the order in which they came. The first is the base of comparison. */
  #entries: Entry[] = [];
  #credits: readonly Credit[] = [];
  #lateDebits: readonly LateDebit[] = [];
  /** Another snapshot has confirmed the base. */
  #isConfirmed = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** Returns an empty ledger with the same credits, for a store that lost data. */
  renewed(): DriftLedger {
    const ledger = new DriftLedger(this.#options);
    ledger.#credits = this.#credits;
    return ledger;
  }

  /** Notes a credit. May come before or after the snapshots that show it. */
  credit(credit: Credit): void {
    this.#credits = [...this.#credits, credit];
    this.#placeAll();
  }

  /** Notes a payout that was recorded as made after its hold had ended. */
  lateDebit(debit: LateDebit): void {
    this.#lateDebits = [...this.#lateDebits, debit];
    this.#placeAll();
  }

  /**
   * Adds a snapshot, or replaces the evidence on one. Snapshots before the base are ignored.
   */
  add(evidence: Evidence): void {
    const { number } = evidence;
    const entries = this.#entries;
    const index = entries.findIndex((entry) => entry.evidence.number >= number);
    if (index === 0 && entries[0]?.evidence.number !== number) return;
    const isKnown = entries[index]?.evidence.number === number;
    const entry = { evidence, positions: this.#positionsOf(evidence) };
    entries.splice(index === -1 ? entries.length : index, isKnown ? 1 : 0, entry);
    if (entries.length > maxEntries) this.#dropWidest();
  }

  /** Returns the movements that were found since the last call. Each one is found once. */
  findings(nowMs: number): Finding[] {
    const found: Finding[] = [];
    for (;;) {
      const entries = this.#reliable();
      const movement = firstMovement(entries.map(({ positions }) => positions));
      if (!movement) {
        this.#advance(entries, nowMs);
        return found;
      }
      const finding = findingOf(movement, entries);
      // The application may be about to report that credit.
      const { creditToleranceMs } = this.#options;
      if (finding.debitedMinor.least < 0n && nowMs - finding.to.receivedAtMs < creditToleranceMs) return found;
      // A movement whose sum may be zero is left out: the money may have come back, and its direction stays unknown.
      const { least, most } = finding.debitedMinor;
      if (least > 0n || most < 0n) found.push(finding);
      this.#keepFrom(entries[movement.next] as Entry);
      this.#isConfirmed = true;
    }
  }

  /** Returns the least that was debited without explanation, in minor units; its exact amount may not be known yet. */
  provenDebitMinor(): bigint {
    const hulls = this.#reliable().map(({ positions }) => hull(positions));
    const newest = hulls.at(-1);
    return hulls.reduce((most, { least }) => (newest && least - newest.most > most ? least - newest.most : most), 0n);
  }

  #positionsOf(evidence: Evidence): Ranges {
    return positionsOf(evidence, { credits: this.#credits, lateDebits: this.#lateDebits }, this.#options);
  }

  #placeAll(): void {
    for (const entry of this.#entries) entry.positions = this.#positionsOf(entry.evidence);
  }

  #reliable(): Entry[] {
    return this.#options.mayBlip ? withoutBlips(this.#entries, this.#isConfirmed) : this.#entries;
  }

  /**
   * Moves the base if everything is explained. The best base is a snapshot of one position, once every credit that it
   * may show must have been reported.
   */
  #advance(entries: readonly Entry[], nowMs: number): void {
    if (!isExplained(entries.map(({ positions }) => positions))) return;
    const settledMs = nowMs - 2 * this.#options.creditToleranceMs;
    const last = entries.findLastIndex(
      ({ positions, evidence }) => pointOf(positions) !== undefined && evidence.receivedAtMs <= settledMs,
    );
    if (last <= 0) return;
    this.#keepFrom(entries[last] as Entry);
    this.#isConfirmed = true;
  }

  #keepFrom(base: Entry): void {
    this.#entries = this.#entries.slice(this.#entries.indexOf(base));
    // A credit or debit that all snapshots show makes no difference between them.
    this.#credits = this.#credits.filter((credit) => !isShown(credit, base.evidence, this.#options));
    this.#lateDebits = this.#lateDebits.filter((debit) => mayMiss(base.evidence, debit));
    this.#placeAll();
  }

  #dropWidest(): void {
    let widest = 0;
    for (const [index, { positions }] of this.#entries.slice(0, -1).entries()) {
      if (widthOf(positions) > widthOf((this.#entries[widest] as Entry).positions)) widest = index;
    }
    this.#entries.splice(widest, 1);
  }
}

function findingOf({ debitedMinor, from, to }: Movement, entries: readonly Entry[]): Finding {
  return {
    debitedMinor,
    from: (entries[from] as Entry).evidence,
    to: (entries[to] as Entry).evidence,
  };
}

function widthOf(ranges: Ranges): bigint {
  const { least, most } = hull(ranges);
  return most - least;
}
