import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { createPayoutGuard } from 'payout-guard';
import type { PostgresClient } from 'payout-guard/stores/postgres';
import { scriptedWallet } from '../support/wallet.js';
import {
  dataTables,
  describeStore,
  eachInItsSchema,
  hold,
  holdOp,
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
    const { epoch } = await store.totals('w');
    const client = await newPool().connect();
    for (const end of ['ROLLBACK', 'COMMIT']) {
      await client.query('BEGIN');
      expect((await store.within(client).hold(holdOp('a', epoch).request)).outcome).toBe('held');
      expect((await store.within(client).get('a')).hold?.state).toBe('sent');
      expect(await read(store, 'a')).toBeUndefined();
      await client.query(end);
    }
    client.release();
    expect((await read(store, 'a'))?.state).toBe('sent');
    expect(await totals(store)).toEqual([5n, 0n]);
  });

  it('takes a hold that was prepared before, by one statement, and asks no provider', async () => {
    const store = openStore();
    const wallet = scriptedWallet('1000.00');
    const guard = createPayoutGuard({ provider: wallet.provider, currency: 'KES', store });
    const client = await newPool().connect();
    const statements: string[] = [];
    const counting: PostgresClient = {
      query: (text, values) => {
        statements.push(text);
        return client.query(text, values);
      },
    };
    const prepared = await guard.prepare({ amount: '600.00', reference: 'a' });
    expect(prepared.decision.sufficient).toBe(true);
    const other = await guard.prepare({ amount: '500.00', reference: 'b' });
    const asked = wallet.asked;
    await client.query('BEGIN');
    const taken = await prepared.hold(store.within(counting));
    // Not enough any more: refused without another request to the provider.
    await expect(other.hold(store.within(counting))).rejects.toMatchObject({ code: 'insufficient_funds' });
    await expect(prepared.hold(store.within(counting))).rejects.toMatchObject({ code: 'payout_in_progress' });
    expect(statements).toHaveLength(3);
    expect(wallet.asked).toBe(asked);
    await client.query('COMMIT');
    expect(await taken.pay(() => 'paid')).toBe('paid');
    await guard.capture('a');
    await sleep(50);
    expect(statements).toHaveLength(3);
    expect(await totals(store, 'default')).toEqual([0n, 60_000n]);
    await guard.close();
    client.release();
  });

  it('refuses to pay before the commit, and has no hold after a rollback', async () => {
    const store = openStore({ deadlineMs: 2_000 });
    const guard = createPayoutGuard({ provider: scriptedWallet('1000.00').provider, currency: 'KES', store });
    const client = await newPool().connect();
    const prepared = await guard.prepare({ amount: '600.00', reference: 'a' });
    await client.query('BEGIN');
    const taken = await prepared.hold(store.within(client));
    let isPaid = false;
    const pay = () => {
      isPaid = true;
    };
    await expect(taken.pay(pay)).rejects.toMatchObject({ name: expect.stringMatching(/Unavailable|HoldState/) });
    await client.query('ROLLBACK');
    client.release();
    expect(isPaid).toBe(false);
    expect(await guard.getHold('a')).toBeUndefined();
    await guard.close();
  });

  it('refuses a prepared hold that is stale, or of a guard that was closed', async () => {
    const store = openStore();
    const guard = createPayoutGuard({ provider: scriptedWallet('1000.00').provider, currency: 'KES', store });
    await expect(guard.prepare({ amount: '1000.01', reference: 'a' })).rejects.toMatchObject({
      code: 'insufficient_funds',
    });
    await expect(guard.prepare({ amount: '1', reference: '' })).rejects.toMatchObject({ code: 'invalid_reference' });
    const prepared = await guard.prepare({ amount: '1.00', reference: 'a' });
    await truncate(...dataTables);
    const client = await newPool().connect();
    const isRefused = { code: 'balance_unavailable', reason: 'store' };
    await expect(prepared.hold(store.within(client))).rejects.toMatchObject(isRefused);
    const again = await guard.prepare({ amount: '1.00', reference: 'a' });
    await guard.close();
    await expect(again.hold(store.within(client))).rejects.toMatchObject({ reason: 'closed' });
    client.release();
    expect(await totals(store, 'default')).toEqual([0n, 0n]);
  });

  it('is no store for a guard, whose timers would continue in it', async () => {
    const client = await newPool().connect();
    const store = openStore().within(client);
    const { provider } = scriptedWallet('1000.00');
    expect(() => createPayoutGuard({ provider, currency: 'KES', store } as never)).toThrow(/store: /);
    client.release();
  });

  it('checks arguments, and gives the hold the attempt of its request', async () => {
    const store = openStore();
    const client = await newPool().connect();
    const { epoch } = await store.totals('w');
    await client.query('BEGIN');
    const inside = store.within(client);
    const refused = { code: 'invalid_argument' };
    const request = (reference: string, more: object = {}) => holdOp(reference, epoch, more).request;
    await expect(inside.hold(request('nul\0'))).rejects.toMatchObject({ code: 'invalid_reference' });
    await expect(inside.hold(request('a', { wallet: '' }))).rejects.toMatchObject(refused);
    await expect(inside.hold(request('a', { attempt: '\0' }))).rejects.toMatchObject(refused);
    await expect(inside.get('')).rejects.toMatchObject({ code: 'invalid_reference' });
    const send = { reference: 'a', attempt: '', to: 'sent', sendsForMs: 1 } as const;
    await expect(inside.settle(send)).rejects.toMatchObject(refused);
    // Nothing of that reached the database, or the transaction would be over.
    const held = { outcome: 'held', hold: { attempt: 'ours' } };
    expect(await inside.hold(request('a', { attempt: 'ours' }))).toMatchObject(held);
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
    await inside.get('a');
    await clock.pass(3_000);
    const release = { reference: 'a', to: 'released' } as const;
    expect(await inside.settle(release)).toEqual({ outcome: 'unknown' });
    expect(await inside.get('a')).toEqual({ hold: undefined, nowMs: clock.nowMs });
    await truncate(...dataTables);
    expect(await inside.settle(release)).toEqual({ outcome: 'recovering', forMs: 3_000 });
    expect(await inside.get('a')).toEqual({ hold: undefined, nowMs: clock.nowMs, recoveringForMs: 3_000 });
    client.release();
  });

  it('gives up waiting for another transaction before the deadline is over, and waits for one that ends', async () => {
    const store = openStore();
    const { epoch } = await store.totals('w');
    // Long enough for a busy machine to answer that the lock is taken.
    const impatient = openStore({ deadlineMs: 2_000 });
    const [one, other] = [await newPool().connect(), await newPool().connect()];
    await one.query('BEGIN');
    await other.query('BEGIN');
    await store.within(one).hold(holdOp('a', epoch).request);
    await expect(impatient.within(other).hold(holdOp('b', epoch).request)).rejects.toMatchObject({ code: '55P03' });
    await other.query('ROLLBACK');
    await other.query('BEGIN');
    const waits = store.within(other).hold(holdOp('b', epoch).request);
    await sleep(50);
    await one.query('COMMIT');
    expect(await waits).toMatchObject({ outcome: 'held', totals: { active: 5n } });
    await other.query('COMMIT');
    for (const client of [one, other]) client.release();
    expect(await totals(store)).toEqual([10n, 0n]);
  });

  it('leaves the lock timeout of the transaction as it was', async () => {
    const store = openStore();
    const { epoch } = await store.totals('w');
    const client = await newPool().connect();
    await client.query(`BEGIN; SET LOCAL lock_timeout = '7s'`);
    await store.within(client).hold(holdOp('a', epoch).request);
    expect((await client.query('SHOW lock_timeout')).rows).toEqual([{ lock_timeout: '7s' }]);
    await client.query('ROLLBACK');
    client.release();
    expect((await hold(store, 'a')).outcome).toBe('held');
  });
});
