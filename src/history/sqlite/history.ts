// A history in a SQLite file, for all processes of one host.
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import { StoreFailure } from '../../core/store-failure.js';
import { sqliteFileSchema } from '../../stores/sqlite/file-option.js';
import { SharedFile } from '../../stores/sqlite/shared-file.js';
import {
  BackgroundHistory,
  type HistoryTable,
  type Row,
  type SharedHistory,
  type SharedHistoryOptions,
  sharedHistoryShape,
} from '../background-history.js';
import type { HistoryPage } from '../entry.js';
import { readPage } from '../found.js';
import type { ResolvedQuery } from '../query.js';
import { deleteStatement, insertStatement, pageStatement, valuesOf } from './statements.js';

export interface SqliteHistoryOptions extends SharedHistoryOptions {
  /**
   * Path of the file, in a directory that exists, on a local disk: that of `sqliteStore`, or one of its own. It is
   * created when there is none.
   */
  file: string;
}

const optionsSchema: z.ZodType<SqliteHistoryOptions> = z.strictObject({
  ...sharedHistoryShape,
  file: sqliteFileSchema,
});

/** Longest wait for the lock, in milliseconds. Later the entries are retried. */
const lockMs = 1_000;

/**
 * Makes a history in a SQLite file, for all processes of one host. A file that is locked or a disk that is full delays
 * entries, and then loses them: the first loss of an outage is a process warning with the code `PAYOUT_GUARD_HISTORY`,
 * and all are counted. Needs `better-sqlite3`.
 *
 * @throws `ConfigurationError` naming every problem of the options, or when better-sqlite3 is not installed.
 */
export function sqliteHistory(options: SqliteHistoryOptions): SharedHistory {
  const { file, ...shared } = readOptions(optionsSchema, options);
  return new BackgroundHistory(new SqliteTable(file), shared);
}

/** Yields to the event loop between two batches. */
const immediate = () => new Promise((resolve) => setImmediate(resolve));

class SqliteTable implements HistoryTable {
  /** A batch blocks the event loop, and payouts of other processes wait for its lock, for about 3 ms. */
  readonly maxBatch = 100;
  readonly #file: SharedFile;

  constructor(file: string) {
    // No payout depends on an entry, so a commit does not wait for the disk.
    this.#file = new SharedFile(file, lockMs, 'NORMAL');
  }

  async insert(rows: readonly Row[]): Promise<void> {
    await immediate();
    return this.#file.write((connection) => {
      for (const row of rows) connection.run(insertStatement, ...valuesOf(row));
      connection.commit();
    });
  }

  /** Returns true if a constraint of the table is violated, or SQLite does not take a value. */
  isRefusedData(error: unknown): boolean {
    return error instanceof StoreFailure && /^(SQLITE_(CONSTRAINT|TOOBIG)|UNKNOWN)/.test(error.failure);
  }

  page(query: ResolvedQuery): Promise<HistoryPage> {
    const { text, values } = pageStatement(query);
    return this.#file.read((connection) => readPage(connection.all(text, ...values), query.limit));
  }

  async delete(beforeMs: number, limit: number): Promise<number> {
    await immediate();
    return this.#file.write((connection) => {
      connection.run(deleteStatement, beforeMs, limit);
      const deleted = connection.changes;
      if (deleted > 0) connection.commit();
      return deleted;
    });
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
