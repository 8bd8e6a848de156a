// Items by the time they are due, soonest first: a binary heap. Adding in order of time, the usual case, is O(1).

/** One item in the queue. */
export interface Due<T> {
  readonly atMs: number;
  /** Undefined once it was taken out. */
  item: T | undefined;
}

/** So many entries without an item are kept at least, so that small queues are not rebuilt all the time. */
const fewEntries = 1_000;

export class DueQueue<T> {
  #heap: Due<T>[] = [];
  /** Entries whose item was taken out before it was due. */
  #empty = 0;

  /** Entries in memory; those without an item are at most as many as the others, or a thousand. */
  get size(): number {
    return this.#heap.length;
  }

  /** Time at which the soonest item is due, at the earliest; undefined when there is none. */
  get soonestMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  add(atMs: number, item: T): Due<T> {
    const due: Due<T> = { atMs, item };
    const heap = this.#heap;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#at(parent) <= atMs) break;
      this.#swap(index, parent);
      index = parent;
    }
    return due;
  }

  /**
   * Takes an item out before it is due. Most reservations are sent long before they expire: their items must not pile
   * up here.
   */
  remove(due: Due<T>): void {
    if (due.item === undefined) return;
    due.item = undefined;
    this.#empty += 1;
    if (this.#empty <= fewEntries || this.#empty * 2 <= this.#heap.length) return;
    // In order of time an array is a heap.
    this.#heap = this.#heap.filter(({ item }) => item !== undefined).sort((one, other) => one.atMs - other.atMs);
    this.#empty = 0;
  }

  /** Takes out the soonest item that is due at this time. */
  takeDue(nowMs: number): T | undefined {
    while (this.#at(0) <= nowMs) {
      const due = this.#takeFirst();
      const item = due?.item;
      if (due && item !== undefined) {
        due.item = undefined;
        return item;
      }
      this.#empty -= 1;
    }
    return undefined;
  }

  #takeFirst(): Due<T> | undefined {
    const heap = this.#heap;
    this.#swap(0, heap.length - 1);
    const first = heap.pop();
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const least = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(least) >= this.#at(index)) return first;
      this.#swap(index, least);
      index = least;
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#heap[one], this.#heap[other]];
    if (first === undefined || second === undefined) return;
    this.#heap[one] = second;
    this.#heap[other] = first;
  }
}
