import { expect, it } from '@jest/globals';
import { createPayoutGuard } from 'payout-guard';
import { scriptedWallet } from '../support/wallet.js';
import {
  describeStore,
  eachInItsSchema,
  hold,
  memory,
  newPool,
  openStore,
  read,
  stopClock,
  totals,
  truncate,
} from './postgres-support.js';

describeStore('the PostgreSQL store inside a transaction of the application', () => {
  eachInItsSchema();

  it('leaves no hold when it is rolled back, and the hold when it is committed', async () => {
    const store = openStore();
    const client = await newPool().connect();
    for (const end of ['ROLLBACK', 'COMMIT']) {
      await client.query('BEGIN');
      expect((await hold(store.within(client), 'a')).outcome).toBe('held');
      expect(await totals(store.within(client))).toEqual([5n, 0n]);
      expect(await read(store, 'a')).toBeUndefined();
      await client.query(end);
    }
    client.release();
    expect((await read(store, 'a'))?.state).toBe('sent');
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
    expect(await guard.withHold({ amount: '300.00', reference: 'c' }, () => 'paid')).toBe('paid');
    expect((await guard.getHold('c'))?.state).toBe('sent');
    expect((await guard.listHolds({ state: 'captured' })).holds.map(({ reference }) => reference)).toEqual(['a']);
    expect(await guard.reconcile({ olderThanMs: 0 })).toMatchObject({ open: 1 });
    await guard.close();
    client.release();
    expect(await totals(store, 'default')).toEqual([30_000n, 60_000n]);
  });

  it('checks arguments, and gives the hold the attempt of its request', async () => {
    const store = openStore();
    const client = await newPool().connect();
    await client.query('BEGIN');
    const inside = store.within(client);
    const { epoch } = await inside.totals('w');
    const refused = { code: 'invalid_argument' };
    await expect(hold(inside, 'nul\0', { epoch })).rejects.toMatchObject({ code: 'invalid_reference' });
    await expect(hold(inside, 'a', { epoch, wallet: '' })).rejects.toMatchObject(refused);
    await expect(hold(inside, 'a', { epoch, attempt: '\0' })).rejects.toMatchObject(refused);
    await expect(inside.get('')).rejects.toMatchObject({ code: 'invalid_reference' });
    await expect(inside.totals('half\ud800')).rejects.toMatchObject(refused);
    const send = { reference: 'a', attempt: '', to: 'sent', sendsForMs: 1 } as const;
    await expect(inside.settle(send)).rejects.toMatchObject(refused);
    await expect(inside.list({ wallets: ['\0'], limit: 1 })).rejects.toMatchObject(refused);
    const claim = { owner: 'me', wallets: [''], olderThanMs: 0, leaseMs: 1, limit: 1, unservedForMs: 0 };
    await expect(inside.claim(claim)).rejects.toMatchObject(refused);
    // Nothing of that reached the database, or the transaction would be over.
    expect(await hold(inside, 'a', { attempt: 'ours' })).toMatchObject({ outcome: 'held', hold: { attempt: 'ours' } });
    await client.query('COMMIT');
    client.release();
    const released = { reference: 'a', to: 'released' } as const;
    expect((await store.settle({ ...released, attempt: 'theirs' })).outcome).toBe('illegal');
    expect((await store.settle({ ...released, attempt: 'ours' })).outcome).toBe('done');
  });

  it('reports a missing hold as unknown, or as one that may still be restored', async () => {
    const clock = await stopClock();
    const client = await newPool().connect();
    const inside = openStore({ recoveryMs: 3_000 }).within(client);
    await inside.totals('w');
    await clock.pass(3_000);
    const release = { reference: 'a', to: 'released' } as const;
    expect(await inside.settle(release)).toEqual({ outcome: 'unknown' });
    expect(await inside.get('a')).toEqual({ hold: undefined, nowMs: clock.nowMs });
    await truncate(...memory);
    expect(await inside.settle(release)).toEqual({ outcome: 'recovering', forMs: 3_000 });
    expect(await inside.get('a')).toEqual({ hold: undefined, nowMs: clock.nowMs, recoveringForMs: 3_000 });
    client.release();
  });

  it('gives up waiting for another transaction before the deadline is over', async () => {
    await openStore().totals('w');
    const store = openStore({ deadlineMs: 200 });
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
