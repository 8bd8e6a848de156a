// The event `storeFailure` of a guard, on real databases that are away, slow, locked or refuse.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { type GuardEvents, type HoldStore, memoryStore, type PayoutGuard } from 'payout-guard';
import { bound } from '../simulation/mutants/changes.js';
import { hasRedis } from '../support/redis.js';
import { ThrowAwayRedis, until } from '../support/redis-store.js';
import { filesInMemory } from '../support/sqlite.js';
import { opensSqlite } from '../support/sqlite-store.js';
import { scriptedWallet } from '../support/wallet.js';
import { describeStore, eachInItsSchema, newPool, openStore, schema } from './postgres-support.js';

type Failure = GuardEvents['storeFailure'];

const guards: PayoutGuard[] = [];
afterEach(async () => {
  for (const guard of guards.splice(0)) await guard.close({ waitMs: 0 });
});

/** A guard on this store, and the failures that it emits. */
function watched(store: HoldStore) {
  const wallet = scriptedWallet('1000.00');
  const guard = wallet.guard({ store, reconcileEveryMs: 0 });
  guards.push(guard);
  const failures: Failure[] = [];
  guard.on('storeFailure', (failure) => failures.push(failure));
  /** The store has answered: on a busy machine the first call may take longer than a short deadline. */
  const warm = async () => {
    await until(async () => (await guard.funds()).wallet !== '');
    failures.length = 0;
  };
  return { guard, failures, clock: wallet.clock, warm };
}

const refused = { code: 'balance_unavailable', reason: 'store' };

describe('the event storeFailure', () => {
  /** A memory store that fails on demand. */
  const failing = () => {
    const store = bound(memoryStore());
    const { totals } = store;
    return {
      store,
      fail: (error: unknown) => (store.totals = () => Promise.reject(error)),
      heal: () => (store.totals = totals),
    };
  };

  it('is emitted at once, then once in ten seconds with the number of failures, and the rest at close', async () => {
    const { store, fail } = failing();
    const { guard, failures, clock } = watched(store);
    fail(Object.assign(new Error('redis://user:secret@host'), { code: 'ECONNREFUSED' }));
    const hold = (reference: string) => guard.hold({ amount: '1.00', reference }).catch(() => {});
    for (let number = 1; number <= 50; number++) await hold(`p-${number}`);
    expect(failures).toEqual([
      {
        store: 'memory',
        operation: 'totals',
        wallet: 'default',
        cause: 'other',
        code: 'ECONNREFUSED',
        what: 'the store threw an error',
        advice: 'See the log of the database.',
        count: 1,
      },
    ]);
    await clock.pass(9_999);
    expect(failures).toHaveLength(1);
    await clock.pass(1);
    expect(failures.map(({ count }) => count)).toEqual([1, 49]);
    for (let number = 1; number <= 7; number++) await hold(`q-${number}`);
    await guard.close();
    expect(failures.map(({ count }) => count)).toEqual([1, 49, 7]);
    expect(clock.timers).toBe(0);
    expect(JSON.stringify(failures)).not.toContain('secret');
  });

  it('has a count of its own for each operation and code, and none for what is no failure of the store', async () => {
    const { store, fail, heal } = failing();
    const { guard, failures, clock } = watched(store);
    fail(Object.assign(new Error(), { code: 'EPIPE' }));
    await guard.hold({ amount: '1.00', reference: 'a' }).catch(() => {});
    fail(Object.assign(new Error(), { code: 'ETIMEDOUT' }));
    await guard.hold({ amount: '1.00', reference: 'a' }).catch(() => {});
    heal();
    await guard.hold({ amount: '1000.01', reference: 'b' }).catch(() => {});
    await expect(guard.capture('c')).rejects.toMatchObject({ code: 'hold_state' });
    await clock.pass(10_000);
    expect(failures.map(({ code, count }) => [code, count])).toEqual([
      ['EPIPE', 1],
      ['ETIMEDOUT', 1],
    ]);
  });
});

