// Reports reservations of this process that expired: no call ends them, so no call would report them.
import { askStore } from './ask-store.js';
import { elapsedMs, runAfter } from './clock.js';
import type { Events } from './events.js';
import type { HoldRecord } from './hold.js';
import type { HoldHandle } from './hold-handle.js';
import { holdInfo } from './hold-info.js';
import { type Due, DueQueue } from './memory-store/due-queue.js';
import type { ResolvedOptions } from './options.js';

/** A store expires a reservation at its own time, which this process measures from the answer to its request. */
const marginMs = 1_000;
/** A store that does not respond is asked again after so long, in milliseconds. */
const againAfterMs = 30_000;

interface Watched {
  readonly handle: HoldHandle;
  /** As it was last read, on the store's clock. */
  readonly expiresAtMs: number;
}

export class Reservations {
  readonly #options: ResolvedOptions;
  readonly #events: Events;
  readonly #due = new DueQueue<Watched>();
  /** Cancels the timer for the soonest of them. */
  #cancel: (() => void) | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(options: ResolvedOptions, events: Events) {
    this.#options = options;
    this.#events = events;
  }

  /** Watches a reservation if anything listens for its expiry. Returns a function that ends the watch. */
  watch(handle: HoldHandle): (() => void) | undefined {
    const { expiresAtMs, createdAtMs } = handle.record;
    if (expiresAtMs === undefined || !this.#events.hasListener('expired')) return undefined;
    const due = this.#add({ handle, expiresAtMs }, expiresAtMs - createdAtMs + marginMs);
    return () => this.#due.remove(due);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #add(watched: Watched, inMs: number): Due<Watched> {
    const atMs = elapsedMs(this.#options.clock) + inMs;
    if (atMs < this.#timerAtMs) this.#startTimer(atMs, inMs);
    return this.#due.add(atMs, watched);
  }

  #startTimer(atMs: number, inMs: number): void {
    this.#cancel?.();
    this.#timerAtMs = atMs;
    this.#cancel = runAfter(this.#options.clock, inMs, () => this.#takeDue());
  }

  #takeDue(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = elapsedMs(this.#options.clock);
    for (let due = this.#due.takeDue(nowMs); due; due = this.#due.takeDue(nowMs)) void this.#ask(due);
    const next = this.#due.soonestMs;
    if (next !== undefined && !this.#isClosed) this.#startTimer(next, next - nowMs);
  }

  async #ask(watched: Watched): Promise<void> {
    const { handle } = watched;
    const isOver = () => handle.state !== 'reserved' || this.#isClosed;
    if (isOver()) return;
    try {
      const { hold, nowMs } = await askStore(this.#options.store, (store) => store.get(handle.reference));
      if (isOver() || hold?.attempt !== handle.attempt) return;
      const { expiresAtMs = nowMs } = hold;
      // Extended.
      if (hold.state === 'reserved') this.#add({ handle, expiresAtMs }, Math.max(0, expiresAtMs - nowMs) + marginMs);
      else if (hasExpired(hold, watched)) this.#events.emit('expired', () => ({ hold: holdInfo(hold) }));
    } catch {
      // The store reports its own failure; nothing depends on this question.
      if (!this.#isClosed) this.#add(watched, againAfterMs);
    }
  }
}

/** One that ended earlier was released by another process. */
function hasExpired(hold: HoldRecord, { expiresAtMs }: Watched): boolean {
  return hold.state === 'released' && hold.sentAtMs === undefined && (hold.endedAtMs ?? 0) >= expiresAtMs;
}
