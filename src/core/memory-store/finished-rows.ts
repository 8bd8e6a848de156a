// Rows that have ended, oldest first, up to a number of each kind.
import { mayBeHeldAgain } from '../hold.js';
import type { Row } from './row.js';
import { RowQueue } from './row-queue.js';

/** The rows by reference. */
interface Table {
  /** Returns false for a row whose reference was held again. */
  has(row: Row): boolean;
  /** Makes room for a row that ended later. */
  forget(row: Row): void;
}

export class FinishedRows {
  /** Captured and failed rows. They never make room for others. */
  readonly #closed = new RowQueue<Row>();
  /** Rows that were released without being sent. */
  readonly #unsent = new RowQueue<Row>();
  /** Most rows of each kind. */
  readonly limit: number;
  readonly #table: Table;

  constructor(limit: number, table: Table) {
    this.limit = limit;
    this.#table = table;
  }

  /** Adds a row that has just ended. */
  add(row: Row): void {
    (mayBeHeldAgain(row.hold) ? this.#unsent : this.#closed).add(row);
    if (this.#unsent.size > this.limit) this.#forgetUnsent();
    if (this.#closed.size > this.limit) this.#forgetClosed();
  }

  #forgetUnsent(): void {
    const row = this.#unsent.takeOldest();
    if (!row || !this.#table.has(row)) return;
    // It may have been captured or have failed after its release.
    if (mayBeHeldAgain(row.hold)) this.#table.forget(row);
    else this.#closed.add(row);
  }

  #forgetClosed(): void {
    const row = this.#closed.takeOldest();
    if (row) this.#table.forget(row);
  }
}
