// PostgreSQL as the stores of this library see a database: one statement for each batch.
import type { ClaimPage, ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import { warnOnce } from '../../core/warn.js';
import type { BatchReply, Concern, Engine, Header, Op } from '../shared/engine.js';
import { type ResolvedSharedOptions, resolveSharedOptions, type SharedStoreOptions } from '../shared/options.js';
import { concernsOf, hasListener } from './concerns.js';
import { codeOf, notMigratedFailure, postgresFailure, replicaFailure } from './failure.js';
import { migrations } from './migrations.generated.js';
import {
  type Ages,
  claimQuestion,
  deleteQuestion,
  listQuestion,
  type Progress,
  readClaimPage,
  readPage,
  readProgress,
} from './pages.js';
import { callOf, type Question, selectOf } from './question.js';
import { type BatchText, readBatch } from './read-batch.js';
import { writeBatch } from './write-batch.js';

/**
 * The part of a client that the store needs: a `Pool`, a `PoolClient` or a `Client` of `pg` fits, PGlite as well. All
 * values, and all columns of rows, are texts or null, so that it does not matter what a client does with other types.
 */
export interface PostgresClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

const runBatch = `run_batch(${[
  ...['$1', '$2::text[]', '$3::text[]', '$4::text[]', '$5::text[]', '$6', '$7::text[]', '$8::text[]', '$9::text[]'],
  ...['$10::text[]', '$11::numeric[]', '$12::numeric[]', '$13::bigint[]', '$14::text[]', '$15::smallint[]'],
  ...['$16::text[]', '$17::text[]', '$18::text[]', '$19', '$20', '$21', '$22', '$23', '$24::bigint', '$25'],
  ...['$26::bigint', '$27::integer', '$28::boolean'],
].join(', ')})`;
/**
 * The part of the deadline that may be spent waiting for locks: the server must have given up before its caller does.
 */
const lockShare = 0.8;
/** Number of finished holds that one statement deletes. */
const deletedAtOnce = 1_000;

interface PostgresEngineOptions extends SharedStoreOptions {
  readonly pool: PostgresClient;
  readonly schema?: string | undefined;
}

export class PostgresEngine implements Engine {
  readonly name = 'postgres';
  /** Quoted. */
  readonly schema: string;
  readonly #options: PostgresEngineOptions;
  readonly #shared: ResolvedSharedOptions;
  /** True if the client is in a transaction of the application. */
  readonly #isInside: boolean;
  readonly #statements = new Map<string, string>();
  /** Position of the server at its last answer, and its epoch: it must not fall behind. */
  #seen: { readonly epoch: string; readonly lsn: string | null } | undefined;
  #isPrimary = false;
  /** True if transactions begin at another level than READ COMMITTED here. */
  #isStrict = false;

  constructor(options: PostgresEngineOptions, isInside = false) {
    this.#options = options;
    this.#shared = resolveSharedOptions(options);
    this.#isInside = isInside;
    this.schema = `"${options.schema ?? 'payout_guard'}"`;
  }

  /** The same inside a transaction of the application. Errors of its client are thrown as they are. */
  inside(client: PostgresClient): PostgresEngine {
    return new PostgresEngine({ ...this.#options, pool: client }, true);
  }

  /** @throws `StoreFailure`. 55P03: another call was taking a reference; nothing has happened, and nothing will. */
  async run(batch: readonly Op[], header?: Header): Promise<BatchReply> {
    const { recoveryMs, deadlineMs } = this.#shared;
    const written = writeBatch(batch);
    const { epoch = null, lsn = null } = this.#seen ?? {};
    const mayRun = [header?.epoch ?? null, header ? `${header.notAfterMs}` : null];
    const limits = [`${Math.ceil(deadlineMs * lockShare)}`, `${this.#isInside}`];
    const values = [...written.values, epoch, lsn, `${recoveryMs}`, ...mayRun, ...limits];
    const reply = JSON.parse(await this.#ask({ call: runBatch, values })) as BatchText;
    this.#see(reply);
    return readBatch(batch, written, reply);
  }

  async list(filter: HoldFilter): Promise<HoldPage> {
    return readPage(await this.#ask(listQuestion(filter)));
  }

  async claim(request: ClaimRequest): Promise<ClaimPage> {
    return readClaimPage(await this.#ask(claimQuestion(request)));
  }

  async note(key: string): Promise<string | undefined> {
    return (await this.#ask<string | null>({ call: 'note($1)', values: [key] })) ?? undefined;
  }

  async swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean> {
    const values = [key, expected ?? null, value ?? null];
    return (await this.#ask({ call: 'swap_note($1, $2, $3)', values })) === 'true';
  }

  async deleteFinished(ages: Ages): Promise<number> {
    let total = 0;
    for (const state of ['captured', 'released'] as const) {
      let progress: Progress = { deleted: 0, wallet: '', after: '0' };
      while (progress.wallet !== null) {
        progress = readProgress(await this.#ask(deleteQuestion(state, ages, deletedAtOnce, progress)));
        total += progress.deleted;
      }
    }
    return total;
  }

  async ready(): Promise<void> {
    const version = await this.#ask({ call: 'version()', values: [] });
    if (Number(version) !== migrations.length) throw notMigratedFailure();
  }

  concerns(): Promise<readonly Concern[]> {
    return concernsOf(this.#options.pool, this.schema).catch((error) => {
      throw postgresFailure(error);
    });
  }

  /** Of a pool of `pg` it is known when a caller waits for a connection. What a connection waits for is not. */
  isConnected(): false | undefined {
    const { waitingCount } = this.#options.pool as { readonly waitingCount?: unknown };
    return typeof waitingCount === 'number' && waitingCount > 0 ? false : undefined;
  }

  async close(): Promise<void> {}

  // A late answer may be of an earlier time than the one before.
  #see({ epoch, lsn }: BatchText): void {
    const seen = this.#seen;
    if (seen?.epoch === epoch && seen.lsn && lsn && position(lsn) < position(seen.lsn)) return;
    this.#seen = { epoch, lsn };
  }

  async #ask<Reply extends string | null = string>(question: Question): Promise<Reply> {
    if (this.#isInside) return this.#query(question);
    const isStrict = this.#isStrict;
    try {
      if (!this.#isPrimary) {
        warnOfListener(this.#options.pool);
        await assertPrimary(this.#options.pool);
      }
      this.#isPrimary = true;
      return await this.#query(question);
    } catch (error) {
      // Refused before anything was done: asked again in a transaction of its own level, here and from now on.
      if (codeOf(error) === '25000' && !isStrict) {
        this.#isStrict = true;
        return this.#ask(question);
      }
      // The next connection may lead to another server. A lock that is not given is no sign of that.
      if (codeOf(error) !== '55P03') this.#isPrimary = false;
      throw postgresFailure(error);
    }
  }

  async #query<Reply extends string | null>(question: Question): Promise<Reply> {
    const form = this.#isStrict ? callOf : selectOf;
    const key = `${form.name} ${question.call}`;
    const statement = this.#statements.get(key) ?? form(question, this.schema);
    this.#statements.set(key, statement);
    const [row] = (await this.#options.pool.query(statement, [...question.values])).rows;
    return (row as { readonly reply: Reply }).reply;
  }
}

/**
 * Warns of a pool without an error listener: when one of its connections breaks, the process ends, and its holds are
 * not restored.
 */
function warnOfListener(pool: PostgresClient): void {
  if (hasListener(pool)) return;
  const advice = "without an error listener the process ends when a connection breaks; add `pool.on('error', ...)`";
  warnOnce('PAYOUT_GUARD_POSTGRES', `PostgreSQL store: ${advice}.`);
}

/** @throws `StoreFailure` on a server, or in a session, that cannot write. */
export async function assertPrimary(client: PostgresClient): Promise<void> {
  const text = `SELECT (pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean)::text AS reply`;
  const [row] = (await client.query(text, [])).rows;
  if ((row as { reply: string }).reply !== 'false') throw replicaFailure();
}

function position(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
