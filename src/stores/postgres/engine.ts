// PostgreSQL as the stores of this library see a database: one statement for each batch.
import { ConfigurationError } from '../../core/errors.js';
import type { ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import { warn } from '../../core/warn.js';
import type { BatchReply, Engine, Op } from '../shared/engine.js';
import { type ResolvedSharedOptions, resolveSharedOptions, type SharedStoreOptions } from '../shared/options.js';
import { type BatchText, readBatch, writeBatch } from './batch.js';
import { noteQuery, swapQuery } from './notes.js';
import { claimQuery, deleteQuery, listQuery, type Query, readPage } from './pages.js';

/** What the store needs of a client: a `Pool`, a `PoolClient` or a `Client` of `pg` fits, PGlite as well. */
export interface PostgresClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** The arguments of run_batch(). */
const parameters = Array.from({ length: 18 }, (_, index) => `$${index + 1}`).join(', ');
/** The part of the deadline that may be spent waiting for locks: the server must have given up before its caller does. */
const lockShare = 0.8;
/** How many finished holds are deleted in one statement. */
const deletedAtOnce = 1_000;

export class PostgresEngine implements Engine {
  readonly name = 'postgres';
  readonly locksWallets = true;
  /** Quoted. */
  readonly schema: string;
  readonly #options: SharedStoreOptions & { readonly pool: PostgresClient; readonly schema?: string | undefined };
  readonly #shared: ResolvedSharedOptions;
  readonly #runBatch: string;
  readonly #warned = new Set<string>();
  /** How far the server had written when it answered last, and in which epoch: it must not fall behind. */
  #seen: { readonly epoch: string; readonly lsn: string | null } | undefined;
  #isPrimary = false;

  constructor(options: SharedStoreOptions & { readonly pool: PostgresClient; readonly schema?: string | undefined }) {
    this.#options = options;
    this.#shared = resolveSharedOptions(options);
    this.schema = `"${options.schema ?? 'payout_guard'}"`;
    this.#runBatch = `SELECT ${this.schema}.run_batch(${parameters}) AS reply`;
  }

  /** The same on another connection. */
  on(pool: PostgresClient): PostgresEngine {
    return new PostgresEngine({ ...this.#options, pool });
  }

  /**
   * @throws Errors of the client as they are. Code 55P03: a wallet of the batch stayed locked, or a reference was just being taken
   *   elsewhere; nothing has happened, and nothing will.
   */
  async run(batch: readonly Op[]): Promise<BatchReply> {
    const { recoveryMs, deadlineMs } = this.#shared;
    const written = writeBatch(batch);
    const { epoch = null, lsn = null } = this.#seen ?? {};
    const values = [...written.values, epoch, lsn, recoveryMs, Math.ceil(deadlineMs * lockShare)];
    const [row] = await this.#query({ text: this.#runBatch, values });
    const reply = JSON.parse((row as { reply: string }).reply) as BatchText;
    this.#see(reply);
    return readBatch(batch, written, reply);
  }

  async list(filter: HoldFilter): Promise<HoldPage> {
    return readPage(await this.#query(listQuery(this.schema, filter)), filter.limit, true);
  }

  async claimSent(request: ClaimRequest): Promise<HoldPage> {
    return readPage(await this.#query(claimQuery(this.schema, request)), request.limit, false);
  }

  async note(key: string): Promise<string | undefined> {
    const [row] = await this.#query(noteQuery(this.schema, key));
    return (row as { readonly value: string } | undefined)?.value;
  }

  async swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean> {
    return (await this.#query(swapQuery(this.schema, key, expected, value))).length === 1;
  }

  async deleteFinished(olderThanMs: number): Promise<number> {
    let total = 0;
    for (const state of ['captured', 'released'] as const) {
      let after: string | null = '0';
      while (after !== null) {
        const [row] = await this.#query(deleteQuery(this.schema, state, olderThanMs, after, deletedAtOnce));
        const { deleted, last } = row as { readonly deleted: number; readonly last: string | null };
        total += deleted;
        after = deleted === deletedAtOnce ? last : null;
      }
    }
    return total;
  }

  async close(): Promise<void> {}

  // A late answer may be of an earlier time than the one before.
  #see({ epoch, lsn }: BatchText): void {
    const seen = this.#seen;
    if (seen?.epoch === epoch && seen.lsn && lsn && position(lsn) < position(seen.lsn)) return;
    this.#seen = { epoch, lsn };
  }

  async #query({ text, values }: Query): Promise<readonly unknown[]> {
    const { pool } = this.#options;
    try {
      if (!this.#isPrimary) await assertPrimary(pool);
      this.#isPrimary = true;
      return (await pool.query(text, values)).rows;
    } catch (error) {
      // Whatever happened, the next connection may lead to another server. But a wallet that stays locked says nothing of it.
      if ((error as { code?: unknown } | null)?.code !== '55P03') this.#isPrimary = false;
      this.#tell(error);
      throw error;
    }
  }

  // Who calls the store is only told that it failed. What an operator can put right is said once.
  #tell(error: unknown): void {
    const { code = '' } = (error ?? {}) as { code?: unknown };
    const advice = advices[String(code)];
    if (!advice || this.#warned.has(advice)) return;
    this.#warned.add(advice);
    warn('PAYOUT_GUARD_POSTGRES', `The postgres store does not work: ${advice}.`, error);
  }
}

const notMigrated = 'its tables are not there or are older than this library; call migrate() first';
const replica = 'the server is read only: a replica, or a connection set so; the store needs the primary';

/** By SQLSTATE, and by the code of our own errors. */
const advices: Readonly<Record<string, string | undefined>> = {
  '3F000': notMigrated,
  '42P01': notMigrated,
  '42883': notMigrated,
  '42703': notMigrated,
  '42501':
    'its role lacks a right; it needs USAGE on the schema and on its sequence, EXECUTE on its functions, and to read and write its tables',
  '25006': replica,
  configuration: replica,
};

/** @throws `ConfigurationError` on a server, or in a session, that cannot write. */
export async function assertPrimary(client: PostgresClient): Promise<void> {
  const text = `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS refuses`;
  const [row] = (await client.query(text, [])).rows;
  if ((row as { refuses: boolean }).refuses) throw new ConfigurationError([`pool: ${replica}`]);
}

function position(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
