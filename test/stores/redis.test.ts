import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { type HoldStore, memoryStore } from 'payout-guard';
import { redisStore } from 'payout-guard/stores/redis';
import { storeContract } from 'payout-guard/testing';
import { createClient } from 'redis';
import { cleanUp, freshPrefix, hasRedis, keysOf, type RedisServer, sharedRedis } from '../support/redis.js';

const request = {
  wallet: 'w',
  state: 'sent' as const,
  expiresInMs: 60_000,
  limitMinor: 1_000_000n,
  metadata: {},
  /** Another one each time that this is spread. */
  get attempt(): string {
    return randomUUID();
  },
};

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
    const store = redisStore({ client: io, prefix: `${prefix}.${name}`, recoveryMs: 0, deadlineMs: 5_000, ...options });
    stores.push(store);
    return store;
  };

  // A prefix for each store: the claims of rule 14 would walk through the thousands of holds of rule 3.
  let opened = 0;
  const pass = async (ms: number): Promise<void> => {
    await sleep(ms);
  };
  storeContract({ describe, it }, { name: 'the Redis store through ioredis', open: () => open(`io${++opened}`), pass });
  storeContract(
    { describe, it },
    { name: 'the Redis store through node-redis', open: () => open(`node${++opened}`, { client: node }), pass },
  );

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
      store.settle({ reference: 'd', to: 'released' }),
      hold('d', 50n),
      hold('e', 1n, { wallet: 'other %0A wallet' }),
      store.get('e'),
    ]);
    expect(answers.slice(0, 10).map((answer) => (answer as { outcome: string }).outcome)).toEqual([
      'held',
      'insufficient',
      'void',
      'exists',
      'unknown',
      'done',
      'held',
      'done',
      'held',
      'held',
    ]);
    expect(answers[10]).toMatchObject({ reference: 'e', wallet: 'other %0A wallet' });
    expect(await store.totals('w')).toEqual({ epoch, active: 50n, captured: 50n });
    expect(await store.get('d')).toMatchObject({ state: 'sent', heldBefore: true });
  });

  it('answers any batch as the store in memory answers the same operations', async () => {
    const reference = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const amount = fc.constantFrom(1n, 5n, 10n ** 14n - 3n, 2n ** 62n);
    const limitMinor = fc.constantFrom(12n, 10n ** 14n + 1n, 2n ** 63n - 1n, -1n);
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('hold' as const), reference, amount, limitMinor }) },
      fc.record({ kind: fc.constantFrom('sent' as const, 'released' as const, 'get' as const), reference }),
      fc.record({ kind: fc.constant('captured' as const), reference, visibleInMs: fc.constantFrom(0, 60_000) }),
      fc.record({ kind: fc.constant('totals' as const) }),
    );
    type Operation = typeof operation extends fc.Arbitrary<infer Made> ? Made : never;
    const run = async (store: HoldStore, operations: readonly Operation[]): Promise<unknown[]> => {
      const { epoch } = await store.totals('w');
      const ask = (op: Operation, index: number) => {
        if (op.kind === 'totals') return store.totals('w');
        const { kind } = op;
        if (kind === 'get') return store.get(op.reference);
        if (kind === 'captured') return store.settle({ ...op, to: kind });
        if (kind !== 'hold') return store.settle({ reference: op.reference, to: kind });
        const state = index % 2 === 0 ? ('sent' as const) : ('reserved' as const);
        return store.hold({ ...request, ...op, epoch, amountMinor: op.amount, state, attempt: `${index}` });
      };
      return Promise.all(operations.map(ask));
    };
    // Times and epochs differ.
    const comparable = (answers: unknown[]) =>
      JSON.stringify(answers, (key, value) => {
        if (/AtMs$|^epoch$/.test(key)) return typeof value;
        return typeof value === 'bigint' ? `${value}n` : value;
      });
    let stores = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 40 }), async (operations) => {
        stores += 1;
        const answers = await run(open(`any${stores}`), operations);
        expect(comparable(answers)).toEqual(comparable(await run(memoryStore(), operations)));
      }),
      { numRuns: 150 },
    );
  });

  it('keeps all its keys under one hash tag, so that they are on one node of a cluster', async () => {
    const store = open('slot', { rememberFinished: 1 });
    const { epoch } = await store.totals('w');
    await store.hold({ ...request, epoch, reference: 'sent', amountMinor: 5n });
    await store.hold({ ...request, epoch, reference: 'reserved{x}', amountMinor: 5n, state: 'reserved' });
    await store.hold({ ...request, epoch, reference: '{y}late', amountMinor: 5n });
    await store.settle({ reference: '{y}late', to: 'captured', visibleInMs: 60_000 });
    const keys = await keysOf(io, `${prefix}.slot}`);
    expect(keys.map((key) => key.slice(`{${prefix}.slot}:`.length)).sort()).toEqual([
      'closed',
      'due',
      'finished',
      'hold:reserved{x}',
      'hold:sent',
      'hold:{y}late',
      'open',
      'store',
      'wallet:w',
    ]);
    expect(new Set(keys.map(hashTagOf))).toEqual(new Set([`${prefix}.slot`]));
  });

  it('forgets the references that ended first, and their captures late', async () => {
    const store = open('forget', { rememberFinished: 2 });
    const { epoch } = await store.totals('w');
    for (const reference of ['a', 'b', 'c']) {
      await store.hold({ ...request, epoch, reference, amountMinor: 5n });
      await store.settle({ reference, to: 'captured', visibleInMs: reference === 'a' ? 300 : 0 });
    }
    expect([await store.get('a'), (await store.get('b'))?.state]).toEqual([undefined, 'captured']);
    expect(await store.totals('w')).toEqual({ epoch, active: 5n, captured: 10n });
    await sleep(320);
    expect(await store.totals('w')).toEqual({ epoch, active: 0n, captured: 15n });
    expect(await io.llen(`{${prefix}.forget}:finished`)).toBe(2);
    expect(await io.zcard(`{${prefix}.forget}:closed`)).toBe(2);
    expect(await io.zcard(`{${prefix}.forget}:open`)).toBe(0);
    expect(await io.zcard(`{${prefix}.forget}:due`)).toBe(0);
  });

  it('does not forget a reference that was held again meanwhile', async () => {
    const store = open('again', { rememberFinished: 1 });
    const { epoch } = await store.totals('w');
    const hold = (reference: string) => store.hold({ ...request, epoch, reference, amountMinor: 5n });
    await hold('a');
    await store.settle({ reference: 'a', to: 'released' });
    await hold('a');
    await hold('b');
    await store.settle({ reference: 'b', to: 'captured', visibleInMs: 0 });
    expect((await store.get('a'))?.state).toBe('sent');
  });

  it('does not send a reservation that is over, even when more are over than one call sweeps', async () => {
    const gone = open('sweep');
    const { epoch } = await gone.totals('w');
    const references = Array.from({ length: 2_500 }, (_, index) => `${index}`);
    const reserve = (reference: string) =>
      gone.hold({ ...request, epoch, reference, amountMinor: 1n, state: 'reserved', expiresInMs: 500 });
    await Promise.all(references.map(reserve));
    // It looks after its holds; nobody shall look here.
    await gone.close();
    await sleep(520);
    const store = open('sweep');
    expect((await store.settle({ reference: '2499', to: 'sent' })).outcome).toBe('illegal');
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
    const first = await store.list({ wallet: 'rare', limit: 3 });
    const second = await store.list({ wallet: 'rare', limit: 3, after: first.next });
    expect([first, second].map((page) => page.holds.map(({ reference }) => reference))).toEqual([
      ['7', '1007', '2007'],
      ['3007', '4007'],
    ]);
    expect(second.next).toBeUndefined();
  });

  it.each([
    [{}, /give either client or sendCommand/],
    [{ client: {} }, /client: needs the call\(\) of ioredis or the sendCommand\(\) of node-redis/],
    [{ client: { call: () => {} }, sendCommand: () => {} }, /give either client or sendCommand/],
    [{ sendCommand: () => {}, prefix: '{a}' }, /prefix: must be/],
    [{ sendCommand: () => {}, recoveryMs: -1, maxBatch: 0 }, /recoveryMs.*maxBatch|maxBatch.*recoveryMs/s],
    [{ sendCommand: () => {}, waitReplicas: { count: 0, timeoutMs: 5 } }, /waitReplicas.count/],
    [{ sendCommand: () => {}, url: 'redis://:secret@host' }, /payout-guard is not configured correctly/],
  ])('refuses the options %p', (options, problem) => {
    expect(() => redisStore(options as never)).toThrow(problem);
    expect(() => redisStore(options as never)).not.toThrow(/secret/);
  });
});

/** What a cluster chooses the node by: the text in the first braces. */
function hashTagOf(key: string): string {
  const from = key.indexOf('{');
  return key.slice(from + 1, key.indexOf('}', from));
}
