import { describe, expect, it } from '@jest/globals';
import type { ClaimRequest, HoldStore, MaybePromise } from 'payout-guard';
import type pg from 'pg';
import type { PostgresEngine } from '../../src/stores/postgres/engine.js';
import {
  describeStore,
  eachInItsSchema,
  hold,
  newPool,
  openEngine,
  openStore,
  read,
  schema,
  stopClock,
  totals,
  truncate,
} from './postgres-support.js';

const dayMs = 86_400_000;
const claimOf = (request: Partial<ClaimRequest>): ClaimRequest => ({
  owner: 'me',
  wallets: ['w'],
  olderThanMs: 0,
  leaseMs: 60_000,
  limit: 100,
  unservedForMs: 60_000,
  ...request,
});
const names = (holds: readonly { readonly reference: string }[]) => holds.map(({ reference }) => reference).sort();

/** Fills a wallet with holds in each state. */
async function fill(store: HoldStore, wallet: string, count: number): Promise<void> {
  const { epoch } = await store.totals(wallet);
  const each = async (index: number) => {
    const request = { wallet, epoch, amountMinor: 1n, limitMinor: 1_000_000n } as const;
    const capture = { to: 'captured', visibleInMs: 0 } as const;
    await hold(store, `${wallet}/reserved/${index}`, { ...request, state: 'reserved' });
    for (const state of ['sent', 'released', 'captured', 'awaiting'])
      await hold(store, `${wallet}/${state}/${index}`, request);
    await store.settle({ reference: `${wallet}/released/${index}`, to: 'released' });
    await store.settle({ reference: `${wallet}/captured/${index}`, ...capture });
    await store.settle({ reference: `${wallet}/awaiting/${index}`, ...capture, awaitsOutcome: true });
  };
  await Promise.all(Array.from({ length: count }, (_, index) => each(index)));
}

/** Number of rows of holds that a call reads. */
async function rowsRead(ask: (client: pg.PoolClient) => MaybePromise<unknown>): Promise<number> {
  const client = await newPool().connect();
  await client.query('BEGIN');
  await ask(client);
  const { rows } = await client.query(
    `SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS read FROM pg_stat_xact_user_tables
     WHERE relid = '"${schema}".holds'::regclass`,
  );
  await client.query('COMMIT');
  client.release();
  return Number(rows[0].read);
}

