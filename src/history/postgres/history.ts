// A history in PostgreSQL.
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import type { PostgresClient } from '../../stores/postgres/engine.js';
import { migrate } from '../../stores/postgres/migrate.js';
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
import { deleteStatement, insertStatement, pageStatement } from './statements.js';

export interface PostgresHistoryOptions extends SharedHistoryOptions {
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
}

const optionsSchema: z.ZodType<PostgresHistoryOptions> = z.strictObject({
  ...sharedHistoryShape,
  pool: z.custom<PostgresClient>(
    (value) => typeof (value as PostgresClient | null)?.query === 'function',
    'needs query()',
  ),
  schema: z
    .string()
    .regex(/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/, 'must be the name of a schema, as for postgresStore')
    .optional(),
});

/** A history in PostgreSQL. */
export interface PostgresHistory extends SharedHistory {
  /** Creates the tables, or brings them up to date; those of the store as well. See `PostgresStore.migrate`. */
  migrate(): Promise<void>;
}

/**
 * Makes a history in PostgreSQL, for any number of processes. A database that is slow or down delays entries, and then
 * loses them: the first loss of an outage is a process warning with the code `PAYOUT_GUARD_HISTORY`, and all are
 * counted.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function postgresHistory(options: PostgresHistoryOptions): PostgresHistory {
  const { pool, schema = 'payout_guard', ...shared } = readOptions(optionsSchema, options);
  return new MigratedHistory(pool, `"${schema}"`, shared);
}

class MigratedHistory extends BackgroundHistory implements PostgresHistory {
  readonly migrate: () => Promise<void>;

  constructor(pool: PostgresClient, schema: string, options: SharedHistoryOptions) {
    super(new PostgresTable(pool, schema), options);
    this.migrate = () => migrate(pool, schema);
  }
}

class PostgresTable implements HistoryTable {
  readonly maxBatch = 500;
  readonly #pool: PostgresClient;
  readonly #schema: string;

  constructor(pool: PostgresClient, schema: string) {
    this.#pool = pool;
    this.#schema = schema;
  }

  insert(rows: readonly Row[]): Promise<unknown> {
    const { text, values } = insertStatement(this.#schema, rows);
    return this.#pool.query(text, values);
  }

  /** Returns true for SQLSTATE class 22 (data exception) or 23 (constraint violation). */
  isRefusedData(error: unknown): boolean {
    return /^2[23]/.test(String((error as { code?: unknown } | null)?.code));
  }

  async page(query: ResolvedQuery): Promise<HistoryPage> {
    const { text, values } = pageStatement(this.#schema, query);
    return readPage((await this.#pool.query(text, values)).rows, query.limit);
  }

  async delete(beforeMs: number, limit: number): Promise<number> {
    const { text, values } = deleteStatement(this.#schema, beforeMs, limit);
    const [row] = (await this.#pool.query(text, values)).rows;
    return Number((row as { readonly deleted: string }).deleted);
  }
}
