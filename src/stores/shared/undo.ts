// Undoes attempts whose callers were refused, though the database may have granted them, or may yet. Nothing was paid
// for them.
import type { HoldRequest } from '../../core/store.js';
import type { Header } from './engine.js';

/** An attempt that was given up, and the header of the batch that it went with. */
export interface GivenUp {
  readonly request: HoldRequest;
  readonly header: Header;
}

/** Interval of the tries, in milliseconds. */
const undoEveryMs = 1_000;
/** Number of undos sent at once: operations of callers must find room beside them. */
const undoBatch = 128;

export class Undo {
  readonly #release: (attempt: GivenUp) => Promise<number>;
  /** By reference, because a new attempt with the same one asks first. */
  readonly #attempts = new Map<string, Set<GivenUp>>();
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> | undefined;
  #isClosed = false;

  /**
   * @param release - Releases what the attempt may have held. Resolves to how long it may still arrive, in
   *   milliseconds: 0 if never. Rejects when the database did not do it.
   */
  constructor(release: (attempt: GivenUp) => Promise<number>) {
    this.#release = release;
  }

  get size(): number {
    return this.#size;
  }

  has(reference: string): boolean {
    return this.#attempts.has(reference);
  }

  add(attempt: GivenUp): void {
    const { reference } = attempt.request;
    const attempts = this.#attempts.get(reference);
    if (attempts) attempts.add(attempt);
    else this.#attempts.set(reference, new Set([attempt]));
    this.#size += 1;
    this.#later(0);
  }

  /** Sends the undos of a reference, ahead of a new attempt with it. */
  ahead(reference: string): void {
    for (const attempt of this.#attempts.get(reference) ?? []) void this.#undo(attempt);
  }

  /** Tries once more, and again when nothing can arrive any longer, if the database responds. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
    const waitMs = await this.#undoAll();
    if (waitMs === 0) return;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    await this.#undoAll();
  }

  #later(delayMs: number): void {
    if (this.#isClosed || this.#running !== undefined) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#undoAll().finally(() => {
        this.#running = undefined;
        if (this.#size > 0) this.#later(undoEveryMs);
      });
    }, delayMs).unref();
  }

  /** Resolves to how long one of them may still arrive; 0 also when the database does not respond. */
  async #undoAll(): Promise<number> {
    const attempts = [...this.#attempts.values()].flatMap((some) => [...some]);
    let waitMs = 0;
    for (let from = 0; from < attempts.length; from += undoBatch) {
      const waits = await Promise.all(attempts.slice(from, from + undoBatch).map((attempt) => this.#undo(attempt)));
      if (waits.includes(undefined)) return 0;
      waitMs = Math.max(waitMs, ...(waits as number[]));
    }
    return waitMs;
  }

  /** Undefined: the database did not respond. The undo is complete only when the attempt can no longer arrive. */
  async #undo(attempt: GivenUp): Promise<number | undefined> {
    try {
      const waitMs = await this.#release(attempt);
      if (waitMs === 0) this.#remove(attempt);
      return waitMs;
    } catch {
      return undefined;
    }
  }

  #remove(attempt: GivenUp): void {
    const { reference } = attempt.request;
    const attempts = this.#attempts.get(reference);
    if (!attempts?.delete(attempt)) return;
    this.#size -= 1;
    if (attempts.size === 0) this.#attempts.delete(reference);
  }
}