(hasRedis ? describe : describe.skip)('the event storeFailure on Redis', () => {
  const redis = new ThrowAwayRedis();

  it('reports that there is no connection, or no reply, when its server is gone or stands still', async () => {
    const { guard, failures, warm } = watched(redis.open({ deadlineMs: 300 }));
    await warm();
    process.kill(redis.server.pid, 'SIGSTOP');
    await expect(guard.hold({ amount: '1.00', reference: 'a' })).rejects.toMatchObject(refused);
    process.kill(redis.server.pid, 'SIGCONT');
    expect(failures).toMatchObject([
      { store: 'redis', operation: 'hold', wallet: 'default', cause: 'timeout', code: 'NO_REPLY', count: 1 },
    ]);
    await redis.server.kill();
    // The client notices before it has no connection.
    await sleep(50);
    await expect(guard.hold({ amount: '1.00', reference: 'b' })).rejects.toMatchObject(refused);
    expect(failures[1]).toMatchObject({ operation: 'hold', cause: 'connection', code: 'NO_CONNECTION' });
  });

  it('names a replica, and how the client should connect', async () => {
    const { guard, failures, warm } = watched(redis.open());
    await warm();
    await redis.admin.call('REPLICAOF', '127.0.0.1', '1');
    await expect(guard.hold({ amount: '1.00', reference: 'a' })).rejects.toMatchObject(refused);
    expect(failures).toMatchObject([
      { cause: 'replica', code: 'READONLY', advice: expect.stringContaining('primary') },
    ]);
  });

  it('T6. refuses keys of a later version, at ready() and in operation, and names what to do', async () => {
    const store = redis.open();
    const { guard, failures } = watched(store);
    expect(await store.ready()).toMatchObject({ recoveringForMs: 0 });
    expect(await redis.admin.hget('{payout-guard}:store', 'protocol')).toBe('2');
    await redis.admin.hset('{payout-guard}:store', 'protocol', '3');
    await expect(store.ready()).rejects.toMatchObject({ ...refused, cause: { failure: 'PROTOCOL' } });
    await expect(guard.hold({ amount: '1.00', reference: 'a' })).rejects.toMatchObject(refused);
    expect(failures).toMatchObject([{ cause: 'setup', code: 'PROTOCOL', advice: 'Update payout-guard.' }]);
    // It changed nothing.
    await redis.admin.hset('{payout-guard}:store', 'protocol', '2');
    expect(await redis.admin.exists('{payout-guard}:hold:a')).toBe(0);
    await guard.hold({ amount: '1.00', reference: 'a' });
  });

  const claim = { owner: 'me', wallets: ['w'], olderThanMs: 0, leaseMs: 1_000, limit: 10, unservedForMs: 0 };
  it.each<[string, (store: HoldStore) => unknown, number?]>([
    ['batch.lua', (store) => store.totals('w')],
    ['list.lua', (store) => store.list({ limit: 10 })],
    ['claim.lua', (store) => store.claim({ ...claim, after: '0' })],
    ['unserved.lua (with claim.lua)', (store) => store.claim(claim), 2],
    ['note.lua', (store) => store.note('n')],
    ['compare-and-set.lua', (store) => store.swapNote('n', 'before', 'after')],
  ])('T6. refuses keys of another version in %s, and changes nothing', async (_, ask, scripts = 1) => {
    const refusals: string[] = [];
    const store = redis.openThrough((command) =>
      command().catch((error: Error) => {
        if (error.message.startsWith('PROTOCOL 3')) refusals.push(error.message);
        throw error;
      }),
    );
    await store.totals('w');
    expect(await store.swapNote('n', undefined, 'before')).toBe(true);
    // A clock that is ahead makes each script write an offset.
    await redis.admin.hset('{payout-guard}:store', 'protocol', '3', 'clock', `${Date.now() + 3_600_000}`);
    const dump = async () => [await redis.admin.hgetall('{payout-guard}:store'), await redis.admin.keys('*')];
    const before = await dump();
    await expect(ask(store)).rejects.toMatchObject({ ...refused, cause: { failure: 'PROTOCOL' } });
    await until(async () => refusals.length === scripts);
    expect(await dump()).toEqual(before);
    expect(await redis.admin.hget('{payout-guard}:notes', 'n')).toBe('before');
  });

  it('reports that holds are being restored', async () => {
    const { guard, failures } = watched(redis.open({ recoveryMs: 60_000 }));
    await expect(guard.hold({ amount: '1.00', reference: 'a' })).rejects.toMatchObject(refused);
    expect(failures).toMatchObject([{ operation: 'hold', cause: 'recovering', code: 'RECOVERING', count: 1 }]);
  });
});