describeStore('pages of the PostgreSQL store', () => {
  eachInItsSchema();

  it.each(['knows nothing of', 'has analyzed'])(
    'read the holds of the wallets asked for, and few others, when the planner %s the table',
    async (knowledge) => {
      const [store, engine] = [openStore(), openEngine()];
      await fill(store, 'busy', 600);
      await fill(store, 'quiet', 3);
      if (knowledge === 'has analyzed') await newPool().query(`ANALYZE "${schema}".holds`);
      const asked = { wallets: ['quiet'], limit: 100 };
      for (const state of ['reserved', 'sent', 'captured', 'released'] as const) {
        let found = 0;
        const read = await rowsRead(async (client) => {
          found = (await engine.inside(client).list({ ...asked, state })).holds.length;
        });
        expect(found).toBe(state === 'captured' ? 6 : 3);
        expect(read).toBeGreaterThanOrEqual(found);
        expect(read).toBeLessThanOrEqual(4 * found);
      }
      const inside = (ask: (one: PostgresEngine) => MaybePromise<unknown>) =>
        rowsRead((client) => ask(engine.inside(client)));
      expect(await inside((one) => one.list({ ...asked, limit: 2 }))).toBeLessThan(30);
      expect(await inside((one) => one.list({ state: 'captured', limit: 2 }))).toBeLessThan(30);
      expect(await inside((one) => one.claim(claimOf({ ...asked, limit: 4 })))).toBeLessThan(60);
      expect(await inside((one) => one.claim(claimOf({ wallets: [], limit: 0, unservedForMs: 0 })))).toBeLessThan(20);
    },
  );

  it('list the holds of all wallets when none is named, whatever is known of the wallets themselves', async () => {
    const store = openStore();
    for (const wallet of ['c', 'a', 'b']) await hold(store, wallet, { wallet });
    await hold(store, 'reserved', { wallet: 'd', state: 'reserved' });
    await store.settle({ reference: 'a', to: 'released' });
    await truncate('wallets');
    const first = await store.list({ limit: 3 });
    const { holds, next } = await store.list({ limit: 3, after: first.next });
    expect([...first.holds, ...holds].map(({ reference }) => reference)).toEqual(['c', 'a', 'b', 'reserved']);
    expect(next).toBeUndefined();
  });

  it('list a reservation whose time is over as released, before any batch has written that down', async () => {
    const clock = await stopClock();
    const store = openStore();
    await hold(store, 'over', { state: 'reserved', expiresInMs: 10 });
    await hold(store, 'open', { state: 'reserved', expiresInMs: 11 });
    await clock.pass(10);
    const listed = async (state: 'reserved' | 'released') => (await store.list({ state, limit: 10 })).holds;
    expect(await listed('reserved')).toMatchObject([{ reference: 'open', state: 'reserved' }]);
    expect(await listed('released')).toEqual([
      { ...(await read(store, 'over')), state: 'released', expiresAtMs: undefined, endedAtMs: clock.nowMs },
    ]);
  });

  describe('of claims', () => {
    it('give each hold to one of several processes that ask at once', async () => {
      const store = openStore();
      await fill(store, 'w', 40);
      const claims = Array.from({ length: 8 }, (_, index) =>
        openEngine().claim(claimOf({ owner: `${index}`, limit: 1_000 })),
      );
      const pages = await Promise.all(claims);
      const claimed = pages.flatMap(({ holds }) => names(holds));
      expect(new Set(claimed).size).toBe(claimed.length);
      const { holds: left } = await openEngine().claim(claimOf({ owner: 'another', limit: 1_000 }));
      expect(claimed.length + left.length).toBe(80);
    });

    it('continue after a hold that another transaction is changing', async () => {
      const store = openStore();
      for (const reference of ['a', 'b', 'c']) await hold(store, reference);
      const client = await newPool().connect();
      await client.query('BEGIN');
      await client.query(`SELECT FROM "${schema}".holds WHERE reference = 'a' FOR UPDATE`);
      const first = await store.claim(claimOf({ limit: 2 }));
      expect([names(first.holds), typeof first.next]).toEqual([['b'], 'string']);
      const second = await store.claim(claimOf({ limit: 2, after: first.next }));
      expect([names(second.holds), second.next]).toEqual([['c'], undefined]);
      await client.query('ROLLBACK');
      client.release();
      expect(names((await store.claim(claimOf({}))).holds)).toEqual(['a', 'b', 'c']);
    });

    it('do not keep the lease of an earlier attempt for a later one', async () => {
      const clock = await stopClock();
      const store = openStore();
      await hold(store, 'a');
      expect(names((await store.claim(claimOf({ owner: 'one' }))).holds)).toEqual(['a']);
      await store.settle({ reference: 'a', to: 'returned' });
      expect((await store.claim(claimOf({ owner: 'other' }))).holds).toEqual([]);
      await store.settle({ reference: 'a', to: 'released', notSent: true });
      await hold(store, 'a');
      await clock.pass(1_000);
      const orphans = claimOf({ wallets: [], limit: 0, unservedForMs: 1_000 });
      expect((await store.claim(orphans)).unserved).toEqual(['w']);
      expect(names((await store.claim(claimOf({ owner: 'other' }))).holds)).toEqual(['a']);
    });

    it('report at most 100 unserved wallets, on the first page only, and the rest when those are served', async () => {
      const clock = await stopClock();
      const store = openStore();
      const wallets = Array.from({ length: 130 }, (_, index) => `w${String(index).padStart(3, '0')}`);
      await Promise.all(wallets.map((wallet) => hold(store, `in ${wallet}`, { wallet })));
      await store.settle({ reference: 'in w007', to: 'captured', visibleInMs: 0, awaitsOutcome: true });
      await store.settle({ reference: 'in w008', to: 'captured', visibleInMs: 0 });
      const request = claimOf({ wallets: [], limit: 0, unservedForMs: 1_000 });
      expect((await store.claim(request)).unserved).toEqual([]);
      await clock.pass(1_000);
      const undecided = wallets.filter((wallet) => wallet !== 'w008');
      expect((await store.claim(request)).unserved).toEqual(undecided.slice(0, 100));
      const served = undecided.slice(0, 100);
      expect(await store.claim({ ...request, wallets: [...served].reverse() })).toEqual({
        holds: [],
        nowMs: clock.nowMs,
        unserved: undecided.slice(100),
      });
      expect((await store.claim({ ...request, after: '1' })).unserved).toEqual([]);
      // A lease counts until it ends, and for that long after it.
      await store.claim(claimOf({ owner: 'another', wallets: ['w000'], leaseMs: 500 }));
      await clock.pass(1_499);
      expect((await store.claim(request)).unserved[0]).toBe('w001');
      await clock.pass(1);
      expect((await store.claim(request)).unserved[0]).toBe('w000');
    });
  });
});

