import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createPayoutGuard,
  type HoldOutcome,
  type HoldRecord,
  type HoldRequest,
  type HoldStore,
  type WalletTotals,
} from 'payout-guard';
import {
  type PostgresClient,
  type PostgresStore,
  type PostgresStoreOptions,
  postgresStore,
} from 'payout-guard/stores/postgres';
import type pg from 'pg';
import { PostgresEngine } from '../../src/stores/postgres/engine.js';
import type { Op } from '../../src/stores/shared/engine.js';
import { testDatabase } from '../support/postgres.js';
import { scriptedWallet } from '../support/wallet.js';

const database = await testDatabase();
const describeStore = database ? describe : describe.skip;

let schema = '';
const stores: PostgresStore[] = [];
const pools: pg.Pool[] = [];

/** A store with a pool of its own: another process. */
function openStore(options: Partial<PostgresStoreOptions> = {}): PostgresStore {
  const pool = options.pool ?? newPool();
  const store = postgresStore({ schema, recoveryMs: 0, deadlineMs: 5_000, ...options, pool });
  stores.push(store);
  return store;
}

function newPool(options?: pg.PoolConfig): pg.Pool {
  if (!database) throw new Error('no database');
  const pool = database.pool(options);
  pools.push(pool);
  return pool;
}

