// PostgreSQL as the stores of this library see a database: one statement for each batch.
import { ConfigurationError } from '../../core/errors.js';
import type { ClaimPage, ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import { warn } from '../../core/warn.js';
import type { BatchReply, Engine, Header, Op } from '../shared/engine.js';
import { type ResolvedSharedOptions, resolveSharedOptions, type SharedStoreOptions } from '../shared/options.js';
import { noteQuery, swapQuery } from './notes.js';
import {
  type Ages,
  claimQuery,
  deleteQuery,
  listQuery,
  type Progress,
  type Query,
  readClaimPage,
  readPage,
} from './pages.js';
import { type BatchText, readBatch } from './read-batch.js';
import { writeBatch } from './write-batch.js';

/** The part of a client that the store needs: a `Pool`, a `PoolClient` or a `Client` of `pg` fits, PGlite as well. */
export interface PostgresClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** The arguments of run_batch(). */
const parameters = Array.from({ length: 23 }, (_, index) => `$${index + 1}`).join(', ');
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
  /** Position of the server at its last answer, and its epoch: it must not fall behind. */
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
   * @throws Errors of the client as they are. Code 55P03: a wallet of the batch stayed locked, or another call was taking a
   *   reference; nothing has happened, and nothing will.
   */
  async run(batch: readonly Op[], header?: Header): Promise<BatchReply> {
    const { recoveryMs, deadlineMs } = this.#shared;
    const written = writeBatch(batch);
    const { epoch = null, lsn = null } = this.#seen ?? {};
    const mayRun = [header?.epoch ?? null, header?.notAfterMs ?? null];
    const values = [...written.values, epoch, lsn, recoveryMs, ...mayRun, Math.ceil(deadlineMs * lockShare)];
    const [row] = await this.#query({ text: this.#runBatch, values });
    const reply = JSON.parse((row as { reply: string }).reply) as BatchText;
    this.#see(reply);
    return readBatch(batch, written, reply);
  }

  async list(filter: HoldFilter): Promise<HoldPage> {
    const [row] = await this.#query(listQuery(this.schema, filter));
    return readPage(row);
  }

  async claim(request: ClaimRequest): Promise<ClaimPage> {
    const [row] = await this.#query(claimQuery(this.schema, request));
    return readClaimPage(row);
  }

  async note(key: string): Promise<string | undefined> {
    const [row] = await this.#query(noteQuery(this.schema, key));
    return (row as { readonly value: string } | undefined)?.value;
  }

  async swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean> {
    return (await this.#query(swapQuery(this.schema, key, expected, value))).length === 1;
  }

  async deleteFinished(ages: Ages): Promise<number> {
    let total = 0;
    for (const state of ['captured', 'released'] as const) {
      let progress: Progress = { wallet: '', after: '0' };
      while (progress.wallet !== null) {
        const [row] = await this.#query(deleteQuery(this.schema, state, ages, deletedAtOnce, progress));
        const { deleted, ...more } = row as Progress & { readonly deleted: number };
        total += deleted;
        progress = more;
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
      // The next connection may lead to another server. A wallet that stays locked is no sign of that.
      if ((error as { code?: unknown } | null)?.code !== '55P03') this.#isPrimary = false;
      this.#advise(error);
      throw error;
    }
  }

  // The caller only gets a failure of the store. What an operator can put right is a process warning, once.
  #advise(error: unknown): void {
    const { code = '' } = (error ?? {}) as { code?: unknown };
    const advice = advices[String(code)];
    if (!advice || this.#warned.has(advice)) return;
    this.#warned.add(advice);
    warn('PAYOUT_GUARD_POSTGRES', `PostgreSQL store: ${advice}.`, error);
  }
}

const notMigrated = 'tables are missing or older than this library; run `store.migrate()`';
const replica = 'the server is read-only (a replica, or a connection set so); use the primary';

/** By SQLSTATE, and by the code of our own errors. */
const advices: Readonly<Record<string, string | undefined>> = {
  '3F000': notMigrated,
  '42P01': notMigrated,
  '42883': notMigrated,
  '42703': notMigrated,
  '42501':
    'the role lacks a right; it needs USAGE on the schema and its sequence, EXECUTE on its functions, and to read and write its tables',
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
