// The recovery window when the clock of the database steps, on every shared store. `advance` lets time pass at the
// database and in every process; `step` moves the clock of the database alone.
import { describe, expect, it } from '@jest/globals';
import type { HoldStore } from 'payout-guard';
import { stoppedClock } from '../support/clock.js';
import { sharedStores } from '../support/every-store.js';
import { movableMonotonic, passMonotonic } from '../support/monotonic.js';
import { hold } from '../support/redis-store.js';
import { collectWarnings } from '../support/warnings.js';

const recoveryMs = 10_000;

describe.each(await sharedStores())(
  'T2. on %s, a clock of the database that steps while holds are restored',
  (_, { open, forget }) => {
    movableMonotonic();
    collectWarnings();
    const clock = stoppedClock();
    const pass = (ms: number) => {
      clock.advance(ms);
      passMonotonic(ms);
    };
    /** Two processes, each with an open hold in a store of 100, that have been past the first window for long. */
    const begun = async (): Promise<[HoldStore, HoldStore]> => {
      const [one, other] = [open(clock, { recoveryMs }), open(clock, { recoveryMs })];
      for (const store of [one, other]) await store.totals('w');
      pass(recoveryMs);
      for (const store of [one, other]) await store.totals('w');
      await hold(one, 'of one', 10n);
      await hold(other, 'of other', 80n);
      await forget?.();
      return [one, other];
    };

    it('does not end the window early, and later holds fit what all processes have restored', async () => {
      const [one, other] = await begun();
      expect(await one.totals('w')).toMatchObject({ active: 10n, recoveringForMs: recoveryMs });
      pass(1_000);
      clock.step(3_000 + recoveryMs);
      // The window of the database is over, and the other process has not restored its hold.
      const leftMs = (answer: object) => Object.entries(answer).find(([name]) => name.endsWith('orMs'))?.[1];
      const capture = { reference: 'of other', to: 'captured', visibleInMs: 0 } as const;
      for (const answer of [await hold(one, 'new', 50n), await one.get('of other'), await one.settle(capture)]) {
        expect(answer).toMatchObject('outcome' in answer ? { outcome: 'recovering' } : { hold: undefined });
        // The machine of the test takes some of it.
        expect(leftMs(answer)).toBeGreaterThan(recoveryMs - 4_000);
        expect(leftMs(answer)).toBeLessThanOrEqual(recoveryMs - 1_000);
      }
      expect((await hold(one, 'of one', 10n)).outcome).toBe('exists');
      expect(await other.totals('w')).toMatchObject({ active: 90n });
      expect((await hold(one, 'new', 5n)).outcome).toBe('recovering');
      pass(recoveryMs - 1_000);
      expect((await hold(one, 'new', 50n)).outcome).toBe('insufficient');
      expect((await hold(one, 'new', 10n)).outcome).toBe('held');
      expect(await one.totals('w')).not.toHaveProperty('recoveringForMs');
    });

    it('does not end it before a process has noticed the loss', async () => {
      const [one, other] = await begun();
      // The window begins with the first request: that of a process that is new.
      await open(clock, { recoveryMs }).totals('w');
      pass(500);
      clock.step(2 * recoveryMs);
      const { active, recoveringForMs = 0 } = await one.totals('w');
      expect(active).toBe(10n);
      expect(recoveringForMs).toBeGreaterThan(recoveryMs - 500);
      expect((await hold(one, 'new', 50n)).outcome).toBe('recovering');
      await other.totals('w');
      pass(recoveryMs);
      expect((await hold(one, 'new', 50n)).outcome).toBe('insufficient');
    });

    it('makes nothing wait where no data was lost', async () => {
      const store = open(clock, { recoveryMs });
      await store.totals('w');
      pass(recoveryMs);
      clock.step(3_600_000);
      expect((await hold(store, 'a', 10n)).outcome).toBe('held');
      clock.step(3_600_000);
      expect((await hold(store, 'b', 10n)).outcome).not.toBe('recovering');
    });
  },
);
