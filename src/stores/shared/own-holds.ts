// What this process must put back when the database has lost it: the open holds that it took, and its captures that the provider's
// balance does not show yet. Both count against the wallet, and nobody else remembers them.
import { type HoldRecord, isOpen } from '../../core/hold.js';

/** How far a hold has come: an answer that was overtaken on its way must not set it back. */
const progress = { reserved: 0, sent: 1, captured: 2, released: 2 } as const;

export class OwnHolds {
  readonly #holds = new Map<string, HoldRecord>();
  /** The epoch in which they are known to be in the database as they are here. */
  #epoch: string | undefined;
  /** Those that are known to be there in another epoch: for as long as it takes to put back the rest. */
  readonly #elsewhere = new Map<string, string>();

  get size(): number {
    return this.#holds.size;
  }

  get(reference: string): HoldRecord | undefined {
    return this.#holds.get(reference);
  }

  /** Granted to this process. From the first moment: if the database loses it now, it is put back. */
  add(hold: HoldRecord, epoch: string): void {
    this.#holds.set(hold.reference, hold);
    if (epoch !== this.#epoch) this.#elsewhere.set(hold.reference, epoch);
    else if (this.#elsewhere.size > 0) this.#elsewhere.delete(hold.reference);
  }

  delete(reference: string): void {
    this.#holds.delete(reference);
    if (this.#elsewhere.size > 0) this.#elsewhere.delete(reference);
  }

  /**
   * What this process has made of a hold, its own or another's: whoever sends or captures a payout answers for it from then on.
   * That is so whatever the database forgot before.
   */
  moved(hold: HoldRecord, epoch: string, nowMs: number): void {
    if (counts(hold, nowMs)) this.add(hold, epoch);
    else this.delete(hold.reference);
  }

  /**
   * What the database says of a reference. An answer of another epoch than the one in which our hold is known to be there may
   * come from a database that has forgotten: it says nothing about the hold.
   */
  seen(reference: string, hold: HoldRecord | undefined, epoch: string, nowMs: number): void {
    const own = this.#holds.get(reference);
    if (!own) return;
    if (hold && hold.attempt === own.attempt && counts(hold, nowMs)) {
      if (progress[hold.state] >= progress[own.state]) this.add(hold, epoch);
      return;
    }
    // Ended, by whomever, or ended and forgotten since, or taken by a later attempt. A late capture counts though it is forgotten.
    const isLate = own.state === 'captured' && counts(own, nowMs);
    if (this.#epochOf(reference) === epoch && !isLate) this.delete(reference);
  }

  /** Holds that are not known to be there in this epoch. When there are none, the epoch is that of all. */
  notIn(epoch: string): HoldRecord[] {
    if (epoch === this.#epoch && this.#elsewhere.size === 0) return [];
    const holds = [...this.#holds.values()].filter(({ reference }) => this.#epochOf(reference) !== epoch);
    if (holds.length === 0) {
      this.#epoch = epoch;
      this.#elsewhere.clear();
    }
    return holds;
  }

  /** Put back, unless it has moved on meanwhile. */
  restored(hold: HoldRecord, epoch: string): void {
    if (this.#holds.get(hold.reference) === hold) this.add(hold, epoch);
  }

  /** The next ones in turn. */
  nextReferences(count: number): string[] {
    const references: string[] = [];
    for (const reference of this.#holds.keys()) {
      if (references.length === count) break;
      references.push(reference);
    }
    for (const reference of references) {
      const hold = this.#holds.get(reference) as HoldRecord;
      this.#holds.delete(reference);
      this.#holds.set(reference, hold);
    }
    return references;
  }

  #epochOf(reference: string): string | undefined {
    return this.#elsewhere.get(reference) ?? this.#epoch;
  }
}

/** Whether it counts against the wallet at this time of the database's clock. */
function counts({ state, visibleAtMs = 0 }: HoldRecord, nowMs: number): boolean {
  return isOpen(state) || (state === 'captured' && visibleAtMs > nowMs);
}
