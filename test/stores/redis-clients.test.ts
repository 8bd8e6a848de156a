// The clients that a Redis store may be given, and what is refused instead.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { type RedisStoreOptions, redisStore } from 'payout-guard/stores/redis';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { freePort, hasRedis, RedisServer } from '../support/redis.js';
import { epochOf, hold, request, ThrowAwayRedis } from '../support/redis-store.js';
import '../support/proof-only.js';

/** Resources that end with the test. */
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function withListener<Client extends { on(name: 'error', listener: () => void): unknown }>(client: Client): Client {
  client.on('error', () => {});
  return client;
}

function nodeRedisOf(path: string, options: object = {}) {
  const client = withListener(createClient({ socket: { path, tls: false }, ...options }));
  closing.push(() => client.isOpen && client.destroy());
  return client;
}

function ioredisOf(path: string, options: object = {}): Redis {
  const client = withListener(new Redis({ path, retryStrategy: () => 20, ...options }));
  closing.push(() => client.disconnect());
  return client;
}

(hasRedis ? describe : describe.skip)('the Redis store takes', () => {
  const redis = new ThrowAwayRedis();
  const { open } = redis;

  const shapes: [string, () => Promise<unknown>][] = [
    ['a Redis of ioredis', async () => ioredisOf(redis.server.path)],
    ['a lazy one that is not connected yet', async () => ioredisOf(redis.server.path, { lazyConnect: true })],
    ['a client of node-redis', () => nodeRedisOf(redis.server.path).connect()],
    ['a client of node-redis that speaks RESP2', () => nodeRedisOf(redis.server.path, { RESP: 2 }).connect()],
    [
      'a pool of node-redis',
      async () => {
        const pool = withListener(createClientPool({ socket: { path: redis.server.path, tls: false } }));
        closing.push(() => pool.destroy());
        return pool.connect();
      },
    ],
  ];

  it.each(shapes)('%s', async (_name, connect) => {
    const store = open({ client: (await connect()) as RedisStoreOptions['client'] });
    const outcomes = await Promise.all(['a', 'b', 'c'].map((reference) => hold(store, reference, 40n)));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['held', 'held', 'insufficient']);
    const captured = await store.settle({ reference: 'a', to: 'captured', visibleInMs: 0 });
    expect(captured.outcome).toBe('done');
    expect(await store.totals('w')).toMatchObject({ active: 40n, captured: 40n });
    expect((await store.list({ limit: 10 })).holds.map(({ reference }) => reference)).toEqual(['a', 'b']);
    expect(await store.swapNote?.('key', undefined, 'text')).toBe(true);
    expect(await store.note?.('key')).toBe('text');
  });

  it('sendCommand, unless it changes the keys', async () => {
    const client = ioredisOf(redis.server.path, { keyPrefix: 'app:' });
    const store = open({ client: undefined, sendCommand: ([name = '', ...args]) => client.call(name, args) });
    await expect(store.totals('w')).rejects.toMatchObject({
      reason: 'store',
      message: expect.stringContaining('KEY_PREFIX: the client changes the keys on their way to the server'),
      cause: { failure: 'KEY_PREFIX', advice: expect.stringContaining('`prefix`') },
    });
    expect(await redis.admin.dbsize()).toBe(0);
  });

  it('sendCommand, unless it returns nothing', async () => {
    const client = ioredisOf(redis.server.path);
    const sendCommand = async ([name = '', ...args]: string[]) => void (await client.call(name, args));
    await expect(open({ client: undefined, sendCommand }).totals('w')).rejects.toMatchObject({
      reason: 'store',
      message: expect.stringContaining('NO_RESULT: sendCommand resolves to undefined instead of the reply'),
      cause: { failure: 'NO_RESULT', advice: expect.stringContaining('Return') },
    });
    expect(await redis.admin.dbsize()).toBe(0);
  });

  it('no client that cannot work, and returns what to pass instead', async () => {
    const { path } = redis.server;
    const io = ioredisOf(path);
    const subscriber = ioredisOf(path, { protocol: 2 });
    await subscriber.subscribe('x');
    const node = await nodeRedisOf(path).connect();
    const nodeSubscriber = await nodeRedisOf(path).connect();
    await nodeSubscriber.subscribe('x', () => {});
    const closed = ioredisOf(path);
    closed.disconnect();
    if (closed.status !== 'end') await new Promise((resolve) => closed.once('end', resolve));
    const rootNodes = [{ url: 'redis://127.0.0.1:1' }];
    const cases: [unknown, string][] = [
      [nodeRedisOf(path), 'is not connected; `await client.connect()` first'],
      [createCluster({ rootNodes }), 'is not connected; `await client.connect()` first'],
      [createClientPool(), 'is not connected; `await client.connect()` first'],
      [
        createSentinel({ name: 'm', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }),
        'is not connected; `await client.connect()` first',
      ],
      [node.legacy(), 'is no client itself (legacy()?); pass what createClient() returned'],
      [node.multi(), 'is a transaction or a pipeline; pass the client that it was made with'],
      [io.multi(), 'is a transaction or a pipeline; pass the client that it was made with'],
      [io.pipeline(), 'is a transaction or a pipeline; pass the client that it was made with'],
      [subscriber, 'is a subscriber; pass client.duplicate()'],
      [nodeSubscriber, 'is a subscriber; pass client.duplicate(), connected'],
      [closed, 'is closed; pass one that is connected'],
      [ioredisOf(path, { keyPrefix: 'app:' }), 'has a keyPrefix'],
      [new Cluster([{ port: 1 }], { lazyConnect: true, keyPrefix: 'app:' }), 'has a keyPrefix'],
      [await nodeRedisOf(path, { keyPrefix: 'app:' }).connect(), 'has a keyPrefix'],
      [{}, 'must be a connected client of ioredis or node-redis; for any other client give `sendCommand`'],
      ['redis://127.0.0.1', 'must be a connected client of ioredis or node-redis'],
      [{ sendCommand: () => {} }, 'is no client itself'],
    ];
    for (const [client, problem] of cases) {
      const create = () => redisStore({ client: client as RedisStoreOptions['client'] });
      expect(create).toThrow(expect.objectContaining({ message: expect.stringContaining(`client: ${problem}`) }));
    }
  });

  it('a client without a listener for errors, with a warning', async () => {
    const client = createClient({ socket: { path: redis.server.path, tls: false } });
    await open({ client: await client.connect() }).totals('w');
    // Before its server ends: the error would end the process.
    client.destroy();
    expect(process.emitWarning).toHaveBeenCalledWith(expect.stringContaining('no listener for `error`'), {
      code: 'PAYOUT_GUARD_REDIS',
    });
  });
});

