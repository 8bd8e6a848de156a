// A process that holds 40 payouts at once and records them. Arguments: its name, then `sqlite` and a file, or
// `postgres`, the options of a pool and a schema. It prints the numbers of held, written and dropped entries.
import { postgresHistory, recordHistory, sqliteHistory } from 'payout-guard/history';
import { postgresStore } from 'payout-guard/stores/postgres';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import pg from 'pg';
import { scriptedWallet } from '../support/wallet.js';

const [name = '', engine, where = '', schema = ''] = process.argv.slice(2);
const shared = { deadlineMs: 10_000, recoveryMs: 0 };
const keepForMs = 315_576_000_000;
const pool = new pg.Pool(engine === 'postgres' ? (JSON.parse(where) as pg.PoolConfig) : {});
pool.on('error', () => {});
const store =
  engine === 'sqlite' ? sqliteStore({ file: where, ...shared }) : postgresStore({ pool, schema, ...shared });
const history =
  engine === 'sqlite' ? sqliteHistory({ file: where, keepForMs }) : postgresHistory({ pool, schema, keepForMs });
const guard = scriptedWallet('1000000.00').guard({ store, reconcileEveryMs: 0 });
recordHistory(guard, history, { kinds: ['approved', 'held'] });
let held = 0;
const hold = async (index: number) => {
  await guard.hold({ amount: '1.00', reference: `${name}-${index}`, state: 'sent' });
  held += 1;
};
// Four at a time, so that there are many batches.
for (let index = 0; index < 40; index += 4) await Promise.all([0, 1, 2, 3].map((more) => hold(index + more)));
await guard.close();
await history.flush();
const { written, dropped } = history.counts;
await history.close();
await store.close();
await pool.end();
console.log(`held ${held} written ${written} dropped ${dropped}`);
