// The places in which processes share a history, and the helpers that tests need for each.
import { afterAll } from '@jest/globals';
import Database from 'better-sqlite3';
import {
  type HistoryQuery,
  postgresHistory,
  type SharedHistory,
  type SharedHistoryOptions,
  sqliteHistory,
} from 'payout-guard/history';
import { resolveQuery } from '../../src/history/query.js';
import { pageStatement } from '../../src/history/sqlite/statements.js';
import { testDatabase } from '../support/postgres.js';
import { filesInMemory, onFile } from '../support/sqlite.js';

export interface HistoryPlace {
  readonly name: 'sqlite' | 'postgres';
  /** Arguments for a process of the operating system. */
  readonly arguments: readonly string[];
  readonly walletAndKind: string;
  readonly byTime: string;
  readonly wrongOptions: readonly (readonly [options: object, message: RegExp])[];
  open(options: SharedHistoryOptions): SharedHistory;
  empty(): Promise<void>;
  /** Nothing can be written, or its answer is lost, until the returned function is called. */
  fail(): Promise<() => Promise<void>>;
  /** The one index that a question walks along, without sorting. */
  indexOf(query: HistoryQuery): Promise<string | undefined>;
}

/** Those that are installed here. */
export async function historyPlaces(): Promise<HistoryPlace[]> {
  const postgres = await inPostgres();
  return [inSqlite(), ...(postgres ? [postgres] : [])];
}

function inSqlite(): HistoryPlace {
  const file = filesInMemory(afterAll)();
  return {
    name: 'sqlite',
    arguments: ['sqlite', file],
    walletAndKind: 'history_by_wallet_and_kind',
    byTime: 'history_by_time',
    wrongOptions: [
      [{ file: ':memory:' }, /file: must be the path of a file/],
      [{ file: '/nowhere/at/all/payouts.db' }, /file: its directory does not exist/],
    ],
    open: (options) => sqliteHistory({ file, ...options }),
    async empty() {
      const history = sqliteHistory({ file, keepForMs: 60_000 });
      await history.query();
      await history.close();
      onFile(file, (database) => database.exec('DELETE FROM history'));
    },
    async fail() {
      const other = new Database(file);
      other.exec('BEGIN IMMEDIATE');
      return async () => {
        other.close();
      };
    },
    async indexOf(query) {
      const { text, values } = pageStatement(resolveQuery(query));
      const plan = onFile(file, (database) => database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values));
      const [step, ...more] = plan.map((row) => (row as { readonly detail: string }).detail);
      return more.length === 0
        ? /^SEARCH history USING INDEX (\w+) \(.*at_ms>\? AND at_ms<\?\)$/.exec(step ?? '')?.[1]
        : undefined;
    },
  };
}

async function inPostgres(): Promise<HistoryPlace | undefined> {
  const found = await testDatabase();
  if (!found) return undefined;
  afterAll(() => found.drop());
  const pool = found.pool();
  const schema = 'shared';
  const first = postgresHistory({ pool, schema, keepForMs: 60_000 });
  // Two processes may do it at once.
  await Promise.all([first.migrate(), first.migrate()]);
  await first.close();
  let isDown = false;
  const query = async (text: string, values: unknown[]) => {
    // Written, and the answer lost: the worst kind.
    const answer = await pool.query(text, values);
    if (isDown) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    return answer;
  };
  return {
    name: 'postgres',
    arguments: ['postgres', JSON.stringify(pool.options), schema],
    walletAndKind: 'history_by_wallet',
    byTime: 'history_pkey',
    wrongOptions: [
      [{ pool: {} }, /pool: needs query/],
      [{ schema: 'a"; DROP' }, /schema/],
    ],
    open: (options) => postgresHistory({ pool: { query }, schema, ...options }),
    async empty() {
      await pool.query(`TRUNCATE ${schema}.history`);
    },
    async fail() {
      isDown = true;
      return async () => {
        isDown = false;
      };
    },
    async indexOf(asked) {
      await pool.query(`ANALYZE ${schema}.history`);
      let plan = '';
      const explain = async (text: string, values: unknown[]) => {
        const { rows } = await pool.query(`EXPLAIN ${text}`, values);
        plan = rows.map((row) => row['QUERY PLAN']).join('\n');
        return { rows: [] };
      };
      const history = postgresHistory({ pool: { query: explain }, schema, keepForMs: 60_000 });
      await history.query(asked);
      await history.close();
      return plan.includes('Seq Scan') ? undefined : /Index Scan(?: Backward)? using (\w+)/.exec(plan)?.[1];
    },
  };
}
