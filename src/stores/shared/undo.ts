// Undoes attempts whose callers were refused, though the database may have granted them. Nothing was paid for them.
import type { HoldRequest } from '../../core/store.js';

/** Interval of the tries until the database responds, in milliseconds. */
const undoEveryMs = 1_000;
/** How many in one go: operations of callers must find room beside them. */
const undoBatch = 128;

export class Undo {
  readonly #undoOne: (request: HoldRequest) => Promise<unknown>;
  /** By reference, because a new attempt with the same one asks first. */
  readonly #requests = new Map<string, HoldRequest[]>();
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** @param undoOne - Releases what the attempt may have held, or makes sure that it is refused when it arrives. */
  constructor(undoOne: (request: HoldRequest) => Promise<unknown>) {
    this.#undoOne = undoOne;
  }

  get size(): number {
    return this.#size;
  }

  add(request: HoldRequest): void {
    const requests = this.#requests.get(request.reference);
    if (requests) requests.push(request);
    else this.#requests.set(request.reference, [request]);
    this.#size += 1;
    this.#later();
  }

  /** Sends the pending undos of a reference, ahead of a new attempt with it. */
  ahead(reference: string): void {
    for (const request of this.#requests.get(reference) ?? []) void this.#undo(request);
  }

  /** One last try. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#undoAll();
  }

  #later(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#undoAll().finally(() => {
        if (this.#size > 0) this.#later();
      });
    }, undoEveryMs).unref();
  }

  async #undoAll(): Promise<void> {
    const requests = [...this.#requests.values()].flat();
    for (let from = 0; from < requests.length; from += undoBatch) {
      const undone = await Promise.all(requests.slice(from, from + undoBatch).map((request) => this.#undo(request)));
      if (undone.includes(false)) return;
    }
  }

  /** Resolves to whether the database responded. If it did not, the attempt stays on the list. */
  async #undo(request: HoldRequest): Promise<boolean> {
    try {
      await this.#undoOne(request);
    } catch {
      return false;
    }
    this.#remove(request);
    return true;
  }

  #remove(request: HoldRequest): void {
    const requests = this.#requests.get(request.reference);
    const index = requests?.indexOf(request) ?? -1;
    if (!requests || index < 0) return;
    requests.splice(index, 1);
    this.#size -= 1;
    if (requests.length === 0) this.#requests.delete(request.reference);
  }
}
