// The beginning of an epoch, and the cases in which none begins.
import { describe, expect, it } from '@jest/globals';
import { hasRedis } from '../support/redis.js';
import { epochOf, hold, request, ThrowAwayRedis, until } from '../support/redis-store.js';

const key = '{payout-guard}:store';

(hasRedis ? describe : describe.skip)('the Redis store', () => {
  const redis = new ThrowAwayRedis();
  const { open } = redis;

  it('begins a new epoch after a restart with its data, and keeps the holds', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    await hold(store, 'b', 10n);
    await store.settle({ reference: 'b', to: 'captured', visibleInMs: 0 });
    const before = await epochOf(store);
    await redis.admin.save();
    await redis.server.kill();
    await redis.server.boot();
    await until(async () => (await epochOf(store)) !== before);
    expect(await store.totals('w')).toMatchObject({ active: 60n, captured: 10n });
    expect((await hold(store, 'b', 10n)).outcome).toBe('exists');
    expect((await hold(store, 'c', 31n)).outcome).toBe('insufficient');
  });

  it('adds the totals up from the holds that are there when an epoch begins', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    await hold(store, 'b', 10n);
    await hold(store, 'c', 7n);
    await store.settle({ reference: 'b', to: 'captured', visibleInMs: 60_000 });
    await store.settle({ reference: 'c', to: 'captured', visibleInMs: 0 });
    await redis.admin.hset('{payout-guard}:wallet:w', 'active', '1');
    await redis.admin.hset(key, 'runId', 'another');
    expect(await open().totals('w')).toMatchObject({ active: 70n, captured: 7n });
  });

  it('answers nothing in a new epoch while a hold is missing that its index has', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    await hold(store, 'b', 10n);
    const text = (await redis.admin.getdel('{payout-guard}:hold:a')) ?? '';
    await redis.admin.hset(key, 'runId', 'another');
    await expect(open().totals('w')).rejects.toMatchObject({ cause: { failure: 'MOVING' } });
    await redis.admin.set('{payout-guard}:hold:a', text);
    expect(await open().totals('w')).toMatchObject({ active: 70n });
  });

  it('loads its scripts again when they are gone from the same server', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    const before = await epochOf(store);
    await redis.admin.script('FLUSH');
    const answer = await store.hold({ ...request, epoch: before, reference: 'b', amountMinor: 1n });
    expect(answer.outcome).toBe('held');
    expect(await store.totals('w')).toMatchObject({ epoch: before, active: 61n });
  });

  it('begins a new epoch in the same call when the scripts are gone and INFO is not permitted', async () => {
    await redis.admin.call('ACL', ['SETUSER', 'default', '-info']);
    const store = open();
    await hold(store, 'a', 60n);
    const before = await epochOf(store);
    await redis.admin.script('FLUSH');
    // It was meant for the epoch before, so it is not executed.
    const late = store.hold({ ...request, epoch: before, reference: 'b', amountMinor: 1n });
    await expect(late).rejects.toMatchObject({ code: 'balance_unavailable', reason: 'store' });
    expect(await epochOf(store)).not.toBe(before);
    const other = await store.hold({ ...request, epoch: before, reference: 'b', amountMinor: 1n });
    expect(other.outcome).toBe('stale_epoch');
    expect(await store.totals('w')).toMatchObject({ active: 60n });
  });

  it('begins none for a process that is merely new', async () => {
    const before = await epochOf(open());
    expect(await epochOf(open())).toBe(before);
    expect(await epochOf(open())).toBe(before);
  });

  it('begins a new epoch when the store went back in time', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    const before = await epochOf(store);
    const version = Number(await redis.admin.hget(key, 'version'));
    await redis.admin.hset(key, 'version', version);
    expect(await epochOf(store)).toBe(before);
    await redis.admin.hset(key, 'version', version - 1);
    const after = await epochOf(store);
    expect(after).not.toBe(before);
    expect(await epochOf(store)).toBe(after);
  });

  it('begins a new epoch when another server took over, even one that has loaded the script', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    const before = await epochOf(store);
    await redis.admin.hset(key, 'runId', '0123456789012345678901234567890123456789');
    const after = await epochOf(store);
    expect(after).not.toBe(before);
    expect(await epochOf(store)).toBe(after);
    expect(await store.totals('w')).toMatchObject({ active: 60n });
  });

  it('has one epoch in the end when many detect the loss at once', async () => {
    const many = Array.from({ length: 10 }, () => open());
    // Each of them met a server without the script: the first answers are of several epochs.
    await Promise.all(many.map(epochOf));
    await Promise.all(many.map((store, index) => hold(store, `${index}`, 5n)));
    await redis.admin.flushall();
    await redis.admin.script('FLUSH');
    await Promise.allSettled(many.map((store) => store.totals('w')));
    await until(async () => (await many[0]?.totals('w'))?.active === 50n);
    const epochs = await Promise.all(many.map(epochOf));
    expect(new Set(epochs).size).toBe(1);
  });
});
