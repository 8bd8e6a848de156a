// A first-in, first-out queue of rows, linked through the rows themselves. A Map would do, but finding its oldest entry
// gets slow once many before it were deleted.

export interface Queued<Row> {
  nextInQueue?: Row | undefined;
}

export class RowQueue<Row extends Queued<Row>> {
  #oldest: Row | undefined;
  #newest: Row | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a row that is in no queue. */
  add(row: Row): void {
    if (this.#newest) this.#newest.nextInQueue = row;
    else this.#oldest = row;
    this.#newest = row;
    this.#size += 1;
  }

  takeOldest(): Row | undefined {
    const row = this.#oldest;
    if (!row) return undefined;
    this.#oldest = row.nextInQueue;
    if (!this.#oldest) this.#newest = undefined;
    row.nextInQueue = undefined;
    this.#size -= 1;
    return row;
  }
}