(hasRedis ? describe : describe.skip)('a Redis store that waits for replicas', () => {
  let primary: RedisServer;
  let replica: RedisServer;

  beforeEach(async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const port = await freePort();
    primary = await RedisServer.start('--port', `${port}`, '--repl-diskless-sync-delay', '0');
    replica = await RedisServer.start('--replicaof', `127.0.0.1 ${port}`);
    await connected(primary, 1);
    closing.push(
      () => primary[Symbol.asyncDispose](),
      () => replica[Symbol.asyncDispose](),
      () => jest.restoreAllMocks(),
    );
  });

  function open(options: Partial<RedisStoreOptions>) {
    const store = redisStore({
      ...{ client: undefined, recoveryMs: 0, deadlineMs: 5_000, waitReplicas: { count: 1, timeoutMs: 2_000 } },
      ...options,
    });
    closing.push(() => store.close());
    return store;
  }

  async function connected(server: RedisServer, count: number): Promise<void> {
    const admin = server.client();
    const online = async () => (await admin.info('replication')).match(/state=online/g)?.length ?? 0;
    while ((await online()) !== count) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  const shapes: [string, () => Promise<unknown>][] = [
    ['ioredis', async () => ioredisOf(primary.path)],
    ['node-redis', () => nodeRedisOf(primary.path).connect()],
    [
      'a pool of node-redis',
      async () => {
        const socket = { path: primary.path, tls: false as const };
        const pool = withListener(createClientPool({ socket }, { minimum: 4 }));
        closing.push(() => pool.destroy());
        return pool.connect();
      },
    ],
  ];

  it.each(shapes)('grants what the replica has, and refuses what it lacks, through %s', async (_name, connect) => {
    const store = open({ client: (await connect()) as RedisStoreOptions['client'] });
    expect((await hold(store, 'a', 40n)).outcome).toBe('held');
    expect(await replica.client().exists('{payout-guard}:hold:a')).toBe(1);

    const impatient = open({
      client: (await connect()) as RedisStoreOptions['client'],
      waitReplicas: { count: 1, timeoutMs: 50 },
      deadlineMs: 3_000,
    });
    const epoch = await epochOf(impatient);
    replica.pause();
    const references = Array.from({ length: 20 }, (_, index) => `late-${index}`);
    const outcomes = await Promise.allSettled(
      references.map((reference) => impatient.hold({ ...request, epoch, reference, amountMinor: 1n })),
    );
    replica.resume();
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect((outcomes[0] as PromiseRejectedResult).reason).toMatchObject({ cause: { failure: 'REPLICAS' } });
  });

  it('approves nothing when the connection changes between the write and its confirmation', async () => {
    const clients = [ioredisOf(primary.path), ioredisOf(primary.path)];
    let current = 0;
    let isBreaking = false;
    const store = open({
      deadlineMs: 3_000,
      sendCommand: ([name = '', ...args]) => {
        if (isBreaking && name === 'WAIT') current = 1;
        return (clients[current] as Redis).call(name, args);
      },
    });
    const epoch = await epochOf(store);
    isBreaking = true;
    replica.pause();
    const answer = store.hold({ ...request, epoch, reference: 'a', amountMinor: 1n });
    await expect(answer).rejects.toMatchObject({ cause: { failure: 'RECONNECTED' } });
    replica.resume();
  });

  it('refuses to begin when more replicas are asked for than are connected', async () => {
    const store = open({ client: ioredisOf(primary.path), waitReplicas: { count: 2, timeoutMs: 50 } });
    await expect(store.totals('w')).rejects.toMatchObject({
      cause: { failure: 'REPLICAS', what: 'waitReplicas.count is 2, and 1 replica(s) are connected' },
    });
  });

  it('warns once when a replica may be promoted that was not waited for', async () => {
    const port = Number(((await primary.client().config('GET', 'port')) as string[])[1]);
    await using second = await RedisServer.start('--replicaof', `127.0.0.1 ${port}`);
    await connected(primary, 2);
    expect(second.pid).toBeGreaterThan(0);
    const store = open({ client: ioredisOf(primary.path) });
    await store.totals('w');
    await store.totals('w');
    const warnings = jest
      .mocked(process.emitWarning)
      .mock.calls.filter(([text]) => String(text).includes('count is 1'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.[0]).toContain('2 replicas are connected: a failover may promote one that lacks');
  });
});
