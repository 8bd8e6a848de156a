// B2, rule 36 of the contract. The databases forget the counters of days that are over, and keep those that still
// count.
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { HoldStore } from 'payout-guard';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { dayAt } from '../../src/core/day-bounds.js';
import { stoppedClock } from '../support/clock.js';
import { testDatabase } from '../support/postgres.js';
import { manualClock } from '../support/postgres-clock.js';
import { hasRedis, RedisServer } from '../support/redis.js';
import { requestUpTo } from '../support/redis-store.js';
import { filesInMemory, onFile } from '../support/sqlite.js';

const newFile = filesInMemory(afterAll);
const options = { deadlineMs: 10_000, recoveryMs: 0 };
const aDayMs = 86_400_000;
const payees = ['a', 'b', 'c'];
/** The counter of the wallet, and one of each payee. */
const aDay = 1 + payees.length;
/**
 * Today and the three days before, which may not be over in every time zone; and the oldest, which go a few at a time.
 */
const atMost = 6 * aDay;

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  jest.restoreAllMocks();
});

/** Holds for each payee on the day of this moment. */
async function payOn(store: HoldStore, nowMs: number): Promise<void> {
  const { number: day, startMs, endMs } = dayAt(nowMs, 'Africa/Nairobi');
  for (const payee of payees) {
    const { epoch } = await store.totals('w');
    const limits = { day, startMs, endMs, perDayMinor: 1_000n, payee, perPayeeMinor: 100n, countSinceStart: true };
    const reference = `${day}-${payee}`;
    const { outcome } = await store.hold({ ...requestUpTo(10n ** 9n), reference, amountMinor: 5n, epoch, limits });
    expect(outcome).toBe('held');
  }
}

describe('counters of days that are over', () => {
  it('are deleted from a SQLite file', async () => {
    const file = newFile();
    const clock = stoppedClock();
    const store = sqliteStore({ file, clock, ...options });
    closers.push(() => store.close());
    const counters = () => onFile(file, (db) => db.prepare('SELECT day FROM day_counters').pluck().all() as number[]);
    for (let day = 0; day < 20; day++) {
      if (day > 0) clock.advance(aDayMs);
      await payOn(store, clock.now());
    }
    const { number: today } = dayAt(clock.now(), 'Africa/Nairobi');
    expect(counters().filter((day) => day >= today - 2)).toHaveLength(3 * aDay);
    expect(counters().length).toBeLessThanOrEqual(atMost);
  });

  it('are deleted from PostgreSQL', async () => {
    const database = await testDatabase();
    if (!database) return;
    closers.push(() => database.drop());
    const pool = database.pool({ max: 2 });
    const schema = 'counters';
    const store = postgresStore({ pool, schema, ...options });
    closers.push(() => store.close());
    await store.migrate();
    const clock = await manualClock(pool as never, schema);
    for (let day = 0; day < 20; day++) {
      if (day > 0) await clock.pass(aDayMs);
      await payOn(store, clock.nowMs);
    }
    const { rows } = await pool.query<{ day: number }>(`SELECT day FROM "${schema}".day_counters`);
    const { number: today } = dayAt(clock.nowMs, 'Africa/Nairobi');
    expect(rows.filter(({ day }) => day >= today - 2)).toHaveLength(3 * aDay);
    expect(rows.length).toBeLessThanOrEqual(atMost);
  });

  (hasRedis ? it : it.skip)('expire in Redis a week after their first hold, however many follow', async () => {
    const server = await RedisServer.start();
    closers.push(() => server[Symbol.asyncDispose]());
    const client = server.client();
    const store = redisStore({ client, ...options });
    closers.push(() => store.close());
    await payOn(store, Date.now());
    const keys = await client.keys('*:used:*');
    expect(keys).toHaveLength(aDay);
    for (const key of keys) {
      const life = await client.pttl(key);
      expect([life > 6.9 * aDayMs, life <= 7 * aDayMs]).toEqual([true, true]);
      await client.pexpire(key, 5 * aDayMs);
    }
    const { epoch } = await store.totals('w');
    const { number: day, startMs, endMs } = dayAt(Date.now(), 'Africa/Nairobi');
    const limits = { day, startMs, endMs, perDayMinor: 1_000n, payee: 'a', perPayeeMinor: 100n, countSinceStart: true };
    await store.hold({ ...requestUpTo(10n ** 9n), reference: 'more', amountMinor: 5n, epoch, limits });
    const lives = await Promise.all(keys.map((key) => client.pttl(key)));
    // A counter that changes keeps the life that it had.
    for (const life of lives) expect([life > 4.9 * aDayMs, life <= 5 * aDayMs]).toEqual([true, true]);
  });
});
