// What this process must put back when the database has lost it: the open holds that it took, and its captures that the provider's
// balance does not show yet. Both count against the wallet, and nobody else remembers them.
import { type HoldRecord, isOpen } from '../../core/hold.js';

interface OwnEntry {
  readonly hold: HoldRecord;
  /** The epoch in which the hold is known to be in the database as it is here. */
  readonly epoch: string;
}

/** How far a hold has come: an answer that was overtaken on its way must not set it back. */
const progress = { reserved: 0, sent: 1, captured: 2, released: 2 } as const;

export class OwnHolds {
  readonly #entries = new Map<string, OwnEntry>();

  get size(): number {
    return this.#entries.size;
  }

  get(reference: string): HoldRecord | undefined {
    return this.#entries.get(reference)?.hold;
  }

  /** Granted to this process. From the first moment: if the database loses it now, it is put back. */
  add(hold: HoldRecord, epoch: string): void {
    this.#entries.set(hold.reference, { hold, epoch });
  }

  delete(reference: string): void {
    this.#entries.delete(reference);
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
    const own = this.#entries.get(reference);
    if (!own) return;
    if (hold && hold.attempt === own.hold.attempt && counts(hold, nowMs)) {
      if (progress[hold.state] >= progress[own.hold.state]) this.add(hold, epoch);
      return;
    }
    // Ended, by whomever, or ended and forgotten since, or taken by a later attempt. A late capture counts though it is forgotten.
    const isLate = own.hold.state === 'captured' && counts(own.hold, nowMs);
    if (own.epoch === epoch && !isLate) this.delete(reference);
  }

  /** Holds that are not known to be there in this epoch. */
  notIn(epoch: string): HoldRecord[] {
    const holds: HoldRecord[] = [];
    for (const own of this.#entries.values()) if (own.epoch !== epoch) holds.push(own.hold);
    return holds;
  }

  /** Put back, unless it has moved on meanwhile. */
  restored(hold: HoldRecord, epoch: string): void {
    if (this.#entries.get(hold.reference)?.hold === hold) this.add(hold, epoch);
  }

  /** The next ones in turn. */
  nextReferences(count: number): string[] {
    const references: string[] = [];
    for (const reference of this.#entries.keys()) {
      if (references.length === count) break;
      references.push(reference);
    }
    for (const reference of references) {
      const own = this.#entries.get(reference) as OwnEntry;
      this.#entries.delete(reference);
      this.#entries.set(reference, own);
    }
    return references;
  }
}

/** Whether it counts against the wallet at this time of the database's clock. */
function counts({ state, visibleAtMs = 0 }: HoldRecord, nowMs: number): boolean {
  return isOpen(state) || (state === 'captured' && visibleAtMs > nowMs);
}
