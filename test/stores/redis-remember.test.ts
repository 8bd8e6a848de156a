// The time for which the Redis store remembers references of finished payouts.
import { describe, expect, it } from '@jest/globals';
import type { HoldStore } from 'payout-guard';
import { stoppedClock } from '../support/clock.js';
import { hasRedis } from '../support/redis.js';
import { hold, ThrowAwayRedis } from '../support/redis-store.js';

const hour = 3_600_000;
const day = 24 * hour;
const captured = { to: 'captured', visibleInMs: 0 } as const;
const unsent = { to: 'released', notSent: true } as const;

(hasRedis ? describe : describe.skip)('the Redis store remembers', () => {
  const redis = new ThrowAwayRedis();

  /** Something ends, which is when others are forgotten. */
  let ends = 0;
  const endAnother = async (store: HoldStore) => {
    const reference = `another ${++ends}`;
    await hold(store, reference, 1n, { limitMinor: 1_000_000n });
    await store.settle({ reference, ...captured });
  };
  const isKnown = async (store: HoldStore, reference: string) => (await store.get(reference)).hold !== undefined;
  const sizes = async () => {
    const sizeOf = async (kind: 'zcard' | 'llen', name: string) => [
      name,
      await redis.admin[kind](`{payout-guard}:${name}`),
    ];
    const sets = ['open', 'closed', 'undecided', 'due'].map((name) => sizeOf('zcard', name));
    const lists = ['finished', 'unsent'].map((name) => sizeOf('llen', name));
    return Object.fromEntries(await Promise.all([...sets, ...lists]));
  };

  it('S6. captured and failed references for 30 days, and a day those that were not sent', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    for (const reference of ['captured', 'failed', 'unsent', 'expired']) {
      await hold(store, reference, 5n, reference === 'expired' ? { state: 'reserved', expiresInMs: 1 } : {});
    }
    clock.advance(1);
    await store.settle({ reference: 'captured', ...captured });
    await store.settle({ reference: 'failed', to: 'failed' });
    await store.settle({ reference: 'unsent', ...unsent });
    const known = async () => {
      await endAnother(store);
      const references = ['captured', 'failed', 'unsent', 'expired'];
      const are = await Promise.all(references.map((reference) => isKnown(store, reference)));
      return references.filter((_, index) => are[index]);
    };
    clock.advance(day - 1);
    expect(await known()).toEqual(['captured', 'failed', 'unsent', 'expired']);
    clock.advance(1);
    expect(await known()).toEqual(['captured', 'failed']);
    clock.advance(29 * day - 1);
    expect(await known()).toEqual(['captured', 'failed']);
    clock.advance(1);
    expect(await known()).toEqual([]);
    expect((await hold(store, 'captured', 5n)).outcome).toBe('held');
  });

  it('references as long as rememberMs asks, and those that were not sent no longer than that', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock, { rememberMs: 2 * hour });
    await hold(store, 'captured', 5n);
    await store.settle({ reference: 'captured', ...captured });
    await hold(store, 'unsent', 5n);
    await store.settle({ reference: 'unsent', ...unsent });
    clock.advance(2 * hour - 1);
    await endAnother(store);
    expect([await isKnown(store, 'captured'), await isKnown(store, 'unsent')]).toEqual([true, true]);
    clock.advance(1);
    await endAnother(store);
    expect([await isKnown(store, 'captured'), await isKnown(store, 'unsent')]).toEqual([false, false]);
  });

  it('S6. a paid reference, however many others are released after it', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'paid', 5n);
    await store.settle({ reference: 'paid', ...captured });
    for (let round = 0; round < 20; round++) {
      const references = Array.from({ length: 250 }, (_, index) => `junk ${round}/${index}`);
      await Promise.all(references.map((reference) => hold(store, reference, 1n, { limitMinor: 1_000n })));
      await Promise.all(references.map((reference) => store.settle({ reference, ...unsent })));
      clock.advance(hour);
    }
    expect((await hold(store, 'paid', 5n)).outcome).toBe('exists');
    expect(await sizes()).toMatchObject({ finished: 1, unsent: 5_000 });
    clock.advance(9 * day);
    for (let round = 0; round < 30; round++) {
      const references = Array.from({ length: 100 }, (_, index) => `more ${round}/${index}`);
      await Promise.all(references.map((reference) => hold(store, reference, 1n, { limitMinor: 1_000n })));
      await Promise.all(references.map((reference) => store.settle({ reference, ...unsent })));
    }
    // Twice as many as came are forgotten at a time, so the arrear is made up for.
    expect(await sizes()).toEqual({ open: 0, closed: 3_001, undecided: 0, due: 0, finished: 1, unsent: 3_000 });
    expect((await hold(store, 'paid', 5n)).outcome).toBe('exists');
  });

  it('a capture that came after the release from the capture on', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'late', 5n, { attempt: 'one' });
    await store.settle({ reference: 'late', ...unsent });
    clock.advance(20 * hour);
    expect((await store.settle({ reference: 'late', attempt: 'one', ...captured })).outcome).toBe('late');
    clock.advance(30 * day - 1);
    await endAnother(store);
    expect((await store.get('late')).hold).toMatchObject({ state: 'captured' });
    clock.advance(1);
    await endAnother(store);
    expect(await isKnown(store, 'late')).toBe(false);
  });

  it('for 30 days that a payout failed that was released as unsent before', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'a', 5n);
    await store.settle({ reference: 'a', ...unsent });
    expect((await store.settle({ reference: 'a', to: 'failed' })).outcome).toBe('already');
    clock.advance(30 * day - 1);
    await endAnother(store);
    expect((await hold(store, 'a', 5n)).outcome).toBe('exists');
    clock.advance(1);
    await endAnother(store);
    expect((await hold(store, 'a', 5n)).outcome).toBe('held');
  });

  it('a reference that was held again since', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'a', 5n);
    await store.settle({ reference: 'a', ...unsent });
    await hold(store, 'a', 5n);
    clock.advance(31 * day);
    for (let round = 0; round < 3; round++) {
      await hold(store, `b${round}`, 1n);
      await store.settle({ reference: `b${round}`, ...unsent });
    }
    expect((await store.get('a')).hold).toMatchObject({ state: 'sent', turn: 2 });
  });

  it('a reference that was held and released again, from its last end on', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    await hold(store, 'a', 5n);
    await store.settle({ reference: 'a', ...unsent });
    clock.advance(20 * hour);
    await hold(store, 'a', 5n);
    await store.settle({ reference: 'a', ...unsent });
    clock.advance(day - 1);
    await endAnother(store);
    expect((await store.get('a')).hold).toMatchObject({ state: 'released', turn: 2 });
    clock.advance(1);
    await endAnother(store);
    expect(await isKnown(store, 'a')).toBe(false);
  });

  it('the amount of a capture that shows late, though its reference is forgotten before', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock, { rememberMs: hour });
    await hold(store, 'a', 5n);
    await store.settle({ reference: 'a', to: 'captured', visibleInMs: 2 * hour, awaitsOutcome: true });
    clock.advance(hour);
    await endAnother(store);
    expect(await isKnown(store, 'a')).toBe(false);
    expect(await store.totals('w')).toMatchObject({ active: 5n, captured: 1n });
    clock.advance(hour);
    expect(await store.totals('w')).toMatchObject({ active: 0n, captured: 6n });
    expect(await sizes()).toEqual({ open: 0, closed: 1, undecided: 0, due: 0, finished: 1, unsent: 0 });
  });
});
