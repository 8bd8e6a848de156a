// B2. What daily limits do when a database lost its memory, on every shared store.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DayLimits, HoldOutcome, HoldStore } from 'payout-guard';
import { dayAt } from '../../src/core/day-bounds.js';
import { stoppedClock, type TestClock } from '../support/clock.js';
import { sharedStores } from '../support/every-store.js';
import { requestUpTo } from '../support/redis-store.js';

const stores = await sharedStores();

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe.each(stores)('B2. daily limits after a loss of data, on %s', (_, { open, forget }) => {
  const limitsAt = (clock: TestClock): DayLimits => {
    const { number: day, startMs, endMs } = dayAt(clock.now(), 'Africa/Nairobi');
    return { day, startMs, endMs, perDayMinor: 100n, payee: 'payee', perPayeeMinor: 80n };
  };
  let names = 0;
  const hold = async (store: HoldStore, clock: TestClock, amountMinor: bigint): Promise<HoldOutcome> => {
    const { epoch } = await store.totals('w');
    const reference = `b2-${++names}`;
    return store.hold({ ...requestUpTo(10_000n), reference, amountMinor, epoch, limits: limitsAt(clock) });
  };

  it('refuse until midnight in the time zone of the wallet', async () => {
    const clock = stoppedClock();
    const store = open(clock);
    await store.acceptLimits?.('w');
    expect((await hold(store, clock, 60n)).outcome).toBe('held');
    await forget?.();
    expect((await hold(store, clock, 1n)).outcome).toBe('limits_unknown');
    const { endMs } = limitsAt(clock);
    clock.advance(endMs - clock.now() - 1);
    expect((await hold(store, clock, 1n)).outcome).toBe('limits_unknown');
    clock.advance(1);
    expect((await hold(store, clock, 80n)).outcome).toBe('held');
    expect((await hold(store, clock, 1n)).outcome).toBe('over_limit');
  });

  it('refuse until an operator accepts what is left, and again after another loss', async () => {
    const clock = stoppedClock();
    const store = open(clock);
    await store.totals('w');
    for (let loss = 0; loss < 2; loss++) {
      await forget?.();
      clock.advance(1_000);
      expect((await hold(store, clock, 1n)).outcome).toBe('limits_unknown');
      await store.acceptLimits?.('w');
      const answer = await hold(store, clock, 10n);
      expect(answer.outcome).toBe('held');
    }
  });

  it('count the holds again that are restored, on their day and for their payee', async () => {
    const clock = stoppedClock();
    const store = open(clock);
    await store.acceptLimits?.('w');
    const held = await hold(store, clock, 60n);
    if (held.outcome !== 'held') throw new Error(held.outcome);
    await forget?.();
    // The process enters the new epoch, and puts its hold back.
    expect((await store.totals('w')).active).toBe(60n);
    await store.acceptLimits?.('w');
    expect(await hold(store, clock, 21n)).toMatchObject({ outcome: 'over_limit', limit: 'perPayee', usedMinor: 60n });
    const { reference, attempt } = held.hold;
    await store.settle({ reference, attempt, to: 'released', notSent: true });
    expect((await hold(store, clock, 80n)).outcome).toBe('held');
    expect(await hold(store, clock, 1n)).toMatchObject({ outcome: 'over_limit', usedMinor: 80n });
  });
});
