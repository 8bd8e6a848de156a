import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createPayoutGuard, type HoldRequest, type HoldStore } from 'payout-guard';
import {
  type PostgresClient,
  type PostgresStore,
  type PostgresStoreOptions,
  postgresStore,
} from 'payout-guard/stores/postgres';
import type pg from 'pg';
import { testDatabase } from '../support/postgres.js';
import { scriptedWallet } from '../support/wallet.js';

const database = await testDatabase();
const describeStore = database ? describe : describe.skip;

let schema = '';
const stores: PostgresStore[] = [];

/** A store with a pool of its own: another process. */
function openStore(options: Partial<PostgresStoreOptions> = {}): PostgresStore {
  const pool = options.pool ?? newPool();
  const store = postgresStore({ schema, recoveryMs: 0, deadlineMs: 5_000, ...options, pool });
  stores.push(store);
  return store;
}

function newPool(options?: pg.PoolConfig): pg.Pool {
  if (!database) throw new Error('no database');
  return database.pool(options);
}

async function hold(store: HoldStore, reference: string, request: Partial<HoldRequest> = {}) {
  const wallet = request.wallet ?? 'w';
  const epoch = request.epoch ?? (await store.totals(wallet)).epoch;
  const attempt = randomUUID();
  const usual = {
    wallet,
    reference,
    attempt,
    amountMinor: 5n,
    state: 'sent' as const,
    expiresInMs: 60_000,
    limitMinor: 1_000n,
  };
  return store.hold({ ...usual, metadata: {}, ...request, epoch });
}

async function totals(store: HoldStore, wallet = 'w'): Promise<[bigint, bigint]> {
  const { active, captured } = await store.totals(wallet);
  return [active, captured];
}

/** Answers as `change` says. */
function changed(pool: pg.Pool, change: (text: string, values: unknown[]) => unknown[] | undefined): PostgresClient {
  return {
    query: async (text, values) => {
      const rows = change(text, values);
      return rows ? { rows } : pool.query(text, values);
    },
  };
}

const refusal = { name: 'BalanceUnavailableError', reason: 'store' };

