// Overdue holds are told once each, though the guard tells of them at each reconciliation.
import type { Clock } from '../core/clock.js';
import type { GuardEvents } from '../core/events.js';
import type { PayoutGuard } from '../core/guard.js';
import { askStore } from '../core/store.js';
import type { AlertBook, Claim } from './alert-book.js';
import { once } from './conditions.js';

/** So many are remembered, to delete their notes when they have ended. A note that is left behind is harmless. */
const maxRemembered = 10_000;
/** How many of them are looked at in each round. */
const looksPerRound = 20;
/** A note stays for so long after its hold has ended: a reconciliation that began before may still tell of it. */
const keptAfterEndMs = 3_600_000;

export class OverdueHolds {
  readonly #guard: PayoutGuard;
  readonly #book: AlertBook;
  readonly #clock: Clock;
  /** References of holds that were overdue; looked at in turn. */
  readonly #told = new Set<string>();

  constructor(guard: PayoutGuard, book: AlertBook, clock: Clock) {
    this.#guard = guard;
    this.#book = book;
    this.#clock = clock;
  }

  /** The claim to tell of this hold, unless it was told or has ended meanwhile. Rejects when the store does. */
  async claim({ hold, ageMs, outcome }: GuardEvents['overdue']): Promise<Claim | undefined> {
    const { reference, wallet, currency, amount, createdAt } = hold;
    const { store } = this.#guard;
    const now = await askStore(store, () => store.get(reference));
    if (now?.state !== 'sent' || now.createdAtMs !== createdAt.getTime()) return undefined;
    if (this.#told.size < maxRemembered) this.#told.add(reference);
    const nowMs = this.#clock.now();
    // Its time tells it apart from an earlier hold with this reference.
    return this.#book.settle(
      overdueKey(reference),
      once(`${now.createdAtMs}`, nowMs, {
        kind: 'overdue_hold',
        wallet,
        currency,
        at: new Date(nowMs).toISOString(),
        reference,
        amount,
        ageMs,
        outcome,
      }),
    );
  }

  /** Deletes the notes of some that have ended long ago. */
  async forgetEnded(): Promise<void> {
    const { store } = this.#guard;
    for (const reference of [...this.#told].slice(0, looksPerRound)) {
      const hold = await askStore(store, () => store.get(reference));
      this.#told.delete(reference);
      const isOver = hold?.state !== 'sent' && this.#clock.now() - (hold?.endedAtMs ?? 0) > keptAfterEndMs;
      if (isOver) await this.#book.forget(overdueKey(reference));
      else this.#told.add(reference);
    }
  }
}

function overdueKey(reference: string): string {
  return `hold/${reference}/overdue`;
}
