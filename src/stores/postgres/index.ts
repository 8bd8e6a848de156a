// A store in PostgreSQL, shared by all processes that use the same schema.
import { z } from 'zod';
import { ConfigurationError, InvalidReferenceError } from '../../core/errors.js';
import type { HoldRecord } from '../../core/hold.js';
import { readOptions } from '../../core/problems.js';
import type {
  HoldOutcome,
  HoldRequest,
  HoldStore,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from '../../core/store.js';
import { EngineStore, type SharedStoreOptions, sharedStoreShape } from '../shared/engine-store.js';
import { type PostgresClient, PostgresEngine } from './engine.js';
import { migrate } from './migrate.js';
import { StoreInTransaction } from './transaction.js';

export type { PostgresClient } from './engine.js';

export interface PostgresStoreOptions extends SharedStoreOptions {
  /**
   * Where queries go: a `Pool` of `pg`, or anything with its `query(text, values)`. The primary server, never a replica. A
   * connection pooler in transaction mode is fine. The store neither opens nor closes it.
   */
  pool: PostgresClient;
  /**
   * The schema that the tables are in: a lower case letter or `_`, then letters, digits and `_`, at most 63.
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
 * A store in PostgreSQL, for any number of processes. Finished references are kept for ever, unless
 * {@link PostgresStore.deleteFinished} is called.
 *
 * Holds of one wallet wait for each other for the time of one batch; wallets do not wait for each other, but a process sends one
 * batch at a time.
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

export interface PostgresStore extends HoldStore {
  /**
   * Creates the tables, or brings them up to date. May run in many processes at once. A role without the right to create may skip
   * it when another role has run it.
   *
   * @throws `ConfigurationError` on a read replica, or when a newer version of this library has migrated the schema. Errors of the
   *   client as they are.
   */
  migrate(): Promise<void>;
  /**
   * The same store on your own connection, inside your own transaction: holds, captures and releases become true when you commit,
   * together with what else you write, and are gone when you roll back.
   *
   * The wallet is locked from the first hold until your transaction ends, and all other processes wait, so commit soon and talk to
   * nobody in between. Use READ COMMITTED; a stricter level may fail with a serialization error. When a call rejects, roll back.
   * Two wallets in one transaction: in the order of their names, or transactions may wait for each other.
   *
   * What is held here is not put back by this process if the database loses its memory: it is then as lost as the rest of your
   * transaction.
   */
  within(client: PostgresClient): HoldStore;
  /**
   * Forgets captured and released references that ended at least this many milliseconds ago, and returns how many. A repeated
   * payout whose reference was forgotten is not recognised.
   */
  deleteFinished(options: { olderThanMs: number }): Promise<number>;
}

class EnginePostgresStore extends EngineStore implements PostgresStore {
  readonly #pool: PostgresClient;
  readonly #engine: PostgresEngine;

  constructor(options: PostgresStoreOptions) {
    const engine = new PostgresEngine(options);
    super(engine, options);
    this.#pool = options.pool;
    this.#engine = engine;
  }

  // Checked here and not by the database, which would refuse the whole batch.
  override async totals(wallet: string): Promise<WalletTotals> {
    assertWallet(wallet);
    return super.totals(wallet);
  }

  override async hold(request: HoldRequest): Promise<HoldOutcome> {
    assertWallet(request.wallet);
    assertReference(request.reference);
    assertAttempt(request.attempt);
    return super.hold(request);
  }

  override async settle(request: SettleRequest): Promise<SettleOutcome> {
    assertReference(request.reference);
    if (request.attempt !== undefined) assertAttempt(request.attempt);
    return super.settle(request);
  }

  override async get(reference: string): Promise<HoldRecord | undefined> {
    assertReference(reference);
    return super.get(reference);
  }

  async migrate(): Promise<void> {
    await migrate(this.#pool, this.#engine.schema);
    // The first epoch begins here, and not in a transaction of the application, where all others would wait for its end.
    await this.#engine.run([]);
  }

  within(client: PostgresClient): HoldStore {
    return new StoreInTransaction(this.#engine.on(client));
  }

  deleteFinished({ olderThanMs }: { olderThanMs: number }): Promise<number> {
    if (!(olderThanMs >= 0)) throw new ConfigurationError(['olderThanMs: must be 0 or more milliseconds']);
    return this.#engine.deleteFinished(olderThanMs);
  }
}

/** No control characters, no halves of characters, and short enough for an index. Callers without types may pass anything. */
function isText(text: unknown): boolean {
  return typeof text === 'string' && /^[^\p{Cc}\p{Cs}]{1,256}$/u.test(text);
}

function assertReference(reference: string): void {
  if (!isText(reference)) throw new InvalidReferenceError();
}

function assertWallet(wallet: string): void {
  if (!isText(wallet)) throw new ConfigurationError(['wallet: must be 1 to 256 characters that can be printed']);
}

function assertAttempt(attempt: string): void {
  if (!isText(attempt)) throw new ConfigurationError(['attempt: must be 1 to 256 characters that can be printed']);
}
