// npm run bench:payrolls: a payroll held with one `holdAll`, against a hold for each payout: one after the other, and
// by 64 callers at once. On SQLite, Redis and PostgreSQL, with a guard, so with all of its checks and handles.
//
// Redis is our own server without persistence, PostgreSQL the server of DATABASE_URL or the local one, and SQLite a
// file in the temporary directory. Figures are medians of the rounds, and a ratio is the median of those within each
// round.
//
// Options: --payouts 10000, --rounds 5, --engine sqlite,redis,postgres
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { createPayoutGuard } from 'payout-guard';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import pg from 'pg';
import { interleaved, median, medianRatio } from './measure.mjs';
import { redisServer } from './stores/redis/server.mjs';

const { values: options } = parseArgs({
  options: {
    payouts: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    engine: { type: 'string', default: 'sqlite,redis,postgres' },
  },
});
const count = Number(options.payouts);
const rounds = Number(options.rounds);
/** A long deadline, so that a stalled machine refuses no hold. */
const patient = { deadlineMs: 10_000, recoveryMs: 0, maxQueue: 100_000 };

const engines = {
  sqlite: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'payout-guard-bench-'));
    const open = () => sqliteStore({ file: join(folder, 'payouts.db'), ...patient });
    return { open, stop: async () => rmSync(folder, { recursive: true, force: true }) };
  },
  redis: async () => {
    const server = await redisServer();
    const client = new Redis({ path: server.address.path ?? server.address, enableAutoPipelining: false });
    const open = () => redisStore({ client, prefix: 'bench', ...patient });
    return {
      open,
      stop: async () => {
        client.disconnect();
        await server.stop();
      },
    };
  },
  postgres: async () => {
    const { DATABASE_URL: url } = process.env;
    const address = url
      ? { connectionString: url }
      : { host: '127.0.0.1', port: 5432, user: 'root', database: 'postgres' };
    const schema = `payout_guard_bench_${randomBytes(6).toString('hex')}`;
    const pool = new pg.Pool(address);
    pool.on('error', () => {});
    const open = () => postgresStore({ pool, schema, ...patient });
    await open().migrate();
    return {
      open,
      stop: async () => {
        await pool.query(`DROP SCHEMA ${schema} CASCADE`);
        await pool.end();
      },
    };
  },
};

const results = { node: process.version, payouts: count, rounds };
for (const name of options.engine.split(',')) {
  const { open, stop } = await engines[name]();
  const provider = {
    name: 'bench',
    accountId: `bench ${randomUUID()}`,
    debitVisibleAt: 'completion',
    fetchBalance: async () => ({ available: '1000000000.00', currency: 'KES' }),
  };
  // Each in a process that has just begun: a store remembers its open holds.
  const measured = async (run, length) => {
    const store = open();
    const guard = createPayoutGuard({ provider, currency: 'KES', store, cache: { maxAgeMs: 120_000 } });
    await guard.checkFunds('1.00');
    globalThis.gc?.();
    const payouts = payroll(length);
    const startedAt = performance.now();
    await run(guard, payouts);
    const seconds = (performance.now() - startedAt) / 1_000;
    await guard.close();
    await store.close();
    return seconds;
  };
  const ways = {
    holdAll: (guard, payouts) => together(guard, payouts, 'all'),
    fit: (guard, payouts) => together(guard, payouts, 'fit'),
    oneByOne,
    by64: single,
  };
  // Compiled code and prepared statements, before anything is measured.
  for (const way of Object.values(ways)) await measured(way, 1_500);
  const variants = Object.entries(ways).map(([key, way]) => [key, () => measured(way, count)]);
  const seconds = await interleaved(rounds, Object.fromEntries(variants));
  await stop();
  const perSecond = (key) => Math.round(count / median(seconds[key]));
  results[name] = {
    seconds: Object.fromEntries(Object.keys(seconds).map((key) => [key, Number(median(seconds[key]).toFixed(3))])),
    payoutsPerSecond: Object.fromEntries(Object.keys(seconds).map((key) => [key, perSecond(key)])),
    timesAsFastAsOneByOne: Number(medianRatio(seconds.oneByOne, seconds.holdAll).toFixed(1)),
    timesAsFastAs64Callers: Number(medianRatio(seconds.by64, seconds.holdAll).toFixed(1)),
  };
  console.log(name, results[name]);
}
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/payrolls.json', `${JSON.stringify(results, undefined, 2)}\n`);

function payroll(length) {
  const prefix = randomBytes(6).toString('hex');
  return Array.from({ length }, (_, index) => ({ amount: '1500.00', reference: `${prefix}-${index}` }));
}

async function together(guard, payouts, policy) {
  const { holds } = await guard.holdAll(payouts, { policy });
  if (holds.length !== payouts.length) throw new Error('not all were held');
}

async function oneByOne(guard, payouts) {
  for (const payout of payouts) await guard.hold(payout);
}

async function single(guard, payouts) {
  const waiting = [...payouts];
  const caller = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) await guard.hold(next);
  };
  await Promise.all(Array.from({ length: 64 }, caller));
}
