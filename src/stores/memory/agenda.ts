// Things to do at a time, soonest first: a binary heap. Adding in order of time, which is the usual case, is O(1).

interface Entry<T> {
  readonly atMs: number;
  readonly item: T;
}

export class Agenda<T> {
  readonly #heap: Entry<T>[] = [];

  add(atMs: number, item: T): void {
    const heap = this.#heap;
    let index = heap.push({ atMs, item }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#at(parent) <= atMs) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Takes out the soonest item that is due at this time. */
  takeDue(nowMs: number): T | undefined {
    return this.#at(0) <= nowMs ? this.#takeFirst()?.item : undefined;
  }

  #takeFirst(): Entry<T> | undefined {
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
