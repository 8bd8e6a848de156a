// The fate of holds when Redis loses data, or goes back in time.
import { describe, expect, it } from '@jest/globals';
import { stoppedClock } from '../support/clock.js';
import { hasRedis } from '../support/redis.js';
import { epochOf, hold, request, ThrowAwayRedis, until } from '../support/redis-store.js';
import { scriptedWallet } from '../support/wallet.js';
import '../support/proof-only.js';

(hasRedis ? describe : describe.skip)('the Redis store, when Redis loses data', () => {
  const redis = new ThrowAwayRedis();
  const { open, openCuttable, openTimed } = redis;

  it('detects a flush: a new epoch, open holds restored, nothing approved until the window is over', async () => {
    const options = { recoveryMs: 6_000 };
    const [store, other] = [open(options), open(options)];
    const before = await epochOf(store);
    await redis.endRecovery();
    await hold(store, 'mine', 60n, { metadata: { note: 'kept' } });
    await hold(other, 'its', 30n);
    await hold(other, 'reserved', 5n, { state: 'reserved' });
    await hold(store, 'done', 5n);
    await store.settle({ reference: 'done', to: 'captured', visibleInMs: 0 });
    await redis.admin.flushall();
    // No caller asks for anything: both notice by themselves.
    await until(async () => (await redis.admin.hget('{payout-guard}:wallet:w', 'active')) === '90');
    const after = await store.totals('w');
    expect(after).toMatchObject({ active: 90n, captured: 0n });
    expect(after.epoch).not.toBe(before);
    expect(after.recoveringForMs).toBeGreaterThan(0);
    expect((await hold(store, 'new', 1n)).outcome).toBe('recovering');
    expect((await hold(store, 'new', 1n, { epoch: before })).outcome).toBe('stale_epoch');
    expect((await hold(store, 'its', 30n)).outcome).toBe('exists');
    await redis.endRecovery();
    expect((await hold(store, 'more', 11n)).outcome).toBe('insufficient');
    expect((await hold(store, 'fits', 10n)).outcome).toBe('held');
    expect((await store.get('mine')).hold).toMatchObject({
      state: 'sent',
      amountMinor: 60n,
      metadata: { note: 'kept' },
    });
    expect((await other.get('its')).hold).toMatchObject({ state: 'sent', amountMinor: 30n });
    // T1: nothing was sent for it, so it is gone.
    const send = { reference: 'reserved', to: 'sent', sendsForMs: 60_000 } as const;
    expect(await other.settle(send)).toEqual({ outcome: 'unknown' });
    expect((await other.settle({ reference: 'its', to: 'captured', visibleInMs: 0 })).outcome).toBe('done');
    expect(await store.totals('w')).toMatchObject({ active: 70n, captured: 30n });
  });

  it('restores a capture that the balance does not show yet, and drops it when it does', async () => {
    const clock = stoppedClock();
    const store = openTimed(clock);
    await hold(store, 'a', 60n);
    await store.settle({ reference: 'a', to: 'captured', actualMinor: 50n, visibleInMs: 700 });
    clock.advance(699);
    await redis.admin.flushall();
    expect(await store.totals('w')).toMatchObject({ active: 50n, captured: 0n });
    expect((await hold(store, 'b', 51n)).outcome).toBe('insufficient');
    expect((await hold(store, 'a', 60n)).outcome).toBe('exists');
    clock.advance(1);
    expect(await store.totals('w')).toMatchObject({ active: 0n, captured: 50n });
    expect((await store.get('a')).hold).toMatchObject({ state: 'captured', capturedMinor: 50n });
  });

  it.each([
    ['one', 'another'],
    // The text of one begins with that of the other.
    ['attempt/1', 'attempt/12'],
    // It names another wallet by mistake.
    ['one', 'another', 'v'],
  ])('restores a hold of attempt %s though attempt %s was given up meanwhile', async (own, other, wallet = 'w') => {
    const [holder, refused] = [openCuttable(), openCuttable()];
    await hold(holder.store, 'a', 60n, { attempt: own });
    const epoch = await epochOf(refused.store);
    refused.isCut = true;
    const given = refused.store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n, attempt: other, wallet });
    await expect(given).rejects.toMatchObject({ reason: 'store' });
    holder.isCut = true;
    await redis.admin.flushall();
    refused.isCut = false;
    // The attempt, which the database lost, is undone before the holder detects the loss.
    const before = await redis.admin.hget('{payout-guard}:store', 'version');
    await until(async () => (await redis.admin.hget('{payout-guard}:store', 'version')) !== before);
    await refused.store.close();
    expect(await redis.admin.exists('{payout-guard}:hold:a')).toBe(0);
    holder.isCut = false;
    await until(async () => (await holder.store.totals('w')).active === 60n);
    expect((await holder.store.get('a')).hold).toMatchObject({ state: 'sent', attempt: own });
    expect((await hold(open(), 'a', 60n)).outcome).toBe('exists');
  });

  it('freezes a wallet again that was frozen, and not one that was unfrozen', async () => {
    const [one, other] = [open(), open()];
    await one.freeze('w', 'audit');
    expect((await hold(other, 'a', 1n)).outcome).toBe('frozen');
    await one.close();
    await redis.admin.flushall();
    expect((await other.totals('w')).frozen).toMatchObject({ reason: 'audit' });
    expect((await hold(other, 'a', 1n)).outcome).toBe('frozen');
    await other.freeze('w', undefined);
    await redis.admin.flushall();
    expect((await hold(other, 'a', 1n)).outcome).toBe('held');
  });

  it('restores what another process held and this one captured', async () => {
    const [holder, settler] = [open(), open()];
    await hold(holder, 'a', 60n);
    await settler.settle({ reference: 'a', to: 'captured', visibleInMs: 60_000 });
    await holder.close();
    await redis.admin.flushall();
    expect(await settler.totals('w')).toMatchObject({ active: 60n, captured: 0n });
  });

  it('restores that a hold was sent, where data went back to before', async () => {
    const clock = stoppedClock();
    const store = openTimed(clock, { deadlineMs: 1_000 });
    await hold(store, 'a', 60n, { state: 'reserved', expiresInMs: 300 });
    await redis.admin.save();
    await store.settle({ reference: 'a', to: 'sent', sendsForMs: 60_000 });
    await hold(store, 'b', 10n, { state: 'reserved', expiresInMs: 300 });
    await store.settle({ reference: 'b', to: 'captured', visibleInMs: 1_000 });
    await redis.server.kill();
    await redis.server.boot();
    await until(async () => (await store.totals('w')) !== undefined);
    expect((await store.get('a')).hold).toMatchObject({ state: 'sent' });
    clock.advance(350);
    // Time frees nothing that may have left.
    expect(await store.totals('w')).toMatchObject({ active: 70n });
    expect((await store.get('b')).hold).toMatchObject({ state: 'captured', capturedMinor: 10n });
  });

  it('restores a later attempt where data went back to an earlier one', async () => {
    const store = open({ recoveryMs: 60_000 });
    await store.totals('w');
    await redis.endRecovery();
    await hold(store, 'a', 60n, { state: 'reserved', expiresInMs: 60_000 });
    await redis.admin.save();
    await store.settle({ reference: 'a', to: 'released' });
    const again = await hold(store, 'a', 60n);
    const { attempt } = again.outcome === 'held' ? again.hold : { attempt: '' };
    await redis.server.kill();
    await redis.server.boot();
    await until(async () => (await store.totals('w')) !== undefined);
    expect((await store.get('a')).hold).toMatchObject({ state: 'sent', attempt });
    expect(await store.totals('w')).toMatchObject({ active: 60n });
  });

  it('does not restore what another process has ended, though it was forgotten since', async () => {
    const [holder, other] = [open(), open()];
    await hold(holder, 'a', 60n);
    await other.settle({ reference: 'a', to: 'captured', visibleInMs: 0 });
    await redis.admin.del('{payout-guard}:hold:a');
    // As the holder does by itself now and then.
    await holder.get('a');
    await redis.admin.flushall();
    expect(await holder.totals('w')).toMatchObject({ active: 0n });
    expect((await holder.get('a')).hold).toBeUndefined();
  });

  it('T1. restores every field of a sent or captured hold, and no reservation', async () => {
    const store = open();
    const named = { fingerprint: 'payee', currency: { code: 'UGX', exponent: 0 }, metadata: { note: 'kept' } };
    const later = { to: 'captured', visibleInMs: 60_000 } as const;
    await hold(store, 'reserved', 1n, { state: 'reserved', ...named });
    await hold(store, 'sent', 2n, { state: 'reserved', ...named });
    await store.settle({ reference: 'sent', to: 'sent', sendsForMs: 1_234, sender: 'another handle' });
    await hold(store, 'again', 3n, named);
    await store.settle({ reference: 'again', to: 'released', notSent: true });
    await hold(store, 'again', 3n, named);
    await store.settle({ reference: 'again', to: 'returned' });
    await hold(store, 'captured', 4n, named);
    await store.settle({ reference: 'captured', ...later, actualMinor: 5n, awaitsOutcome: true });
    await hold(store, 'late', 6n, { attempt: 'one', ...named });
    await store.settle({ reference: 'late', to: 'failed' });
    await store.settle({ reference: 'late', ...later, attempt: 'one' });
    await hold(store, 'debited', 7n, named);
    await store.settle({ reference: 'debited', ...later, awaitsOutcome: true });
    await store.settle({ reference: 'debited', to: 'failed' });
    const references = ['sent', 'again', 'captured', 'late', 'debited'];
    const read = async () => (await Promise.all(references.map((name) => store.get(name)))).map(({ hold }) => hold);
    const before = await read();
    expect(before).toMatchObject([
      { state: 'sent', sender: 'another handle', fingerprint: 'payee', currency: { code: 'UGX', exponent: 0 } },
      { state: 'sent', turn: 2 },
      { state: 'captured', capturedMinor: 5n, awaitsOutcome: true },
      { state: 'captured', capturedMinor: 6n, failed: undefined },
      { state: 'captured', capturedMinor: 7n, failed: true },
    ]);
    await redis.admin.flushall();
    expect(await read()).toEqual(before);
    expect((await store.get('reserved')).hold).toBeUndefined();
    expect(await store.totals('w')).toMatchObject({ active: 23n, captured: 0n });
    const claimed = await store.claim({
      owner: 'me',
      wallets: ['w'],
      olderThanMs: 0,
      leaseMs: 1,
      limit: 10,
      unservedForMs: 0,
    });
    expect(claimed.holds.map(({ reference }) => reference).sort()).toEqual(['again', 'captured', 'sent']);
  });

  it('restores a capture that came after the release, where data went back to before it', async () => {
    const store = open();
    await hold(store, 'a', 60n, { attempt: 'one' });
    await store.settle({ reference: 'a', to: 'released' });
    await redis.admin.save();
    const capture = { reference: 'a', to: 'captured', attempt: 'one', visibleInMs: 60_000 } as const;
    expect((await store.settle(capture)).outcome).toBe('late');
    await redis.server.kill();
    await redis.server.boot();
    await until(async () => (await store.totals('w')).active === 60n);
    expect((await store.get('a')).hold).toMatchObject({ state: 'captured', capturedMinor: 60n });
  });

  it('does not restore as sent what has failed since', async () => {
    const line = openCuttable();
    const { store: holder } = line;
    await hold(holder, 'a', 60n, { state: 'reserved' });
    await redis.admin.save();
    await holder.settle({ reference: 'a', to: 'sent', sendsForMs: 1 });
    line.isCut = true;
    await redis.server.kill();
    await redis.server.boot();
    // There it is a reservation that has ended, and the provider's final word arrives first.
    const other = open();
    await until(async () => (await other.totals('w')) !== undefined);
    expect(await other.settle({ reference: 'a', to: 'failed' })).toMatchObject({ outcome: 'already' });
    line.isCut = false;
    await until(async () => (await holder.totals('w')) !== undefined);
    expect((await holder.get('a')).hold).toMatchObject({ state: 'released', failed: true });
    expect(await holder.totals('w')).toMatchObject({ active: 0n });
  });

  it('answers from the first question of a new epoch on that a missing reference may come back', async () => {
    const [holder, other] = [open({ recoveryMs: 60_000 }), open({ recoveryMs: 60_000 })];
    await holder.totals('w');
    await redis.endRecovery();
    await hold(holder, 'a', 60n);
    const capture = { reference: 'a', to: 'captured', visibleInMs: 0 } as const;
    await redis.admin.flushall();
    const answer = await other.settle(capture);
    expect(answer).toEqual({ outcome: 'recovering', forMs: expect.any(Number) });
    await redis.admin.flushall();
    const reading = await other.get('a');
    expect(reading).toEqual({ hold: undefined, nowMs: expect.any(Number), recoveringForMs: expect.any(Number) });
    for (const forMs of [(answer as { forMs: number }).forMs, reading.recoveringForMs]) {
      expect(forMs).toBeGreaterThan(50_000);
      expect(forMs).toBeLessThanOrEqual(60_000);
    }
    // The holder detects it, and restores the hold.
    await holder.totals('w');
    expect((await other.settle(capture)).outcome).toBe('done');
    expect(await other.settle({ ...capture, reference: 'b' })).toMatchObject({ outcome: 'recovering' });
    await redis.endRecovery();
    expect(await other.settle({ ...capture, reference: 'b' })).toEqual({ outcome: 'unknown' });
    expect(await other.get('b')).toEqual({ hold: undefined, nowMs: expect.any(Number) });
  });

  it('lets a guard refuse with a retryable error while it recovers, and settle afterwards', async () => {
    const wallet = scriptedWallet();
    const [first, second] = [open({ recoveryMs: 60_000 }), open({ recoveryMs: 60_000 })];
    const [payer, webhook] = [wallet.guard({ store: first }), wallet.guard({ store: second })];
    await first.totals('default');
    await redis.endRecovery();
    await payer.hold({ amount: '60.00', reference: 'a', state: 'sent' });
    await redis.admin.flushall();
    const recovering = { code: 'balance_unavailable', reason: 'store', retryAfterMs: expect.any(Number) };
    await expect(webhook.capture('a')).rejects.toMatchObject(recovering);
    await expect(webhook.getHold('a')).rejects.toMatchObject(recovering);
    await expect(webhook.reconcile({ reference: 'a' })).rejects.toMatchObject(recovering);
    await first.totals('default');
    expect(await webhook.capture('a')).toMatchObject({ state: 'captured', captured: '60.00' });
    await redis.endRecovery();
    await expect(webhook.capture('never-held')).rejects.toMatchObject({ code: 'hold_state', state: 'unknown' });
    await Promise.all([payer.close(), webhook.close()]);
  });
});
