// A history in PostgreSQL, written in the background.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Clock, systemClock } from '../../core/clock.js';
import { readOptions } from '../../core/problems.js';
import { clockSchema } from '../../core/schemas.js';
import { warn } from '../../core/warn.js';
import type { PostgresClient } from '../../stores/postgres/engine.js';
import { migrate } from '../../stores/postgres/migrate.js';
import type { History, HistoryEntry, HistoryPage, HistoryQuery } from './entry.js';
import { deleteStatement, insertStatement, pageStatement, type Row, readPage } from './postgres-statements.js';
import { resolveQuery } from './query.js';

export interface PostgresHistoryOptions {
  /**
   * Runs the queries: a `Pool` of `pg`, or anything with its `query(text, values)`. The history neither opens nor
   * closes it.
   */
  pool: PostgresClient;
  /**
   * The schema of the tables; that of the store, if holds are in PostgreSQL too.
   * @defaultValue `'payout_guard'`
   */
  schema?: string | undefined;
  /** Entries older than this are deleted, in milliseconds; a minute to ten years. */
  keepForMs: number;
  /**
   * Entries that may wait to be written; more are dropped, counted and reported. 1 to 1,000,000.
   * @defaultValue 10,000
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

const optionsSchema: z.ZodType<PostgresHistoryOptions> = z.strictObject({
  pool: z.custom<PostgresClient>(
    (value) => typeof (value as PostgresClient | null)?.query === 'function',
    'needs query()',
  ),
  schema: z
    .string()
    .regex(/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/, 'must be the name of a schema, as for postgresStore')
    .optional(),
  keepForMs: z.int().min(aMinuteMs).max(tenYearsMs),
  maxQueue: z.int().min(1).max(1_000_000).optional(),
  clock: clockSchema.optional(),
});

/** A {@link History} that all processes share. */
export interface PostgresHistory extends History {
  /** Never blocks and never fails: entries are written in the background, a batch at a time. */
  add(entries: readonly HistoryEntry[]): void;
  query(query?: HistoryQuery): Promise<HistoryPage>;
  /** Creates the tables, or brings them up to date; those of the store as well. See `PostgresStore.migrate`. */
  migrate(): Promise<void>;
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

/**
 * Makes a history in PostgreSQL, for any number of processes. A database that is slow or down delays entries, and then
 * loses them: the first loss of an outage is a process warning with the code `PAYOUT_GUARD_HISTORY`, and all are
 * counted.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function postgresHistory(options: PostgresHistoryOptions): PostgresHistory {
  return new BackgroundHistory(readOptions(optionsSchema, options));
}

/** Most entries in one statement. */
const maxBatch = 500;
const deletedAtOnce = 1_000;
const deletesAtOnce = 10;
/** Wait after a failure, in milliseconds. */
const retryAfterMs = 1_000;
const anHourMs = 3_600_000;

class BackgroundHistory implements PostgresHistory {
  readonly #pool: PostgresClient;
  readonly #schema: string;
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

  constructor({
    pool,
    schema = 'payout_guard',
    keepForMs,
    maxQueue = 10_000,
    clock = systemClock,
  }: PostgresHistoryOptions) {
    this.#pool = pool;
    this.#schema = `"${schema}"`;
    this.#keepForMs = keepForMs;
    this.#maxQueue = maxQueue;
    this.#clock = clock;
    this.#cleaning = setInterval(() => void this.#clean(), Math.min(keepForMs / 10, anHourMs)).unref();
  }

  get counts(): PostgresHistory['counts'] {
    return { written: this.#written, waiting: this.#waiting.length, dropped: this.#dropped };
  }

  migrate(): Promise<void> {
    return migrate(this.#pool, this.#schema);
  }

  add(entries: readonly HistoryEntry[]): void {
    for (const entry of entries) {
      if (this.#isClosed || this.#waiting.length >= this.#maxQueue)
        this.#lose(1, 'too many entries wait to be written');
      else this.#waiting.push({ id: `${this.#writer}${this.#nextNumber()}`, entry });
    }
    if (!this.#retry) void this.#write();
  }

  async query(query: HistoryQuery = {}): Promise<HistoryPage> {
    const wanted = resolveQuery(query);
    const { text, values } = pageStatement(this.#schema, wanted);
    return readPage((await this.#pool.query(text, values)).rows, wanted.limit);
  }

  flush(): Promise<void> {
    return this.#write();
  }

  async deleteOld(): Promise<number> {
    let total = 0;
    for (let run = 0; run < deletesAtOnce; run++) {
      const { text, values } = deleteStatement(this.#schema, this.#clock.now() - this.#keepForMs, deletedAtOnce);
      const [row] = (await this.#pool.query(text, values)).rows;
      const deleted = Number((row as { readonly deleted: string }).deleted);
      total += deleted;
      if (deleted < deletedAtOnce) break;
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
  }

  #nextNumber(): string {
    this.#added += 1;
    return String(this.#added).padStart(16, '0');
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
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, maxBatch);
      try {
        const { text, values } = insertStatement(this.#schema, batch);
        await this.#pool.query(text, values);
        this.#written += batch.length;
        this.#isLosing = false;
      } catch (error) {
        // Written again later; their ids keep entries from being there twice. Data that the database refuses is refused
        // every time.
        if (!isRefusedData(error)) return this.#tryLater();
        this.#lose(batch.length, 'the database refused their data', error);
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

/** SQLSTATE class 22 (data exception) or 23 (constraint violation). */
function isRefusedData(error: unknown): boolean {
  return /^2[23]/.test(String((error as { code?: unknown } | null)?.code));
}
