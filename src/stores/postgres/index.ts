// A store in PostgreSQL, shared by all processes that use the same schema.
import * as z from 'zod';
import { InvalidArgumentError } from '../../core/errors.js';
import { readOptions } from '../../core/problems.js';
import type { HoldStore } from '../../core/store.js';
import { EngineStore } from '../shared/engine-store.js';
import { type SharedStoreOptions, sharedStoreShape } from '../shared/options.js';
import type { Readiness } from '../shared/readiness.js';
import { type PostgresClient, PostgresEngine } from './engine.js';
import { migrate } from './migrate.js';
import { StoreInTransaction } from './transaction.js';

export type { Readiness } from '../shared/readiness.js';
export type { PostgresClient } from './engine.js';
export type { StoreInTransaction } from './transaction.js';

export interface PostgresStoreOptions extends SharedStoreOptions {
  /**
   * Target of all queries: a `Pool` of `pg`, or anything with its `query(text, values)`. The primary server, never a
   * replica. A connection pooler in transaction mode is fine. The store neither opens nor closes it.
   */
  pool: PostgresClient;
  /**
   * The schema of the tables: a lower case letter or `_`, then letters, digits and `_`, at most 63.
   * @defaultValue `'payout_guard'`
   */
  schema?: string | undefined;
}

const optionsSchema: z.ZodType<PostgresStoreOptions> = z.strictObject({
  ...sharedStoreShape,
  pool: z.custom<PostgresClient>(
    (value) => typeof (value as PostgresClient | null)?.query === 'function',
    'needs query()',
  ),
  schema: z
    .string()
    .regex(
      /^[a-z_][a-z0-9_]{0,62}$/,
      'must be lower case letters, digits and _, not beginning with a digit, at most 63',
    )
    .refine((name) => !name.startsWith('pg_'), 'must not begin with pg_: those belong to PostgreSQL')
    .optional(),
});

/**
 * A store in PostgreSQL, for any number of processes. Finished references are kept forever, unless
 * {@link PostgresStore.deleteFinished} is called.
 *
 * Holds of one wallet wait for each other for the time of one batch; wallets do not wait for each other.
 *
 * A commit is as safe as the server keeps it. After a failover to a replica that lagged, or after a crash with
 * `synchronous_commit` off, the last changes are gone. The store detects that, begins a new epoch, and each process
 * restores its open holds and its captures that are not visible yet. A capture that was visible, or a release, is not
 * restored: that hold is as it was before. It counts against the wallet although it has ended, until it is settled
 * again; a reservation expires, and its reference may then be held again although it was paid, and so may one that is
 * missing. Only a synchronous replica excludes that.
 *
 * @example
 * ```ts
 * const store = postgresStore({ pool: new Pool({ connectionString }) });
 * await store.migrate();
 * ```
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  return new EnginePostgresStore(readOptions(optionsSchema, options));
}

export interface DeleteFinishedOptions {
  /**
   * Age of captured and failed references, and of those that were ever sent, since they ended, in milliseconds; 0 or
   * more. Longer than a payout may be repeated: a repeated payout whose reference was forgotten is not recognised.
   * @defaultValue 30 days
   */
  olderThanMs?: number | undefined;
  /**
   * The same for references that were released without ever being sent and did not fail: forgetting them only forgets
   * that they were held before.
   * @defaultValue 1 day, or `olderThanMs` if that is shorter
   */
  unsentOlderThanMs?: number | undefined;
}

export interface PostgresStore extends HoldStore {
  /**
   * Creates the tables, or brings them up to date. May run in many processes at once. A role without the right to
   * create may skip it when another role has run it.
   *
   * @throws `ConfigurationError` on a read replica, or when a newer version of this library has migrated the schema.
   *   Errors of the client as they are.
   */
  migrate(): Promise<void>;
  /**
   * For readiness probes. @throws `BalanceUnavailableError` the store can not be used, and why: not migrated, a
   * replica, no connection.
   */
  ready(): Promise<Readiness>;
  /**
   * The part of the store that may be part of your own transaction, on its connection: for `prepared.hold` of
   * `guard.prepare`, and to settle. What it does becomes true when you commit, together with your own writes, and is
   * gone when you roll back.
   *
   * The wallet is locked from then until your transaction ends, and payouts from it wait, in all processes, so commit
   * soon and call no other service in between. READ COMMITTED is enough; at a stricter level a conflict ends your
   * transaction (40001), as anywhere. When a call rejects, roll back. Use several wallets in one transaction in the
   * order of their names, or transactions may wait for each other. The whole transaction is committed with
   * `synchronous_commit` on, or more.
   *
   * Waiting for a lock ends on the server, with SQLSTATE 55P03 after four fifths of `deadlineMs`. Nothing else is
   * bounded here: set `query_timeout` or `statement_timeout` on your connection against a network or a server that
   * hangs.
   *
   * This process does not restore what is held here if the database loses data, until it is paid: it is then as
   * lost as the rest of your transaction.
   */
  within(client: PostgresClient): StoreInTransaction;
  /**
   * Forgets references that ended long ago, and returns how many. Open holds, captures that are not visible yet and
   * captures whose outcome is still to be looked up stay, however old. Run it once a day.
   *
   * @throws `InvalidArgumentError` for an age that is none. `StoreFailure` with the reason when the database could not
   *   do it.
   */
  deleteFinished(options?: DeleteFinishedOptions): Promise<number>;
}

const dayMs = 86_400_000;

class EnginePostgresStore extends EngineStore implements PostgresStore {
  readonly #pool: PostgresClient;
  readonly #engine: PostgresEngine;

  constructor(options: PostgresStoreOptions) {
    const engine = new PostgresEngine(options);
    super(engine, options);
    this.#pool = options.pool;
    this.#engine = engine;
  }

  async migrate(): Promise<void> {
    await migrate(this.#pool, this.#engine.schema);
  }

  within(client: PostgresClient): StoreInTransaction {
    return new StoreInTransaction(this.#engine.inside(client), () => this.recoveringForMs);
  }

  async deleteFinished(options: DeleteFinishedOptions = {}): Promise<number> {
    const { olderThanMs = 30 * dayMs, unsentOlderThanMs = Math.min(olderThanMs, dayMs) } = options;
    for (const [name, ms] of Object.entries({ olderThanMs, unsentOlderThanMs })) {
      const isAge = Number.isSafeInteger(ms) && ms >= 0;
      if (!isAge) throw new InvalidArgumentError(name, 'must be a whole number of 0 or more milliseconds');
    }
    return this.#engine.deleteFinished({ olderThanMs, unsentOlderThanMs });
  }
}
