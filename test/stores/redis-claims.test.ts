// Claims of undecided holds among many, and the index that they use.
import { describe, expect, it } from '@jest/globals';
import type { ClaimRequest, HoldStore } from 'payout-guard';
import { stoppedClock } from '../support/clock.js';
import { hasRedis } from '../support/redis.js';
import { hold, requestUpTo, ThrowAwayRedis } from '../support/redis-store.js';

const names = (count: number, prefix: string) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

(hasRedis ? describe : describe.skip)('claims in the Redis store', () => {
  const redis = new ThrowAwayRedis();

  const holdAll = async (store: HoldStore, references: readonly string[], walletOf: (index: number) => string) => {
    const { epoch } = await store.totals('w');
    const request = requestUpTo(1_000_000n);
    const holdOne = (reference: string, index: number) =>
      store.hold({ ...request, epoch, reference, wallet: walletOf(index), amountMinor: 1n });
    await Promise.all(references.map(holdOne));
  };
  const claim = (store: HoldStore, request: Partial<ClaimRequest>) =>
    store.claim({
      owner: 'me',
      wallets: ['w'],
      olderThanMs: 0,
      leaseMs: 1_000,
      limit: 1_000,
      unservedForMs: 0,
      ...request,
    });
  const claimed = async (store: HoldStore, request: Partial<ClaimRequest> = {}) =>
    (await claim(store, request)).holds.map(({ reference }) => reference);
  const undecided = () => redis.admin.zcard('{payout-guard}:undecided');

  it('find the few holds of a wallet among thousands of another, in full pages', async () => {
    const store = redis.openTimed(stoppedClock());
    await holdAll(store, names(5_000, ''), (index) => (index % 1_000 === 7 ? 'rare' : 'w'));
    const first = await claim(store, { wallets: ['rare'], limit: 3 });
    const second = await claim(store, { wallets: ['rare'], limit: 3, after: first.next });
    expect([first, second].map(({ holds }) => holds.map(({ reference }) => reference))).toEqual([
      ['7', '1007', '2007'],
      ['3007', '4007'],
    ]);
    expect(second.next).toBeUndefined();
  });

  it.each([64, 300])(
    'go through several wallets in the order of their holds, each once, %p at a time',
    async (limit) => {
      const store = redis.openTimed(stoppedClock());
      const references = names(700, '');
      // One wallet has few, one has many, and they take turns.
      await holdAll(store, references, (index) => (index % 7 === 0 ? 'few' : index % 2 === 0 ? 'many' : 'w'));
      const pages: string[][] = [];
      for (let after: string | undefined; ; ) {
        const page = await claim(store, { wallets: ['w', 'few', 'many', 'none'], limit, after });
        pages.push(page.holds.map(({ reference }) => reference));
        if (page.next === undefined) break;
        after = page.next;
      }
      expect(pages.flat()).toEqual(references);
      const full = Math.floor(references.length / limit);
      expect(pages.slice(0, full).map(({ length }) => length)).toEqual(Array(full).fill(limit));
      expect(await claimed(store, { owner: 'you', wallets: ['w', 'few', 'many'] })).toEqual([]);
    },
  );

  it('go through thousands of wallets', async () => {
    const store = redis.openTimed(stoppedClock());
    const references = names(3_000, '');
    await holdAll(store, references, (index) => `wallet ${index % 2_500}`);
    const wallets = names(2_500, 'wallet ');
    expect(await claimed(store, { wallets, limit: 1_000 })).toEqual(references.slice(0, 1_000));
    expect(await claimed(store, { wallets, limit: 1_000, owner: 'you' })).toEqual(references.slice(1_000, 2_000));
  });

  it('leave young holds alone, which cost nothing until they are old', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'old', 1n);
    clock.advance(100);
    await hold(store, 'young', 1n);
    expect(await claimed(store, { olderThanMs: 100, unservedForMs: 100 })).toEqual(['old']);
    expect(await undecided()).toBe(1);
    // Decided before they are old: they are never in the index.
    await store.settle({ reference: 'young', to: 'captured', visibleInMs: 0 });
    await store.settle({ reference: 'old', to: 'released' });
    clock.advance(100);
    expect(await claimed(store, { olderThanMs: 100, unservedForMs: 100 })).toEqual([]);
    expect(await undecided()).toBe(0);
  });

  it('leave nothing in the index of holds that are decided, also where no claim took them', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    for (const name of ['captured', 'released', 'failed', 'accepted']) await hold(store, name, 1n);
    expect((await claim(store, { wallets: [], limit: 0 })).unserved).toEqual(['w']);
    expect(await undecided()).toBe(4);
    await store.settle({ reference: 'captured', to: 'captured', visibleInMs: 0 });
    await store.settle({ reference: 'released', to: 'released', notSent: true });
    await store.settle({ reference: 'failed', to: 'failed' });
    await store.settle({ reference: 'accepted', to: 'captured', visibleInMs: 0, awaitsOutcome: true });
    expect(await undecided()).toBe(1);
    await store.settle({ reference: 'accepted', to: 'failed' });
    expect(await undecided()).toBe(0);
  });

  it('give a hold once, though the index has its reference twice', async () => {
    const store = redis.openTimed(stoppedClock());
    await hold(store, 'a', 1n);
    // As if the hold before had been deleted by hand.
    await redis.admin.zadd('{payout-guard}:undecided', 0, `w\n${'9'.padStart(16, '0')}\na`);
    expect(await claimed(store)).toEqual(['a']);
  });

  it('find a reservation that is sent long after claims have gone past it', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'a', 1n, { state: 'reserved', expiresInMs: 60_000 });
    await hold(store, 'b', 1n);
    clock.advance(1_000);
    expect(await claimed(store)).toEqual(['b']);
    await store.settle({ reference: 'a', to: 'sent', sendsForMs: 1_000 });
    expect(await claimed(store, { olderThanMs: 1 })).toEqual(['b']);
    clock.advance(1);
    expect(await claimed(store, { olderThanMs: 1 })).toEqual(['a', 'b']);
  });

  it('T2. continue unchanged when the clock of the server is set back', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'before', 1n);
    expect(await claimed(store, { leaseMs: 1_500 })).toEqual(['before']);
    clock.step(-3_600_000);
    await hold(store, 'after', 1n);
    clock.advance(1_000);
    expect(await claimed(store, { olderThanMs: 1_000, owner: 'other' })).toEqual(['after']);
    clock.advance(500);
    expect(await claimed(store, { olderThanMs: 1_000, owner: 'another' })).toEqual(['before']);
  });

  it('do not wait for holds that were restored from a store whose time was ahead', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'ahead', 1n);
    clock.step(-3_600_000);
    await redis.admin.flushall();
    expect(await store.totals('w')).toMatchObject({ active: 1n });
    await hold(store, 'after', 1n);
    clock.advance(1_000);
    expect(await claimed(store, { olderThanMs: 1_000 })).toEqual(['after']);
    clock.advance(3_600_000);
    expect(await claimed(store, { olderThanMs: 1_000 })).toEqual(['ahead', 'after']);
  });

  it('find what was restored after data was lost', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'a', 1n);
    expect(await claimed(store)).toEqual(['a']);
    await redis.admin.flushall();
    await store.totals('w');
    expect(await claimed(store)).toEqual(['a']);
  });

  it('report 100 wallets without an owner at a time', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await holdAll(store, names(2_500, ''), (index) => `wallet ${index % 250}`);
    const seen: string[] = [];
    const counts: number[] = [];
    for (let round = 0; round < 4; round++) {
      const { unserved } = await claim(store, { wallets: seen, limit: 0 });
      counts.push(unserved.length);
      seen.push(...unserved);
    }
    expect(counts).toEqual([100, 100, 50, 0]);
    expect(new Set(seen)).toEqual(new Set(names(250, 'wallet ')));
    // Only the first page searches for them.
    expect((await claim(store, { wallets: ['w'], after: '0' })).unserved).toEqual([]);
  });

  it('report no wallet all of whose many holds have an owner, and one of which a single hold has none', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await holdAll(store, names(40, ''), () => 'w');
    await claim(store, { leaseMs: 5_000 });
    clock.advance(5_000);
    const unserved = async (unservedForMs: number) =>
      (await claim(store, { wallets: [], limit: 0, unservedForMs })).unserved;
    expect(await unserved(1)).toEqual([]);
    expect(await unserved(0)).toEqual(['w']);
    await holdAll(store, ['one more'], () => 'w');
    clock.advance(1);
    await claim(store, { owner: 'me', leaseMs: 60_000, limit: 40 });
    expect(await unserved(1)).toEqual(['w']);
    expect(await unserved(2)).toEqual([]);
  });
});