async function hold(store: HoldStore, reference: string, request: Partial<HoldRequest> = {}) {
  const wallet = request.wallet ?? 'w';
  const epoch = request.epoch ?? (await store.totals(wallet)).epoch;
  const attempt = request.attempt ?? randomUUID();
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

/** The database as a store sees it: batches as they are, without anything that a store does around them. */
function openEngine(deadlineMs = 5_000): PostgresEngine {
  return new PostgresEngine({ pool: newPool(), schema, recoveryMs: 0, deadlineMs });
}

function holdOp(reference: string, epoch: string, request: Partial<HoldRequest> = {}): Op & { kind: 'hold' } {
  const attempt = request.attempt ?? randomUUID();
  const usual = { wallet: 'w', amountMinor: 5n, state: 'sent' as const, expiresInMs: 60_000, limitMinor: 1_000n };
  return { kind: 'hold', request: { ...usual, metadata: {}, ...request, reference, attempt, epoch } };
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
    // Not awaited: a failed test may have kept a connection.
    for (const pool of pools.splice(0)) void pool.end();
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
      expect(rows).toEqual(readdirSync('src/stores/postgres/migrations').map((_, index) => ({ number: index + 1 })));
    });
  });

  describe('in one batch', () => {
    const short = (answers: readonly unknown[]) =>
      (answers as readonly HoldOutcome[]).map((answer) =>
        'totals' in answer
          ? [answer.outcome, answer.totals.active, answer.totals.captured]
          : [answer.outcome, 'hold' in answer && answer.hold.amountMinor],
      );

    it('grants holds up to the limit of each, and not one unit more, whichever way they are decided', async () => {
      const engine = openEngine();
      const { epoch } = await engine.run([]);
      const three = (prefix: string, limitMinor: bigint) =>
        ['1', '2', '3'].map((name) => holdOp(prefix + name, epoch, { wallet: prefix, limitMinor }));
      expect(short((await engine.run(three('a', 15n))).answers)).toEqual([
        ['held', 0n, 0n],
        ['held', 5n, 0n],
        ['held', 10n, 0n],
      ]);
      expect(short((await engine.run(three('b', 14n))).answers)).toEqual([
        ['held', 0n, 0n],
        ['held', 5n, 0n],
        ['insufficient', 10n, 0n],
      ]);
      // The limits differ: the lowest is of the last.
      const differing = three('c', 15n).with(2, holdOp('c3', epoch, { wallet: 'c', limitMinor: 14n }));
      expect(short((await engine.run(differing)).answers)).toEqual([
        ['held', 0n, 0n],
        ['held', 5n, 0n],
        ['insufficient', 10n, 0n],
      ]);
      expect(short((await engine.run([...three('d', 14n), ...three('e', 15n)])).answers)).toEqual([
        ['held', 0n, 0n],
        ['held', 5n, 0n],
        ['insufficient', 10n, 0n],
        ['held', 0n, 0n],
        ['held', 5n, 0n],
        ['held', 10n, 0n],
      ]);
      const wallets = ['a', 'b', 'c', 'd', 'e'].map((wallet): Op => ({ kind: 'totals', wallet }));
      expect((await engine.run(wallets)).answers.map((one) => (one as WalletTotals).active)).toEqual([
        15n,
        10n,
        10n,
        10n,
        15n,
      ]);
    });

    it('grants new references beside other operations, and beside a taken one and one of another epoch', async () => {
      const engine = openEngine();
      const { epoch } = await engine.run([]);
      await engine.run([holdOp('taken', epoch), holdOp('ends', epoch, { amountMinor: 7n })]);
      const [a, ended, b, none] = (
        await engine.run([
          holdOp('a', epoch),
          { kind: 'settle', request: { reference: 'ends', to: 'captured', visibleInMs: 0 } },
          holdOp('b', epoch, { state: 'reserved', wallet: 'v' }),
          { kind: 'get', reference: 'none' },
        ])
      ).answers;
      expect(short([a, b])).toEqual([
        ['held', 12n, 0n],
        ['held', 0n, 0n],
      ]);
      expect([ended, none]).toMatchObject([{ outcome: 'done', hold: { state: 'captured' } }, undefined]);
      const { answers } = await engine.run([
        holdOp('c', epoch),
        holdOp('taken', epoch, { amountMinor: 9n }),
        holdOp('d', epoch),
      ]);
      expect(short(answers)).toEqual([
        ['held', 10n, 7n],
        ['exists', 5n],
        ['held', 15n, 7n],
      ]);
      const mixed = await engine.run([holdOp('e', epoch), holdOp('old', 'another epoch')]);
      expect(short(mixed.answers).map(([outcome]) => outcome)).toEqual(['held', 'void']);
      const stale = await engine.run([holdOp('f', 'another epoch'), holdOp('g', 'another epoch')]);
      expect(short(stale.answers).map(([outcome]) => outcome)).toEqual(['void', 'void']);
      const store = openStore();
      expect([await totals(store, 'w'), await totals(store, 'v')]).toEqual([
        [25n, 7n],
        [5n, 0n],
      ]);
    });

    it('keeps of a new hold what it keeps of one that was held before', async () => {
      const engine = openEngine();
      const { epoch } = await engine.run([]);
      const asked = [
        holdOp('sent', epoch, { metadata: { quotes: `'"\\{},` } }),
        holdOp('reserved', epoch, { state: 'reserved', expiresInMs: 1_234 }),
      ];
      const first = (await engine.run(asked)).answers as readonly { hold: HoldRecord }[];
      const gets = ['sent', 'reserved'].map((reference): Op => ({ kind: 'get', reference }));
      expect((await engine.run(gets)).answers).toEqual(first.map(({ hold }) => hold));
      const release = ({ request }: { request: HoldRequest }): Op => ({
        kind: 'settle',
        request: { reference: request.reference, to: 'released' },
      });
      await engine.run(asked.map(release));
      const again = asked.map(({ request }) =>
        holdOp(request.reference, epoch, { ...request, attempt: `${request.attempt} again` }),
      );
      const second = (await engine.run(again)).answers as readonly { hold: HoldRecord }[];
      expect((await engine.run(gets)).answers).toEqual(second.map(({ hold }) => hold));
      for (const [index, { hold }] of second.entries()) {
        const { createdAtMs, expiresAtMs, sentAtMs } = hold;
        const before = first[index]?.hold as HoldRecord;
        const moved = createdAtMs - before.createdAtMs;
        expect(hold).toEqual({
          ...before,
          attempt: `${before.attempt} again`,
          createdAtMs,
          expiresAtMs: before.expiresAtMs && before.expiresAtMs + moved,
          sentAtMs: before.sentAtMs && before.sentAtMs + moved,
          heldBefore: true,
        });
        expect([expiresAtMs, sentAtMs]).toContain(undefined);
      }
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
        'configuration',
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

    it('says that nothing has happened before the deadline is over, and leaves no connection busy', async () => {
      const engine = openEngine(300);
      const { epoch } = await engine.run([{ kind: 'totals', wallet: 'w' }]);
      const blocker = await newPool().connect();
      await blocker.query('BEGIN');
      await blocker.query(`SELECT * FROM "${schema}".wallets WHERE wallet = 'w' FOR UPDATE`);
      const startedAt = performance.now();
      const refused = engine.run([holdOp('locked', epoch), holdOp('other', epoch, { wallet: 'v' })]);
      await expect(refused).rejects.toMatchObject({ code: '55P03' });
      const tookMs = performance.now() - startedAt;
      expect(tookMs).toBeGreaterThan(200);
      expect(tookMs).toBeLessThan(300);
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      expect((await blocker.query(waiting)).rows).toEqual([]);
      await blocker.query('ROLLBACK');
      blocker.release();
      expect((await engine.run([{ kind: 'get', reference: 'other' }])).answers).toEqual([undefined]);
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
          if (late || !JSON.stringify(values).includes('"sent"')) return pool.query(text, values);
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
            pool.query(
              text,
              values.map((value) => (/^[0-9A-F]+\/[0-9A-F]+$/.test(String(value)) ? 'FFFF/0' : value)),
            ),
        },
      });
      await ahead.totals('w');
      expect((await ahead.totals('w')).epoch).not.toBe(second.epoch);
    });

    it('tells when a late capture becomes visible, each time, and afterwards', async () => {
      const store = openStore();
      await hold(store, 'a');
      const late = { reference: 'a', to: 'captured', visibleInMs: 300 } as const;
      const { hold: done } = (await store.settle(late)) as { hold: HoldRecord };
      expect(done.visibleAtMs).toBe((done.endedAtMs as number) + 300);
      expect(await store.settle(late)).toEqual({ outcome: 'already', hold: done });
      expect([await store.get('a'), (await store.list({ limit: 1 })).holds[0]]).toEqual([done, done]);
      await sleep(350);
      expect([await store.get('a'), await totals(store)]).toEqual([done, [0n, 5n]]);
      await hold(store, 'b', { state: 'reserved' });
      expect((await store.get('b'))?.visibleAtMs).toBeUndefined();
    });

    it('puts a hold back though another attempt with its reference was given up meanwhile', async () => {
      const engine = openEngine();
      const store = openStore();
      const { hold: held } = (await hold(store, 'a')) as { hold: HoldRecord };
      await newPool().query(`TRUNCATE "${schema}".store, "${schema}".wallets, "${schema}".holds`);
      await engine.run([{ ...holdOp('a', 'any'), kind: 'abandon' }]);
      await engine.run([{ kind: 'restore', hold: held }]);
      expect(await store.get('a')).toEqual(held);
      expect(await totals(store)).toEqual([5n, 0n]);
    });

    it('puts back a later attempt where an earlier one is open', async () => {
      const engine = openEngine();
      const store = openStore();
      await hold(store, 'a', { state: 'reserved', attempt: 'earlier' });
      await store.settle({ reference: 'a', to: 'released' });
      const later = (await hold(store, 'a', { attempt: 'later' })) as { hold: HoldRecord };
      // As if memory had gone back to before the release.
      await newPool().query(
        `UPDATE "${schema}".holds SET state = 'reserved', attempt = 'earlier', created_at_ms = created_at_ms - 10`,
      );
      await engine.run([{ kind: 'restore', hold: later.hold }]);
      expect(await store.get('a')).toMatchObject({ state: 'sent', attempt: 'later' });
      expect(await totals(store)).toEqual([5n, 0n]);
    });

    it('puts back a capture that is not visible yet: it counts as held until then, once', async () => {
      const engine = openEngine();
      const store = openStore();
      await hold(store, 'a', { metadata: { note: 'kept' } });
      const late = { reference: 'a', to: 'captured', actualMinor: 8n, visibleInMs: 700 } as const;
      const { hold: captured } = (await store.settle(late)) as { hold: HoldRecord };
      const restore: Op = { kind: 'restore', hold: captured };
      await newPool().query(`TRUNCATE "${schema}".store, "${schema}".wallets, "${schema}".holds`);
      // Another process, which does not put it back by itself.
      await engine.run([restore, restore]);
      await engine.run([restore]);
      const other = openStore();
      expect(await other.get('a')).toEqual(captured);
      expect(await totals(other)).toEqual([8n, 0n]);
      expect((await hold(other, 'a')).outcome).toBe('exists');
      await sleep(750);
      expect(await totals(other)).toEqual([0n, 8n]);
      await engine.run([restore]);
      expect(await totals(other)).toEqual([0n, 8n]);
    });

    it.each([
      ['reserved', [8n, 0n], 'captured'],
      ['sent', [8n, 0n], 'captured'],
      // It was not sent when memory ended, and expired since.
      ['released', [8n, 0n], 'captured'],
    ] as const)('puts right a late capture that is there as %s', async (state, sums, after) => {
      const engine = openEngine();
      const store = openStore();
      await hold(store, 'a', { state: 'reserved', attempt: 'ours' });
      if (state === 'sent') await store.settle({ reference: 'a', to: 'sent' });
      if (state === 'released') await store.settle({ reference: 'a', to: 'released' });
      const was = (await store.get('a')) as HoldRecord;
      const nowMs = was.createdAtMs;
      const captured = {
        ...was,
        state: 'captured',
        capturedMinor: 8n,
        endedAtMs: nowMs,
        expiresAtMs: undefined,
        visibleAtMs: nowMs + 60_000,
      } as const;
      const restore: Op = { kind: 'restore', hold: captured };
      await engine.run([restore]);
      await engine.run([restore]);
      expect((await store.get('a'))?.state).toBe(after);
      expect(await totals(store)).toEqual(sums);
      // The hold of another attempt is left alone.
      await hold(store, 'b', { attempt: 'theirs' });
      await engine.run([{ kind: 'restore', hold: { ...captured, reference: 'b' } }]);
      expect(await store.get('b')).toMatchObject({ state: 'sent', attempt: 'theirs' });
      expect(await totals(store)).toEqual([13n, 0n]);
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

    it('checks arguments, and gives the hold the attempt of its request', async () => {
      const store = openStore();
      const client = await newPool().connect();
      await client.query('BEGIN');
      const inside = store.within(client);
      const { epoch } = await inside.totals('w');
      await expect(hold(inside, 'nul\0', { epoch })).rejects.toMatchObject({ code: 'invalid_reference' });
      await expect(hold(inside, 'a', { epoch, wallet: '' })).rejects.toMatchObject({ code: 'configuration' });
      await expect(hold(inside, 'a', { epoch, attempt: '\0' })).rejects.toMatchObject({ code: 'configuration' });
      await expect(inside.get('')).rejects.toMatchObject({ code: 'invalid_reference' });
      await expect(inside.totals('half\ud800')).rejects.toMatchObject({ code: 'configuration' });
      await expect(inside.settle({ reference: 'a', attempt: '', to: 'sent' })).rejects.toMatchObject({
        code: 'configuration',
      });
      // Nothing of that reached the database, or the transaction would be over.
      expect(await hold(inside, 'a', { attempt: 'ours' })).toMatchObject({
        outcome: 'held',
        hold: { attempt: 'ours' },
      });
      await client.query('COMMIT');
      client.release();
      const released = { reference: 'a', to: 'released' } as const;
      expect((await store.settle({ ...released, attempt: 'theirs' })).outcome).toBe('illegal');
      expect((await store.settle({ ...released, attempt: 'ours' })).outcome).toBe('done');
    });

    it('gives up waiting for another transaction before the deadline is over', async () => {
      const store = openStore({ deadlineMs: 200 });
      await store.totals('w');
      const [one, other] = [await newPool().connect(), await newPool().connect()];
      await one.query('BEGIN');
      await other.query('BEGIN');
      await hold(store.within(one), 'a');
      await expect(hold(store.within(other), 'b')).rejects.toMatchObject({ code: '55P03' });
      for (const client of [one, other]) {
        await client.query('ROLLBACK');
        client.release();
      }
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

  describe('set up by somebody else', () => {
    const hasPsql = spawnSync('psql', ['--version']).status === 0;
    if (!hasPsql) console.warn('No psql in the PATH. The test of the plain SQL files is SKIPPED.');

    (hasPsql ? it : it.skip)('takes the plain SQL files, applied by psql as their header says', async () => {
      const folder = 'src/stores/postgres/migrations';
      const names = readdirSync(folder).sort();
      const header = readFileSync(`${folder}/${names[0]}`, 'utf8').replaceAll(/\\\n-- +/g, '');
      const command = /^-- +psql (.+)$/m.exec(header)?.[1] as string;
      schema = `s_${randomUUID().replaceAll('-', '')}`;
      const { connectionString, host, port, user, database: name } = newPool().options;
      const url = connectionString ?? `host=${host} port=${port} user=${user} dbname=${name}`;
      const run = spawnSync('sh', ['-c', `psql -d "$0" ${command.replaceAll('payout_guard', schema)}`, url], {
        cwd: folder,
      });
      expect([run.status, `${run.stderr}`]).toEqual([0, '']);
      const store = openStore();
      await store.migrate();
      const { rows } = await newPool().query(`SELECT number FROM "${schema}".migrations ORDER BY number`);
      expect(rows).toHaveLength(names.length);
      expect((await hold(store, 'a')).outcome).toBe('held');
    });

    it('works with the rights that its documentation lists, and no others', async () => {
      const owner = newPool();
      const role = `role_${randomUUID().replaceAll('-', '')}`;
      await owner.query(`CREATE ROLE ${role}`);
      try {
        await owner.query(`
          GRANT USAGE ON SCHEMA "${schema}" TO ${role};
          GRANT SELECT ON "${schema}".migrations TO ${role};
          GRANT SELECT, INSERT, UPDATE ON "${schema}".store, "${schema}".wallets, "${schema}".holds TO ${role};
          GRANT USAGE ON SEQUENCE "${schema}".hold_sequence TO ${role};`);
        const store = openStore({ pool: newPool({ options: `-c role=${role}` }) });
        await store.migrate();
        await hold(store, 'a', { state: 'reserved' });
        await store.settle({ reference: 'a', to: 'sent' });
        expect((await store.claimSent({ owner: 'me', olderThanMs: 0, leaseMs: 1, limit: 10 })).holds).toHaveLength(1);
        await store.settle({ reference: 'a', to: 'captured', visibleInMs: 0 });
        expect((await store.list({ limit: 10 })).holds).toHaveLength(1);
        await expect(store.deleteFinished({ olderThanMs: 0 })).rejects.toMatchObject({ code: '42501' });
        await owner.query(`GRANT DELETE ON "${schema}".holds TO ${role}`);
        expect(await store.deleteFinished({ olderThanMs: 0 })).toBe(1);
        await owner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON "${schema}".notes TO ${role}`);
        expect(await store.swapNote('n', undefined, 'one')).toBe(true);
        expect(await store.swapNote('n', 'one', 'two')).toBe(true);
        expect(await store.swapNote('n', await store.note('n'), undefined)).toBe(true);
        // An owner of tables and a login see the same memory: no new epoch.
        expect((await store.totals('w')).epoch).toBe((await openStore().totals('w')).epoch);
      } finally {
        await owner.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      }
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
