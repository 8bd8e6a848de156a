// A million holds: the first page of the console, on SQLite and PostgreSQL.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import type { HoldStore, PayoutGuard } from 'payout-guard';
import { payoutConsole } from 'payout-guard/console';
import { postgresStore } from 'payout-guard/stores/postgres';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { byBudget } from '../support/budget.js';
import { type TestDatabase, testDatabase } from '../support/postgres.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { ada } from './console-app.js';
import '../support/proof-only.js';

collectWarnings();
const copies = byBudget({ small: 10_000, large: 500_000 });
/** For the median of the pages: one alone may meet a checkpoint. */
const slowestMs = byBudget({ small: 3_000, large: 300 });

const folder = mkdtempSync(join(tmpdir(), 'payout-guard-large-'));
const file = join(folder, 'payouts.db');
let database: TestDatabase | undefined;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true });
});

describe(`with ${2 * copies} holds`, () => {
  it('SQLite has the first page in time, whatever its filter', async () => {
    const store = sqliteStore({ file, recoveryMs: 0, deadlineMs: 10_000 });
    await checkPages(store, async () => {
      const connection = new SqliteDatabase(file);
      // Each copy has the next place in the order, and the reference in its record.
      connection.exec(`
        WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < ${copies})
        INSERT INTO holds (seq, reference, wallet, state, created_at_ms, sent_at_ms, awaits_outcome, due_at_ms,
          forget_at_ms, record)
        SELECT seq - seq % 2 + (state = 'sent') + 2 * n, reference || '-' || n, wallet, state, created_at_ms,
          sent_at_ms, awaits_outcome, due_at_ms, forget_at_ms,
          json_set(record, '$.reference', reference || '-' || n)
        FROM holds, copy`);
      connection.close();
    });
  });

  it('PostgreSQL has the first page in time, whatever its filter', async () => {
    if (!database) return;
    const pool = database.pool();
    const store = postgresStore({ pool, recoveryMs: 0, deadlineMs: 10_000 });
    await store.migrate();
    await checkPages(store, async () => {
      const { rows } = await pool.query(
        `SELECT column_name FROM information_schema.columns
         WHERE table_schema = 'payout_guard' AND table_name = 'holds'`,
      );
      const columns = rows.map(({ column_name }) => String(column_name));
      const value = (name: string) =>
        name === 'seq'
          ? "seq - seq % 2 + (state = 'sent')::int + 2 * n"
          : name === 'reference'
            ? "reference || '-' || n"
            : name;
      await pool.query(`
        INSERT INTO payout_guard.holds (${columns.join(', ')})
        SELECT ${columns.map(value).join(', ')} FROM payout_guard.holds, generate_series(1, ${copies}) n`);
      await pool.query('ANALYZE payout_guard.holds');
    });
  });
});

/** @param copy - Makes as many copies of the two holds as the budget has. */
async function checkPages(store: HoldStore, copy: () => Promise<void>): Promise<void> {
  const guard = scriptedWallet('1000000.00').guard({ store, clock: { now: () => Date.now() } });
  await guard.hold({ amount: '10.00', reference: 'sent', state: 'sent' });
  await guard.hold({ amount: '20.00', reference: 'captured', state: 'sent' });
  await guard.capture('captured');
  await copy();
  const counts: Record<string, [holds: number, isLate: boolean]> = {};
  const queries = ['state=sent', 'state=captured', 'state=reserved', '', 'olderThanMs=1', 'text=sent-9'];
  for (const query of queries) counts[query] = await pageOf(guard, query);
  expect(counts).toEqual({
    'state=sent': [50, false],
    'state=captured': [50, false],
    'state=reserved': [0, false],
    '': [50, false],
    'olderThanMs=1': [50, false],
    'text=sent-9': [50, false],
  });
  await guard.close({ waitMs: 0 });
  await store.close();
}

async function pageOf(guard: PayoutGuard, query: string): Promise<[holds: number, isLate: boolean]> {
  const pages = payoutConsole<Request>(guard, { authorize: () => ada });
  const times: number[] = [];
  let holds: unknown[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const began = performance.now();
    const response = await pages.fetch(new Request(`http://x/api/payouts?${query}`));
    ({ holds } = (await response.json()) as { holds: unknown[] });
    times.push(performance.now() - began);
  }
  const median = times.toSorted((one, other) => one - other)[2] ?? Number.NaN;
  if (process.env.SHOW_TIMES) process.stderr.write(`${query || 'all'}: ${median.toFixed(1)} ms\n`);
  // A search for text reads up to a hundred times as many holds as it shows.
  const limitMs = query.startsWith('text=') ? 3 * slowestMs : slowestMs;
  return [holds.length, !(median < limitMs)];
}
