import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import type { HoldStore } from 'payout-guard';
import { redisStore } from 'payout-guard/stores/redis';
import { storeContract } from 'payout-guard/testing';
import { createClient } from 'redis';
import { stoppedClock } from '../support/clock.js';
import { cleanUp, freshPrefix, hasRedis, keysOf, type RedisServer, sharedRedis, timed } from '../support/redis.js';
import { requestUpTo } from '../support/redis-store.js';

const request = requestUpTo(1_000_000n);

(hasRedis ? describe : describe.skip)('the Redis store', () => {
  const prefix = freshPrefix();
  let io: Redis;
  let node: ReturnType<typeof createClient>;
  let server: RedisServer | undefined;

  beforeAll(async () => {
    const shared = await sharedRedis();
    server = shared.server;
    io = shared.url ? new Redis(shared.url) : new Redis({ path: shared.path as string });
    node = shared.url
      ? createClient({ url: shared.url })
      : createClient({ socket: { path: shared.path as string, tls: false } });
    await node.connect();
  });

  afterAll(async () => {
    await cleanUp(io, prefix);
    io.disconnect();
    node.destroy();
    await server?.[Symbol.asyncDispose]();
  });

  // Of a server that keeps nothing on disk, as one for tests does.
  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });

  const stores: HoldStore[] = [];
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });
  const open = (name: string, options: object = {}): HoldStore => {
    const store = redisStore({
      client: io,
      prefix: `${prefix}.${name}`,
      recoveryMs: 0,
      deadlineMs: 10_000,
      ...options,
    });
    stores.push(store);
    return store;
  };

  // The scripts read a stopped clock, so that no rule depends on how fast the machine is.
  const clock = stoppedClock();
  const pass = async (ms: number): Promise<void> => clock.advance(ms);
  // A prefix for each store: the claims of rule 14 would walk through the thousands of holds of rule 3.
  let opened = 0;
  const openIo = (name = `io${++opened}`): HoldStore => {
    const send = timed(([command = '', ...args]) => io.call(command, args), clock);
    return open(name, { client: undefined, sendCommand: send });
  };
  const openNode = (): HoldStore => {
    const send = timed((args) => node.sendCommand(args), clock);
    return open(`node${++opened}`, { client: undefined, sendCommand: send });
  };
  storeContract({ describe, it }, { name: 'the Redis store through ioredis', open: () => openIo(), pass });
  storeContract({ describe, it }, { name: 'the Redis store through node-redis', open: openNode, pass });

  it.each(['ioredis', 'node-redis'])('lets time pass by the clock of the server, through %s', async (name) => {
    const store = open(`time-${name}`, { client: name === 'ioredis' ? io : node });
    const { epoch } = await store.totals('w');
    const reserved = { ...request, epoch, amountMinor: 5n, state: 'reserved' as const };
    await store.hold({ ...reserved, reference: 'short', expiresInMs: 30 });
    await store.hold({ ...reserved, reference: 'long' });
    await sleep(60);
    expect(await store.totals('w')).toEqual({ epoch, active: 5n, captured: 0n });
    const { hold, nowMs } = await store.get('short');
    expect(hold?.state).toBe('released');
    expect(Math.abs(nowMs - Date.now())).toBeLessThan(10_000);
  });

  it('grants exactly what fits to two processes at once', async () => {
    const stores = [open('two'), open('two', { client: node })];
    const { epoch } = await open('two').totals('w');
    const holds = Array.from({ length: 200 }, (_, index) =>
      stores[index % 2]?.hold({ ...request, epoch, reference: `${index}`, amountMinor: 7n, limitMinor: 500n }),
    );
    const granted = (await Promise.all(holds)).filter((answer) => answer?.outcome === 'held');
    expect(granted).toHaveLength(71);
    expect(await open('two').totals('w')).toEqual({ epoch, active: 497n, captured: 0n });
  });

  it('works with any client through sendCommand', async () => {
    const store = open('any', {
      client: undefined,
      sendCommand: ([name = '', ...args]: string[]) => io.call(name, args),
    });
    const { epoch } = await store.totals('w');
    expect((await store.hold({ ...request, epoch, reference: 'a', amountMinor: 5n })).outcome).toBe('held');
  });

  it('answers each operation of a batch for itself, in its order', async () => {
    const store = open('batch');
    const { epoch } = await store.totals('w');
    const hold = (reference: string, amountMinor: bigint, more: object = {}) =>
      store.hold({ ...request, epoch, reference, amountMinor, limitMinor: 100n, ...more });
    const answers = await Promise.all([
      hold('a', 60n),
      hold('b', 41n),
      hold('c', 1n, { epoch: 'another' }),
      hold('a', 60n),
      store.settle({ reference: 'nothing', to: 'released' }),
      store.settle({ reference: 'a', to: 'captured', actualMinor: 50n, visibleInMs: 0 }),
      hold('d', 50n),
      store.settle({ reference: 'd', to: 'released', notSent: true }),
      hold('d', 50n),
      hold('e', 1n, { wallet: 'other %0A wallet' }),
      store.get('e'),
    ]);
    expect(answers.slice(0, 10).map((answer) => (answer as { outcome: string }).outcome)).toEqual([
      'held',
      'insufficient',
      'stale_epoch',
      'exists',
      'unknown',
      'done',
      'held',
      'done',
      'held',
      'held',
    ]);
    expect(answers[10]).toMatchObject({ hold: { reference: 'e', wallet: 'other %0A wallet' } });
    expect(await store.totals('w')).toEqual({ epoch, active: 50n, captured: 50n });
    expect((await store.get('d')).hold).toMatchObject({ state: 'sent', turn: 2 });
  });

  it('keeps all its keys under one hash tag, so that they are on one node of a cluster', async () => {
    const store = open('slot');
    const { epoch } = await store.totals('w');
    await store.hold({ ...request, epoch, reference: 'sent', amountMinor: 5n });
    await store.hold({ ...request, epoch, reference: 'reserved{x}', amountMinor: 5n, state: 'reserved' });
    await store.hold({ ...request, epoch, reference: '{y}late', amountMinor: 5n });
    await store.settle({ reference: '{y}late', to: 'captured', visibleInMs: 60_000, awaitsOutcome: true });
    await store.hold({ ...request, epoch, reference: 'unsent', amountMinor: 5n });
    await store.settle({ reference: 'unsent', to: 'released', notSent: true });
    await store.swapNote('key', undefined, 'text');
    const keys = await keysOf(io, `${prefix}.slot}`);
    expect([...new Set(keys.map((key) => nameOf(key.slice(`{${prefix}.slot}:`.length))))].sort()).toEqual([
      'batch',
      'closed',
      'due',
      'finished',
      'hold:reserved{x}',
      'hold:sent',
      'hold:unsent',
      'hold:{y}late',
      'notes',
      'open',
      'store',
      'undecided',
      'unsent',
      'wallet:w',
    ]);
    expect(new Set(keys.map(hashTagOf))).toEqual(new Set([`${prefix}.slot`]));
  });

  it('does not send a reservation that is over, even when more are over than one call sweeps', async () => {
    const gone = openIo('sweep');
    const { epoch } = await gone.totals('w');
    const references = Array.from({ length: 3_500 }, (_, index) => `${index}`);
    const reserve = (reference: string) =>
      gone.hold({ ...request, epoch, reference, amountMinor: 1n, state: 'reserved', expiresInMs: 500 });
    await Promise.all(references.map(reserve));
    // It reads its holds now and then, which would release them.
    await gone.close();
    clock.advance(500);
    const store = openIo('sweep');
    expect((await store.settle({ reference: '3499', to: 'sent', sendsForMs: 1 })).outcome).toBe('illegal');
    expect(await store.totals('w')).toMatchObject({ active: 499n });
    expect(await store.totals('w')).toMatchObject({ active: 0n });
    const released = await store.list({ state: 'released', limit: 1_000 });
    expect(released.holds).toHaveLength(1_000);
  });

  it('lists what a filter leaves of many, in full pages', async () => {
    const store = open('list');
    const { epoch } = await store.totals('w');
    const references = Array.from({ length: 5_000 }, (_, index) => `${index}`);
    const hold = (reference: string) =>
      store.hold({
        ...request,
        epoch,
        reference,
        amountMinor: 1n,
        wallet: Number(reference) % 1_000 === 7 ? 'rare' : 'w',
      });
    await Promise.all(references.map(hold));
    const first = await store.list({ wallets: ['rare'], limit: 3 });
    const second = await store.list({ wallets: ['rare'], limit: 3, after: first.next });
    expect([first, second].map((page) => page.holds.map(({ reference }) => reference))).toEqual([
      ['7', '1007', '2007'],
      ['3007', '4007'],
    ]);
    expect(second.next).toBeUndefined();
  });

  it.each([
    [{}, /give either client or sendCommand/],
    [{ client: {} }, /client: must be a connected client of ioredis or node-redis/],
    [{ client: { isOpen: true, sendCommand() {}, multi() {} }, sendCommand: () => {} }, /give either client or/],
    [{ sendCommand: () => {}, prefix: '{a}' }, /prefix: must be/],
    [{ sendCommand: () => {}, recoveryMs: -1, maxBatch: 0 }, /recoveryMs.*maxBatch|maxBatch.*recoveryMs/s],
    [{ sendCommand: () => {}, rememberMs: 3_599_999 }, /rememberMs/],
    [{ sendCommand: () => {}, rememberMs: 315_360_000_001 }, /rememberMs/],
    [{ sendCommand: () => {}, rememberFinished: 1_000 }, /rememberFinished/],
    [{ sendCommand: () => {}, waitReplicas: { count: 0, timeoutMs: 5 } }, /waitReplicas.count/],
    [{ sendCommand: () => {}, url: 'redis://:secret@host' }, /payout-guard is not configured correctly/],
  ])('refuses the options %p', (options, problem) => {
    expect(() => redisStore(options as never)).toThrow(problem);
    expect(() => redisStore(options as never)).not.toThrow(/secret/);
  });
});

/** The id of a batch is random. */
function nameOf(key: string): string {
  return key.replace(/^batch:[-0-9a-f]{36}$/, 'batch');
}

/** The text by which a cluster chooses the node: that in the first braces. */
function hashTagOf(key: string): string {
  const from = key.indexOf('{');
  return key.slice(from + 1, key.indexOf('}', from));
}
