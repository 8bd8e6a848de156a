// A history that several processes share, written in the background.
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { type Clock, systemClock } from '../core/clock.js';
import { ConfigurationError } from '../core/errors.js';
import { clockSchema } from '../core/schemas.js';
import { warn } from '../core/warn.js';
import type { History, HistoryEntry, HistoryPage, HistoryQuery } from './entry.js';
import { type ResolvedQuery, resolveQuery } from './query.js';

/** The options of every shared history. */
export interface SharedHistoryOptions {
  /** Entries older than this are deleted, in milliseconds; a minute to ten years. */
  keepForMs: number;
  /**
   * Entries that may wait to be written; more are dropped, counted and reported. 1 to 1,000,000. A payroll adds one for
   * each of its payouts at once.
   * @defaultValue 100,000
   */
  maxQueue?: number | undefined;
  /**
   * Source of the time; for tests.
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined;
}

const aMinuteMs = 60_000;
const tenYearsMs = 315_576_000_000;

export const sharedHistoryShape: {
  readonly [Key in keyof SharedHistoryOptions]-?: z.ZodType<SharedHistoryOptions[Key]>;
} = {
  keepForMs: z.int().min(aMinuteMs).max(tenYearsMs),
  maxQueue: z.int().min(1).max(1_000_000).optional(),
  clock: clockSchema.optional(),
};

/** A {@link History} that several processes share. */
export interface SharedHistory extends History {
  /** Queues entries, which are written in the background in batches. Never blocks and never fails. */
  add(entries: readonly HistoryEntry[]): void;
  /**
   * Writes entries before it resolves, past those that wait: for what must not happen without its entry.
   * @throws the error of the database. The entries are not written then, and not queued.
   */
  write(entries: readonly HistoryEntry[]): Promise<void>;
  query(query?: HistoryQuery): Promise<HistoryPage>;
  /** Resolves when nothing waits to be written, or when the waiting entries could not be written now. */
  flush(): Promise<void>;
  /**
   * Deletes old entries, at most 10,000, and returns how many. Runs by itself every tenth of `keepForMs`, or every
   * hour.
   */
  deleteOld(): Promise<number>;
  /** Counts of the entries that were added in this process. */
  readonly counts: { readonly written: number; readonly waiting: number; readonly dropped: number };
}

/** An entry under the id that its writer gave it. */
export interface Row {
  readonly id: string;
  readonly entry: HistoryEntry;
}

/** The table of the entries. */
export interface HistoryTable {
  /** Most entries that are written or deleted at once. */
  readonly maxBatch: number;
  /** Writes all rows or none. Skips ids that exist already. */
  insert(rows: readonly Row[]): Promise<unknown>;
  /** Returns true if the database has refused the data themselves, as it would every time. */
  isRefusedData(error: unknown): boolean;
  page(query: ResolvedQuery): Promise<HistoryPage>;
  /** Deletes the oldest entries from before that time, and returns how many. */
  delete(beforeMs: number, limit: number): Promise<number>;
  close?(): Promise<void>;
}

/** Most entries that one `deleteOld` deletes. */
const maxDeleted = 10_000;
/** Wait after a failure, in milliseconds. */
const retryAfterMs = 1_000;
const anHourMs = 3_600_000;

export class BackgroundHistory implements SharedHistory {
  readonly #table: HistoryTable;
  readonly #keepForMs: number;
  readonly #maxQueue: number;
  readonly #clock: Clock;
  /** Prefix of the ids of this writer, which makes them unique. */
  readonly #writer = randomBytes(9).toString('base64url');
  readonly #cleaning: NodeJS.Timeout;
  #added = 0;
  #written = 0;
  #dropped = 0;
  #waiting: Row[] = [];
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isLosing = false;
  #isClosed = false;

  constructor(table: HistoryTable, { keepForMs, maxQueue = 100_000, clock = systemClock }: SharedHistoryOptions) {
    this.#table = table;
    this.#keepForMs = keepForMs;
    this.#maxQueue = maxQueue;
    this.#clock = clock;
    this.#cleaning = setInterval(() => void this.#clean(), Math.min(keepForMs / 10, anHourMs)).unref();
  }

  get counts(): SharedHistory['counts'] {
    return { written: this.#written, waiting: this.#waiting.length, dropped: this.#dropped };
  }

  add(entries: readonly HistoryEntry[]): void {
    for (const entry of entries) {
      if (this.#isClosed || this.#waiting.length >= this.#maxQueue)
        this.#lose(1, 'too many entries wait to be written');
      else this.#waiting.push(this.#row(entry));
    }
    if (!this.#retry) void this.#write();
  }

  async write(entries: readonly HistoryEntry[]): Promise<void> {
    if (this.#isClosed) throw new ConfigurationError(['the history is closed']);
    const { maxBatch } = this.#table;
    for (let from = 0; from < entries.length; from += maxBatch) {
      const rows = entries.slice(from, from + maxBatch).map((entry) => this.#row(entry));
      await this.#table.insert(rows);
      this.#written += rows.length;
    }
  }

  async query(query: HistoryQuery = {}): Promise<HistoryPage> {
    return this.#table.page(resolveQuery(query));
  }

  flush(): Promise<void> {
    return this.#write();
  }

  async deleteOld(): Promise<number> {
    const { maxBatch } = this.#table;
    const beforeMs = this.#clock.now() - this.#keepForMs;
    let total = 0;
    for (let deleted = maxBatch; deleted === maxBatch && total < maxDeleted; total += deleted) {
      deleted = await this.#table.delete(beforeMs, maxBatch);
    }
    return total;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#cleaning);
    clearTimeout(this.#retry);
    await this.#write();
    if (this.#waiting.length > 0)
      this.#lose(this.#waiting.splice(0).length, 'it was closed while the database did not respond');
    await this.#table.close?.();
  }

  #row(entry: HistoryEntry): Row {
    this.#added += 1;
    return { id: `${this.#writer}${String(this.#added).padStart(16, '0')}`, entry };
  }

  /** Writes the waiting entries, one batch after the other; joins the writing under way. Never rejects. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    // Entries that are added in the same turn travel together.
    await Promise.resolve();
    let mostAtOnce = this.#table.maxBatch;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, mostAtOnce);
      try {
        await this.#table.insert(batch);
        this.#written += batch.length;
        this.#isLosing = false;
      } catch (error) {
        // Retried later; ids prevent duplicates. Data that the database refuses is refused every time.
        if (!this.#table.isRefusedData(error)) return this.#tryLater();
        if (batch.length > 1) {
          // One entry is refused, and must not take the others with it.
          mostAtOnce = 1;
          continue;
        }
        this.#lose(1, 'the database refused their data', error);
      }
      this.#waiting.splice(0, batch.length);
    }
  }

  #tryLater(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      void this.#write();
    }, retryAfterMs).unref();
  }

  #lose(count: number, why: string, error?: unknown): void {
    this.#dropped += count;
    if (this.#isLosing) return;
    this.#isLosing = true;
    warn('PAYOUT_GUARD_HISTORY', `The history is losing entries: ${why}. See its counts.`, error);
  }

  async #clean(): Promise<void> {
    try {
      await this.deleteOld();
    } catch (error) {
      warn('PAYOUT_GUARD_HISTORY', 'Could not delete old entries of the history; will retry.', error);
    }
  }
}
