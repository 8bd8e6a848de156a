// The Redis store on a cluster: the contract, and what it does while its slot moves.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { HoldStore } from 'payout-guard';
import { type RedisStoreOptions, redisStore } from 'payout-guard/stores/redis';
import { storeContract } from 'payout-guard/testing';
import { slotOf } from '../../src/stores/redis/transport/slot.js';
import { Random } from '../simulation/random.js';
import { byBudget } from '../support/budget.js';
import { stoppedClock } from '../support/clock.js';
import { hasRedis } from '../support/redis.js';
import { type ClockedStore, clockedStore } from '../support/redis-clocked.js';
import { type ClusterNode, prefixInSlot, RedisCluster } from '../support/redis-cluster.js';
import { hold, requestUpTo, until } from '../support/redis-store.js';

(hasRedis ? describe : describe.skip)('the Redis store on a cluster', () => {
  let cluster: RedisCluster;
  const clients: Record<string, RedisStoreOptions['client']> = {};

  beforeAll(async () => {
    cluster = await RedisCluster.start();
    clients.ioredis = cluster.ioredis();
    clients['node-redis'] = await cluster.nodeRedis();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  const stores: HoldStore[] = [];
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    jest.restoreAllMocks();
  });

  const names = byBudget({ small: ['ioredis'], large: ['ioredis', 'node-redis'] });
  let opened = 0;
  for (const name of names) {
    const clock = stoppedClock();
    const clocked: ClockedStore[] = [];
    const pass = async (ms: number): Promise<void> => {
      clock.advance(ms);
      await Promise.all(clocked.map(({ set }) => set(clock.now())));
    };
    const open = async (): Promise<HoldStore> => {
      const made = await clockedStore(clients[name] as never, `contract-${++opened}`, clock.now());
      clocked.push(made);
      stores.push(made.store);
      return made.store;
    };
    storeContract({ describe, it }, { name: `the Redis store through a cluster of ${name}`, open, pass });
  }

  function openStore(client: string, prefix: string, options: object = {}): HoldStore {
    const store = redisStore({ client: clients[client], prefix, recoveryMs: 200, deadlineMs: 10_000, ...options });
    stores.push(store);
    return store;
  }

  it.each(['ioredis', 'node-redis'])('finds the owner of its slot, through %s', async (client) => {
    for (const slot of [0, 8_000, 16_383]) {
      const prefix = prefixInSlot(slot);
      const store = openStore(client, prefix, { recoveryMs: 0 });
      expect((await hold(store, client, 40n)).outcome).toBe('held');
      expect(slotOf(prefix)).toBe(slot);
      expect(await cluster.keysOf(slot, cluster.firstOwner(slot))).toContain(`{${prefix}}:hold:${client}`);
    }
  });

  describe('while its slot moves,', () => {
    const wallets = byBudget({ small: 20, large: 300 });
    const seeds = byBudget({ small: [1], large: [1, 2, 3, 4, 5] });
    const request = requestUpTo(1_000n);

    /** Holds in many wallets, of which some are captured and some are reserved. Returns what each wallet must have
     * once the slot has moved: the reservations end with the epoch. */
    async function fill(store: HoldStore): Promise<{ active: bigint; captured: bigint }[]> {
      await until(async () => (await store.totals('w0')).recoveringForMs === undefined);
      const { epoch } = await store.totals('w0');
      const expected = Array.from({ length: wallets }, (_, index) => ({
        wallet: `w${index}`,
        active: 0n,
        captured: 0n,
      }));
      for (const totals of expected) {
        for (const state of ['sent', 'reserved', 'captured']) {
          const more = { wallet: totals.wallet, reference: `${totals.wallet}-${state}`, epoch, amountMinor: 100n };
          const held = await store.hold({ ...request, ...more, state: state === 'reserved' ? 'reserved' : 'sent' });
          expect(held.outcome).toBe('held');
        }
        await store.settle({ reference: `${totals.wallet}-captured`, to: 'captured', visibleInMs: 0 });
        Object.assign(totals, { active: 100n, captured: 100n });
      }
      return expected;
    }

    /** Everything that is answered must be right; a refusal must name the move. Returns how many calls were refused. */
    async function ask(store: HoldStore, epoch: string, index: number): Promise<number> {
      const wallet = `w${index % wallets}`;
      const more = { ...request, epoch, wallet };
      const calls = [
        async () => expect(await store.totals(wallet)).toMatchObject({ active: 200n, captured: 100n }),
        async () => expect((await store.get(`${wallet}-captured`)).hold?.state).toBe('captured'),
        async () =>
          expect(await store.hold({ ...more, reference: `${wallet}-sent`, amountMinor: 100n })).toMatchObject({
            outcome: 'exists',
          }),
        async () =>
          expect(await store.hold({ ...more, reference: `new-${index}`, amountMinor: 901n })).toMatchObject({
            outcome: 'insufficient',
          }),
        async () => expect((await store.list({ limit: 1_000, wallets: [wallet] })).holds).toHaveLength(3),
      ];
      let refused = 0;
      // One after the other: each in a batch of its own.
      for (const call of calls) {
        const [result] = await Promise.allSettled([call()]);
        if (result.status === 'fulfilled') continue;
        expect(result.reason).toMatchObject({ name: 'BalanceUnavailableError' });
        expect(String(result.reason)).toMatch(/(TRYAGAIN|ASK|MOVED|CLUSTERDOWN): /);
        refused += 1;
      }
      return refused;
    }

    async function expectAllOf(store: HoldStore, expected: object[]): Promise<void> {
      await until(async () => (await store.totals('w0')).recoveringForMs === undefined);
      const reserved = await Promise.all(expected.map((_, index) => store.get(`w${index}-reserved`)));
      expect(new Set(reserved.map(({ hold }) => hold?.state))).toEqual(new Set(['released']));
      const found = await Promise.all(expected.map((_, index) => store.totals(`w${index}`)));
      expect(found.map(({ active, captured }, index) => ({ wallet: `w${index}`, active, captured }))).toEqual(expected);
      const { epoch } = await store.totals('w0');
      const all = expected.map((_, index) => ({ ...request, epoch, wallet: `w${index}`, attempt: `again-${index}` }));
      const tooMuch = all.map((more) => store.hold({ ...more, reference: `${more.wallet}-much`, amountMinor: 801n }));
      expect(new Set((await Promise.all(tooMuch)).map(({ outcome }) => outcome))).toEqual(new Set(['insufficient']));
      const fits = all.map((more) => store.hold({ ...more, reference: `${more.wallet}-fits`, amountMinor: 800n }));
      expect(new Set((await Promise.all(fits)).map(({ outcome }) => outcome))).toEqual(new Set(['held']));
    }

    it.each(seeds)('shows all of it or refuses, whatever the order in which its keys move (seed %i)', async (seed) => {
      const random = new Random(seed);
      // Every call declares this key: what moves after it is refused in any case.
      const storeMoves = seed % 2 === 1 ? 1 : random.next();
      const slot = random.between(0, 16_383);
      const prefix = prefixInSlot(slot);
      const stores = [openStore('ioredis', prefix), openStore('node-redis', prefix)] as const;
      const expected = await fill(stores[0]);
      const { epoch } = await stores[1].totals('w0');
      const from = cluster.firstOwner(slot);
      const to = cluster.masters.find((node) => node !== from) as ClusterNode;
      await cluster.beginMove(slot, from, to);
      let refused = await ask(stores[0], epoch, 0);
      const keys = (await cluster.keysOf(slot, from))
        .map((key) => ({ key, at: key === `{${prefix}}:store` ? storeMoves : random.next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ key }) => key);
      for (const [index, key] of keys.entries()) {
        await cluster.moveKey(key, from, to);
        if (index % 10 === 0 || keys.length - index < 10)
          refused += await ask(stores[index % 2] as HoldStore, epoch, index);
      }
      expect(refused).toBeGreaterThan(0);
      await cluster.endMove(slot, from, to);
      await expectAllOf(stores[0], expected);
      await until(async () => (await stores[1].totals('w0')).active === 900n);
      expect(await cluster.keysOf(slot, from)).toEqual([]);
    });

    it('is moved by redis-cli while it is asked', async () => {
      // The first slot of a node that still has it.
      const from = cluster.master(1);
      const to = cluster.master(2);
      const shards = (await from.admin.call('CLUSTER', ['SLOTS'])) as [number, number, [string, number]][];
      const slot = Math.min(...shards.filter(([, , [, port]]) => port === from.port).map(([first]) => first));
      // Another test may have moved its slot there, with its own store.
      const store = openStore('ioredis', prefixInSlot(slot, 'reshard-'));
      const expected = await fill(store);
      const { epoch } = await store.totals('w0');
      let isMoving = true;
      const moving = cluster.reshard(from, to, 1).finally(() => {
        isMoving = false;
      });
      for (let index = 0; isMoving; index++) {
        const calls = await Promise.allSettled([store.totals('w1'), store.get('w1-sent')]);
        const [totals, held] = calls;
        if (totals.status === 'fulfilled') {
          expect(totals.value.captured).toBe(100n);
          expect(totals.value.epoch === epoch ? [200n] : [100n, 200n]).toContain(totals.value.active);
        }
        if (held.status === 'fulfilled') expect(held.value.hold?.state).toBe('sent');
        const more = { ...request, epoch, wallet: 'w1', reference: `new-${index}`, amountMinor: 901n };
        const [much] = await Promise.allSettled([store.hold(more)]);
        if (much.status === 'fulfilled')
          expect(['insufficient', 'stale_epoch', 'recovering']).toContain(much.value.outcome);
      }
      await moving;
      await expectAllOf(store, expected);
      expect(await cluster.keysOf(slot, from)).toEqual([]);
    });
  });
});
