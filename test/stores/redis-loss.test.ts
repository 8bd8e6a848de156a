// What becomes of holds when Redis stops, restarts, forgets or goes back in time.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { HoldOutcome, HoldStore } from 'payout-guard';
import { type RedisStoreOptions, redisStore } from 'payout-guard/stores/redis';
import { hasRedis, RedisServer } from '../support/redis.js';

const request = {
  wallet: 'w',
  state: 'sent' as const,
  expiresInMs: 60_000,
  limitMinor: 100n,
  metadata: {},
  /** Another one each time that this is spread. */
  get attempt(): string {
    return randomUUID();
  },
};
const key = '{payout-guard}:store';

(hasRedis ? describe : describe.skip)('the Redis store, when Redis fails', () => {
  let server: RedisServer;
  let admin: Redis;
  const stores: HoldStore[] = [];

  beforeEach(async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    server = await RedisServer.start();
    admin = server.client();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await server[Symbol.asyncDispose]();
    jest.restoreAllMocks();
  });

  function open(options: Partial<RedisStoreOptions> = {}): HoldStore {
    const store = redisStore({ client: server.client(), recoveryMs: 0, deadlineMs: 1_000, ...options });
    stores.push(store);
    return store;
  }

  async function hold(
    store: HoldStore,
    reference: string,
    amountMinor: bigint,
    more: object = {},
  ): Promise<HoldOutcome> {
    const { epoch } = await store.totals('w');
    return store.hold({ ...request, epoch, reference, amountMinor, ...more });
  }

  const epochOf = async (store: HoldStore): Promise<string> => (await store.totals('w')).epoch;
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 200; tries++) {
      if (await isSo().catch(() => false)) return;
      await sleep(20);
    }
    throw new Error('it never became so');
  };

  it('refuses within the deadline while Redis stands still, and gives back what it may have held then', async () => {
    const store = open({ deadlineMs: 100 });
    const { epoch } = await store.totals('w');
    process.kill(server.pid, 'SIGSTOP');
    const startedAt = performance.now();
    const refused = store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n });
    await expect(refused).rejects.toMatchObject({ name: 'BalanceUnavailableError', reason: 'store' });
    expect(performance.now() - startedAt).toBeLessThan(300);
    process.kill(server.pid, 'SIGCONT');
    // The request did arrive, and was granted; nobody paid for it.
    await until(async () => (await store.get('a'))?.state === 'released');
    expect(await store.totals('w')).toEqual({ epoch, active: 0n, captured: 0n });
    expect((await hold(store, 'b', 100n)).outcome).toBe('held');
  });

  it('refuses while Redis is gone, and works again when it is back', async () => {
    const store = open({ deadlineMs: 100 });
    await hold(store, 'a', 60n);
    await server.kill();
    await expect(store.totals('w')).rejects.toMatchObject({ name: 'BalanceUnavailableError', reason: 'store' });
    await server.boot();
    // It came back with nothing: the hold of this process is put back.
    await until(async () => (await store.totals('w')).active === 60n);
    await until(async () => (await hold(store, 'b', 41n)).outcome === 'insufficient');
    expect((await hold(store, 'c', 40n)).outcome).toBe('held');
  });

  it('notices a flush: a new epoch, open holds put back, nothing approved until the window is over', async () => {
    const options = { recoveryMs: 600 };
    const [store, other] = [open(options), open(options)];
    await until(async () => (await store.totals('w')).recoveringForMs === undefined);
    const before = await epochOf(store);
    await hold(store, 'mine', 60n, { metadata: { note: 'kept' } });
    await hold(other, 'its', 30n, { state: 'reserved' });
    await hold(store, 'done', 5n);
    await store.settle({ reference: 'done', to: 'captured', visibleInMs: 0 });
    await admin.flushall();
    // Nobody asks for anything: both look by themselves.
    await until(async () => (await admin.hget('{payout-guard}:wallet:w', 'active')) === '90');
    const after = await store.totals('w');
    expect(after).toMatchObject({ active: 90n, captured: 0n });
    expect(after.epoch).not.toBe(before);
    expect(after.recoveringForMs).toBeGreaterThan(0);
    expect((await hold(store, 'new', 1n)).outcome).toBe('recovering');
    expect((await hold(store, 'new', 1n, { epoch: before })).outcome).toBe('void');
    expect((await hold(store, 'its', 30n)).outcome).toBe('exists');
    await until(async () => (await store.totals('w')).recoveringForMs === undefined);
    expect((await hold(store, 'more', 11n)).outcome).toBe('insufficient');
    expect((await hold(store, 'fits', 10n)).outcome).toBe('held');
    expect(await store.get('mine')).toMatchObject({ state: 'sent', amountMinor: 60n, metadata: { note: 'kept' } });
    expect(await other.get('its')).toMatchObject({ state: 'reserved', amountMinor: 30n });
    expect((await other.settle({ reference: 'its', to: 'captured', visibleInMs: 0 })).outcome).toBe('done');
    expect(await store.totals('w')).toMatchObject({ active: 70n, captured: 30n });
  });

  it('begins a new epoch after a restart with its data, and keeps the holds', async () => {
    const store = open({ deadlineMs: 100 });
    await hold(store, 'a', 60n);
    await hold(store, 'b', 10n);
    await store.settle({ reference: 'b', to: 'captured', visibleInMs: 0 });
    const before = await epochOf(store);
    await admin.save();
    await server.kill();
    await server.boot();
    await until(async () => (await epochOf(store)) !== before);
    expect(await store.totals('w')).toMatchObject({ active: 60n, captured: 10n });
    expect((await hold(store, 'b', 10n)).outcome).toBe('exists');
    expect((await hold(store, 'c', 31n)).outcome).toBe('insufficient');
  });

  it('loads its scripts again when they are gone from the same server', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    const before = await epochOf(store);
    await admin.script('FLUSH');
    const answer = await store.hold({ ...request, epoch: before, reference: 'b', amountMinor: 1n });
    expect(answer.outcome).toBe('held');
    expect(await store.totals('w')).toMatchObject({ epoch: before, active: 61n });
  });

  it('begins a new epoch when the scripts are gone and it may not ask which server it is, in the same call', async () => {
    await admin.call('ACL', ['SETUSER', 'default', '-info']);
    const store = open();
    await hold(store, 'a', 60n);
    const before = await epochOf(store);
    await admin.script('FLUSH');
    const answer = await store.hold({ ...request, epoch: before, reference: 'b', amountMinor: 1n });
    expect(answer.outcome).toBe('void');
    expect(await store.totals('w')).toMatchObject({ active: 60n });
  });

  it('puts back a capture that the balance does not show yet, and lets it go when it does', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    await store.settle({ reference: 'a', to: 'captured', actualMinor: 50n, visibleInMs: 700 });
    await admin.flushall();
    expect(await store.totals('w')).toMatchObject({ active: 50n, captured: 0n });
    expect((await hold(store, 'b', 51n)).outcome).toBe('insufficient');
    expect((await hold(store, 'a', 60n)).outcome).toBe('exists');
    await sleep(720);
    expect(await store.totals('w')).toMatchObject({ active: 0n, captured: 50n });
    expect(await store.get('a')).toMatchObject({ state: 'captured', capturedMinor: 50n });
  });

  it('puts a hold back though an attempt of another process with its reference was given up meanwhile', async () => {
    const holder = open();
    await hold(holder, 'a', 60n);
    let isCut = false;
    const client = server.client();
    const other = open({
      client: undefined,
      deadlineMs: 150,
      sendCommand: ([name = '', ...args]) => (isCut ? new Promise(() => {}) : client.call(name, args)),
    });
    const { epoch } = await other.totals('w');
    isCut = true;
    await expect(other.hold({ ...request, epoch, reference: 'a', amountMinor: 60n })).rejects.toMatchObject({
      reason: 'store',
    });
    await admin.flushall();
    isCut = false;
    // It undoes its attempt, of which the database knows nothing, before the holder has looked.
    await until(async () => (await admin.exists('{payout-guard}:hold:a')) === 1);
    expect(await holder.totals('w')).toMatchObject({ active: 60n });
    expect(await holder.get('a')).toMatchObject({ state: 'sent' });
    expect((await hold(other, 'a', 60n)).outcome).toBe('exists');
  });

  it('freezes a wallet again that was frozen, and not one that was unfrozen', async () => {
    const [one, other] = [open(), open()];
    await one.freeze('w', 'audit');
    expect((await hold(other, 'a', 1n)).outcome).toBe('frozen');
    await one.close();
    await admin.flushall();
    expect((await other.totals('w')).frozen).toMatchObject({ reason: 'audit' });
    expect((await hold(other, 'a', 1n)).outcome).toBe('frozen');
    await other.freeze('w', undefined);
    await admin.flushall();
    expect((await hold(other, 'a', 1n)).outcome).toBe('held');
  });

  it('puts back what another process held and this one captured', async () => {
    const [holder, settler] = [open(), open()];
    await hold(holder, 'a', 60n);
    await settler.settle({ reference: 'a', to: 'captured', visibleInMs: 5_000 });
    await holder.close();
    await admin.flushall();
    expect(await settler.totals('w')).toMatchObject({ active: 60n, captured: 0n });
  });

  it('puts back that a hold was sent, where memory went back to before', async () => {
    const store = open();
    await hold(store, 'a', 60n, { state: 'reserved', expiresInMs: 300 });
    await admin.save();
    await store.settle({ reference: 'a', to: 'sent' });
    await hold(store, 'b', 10n, { state: 'reserved', expiresInMs: 300 });
    await store.settle({ reference: 'b', to: 'captured', visibleInMs: 5_000 });
    await server.kill();
    await server.boot();
    await until(async () => (await store.totals('w')) !== undefined);
    expect(await store.get('a')).toMatchObject({ state: 'sent' });
    await sleep(350);
    // Time frees nothing that may have left.
    expect(await store.totals('w')).toMatchObject({ active: 70n });
    expect(await store.get('b')).toMatchObject({ state: 'captured', capturedMinor: 10n });
  });

  it('puts back a later attempt where memory went back to an earlier one', async () => {
    const store = open();
    await hold(store, 'a', 60n, { state: 'reserved', expiresInMs: 60_000 });
    await admin.save();
    await store.settle({ reference: 'a', to: 'released' });
    const again = await hold(store, 'a', 60n);
    const { attempt } = again.outcome === 'held' ? again.hold : { attempt: '' };
    await server.kill();
    await server.boot();
    await until(async () => (await store.totals('w')) !== undefined);
    expect(await store.get('a')).toMatchObject({ state: 'sent', attempt });
    expect(await store.totals('w')).toMatchObject({ active: 60n });
  });

  it('does not put back what another process has ended, though it was forgotten since', async () => {
    const [holder, other] = [
      open({ rememberFinished: 0, recoveryMs: 200 }),
      open({ rememberFinished: 0, recoveryMs: 200 }),
    ];
    await until(async () => (await hold(holder, 'a', 60n)).outcome === 'held');
    await other.settle({ reference: 'a', to: 'captured', visibleInMs: 0 });
    // Holds of its own are looked at.
    await sleep(200);
    await admin.flushall();
    expect(await holder.totals('w')).toMatchObject({ active: 0n });
    expect(await holder.get('a')).toBeUndefined();
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
    const version = Number(await admin.hget(key, 'version'));
    await admin.hset(key, 'version', version);
    expect(await epochOf(store)).toBe(before);
    await admin.hset(key, 'version', version - 1);
    const after = await epochOf(store);
    expect(after).not.toBe(before);
    expect(await epochOf(store)).toBe(after);
  });

  it('begins a new epoch when another server took over, even one that knows the script', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    const before = await epochOf(store);
    await admin.hset(key, 'runId', '0123456789012345678901234567890123456789');
    const after = await epochOf(store);
    expect(after).not.toBe(before);
    expect(await epochOf(store)).toBe(after);
    expect(await store.totals('w')).toMatchObject({ active: 60n });
  });

  it('has one epoch in the end when many notice the loss at once', async () => {
    const many = Array.from({ length: 10 }, () => open());
    // Each of them met a server that did not know the script: the first answers are of several epochs.
    await Promise.all(many.map(epochOf));
    await Promise.all(many.map((store, index) => hold(store, `${index}`, 5n)));
    await admin.flushall();
    await admin.script('FLUSH');
    await Promise.allSettled(many.map((store) => store.totals('w')));
    await until(async () => (await many[0]?.totals('w'))?.active === 50n);
    const epochs = await Promise.all(many.map(epochOf));
    expect(new Set(epochs).size).toBe(1);
  });

  it('holds once for a request that the client sent twice', async () => {
    const client = server.client();
    let isDoubled = false;
    const store = open({
      client: undefined,
      sendCommand: async ([name = '', ...args]) => {
        if (isDoubled && name === 'EVALSHA') await client.call(name, args);
        return client.call(name, args);
      },
    });
    const { epoch } = await store.totals('w');
    isDoubled = true;
    const answer = await store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n });
    expect(answer).toMatchObject({ outcome: 'held', hold: { state: 'sent' }, totals: { active: 0n } });
    expect(await store.totals('w')).toMatchObject({ active: 60n });
  });

  it('does not take a hold that arrives after it was given up', async () => {
    const client = server.client();
    let late: (() => Promise<unknown>) | undefined;
    const store = open({
      client: undefined,
      deadlineMs: 50,
      sendCommand: ([name = '', ...args]) => {
        if (late || !args.includes('{payout-guard}:hold:a')) return client.call(name, args);
        late = () => client.call(name, args);
        return new Promise(() => {});
      },
    });
    const { epoch } = await store.totals('w');
    await expect(store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n })).rejects.toMatchObject({
      reason: 'store',
    });
    await until(async () => (await admin.get('{payout-guard}:hold:a')) !== null);
    await late?.();
    expect(await store.get('a')).toMatchObject({ state: 'released' });
    expect(await store.totals('w')).toMatchObject({ active: 0n });
    expect((await hold(store, 'a', 60n)).outcome).toBe('held');
    // Not even after a later attempt was released.
    await store.settle({ reference: 'a', to: 'released' });
    await late?.();
    expect(await store.totals('w')).toMatchObject({ active: 0n });
  });

  it('refuses when too few replicas have what it wrote, when told to wait for them', async () => {
    const store = open({ waitReplicas: { count: 1, timeoutMs: 20 } });
    await expect(store.totals('w')).rejects.toMatchObject({ reason: 'store' });
  });

  it('refuses a server that may drop holds to make room, until it is set right', async () => {
    await admin.config('SET', 'maxmemory', '100mb');
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const store = open();
    await expect(store.totals('w')).rejects.toMatchObject({ name: 'BalanceUnavailableError', reason: 'store' });
    expect(process.emitWarning).toHaveBeenCalledWith(expect.stringContaining('noeviction'), {
      code: 'PAYOUT_GUARD_REDIS',
    });
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await store.totals('w')).toMatchObject({ active: 0n });
  });

  it('warns of a server that keeps nothing, and of one that does not say', async () => {
    await open().totals('w');
    expect(process.emitWarning).toHaveBeenCalledWith(expect.stringContaining('appendonly'), expect.anything());
    await admin.call('ACL', ['SETUSER', 'default', '-config']);
    await open().totals('w');
    expect(process.emitWarning).toHaveBeenCalledWith(
      expect.stringContaining('CONFIG is not permitted'),
      expect.anything(),
    );
  });

  it('shows nothing of what the client says', async () => {
    const store = open({ client: undefined, sendCommand: () => Promise.reject(new Error('redis://:secret@host')) });
    const error = await Promise.resolve(store.totals('w')).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'BalanceUnavailableError', reason: 'store' });
    expect(`${error.stack} ${error.cause} ${JSON.stringify(error)}`).not.toContain('secret');
  });
});