describeStore('the postgres store', () => {
  beforeEach(async () => {
    schema = `s_${randomUUID().replaceAll('-', '')}`;
    await openStore().migrate();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });
  afterAll(() => database?.drop());

  describe('with several processes', () => {
    it('grants of 200 holds at once, on two pools, exactly those that fit', async () => {
      // Small batches, so that many of them meet.
      const processes = [openStore({ maxBatch: 3 }), openStore({ maxBatch: 3 })];
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          hold(processes[index % 2] as HoldStore, `r${index}`, { amountMinor: 7n, limitMinor: 1_000n }),
        ),
      );
      expect(answers.filter(({ outcome }) => outcome === 'held')).toHaveLength(142);
      expect(answers.filter(({ outcome }) => outcome === 'insufficient')).toHaveLength(58);
      expect(await totals(openStore())).toEqual([994n, 0n]);
    });

    it('never deadlocks, and every unit is accounted for, whatever they do to the same wallets at once', async () => {
      const errors: unknown[] = [];
      const processes = Array.from({ length: 5 }, () => {
        const pool = newPool();
        const watched = { query: (text: string, values: unknown[]) => pool.query(text, values) };
        return openStore({
          pool: {
            query: (text, values) =>
              watched.query(text, values).catch((error) => {
                errors.push(error);
                throw error;
              }),
          },
          maxBatch: 7,
        });
      });
      const wallets = ['a', 'b', 'c', 'd', 'e', 'f'];
      const work = processes.flatMap((store, process) =>
        Array.from({ length: 120 }, async (_, index) => {
          // The same references in several processes, and in several wallets.
          const reference = `r${(index * 7 + process) % 90}`;
          const wallet = wallets[(index + process * 5) % wallets.length] as string;
          await hold(store, reference, { wallet, state: index % 3 === 0 ? 'reserved' : 'sent', expiresInMs: 30 });
          if (index % 4 === 0) await store.settle({ reference, to: 'released' });
          if (index % 4 === 1) await store.settle({ reference, to: 'captured', visibleInMs: index % 8 === 1 ? 20 : 0 });
          if (index % 4 === 2) await store.get(reference);
          if (index % 10 === 0) await store.claimSent({ owner: `${process}`, olderThanMs: 0, leaseMs: 10, limit: 20 });
        }),
      );
      await Promise.all(work);
      expect(errors).toEqual([]);
      await sleep(60);
      const [store] = processes as [PostgresStore];
      const { holds } = await store.list({ limit: 1_000 });
      for (const wallet of wallets) {
        const own = holds.filter((one) => one.wallet === wallet);
        const active = own.filter(({ state }) => state === 'sent').reduce((sum, one) => sum + one.amountMinor, 0n);
        const captured = own.reduce((sum, one) => sum + (one.capturedMinor ?? 0n), 0n);
        expect(await totals(store, wallet)).toEqual([active, captured]);
      }
    }, 20_000);

    it('gives one reference to one of two wallets that ask at the same time', async () => {
      const processes = [openStore(), openStore()];
      const { epoch } = await openStore().totals('w');
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          hold(processes[index % 2] as HoldStore, `r${index >> 1}`, { wallet: `w${index % 2}`, epoch }),
        ),
      );
      expect(answers.filter(({ outcome }) => outcome === 'held')).toHaveLength(50);
      const [[one], [other]] = [await totals(openStore(), 'w0'), await totals(openStore(), 'w1')];
      expect(one + other).toBe(250n);
    });

    it('migrates from five pools at once', async () => {
      schema = `s_${randomUUID().replaceAll('-', '')}`;
      await Promise.all(Array.from({ length: 5 }, () => openStore().migrate()));
      expect((await hold(openStore(), 'r')).outcome).toBe('held');
      const { rows } = await newPool().query(`SELECT number FROM "${schema}".migrations ORDER BY number`);
      expect(rows).toEqual([{ number: 1 }, { number: 2 }]);
    });
  });

  describe('with odd input', () => {
    it('refuses one malformed operation and runs the rest of its batch', async () => {
      const store = openStore();
      const { epoch } = await store.totals('w');
      const answers = await Promise.allSettled([
        hold(store, 'a', { epoch }),
        hold(store, 'nul\0', { epoch }),
        hold(store, 'half\ud800', { epoch }),
        hold(store, 'b', { epoch, wallet: 'w'.repeat(300) }),
        hold(store, 'c', { epoch, state: 'reserved', expiresInMs: Number.NaN }),
        hold(store, 'd', { epoch, amountMinor: 10_000n }),
        hold(store, 'e', { epoch }),
      ]);
      expect(answers.map((one) => (one.status === 'fulfilled' ? one.value.outcome : one.reason.code))).toEqual([
        'held',
        'invalid_reference',
        'invalid_reference',
        'configuration',
        'held',
        'insufficient',
        'held',
      ]);
    });

    it('keeps metadata to the letter, with what jsonb refuses', async () => {
      const store = openStore();
      const metadata = { nul: 'a\0b', half: '\ud800', quotes: `'"\\$$`, __proto_: '}' };
      await hold(store, 'a', { metadata });
      expect((await store.get('a'))?.metadata).toEqual(metadata);
      expect((await store.list({ limit: 1 })).holds[0]?.metadata).toEqual(metadata);
    });

    it.each([2n ** 53n, 2n ** 63n, 2n ** 90n])('is exact to the unit at %p', async (limitMinor) => {
      const store = openStore();
      expect((await hold(store, 'a', { amountMinor: limitMinor - 1n, limitMinor })).outcome).toBe('held');
      expect((await hold(store, 'b', { amountMinor: 2n, limitMinor })).outcome).toBe('insufficient');
      expect((await hold(store, 'c', { amountMinor: 1n, limitMinor })).outcome).toBe('held');
      await store.settle({ reference: 'a', to: 'captured', actualMinor: limitMinor + 1n, visibleInMs: 0 });
      expect(await totals(store)).toEqual([1n, limitMinor + 1n]);
    });

    it.each([
      [{ pool: undefined }, /pool: needs query/],
      [{ schema: 'Upper' }, /schema: must be lower case/],
      [{ schema: 'a"; DROP TABLE x; --' }, /schema: must be/],
      [{ schema: 'pg_x' }, /schema: must not begin with pg_/],
      [{ recoveryMs: -1, deadlineMs: 1 }, /deadlineMs: .*recoveryMs: /s],
      [{ pools: 1 }, /pools/],
    ])('refuses the options %p', (options, message) => {
      const pool = { query: async () => ({ rows: [] }) };
      expect(() => postgresStore({ pool, ...options } as never)).toThrow(message);
    });
  });

  describe('when the database does not answer', () => {
    it('refuses within the deadline while a wallet is locked, and works on without a restart', async () => {
      const pool = newPool();
      const store = openStore({ pool, deadlineMs: 150 });
      const { epoch } = await store.totals('w');
      expect((await hold(store, 'before', { epoch })).outcome).toBe('held');
      const blocker = await newPool().connect();
      await blocker.query('BEGIN');
      await blocker.query(`SELECT * FROM "${schema}".wallets WHERE wallet = 'w' FOR UPDATE`);

      const startedAt = performance.now();
      await expect(hold(store, 'locked', { epoch })).rejects.toMatchObject(refusal);
      expect(performance.now() - startedAt).toBeLessThan(400);
      expect(await store.get('locked')).toBeUndefined();
      await blocker.query('ROLLBACK');
      blocker.release();

      expect((await hold(store, 'after', { epoch })).outcome).toBe('held');
      // The attempt leaves a stone: it was released, or can never be taken any more.
      await sleep(1_300);
      expect((await store.get('locked'))?.state).toBe('released');
      expect(await totals(store)).toEqual([10n, 0n]);
    });

    it('releases a hold whose answer was lost, and only that attempt', async () => {
      const pool = newPool();
      let lose = false;
      const client: PostgresClient = {
        query: async (text, values) => {
          const result = await pool.query(text, values);
          if (!lose || !text.includes('run_batch')) return result;
          lose = false;
          throw new Error('the connection was cut');
        },
      };
      const store = openStore({ pool: client });
      const { epoch } = await store.totals('w');
      lose = true;
      await expect(hold(store, 'a', { epoch })).rejects.toMatchObject(refusal);
      expect(await totals(openStore())).toEqual([5n, 0n]);
      await sleep(1_300);
      expect(await totals(store)).toEqual([0n, 0n]);
      // The caller may try again: that is another attempt.
      expect((await hold(store, 'a')).outcome).toBe('held');
      expect(await totals(store)).toEqual([5n, 0n]);
    });

    it('does not take a hold whose attempt was given up before it arrived', async () => {
      const pool = newPool();
      let late: (() => Promise<unknown>) | undefined;
      const client: PostgresClient = {
        query: async (text, values) => {
          if (late || !String(values[0]).includes('"kind":"hold"')) return pool.query(text, values);
          late = () => pool.query(text, values);
          throw new Error('the connection was cut');
        },
      };
      const store = openStore({ pool: client });
      const { epoch } = await store.totals('w');
      await expect(hold(store, 'a', { epoch })).rejects.toMatchObject(refusal);
      await sleep(1_300);
      expect(await late?.()).toMatchObject({ rows: [{ reply: expect.stringContaining('["exists",') }] });
      // Nor after another attempt took the reference and was released.
      expect((await hold(store, 'a')).outcome).toBe('held');
      await store.settle({ reference: 'a', to: 'released' });
      await late?.();
      expect(await totals(store)).toEqual([0n, 0n]);
    });

    it.each([['a replica', (text: string) => (text.includes('pg_is_in_recovery') ? [{ refuses: true }] : undefined)]])(
      'refuses %s',
      async (_, change) => {
        const client = changed(newPool(), change);
        await expect(openStore({ pool: client }).totals('w')).rejects.toMatchObject(refusal);
        await expect(openStore({ pool: client }).migrate()).rejects.toMatchObject({ name: 'ConfigurationError' });
      },
    );

    it('refuses a session that is read only', async () => {
      const store = openStore({ pool: newPool({ options: '-c default_transaction_read_only=on' }) });
      await expect(store.totals('w')).rejects.toMatchObject(refusal);
      await expect(store.migrate()).rejects.toMatchObject({ name: 'ConfigurationError' });
    });

    it('refuses a server that has become read only since it was looked at', async () => {
      const pool = newPool({ max: 1 });
      const store = openStore({ pool });
      const { epoch } = await store.totals('w');
      await pool.query('SET default_transaction_read_only = on');
      await expect(hold(store, 'a', { epoch })).rejects.toMatchObject(refusal);
      // The pool has let go of that connection.
      expect((await hold(store, 'b', { epoch })).outcome).toBe('held');
    });
  });

  describe('when memory was lost', () => {
    it('begins a new epoch after TRUNCATE, puts its own open holds back, and approves after the recovery window', async () => {
      const pool = newPool();
      const store = openStore({ pool, recoveryMs: 600 });
      await sleep(650);
      const before = await store.totals('w');
      await hold(store, 'open', { metadata: { note: 'kept' } });
      await hold(store, 'done');
      await store.settle({ reference: 'done', to: 'captured', visibleInMs: 0 });
      await pool.query(`TRUNCATE "${schema}".store, "${schema}".wallets, "${schema}".holds`);

      const after = await store.totals('w');
      expect(after.epoch).not.toBe(before.epoch);
      expect(after.recoveringForMs).toBeGreaterThan(0);
      expect(await store.get('open')).toMatchObject({ state: 'sent', amountMinor: 5n, metadata: { note: 'kept' } });
      expect((await hold(store, 'void', { epoch: before.epoch })).outcome).toBe('void');
      expect((await hold(store, 'early')).outcome).toBe('recovering');
      expect((await hold(store, 'open')).outcome).toBe('exists');
      await sleep(650);
      expect(await totals(store)).toEqual([5n, 0n]);
      expect((await hold(store, 'later', { limitMinor: 9n })).outcome).toBe('insufficient');
      expect((await hold(store, 'later', { limitMinor: 10n })).outcome).toBe('held');
    });

    it.each(['store', 'wallets', 'holds'])('notices that the table %s alone was truncated', async (table) => {
      const pool = newPool();
      const [store, other] = [openStore({ pool }), openStore()];
      const { epoch } = await store.totals('w');
      await hold(store, 'a');
      await hold(other, 'b', { state: 'reserved' });
      await pool.query(`TRUNCATE "${schema}".${table}`);
      await Promise.all([store.get('a'), other.get('b')]);
      expect((await store.totals('w')).epoch).not.toBe(epoch);
      expect(await totals(store)).toEqual([10n, 0n]);
    });

    it('begins a new epoch on another timeline, and in a server that is behind what was seen', async () => {
      const pool = newPool();
      const store = openStore({ pool });
      const first = await store.totals('w');
      await pool.query(`UPDATE "${schema}".store SET place = replace(place, '/00000001/', '/00000002/')`);
      const second = await store.totals('w');
      expect(second.epoch).not.toBe(first.epoch);
      expect((await store.totals('w')).epoch).toBe(second.epoch);

      const ahead = openStore({
        pool: {
          query: (text, values) =>
            pool.query(text, text.includes('run_batch') && values[6] ? values.with(6, 'FFFF/0') : values),
        },
      });
      await ahead.totals('w');
      expect((await ahead.totals('w')).epoch).not.toBe(second.epoch);
    });

    it('puts right a hold that is there as it was before it was sent', async () => {
      const pool = newPool();
      const store = openStore({ pool });
      await hold(store, 'a', { state: 'reserved', expiresInMs: 400 });
      await pool.query(`CREATE TABLE "${schema}".backup AS SELECT * FROM "${schema}".holds`);
      await store.settle({ reference: 'a', to: 'sent' });
      await pool.query(`TRUNCATE "${schema}".holds; INSERT INTO "${schema}".holds SELECT * FROM "${schema}".backup`);
      await store.totals('w');
      await sleep(450);
      expect((await store.get('a'))?.state).toBe('sent');
      expect(await totals(store)).toEqual([5n, 0n]);
    });
  });

  describe('inside a transaction of the application', () => {
    it('leaves no hold when it is rolled back, and the hold when it is committed', async () => {
      const store = openStore();
      const client = await newPool().connect();
      for (const end of ['ROLLBACK', 'COMMIT']) {
        await client.query('BEGIN');
        expect((await hold(store.within(client), 'a')).outcome).toBe('held');
        expect(await totals(store.within(client))).toEqual([5n, 0n]);
        expect(await store.get('a')).toBeUndefined();
        await client.query(end);
      }
      client.release();
      expect((await store.get('a'))?.state).toBe('sent');
      expect(await totals(store)).toEqual([5n, 0n]);
    });

    it('serves a guard', async () => {
      const store = openStore();
      const client = await newPool().connect();
      const { provider } = scriptedWallet('1000.00');
      const guard = createPayoutGuard({ provider, currency: 'KES', store: store.within(client) });
      await client.query('BEGIN');
      await guard.hold({ amount: '600.00', reference: 'a', state: 'sent' });
      await expect(guard.hold({ amount: '600.00', reference: 'b' })).rejects.toMatchObject({
        code: 'insufficient_funds',
      });
      await client.query('COMMIT');
      await guard.capture('a');
      client.release();
      await guard.close();
      expect(await totals(store, 'default')).toEqual([0n, 60_000n]);
    });

    it('leaves the lock timeout of the transaction as it was', async () => {
      const client = await newPool().connect();
      await client.query(`BEGIN; SET LOCAL lock_timeout = '7s'`);
      await hold(openStore().within(client), 'a');
      expect((await client.query('SHOW lock_timeout')).rows).toEqual([{ lock_timeout: '7s' }]);
      await client.query('ROLLBACK');
      client.release();
    });
  });

  it('forgets finished references when it is told to, and no others', async () => {
    const store = openStore();
    await Promise.all(['open', 'captured', 'late', 'released'].map((reference) => hold(store, reference)));
    await store.settle({ reference: 'captured', to: 'captured', visibleInMs: 0 });
    await store.settle({ reference: 'late', to: 'captured', visibleInMs: 60_000 });
    await store.settle({ reference: 'released', to: 'released' });
    expect(await store.deleteFinished({ olderThanMs: 60_000 })).toBe(0);
    expect(await store.deleteFinished({ olderThanMs: 0 })).toBe(2);
    expect((await store.list({ limit: 10 })).holds.map(({ reference }) => reference).sort()).toEqual(['late', 'open']);
    expect(await totals(store)).toEqual([10n, 5n]);
  });
});