describeStore('the event storeFailure on PostgreSQL', () => {
  eachInItsSchema();
  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('reports that no connection of the pool was free', async () => {
    const pool = newPool({ max: 1 });
    const { guard, failures, warm } = watched(openStore({ pool, deadlineMs: 1_000 }));
    await warm();
    const taken = await pool.connect();
    await expect(guard.hold({ amount: '1.00', reference: 'a' })).rejects.toMatchObject(refused);
    taken.release();
    expect(failures).toMatchObject([{ store: 'postgres', cause: 'connection', code: 'NO_CONNECTION' }]);
  });

  it('reports that a statement has no answer, as far as this client shows it', async () => {
    const pool = newPool();
    let isHanging = false;
    const query = (text: string, values: unknown[]) =>
      isHanging ? pool.query('SELECT pg_sleep(4)') : pool.query(text, values);
    const { guard, failures, warm } = watched(openStore({ pool: { query } as never, deadlineMs: 1_000 }));
    await warm();
    isHanging = true;
    await expect(guard.hold({ amount: '1.00', reference: 'a' })).rejects.toMatchObject(refused);
    isHanging = false;
    expect(failures).toMatchObject([{ cause: 'timeout', code: 'NO_ANSWER' }]);
  });

  it('reports that a transaction keeps the wallet locked', async () => {
    const { guard, failures } = watched(openStore({ deadlineMs: 1_500 }));
    const hold = await guard.hold({ amount: '1.00', reference: 'a' });
    const client = await newPool().connect();
    await client.query('BEGIN');
    await client.query(`SELECT FROM "${schema}".wallets FOR UPDATE`);
    await expect(guard.hold({ amount: '1.00', reference: 'b' })).rejects.toMatchObject(refused);
    await client.query('ROLLBACK');
    client.release();
    expect(failures).toMatchObject([{ operation: 'hold', cause: 'lock', code: 'LOCKED', wallet: 'default' }]);
    await hold.release();
  });

  it('has the code of the server', async () => {
    const { guard, failures, warm } = watched(openStore());
    await warm();
    await newPool().query(`ALTER TABLE "${schema}".holds RENAME TO away`);
    await expect(guard.hold({ amount: '1.00', reference: 'a' })).rejects.toMatchObject(refused);
    expect(failures).toMatchObject([{ cause: 'setup', code: '42P01', advice: 'Run `store.migrate()`.' }]);
  });
});

describe('the event storeFailure on SQLite', () => {
  const newFile = filesInMemory(afterAll);
  const open = opensSqlite();

  it('reports that another process keeps the file locked, as ready() does', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const file = newFile();
    const store = open(file, { deadlineMs: 1_000 });
    const { guard, failures, warm } = watched(store);
    await warm();
    expect(await store.ready()).toMatchObject({ recoveringForMs: 0 });
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    await expect(guard.hold({ amount: '1.00', reference: 'a' })).rejects.toMatchObject(refused);
    other.exec('ROLLBACK');
    expect(failures).toMatchObject([{ store: 'sqlite', operation: 'hold', cause: 'lock', code: 'SQLITE_BUSY' }]);
    other.pragma('user_version = 999');
    other.close();
    await expect(store.ready()).rejects.toMatchObject({
      ...refused,
      cause: { failure: 'CONFIGURATION', kind: 'setup' },
    });
    jest.restoreAllMocks();
  });
});