describeStore('deleteFinished() of the PostgreSQL store', () => {
  eachInItsSchema();

  /** One reference for each way to end. */
  async function endAll(store: HoldStore): Promise<void> {
    const capture = { to: 'captured', visibleInMs: 0 } as const;
    for (const reference of ['open', 'captured', 'not visible', 'awaiting', 'failed', 'not sent after all', 'sent']) {
      await hold(store, reference);
    }
    for (const reference of ['unsent', 'unsent, failed', 'expired']) {
      await hold(store, reference, { state: 'reserved', expiresInMs: 1 });
    }
    await store.settle({ reference: 'captured', ...capture });
    await store.settle({ reference: 'not visible', ...capture, visibleInMs: 90 * dayMs });
    await store.settle({ reference: 'awaiting', ...capture, awaitsOutcome: true });
    await store.settle({ reference: 'failed', to: 'failed' });
    await store.settle({ reference: 'not sent after all', to: 'released', notSent: true });
    await store.settle({ reference: 'sent', to: 'released' });
    await store.settle({ reference: 'unsent', to: 'released' });
    await store.settle({ reference: 'unsent, failed', to: 'failed' });
  }
  const finished = ['captured', 'failed', 'not sent after all', 'sent', 'unsent, failed'];
  const kept = ['awaiting', 'not visible', 'open'];

  it('S6. forgets what was never sent after a day, and every other finished reference after 30 days', async () => {
    const clock = await stopClock();
    const store = openStore();
    await endAll(store);
    await clock.pass(1);
    await store.totals('w');
    const left = async () => names((await store.list({ limit: 100 })).holds);
    await clock.pass(dayMs - 2);
    expect(await store.deleteFinished()).toBe(0);
    await clock.pass(2);
    expect(await store.deleteFinished()).toBe(2);
    expect(await left()).toEqual([...finished, ...kept].sort());
    await clock.pass(29 * dayMs - 2);
    expect(await store.deleteFinished()).toBe(0);
    await clock.pass(2);
    expect(await store.deleteFinished()).toBe(5);
    expect(await left()).toEqual(kept);
    expect(await totals(store)).toEqual([10n, 10n]);
    await clock.pass(60 * dayMs);
    await store.totals('w');
    expect(await store.deleteFinished()).toBe(1);
    expect(await left()).toEqual(['awaiting', 'open']);
  });

  it('S6. keeps captured and failed references however many unsent ones end', async () => {
    const store = openStore();
    await endAll(store);
    for (let index = 0; index < 50; index++) {
      await hold(store, `unsent ${index}`, { state: 'reserved' });
      await store.settle({ reference: `unsent ${index}`, to: 'released' });
    }
    await store.totals('w');
    expect(await store.deleteFinished({ unsentOlderThanMs: 0 })).toBe(52);
    expect(names((await store.list({ limit: 100 })).holds)).toEqual([...finished, ...kept].sort());
    expect((await hold(store, 'captured')).outcome).toBe('exists');
    expect((await hold(store, 'failed')).outcome).toBe('exists');
  });

  it('forgets everything that has ended with an age of 0, in all wallets and in portions', async () => {
    const store = openStore();
    const { epoch } = await store.totals('w');
    const one = async (index: number) => {
      const reference = `${index}`;
      await hold(store, reference, { epoch, wallet: `w${index % 7}`, amountMinor: 1n, limitMinor: 10_000n });
      if (index % 2 === 0) await store.settle({ reference, to: 'captured', visibleInMs: 0 });
      else await store.settle({ reference, to: 'released' });
    };
    await Promise.all(Array.from({ length: 2_500 }, (_, index) => one(index)));
    await hold(store, 'open');
    expect(await store.deleteFinished({ olderThanMs: 0 })).toBe(2_500);
    expect(names((await store.list({ limit: 10 })).holds)).toEqual(['open']);
    expect(await store.deleteFinished({ olderThanMs: 0 })).toBe(0);
  });

  it('refuses ages that are none', async () => {
    const store = openStore();
    for (const options of [{ olderThanMs: -1 }, { olderThanMs: Number.NaN }, { unsentOlderThanMs: 0.5 }]) {
      await expect(store.deleteFinished(options)).rejects.toMatchObject({ code: 'invalid_argument' });
    }
  });
});
