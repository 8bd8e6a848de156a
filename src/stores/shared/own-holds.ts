// Holds that this process must restore when the database has lost them: sent ones that it took or moved on, and
// captures that the provider's balance does not show yet. They count against the wallet, and no other process remembers
// them. Reservations are here to be moved on; nothing was sent for them, so they end with the data of the database.
import { type HoldRecord, isOpen } from '../../core/hold.js';

export class OwnHolds {
  readonly #holds = new Map<string, HoldRecord>();
  /** The epoch in which they are known to be in the database as they are here. */
  #epoch: string | undefined;
  /** Those that are known to be there in another epoch: for as long as it takes to restore the rest. */
  readonly #elsewhere = new Map<string, string>();

  get size(): number {
    return this.#holds.size;
  }

  get(reference: string): HoldRecord | undefined {
    return this.#holds.get(reference);
  }

  /** Granted to this process. From the first moment: if the database loses it now, it is restored. */
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
   * Records how this process moved a hold on, its own or another's: a process that sends or captures a payout answers
   * for it from then on, whatever the database forgot before.
   */
  moved(hold: HoldRecord, epoch: string, nowMs: number): void {
    const own = this.#holds.get(hold.reference);
    if (own && isAhead(own, hold)) return;
    if (counts(hold, nowMs)) this.add(hold, epoch);
    else this.delete(hold.reference);
  }

  /**
   * Compares a hold with what the database has of its reference. An answer of another epoch than the one in which the
   * hold is known to be there may come from a database that lost data, so it proves nothing about the hold.
   */
  seen(reference: string, hold: HoldRecord | undefined, epoch: string, nowMs: number): void {
    const own = this.#holds.get(reference);
    if (!own) return;
    if (hold?.attempt === own.attempt && counts(hold, nowMs)) {
      if (!isAhead(own, hold)) this.add(hold, epoch);
      return;
    }
    // It ended, perhaps in another process, or was forgotten since, or a later attempt has the reference. But a late
    // capture counts though its reference is forgotten, and an answer may be older than the hold.
    const isLate = own.state === 'captured' && counts(own, nowMs);
    const isOlder = hold?.attempt !== own.attempt && (nowMs <= own.createdAtMs || (hold && isAhead(own, hold)));
    if (this.#epochOf(reference) === epoch && !isLate && !isOlder) this.delete(reference);
  }

  /**
   * Holds to restore, because they are not known to be there in this epoch. When there are none, the epoch is that of
   * all.
   */
  notIn(epoch: string): HoldRecord[] {
    if (epoch === this.#epoch && this.#elsewhere.size === 0) return [];
    const lost = [...this.#holds.values()].filter(({ reference }) => this.#epochOf(reference) !== epoch);
    for (const { reference, state } of lost) if (state === 'reserved') this.delete(reference);
    const holds = lost.filter(({ state }) => state !== 'reserved');
    if (holds.length === 0) {
      this.#epoch = epoch;
      this.#elsewhere.clear();
    }
    return holds;
  }

  /** Restored, unless it has moved on meanwhile. */
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

/** Returns true if a hold counts against the wallet at this time of the database's clock. */
function counts({ state, visibleAtMs = 0 }: HoldRecord, nowMs: number): boolean {
  return isOpen(state) || (state === 'captured' && visibleAtMs > nowMs);
}

const progress = { reserved: 0, sent: 1, released: 2, captured: 3 } as const;

/** Returns true if a hold is ahead of an answer about its reference: an overtaken answer must not set it back. */
function isAhead(own: HoldRecord, answer: HoldRecord): boolean {
  if (own.attempt !== answer.attempt) return (own.turn ?? 1) > (answer.turn ?? 1);
  if (own.state !== answer.state) return progress[own.state] > progress[answer.state];
  // Each of these happens once: the payment code ends, the outcome becomes known.
  const hasReturned = (own.sendsUntilMs ?? 0) < (answer.sendsUntilMs ?? 0);
  const isDecided = answer.awaitsOutcome === true && own.awaitsOutcome !== true;
  return hasReturned || isDecided || (own.failed === true && answer.failed !== true);
}
