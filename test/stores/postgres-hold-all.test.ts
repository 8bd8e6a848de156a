// Batches of holds in PostgreSQL: locks, references that two wallets want, messages that come late.
import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { HoldAllOutcome, HoldAllRequest, HoldStore } from 'payout-guard';
import { busy, type Header, type Op } from '../../src/stores/shared/engine.js';
import {
  describeStore,
  eachInItsSchema,
  held,
  hold,
  holdOp,
  newPool,
  openEngine,
  openStore,
  read,
  refusal,
  schema,
  stopClock,
  totals,
} from './postgres-support.js';

async function give(
  store: HoldStore,
  references: readonly string[],
  more: Partial<HoldAllRequest> = {},
): Promise<HoldAllOutcome> {
  return store.holdAll({
    wallet: 'w',
    attempt: randomUUID(),
    currency: { code: 'KES', exponent: 2 },
    expiresInMs: 60_000,
    epoch: (await store.totals(more.wallet ?? 'w')).epoch,
    limitMinor: 1_000n,
    policy: 'all',
    payouts: references.map((reference) => ({ reference, amountMinor: 5n, metadata: {} })),
    ...more,
  });
}

function batchOp(epoch: string, references: readonly string[]): Op {
  const holds = references.map((name) => holdOp(name, epoch, { state: 'reserved', attempt: 'one' }).request);
  return { kind: 'holdAll', holds: { policy: 'all', holds } };
}

describeStore('a batch in the PostgreSQL store', () => {
  eachInItsSchema();

  it('is held when the transaction that has locked its wallet ends, and not before', async () => {
    const store = openStore();
    await store.totals('w');
    await hold(store, 'first');
    const client = await newPool().connect();
    await client.query(`BEGIN; SELECT FROM "${schema}".wallets WHERE wallet = 'w' FOR UPDATE`);
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    expect((await engine.run([batchOp(epoch, ['x', 'y'])])).answers).toEqual([busy]);
    const holding = give(store, ['a', 'b'], { epoch });
    expect(await read(openStore(), 'a')).toBeUndefined();
    await client.query('COMMIT');
    client.release();
    expect((await holding).outcome).toBe('done');
    expect(await totals(store)).toEqual([15n, 0n]);
  });

  it('is refused, with nothing held, while its wallet stays locked', async () => {
    // Long enough for a busy machine to answer that the lock is taken, so that nothing arrives after the commit.
    const store = openStore({ deadlineMs: 2_000 });
    const { epoch } = await store.totals('w');
    await hold(openStore(), 'first');
    const client = await newPool().connect();
    await client.query(`BEGIN; SELECT FROM "${schema}".wallets WHERE wallet = 'w' FOR UPDATE`);
    await expect(give(store, ['a', 'b'], { epoch })).rejects.toMatchObject(refusal);
    await client.query('COMMIT');
    client.release();
    expect([await read(openStore(), 'a'), await totals(openStore())]).toEqual([undefined, [5n, 0n]]);
  });

  it('is held by one of two wallets that want the same reference at the same time', async () => {
    const stores = [openStore(), openStore()] as const;
    await Promise.all(stores.map((store, index) => store.totals(`w${index}`)));
    for (let round = 0; round < 20; round++) {
      const shared = `shared-${round}`;
      const answers = await Promise.all(
        stores.map((store, index) => give(store, [`${index}-${round}`, shared], { wallet: `w${index}` })),
      );
      expect(answers.map(({ outcome }) => outcome).sort()).toEqual(['done', 'refused']);
      const loser = answers.findIndex(({ outcome }) => outcome === 'refused');
      expect(await read(stores[0], `${loser}-${round}`)).toBeUndefined();
    }
    const sums = await Promise.all(stores.map((store, index) => totals(store, `w${index}`)));
    expect(sums.reduce((sum, [active]) => sum + (active ?? 0n), 0n)).toBe(200n);
  });

  it('is executed once, in its time and epoch, and answered alike when its statement is repeated', async () => {
    const clock = await stopClock();
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    const header: Header = { id: 'a batch', epoch, notAfterMs: clock.nowMs + 1_000 };
    const op = batchOp(epoch, ['a', 'b']);
    const [first] = (await engine.run([op], header)).answers;
    expect(first).toMatchObject({ isGranted: true, outcomes: [{ outcome: 'held' }, { outcome: 'held' }] });
    const [again] = (await engine.run([op], header)).answers;
    expect(again).toMatchObject({ isGranted: true, outcomes: [{ outcome: 'held' }, { outcome: 'held' }] });
    expect(await totals(openStore())).toEqual([10n, 0n]);
    const other = await engine.run([batchOp('another', ['c'])], { ...header, epoch: 'another' });
    expect(other).toMatchObject({ isExecuted: false, answers: [] });
    await clock.pass(1_001);
    expect(await engine.run([batchOp(epoch, ['c'])], header)).toMatchObject({ isExecuted: false, answers: [] });
    expect(await read(openStore(), 'c')).toBeUndefined();
  });

  it('takes its money out of a hold whose row keeps all else, also when some references were held before', async () => {
    const store = openStore();
    const metadata = { payouts: '3' };
    const before = await held(store, 'sum', { state: 'reserved', attempt: 'own', amountMinor: 30n, metadata });
    await hold(store, 'b', { state: 'reserved' });
    await store.settle({ reference: 'b', to: 'released' });
    const from = { reference: 'sum', attempt: 'own' };
    expect((await give(store, ['a', 'b', 'c'], { from, limitMinor: 0n })).outcome).toBe('done');
    expect(await read(store, 'sum')).toEqual({ ...before, amountMinor: 15n });
    expect(await read(store, 'b')).toMatchObject({ turn: 2, state: 'reserved' });
    expect(await totals(store)).toEqual([30n, 0n]);
  });
});
