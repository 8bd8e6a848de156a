// The latest time that it may be at the store, as far as this process can know: from then on a message of its own is
// too late.
import { randomUUID } from 'node:crypto';
import type { BatchReply, Header } from './engine.js';

/** A time of the store, and when this process asked for it. */
export interface Reading {
  readonly epoch: string;
  readonly nowMs: number;
  /** Time of the request on the monotonic clock of this process: the store read its own clock after that. */
  readonly askedAtMs: number;
}

export class StoreTime {
  #latest: Reading | undefined;

  /** The latest answer, if there was one. */
  get latest(): Reading | undefined {
    return this.#latest;
  }

  /** Takes the time of an answer. Answers may overtake each other. */
  seen({ epoch, nowMs }: BatchReply, askedAtMs: number): void {
    if (this.#latest && this.#latest.askedAtMs > askedAtMs) return;
    this.#latest = { epoch, nowMs, askedAtMs };
  }

  /**
   * The header of a batch whose last caller waits until `endMs` of the monotonic clock. It allows a round trip more
   * than that, never less, and nothing is concluded from it: only the store decides whether the batch was late.
   */
  header(endMs: number): Header {
    if (!this.#latest) throw new Error('the time of the store is not known');
    const { epoch, nowMs, askedAtMs } = this.#latest;
    return { id: randomUUID(), epoch, notAfterMs: Math.ceil(nowMs + endMs - askedAtMs) };
  }
}
