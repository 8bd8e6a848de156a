// The data of a Redis store after a failover: all that was answered, if it waits for every replica that may be
// promoted.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { HoldStore } from 'payout-guard';
import { type RedisClient, type RedisStoreOptions, redisStore } from 'payout-guard/stores/redis';
import { byBudget } from '../support/budget.js';
import { hasRedis, killWhileTheyLag } from '../support/redis.js';
import { type ClusterNode, prefixInSlot, RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinels } from '../support/redis-sentinel.js';
import { until } from '../support/redis-store.js';
import { Spender } from '../support/spender.js';
import '../support/proof-only.js';

type Disconnectable = RedisClient & { disconnect?(): unknown; destroy?(): unknown };

const isRun = hasRedis && byBudget({ small: false, large: true });
(isRun ? describe : describe.skip)('after a failover, the Redis store', () => {
  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    jest.restoreAllMocks();
  });

  const prefix = prefixInSlot(0);
  const options = { prefix, recoveryMs: 300, deadlineMs: 1_000 };

  function open(client: RedisClient, more: Partial<RedisStoreOptions>): HoldStore {
    const store = redisStore({ client, ...options, ...more });
    closing.push(() => store.close());
    return store;
  }

  /** Spends on the topology until `fault` has happened, then ends these processes at once: they restore nothing. */
  async function spendUntil(
    clients: Disconnectable[],
    more: Partial<RedisStoreOptions>,
    fault: () => Promise<unknown>,
  ) {
    const spenders = clients.map((client, index) => new Spender(open(client, more), `${index}`, 1_000_000n));
    const running = spenders.map((spender) => spender.run());
    await until(async () => spenders.every(({ granted }) => granted.length > 200));
    await fault();
    for (const spender of spenders) spender.stop();
    for (const client of clients) (client.disconnect ?? client.destroy)?.call(client);
    await Promise.all(running);
    return spenders.flatMap(({ granted }) => granted);
  }

  async function forgottenBy(store: HoldStore, granted: readonly string[]): Promise<string[]> {
    await until(async () => (await store.totals('w')).recoveringForMs === undefined);
    const forgotten: string[] = [];
    for (let from = 0; from < granted.length; from += 500) {
      const some = granted.slice(from, from + 500);
      const readings = await Promise.all(some.map((reference) => store.get(reference)));
      for (const [index, { hold }] of readings.entries()) {
        if (hold?.state !== 'sent') forgotten.push(some[index] as string);
      }
    }
    return forgotten;
  }

  const clientNames = ['ioredis', 'node-redis'] as const;
  const all = { waitReplicas: { count: 2, timeoutMs: 500 } };

  it.each(clientNames)(
    'has every hold that was granted when Sentinel promotes one of two replicas as planned, through %s',
    async (name) => {
      const set = await RedisSentinels.start({ replicas: 2, downAfterMs: 5_000 });
      closing.push(() => set[Symbol.asyncDispose]());
      const connect = async () => (name === 'ioredis' ? set.ioredis() : set.nodeRedis());
      const granted = await spendUntil([await connect(), await connect()], all, () => set.failOver());
      await set.untilPromoted(set.primary);
      const after = open(await connect(), { recoveryMs: 0 });
      expect(await forgottenBy(after, granted)).toEqual([]);
    },
  );

  it.each(clientNames)('has every hold that was granted when the primary is killed, through %s', async (name) => {
    const set = await RedisSentinels.start({ replicas: 2 });
    closing.push(() => set[Symbol.asyncDispose]());
    const connect = async () => (name === 'ioredis' ? set.ioredis() : set.nodeRedis());
    const lagging = set.replicas.map(({ server }) => server);
    const fault = () => killWhileTheyLag(set.primary.server, lagging, () => sleep(100));
    const granted = await spendUntil([await connect(), await connect()], all, fault);
    await set.untilPromoted(set.primary);
    const after = open(await connect(), { recoveryMs: 0 });
    expect(await forgottenBy(after, granted)).toEqual([]);
  });

  it.each(clientNames)(
    'has every hold that was granted when a master of the cluster is killed, through %s',
    async (name) => {
      const cluster = await RedisCluster.start({ replicas: 1, nodeTimeoutMs: 1_000 });
      closing.push(() => cluster[Symbol.asyncDispose]());
      const connect = async () => (name === 'ioredis' ? cluster.ioredis() : cluster.nodeRedis());
      const one = { waitReplicas: { count: 1, timeoutMs: 500 } };
      const [replica] = cluster.replicas as [ClusterNode];
      const fault = () => killWhileTheyLag(cluster.master(0).server, [replica.server], () => sleep(100));
      const granted = await spendUntil([await connect(), await connect()], one, fault);
      await cluster.untilOwned(0, replica);
      const after = open(await connect(), { recoveryMs: 0 });
      expect(await forgottenBy(after, granted)).toEqual([]);
    },
  );

  const faults = {
    'stands still': {
      begin: (node: ClusterNode) => node.server.pause(),
      end: (node: ClusterNode) => node.server.resume(),
    },
    'is killed': { begin: (node: ClusterNode) => node.server.kill(), end: (node: ClusterNode) => node.boot() },
  };
  const cases = clientNames.flatMap((name) =>
    Object.entries(faults).map(([what, fault]) => ({ name, what, ...fault })),
  );
  it.each(cases)(
    'answers soon after a promotion in a cluster whose master $what, through $name without options',
    async ({ name, what, begin, end }) => {
      const cluster = await RedisCluster.start({ replicas: 1, nodeTimeoutMs: 1_000 });
      closing.push(() => cluster[Symbol.asyncDispose]());
      const client = await (name === 'ioredis' ? cluster.ioredis({}) : cluster.nodeRedis({}));
      const store = open(client, { recoveryMs: 0, deadlineMs: 250 });
      const spender = new Spender(store, 'spender', 1_000_000n);
      const running = spender.run();
      closing.push(() => spender.stop());
      await until(async () => spender.granted.length > 100);
      const [replica] = cluster.replicas as [ClusterNode];
      const master = cluster.master(0);
      await begin(master);
      await cluster.untilOwned(0, replica);
      const [promotedMs, before] = [performance.now(), spender.granted.length];
      await until(async () => spender.granted.length > before);
      console.info(`${what}, ${name}: it grants ${Math.round(performance.now() - promotedMs)} ms after the promotion`);
      // A master that stood still answers now to what it was sent.
      await end(master);
      await cluster.untilFollowed(0);
      spender.stop();
      await running;
      // No hold is lost, and none is left whose caller was refused.
      expect(spender.refused).toBeGreaterThan(0);
      await until(async () => (await store.totals('w')).active === BigInt(spender.granted.length));
      expect(await forgottenBy(store, spender.granted)).toEqual([]);
    },
  );

  it.each(clientNames)(
    'grants no more than fits when a stalled primary wakes beside its successor, through %s',
    async (name) => {
      const set = await RedisSentinels.start({ replicas: 1 });
      closing.push(() => set[Symbol.asyncDispose]());
      const connect = async () => (name === 'ioredis' ? set.ioredis() : set.nodeRedis());
      const one = { waitReplicas: { count: 1, timeoutMs: 200 } };
      const limit = 3_000n;
      const before = [0, 1].map(async (index) => new Spender(open(await connect(), one), `before-${index}`, limit));
      const spenders = await Promise.all(before);
      const running = spenders.map((spender) => spender.run());
      await until(async () => spenders.every(({ granted }) => granted.length > 100));
      set.primary.server.pause();
      await set.untilPromoted(set.primary);
      // Its replica is gone: nothing more is approved until another one is there.
      const successor = new Spender(open(await connect(), { recoveryMs: 0 }), 'after', limit);
      running.push(successor.run());
      await until(async () => successor.granted.length > 100);
      set.primary.server.resume();
      await sleep(3_000);
      for (const spender of [...spenders, successor]) spender.stop();
      await Promise.all(running);
      const granted = [...spenders, successor].flatMap((spender) => spender.granted);
      expect(granted.length).toBeLessThanOrEqual(Number(limit));
    },
  );
});
