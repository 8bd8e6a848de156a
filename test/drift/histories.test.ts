// Drift in seeded histories: none is reported where nothing happened, and a movement is reported once and exactly.
import { describe, expect, it } from '@jest/globals';
import { type DriftEvent, type VisibilityLagEvent, watchDrift } from 'payout-guard/drift';
import { byBudget } from '../support/budget.js';
import { DriftWorld, toleranceMs } from './world.js';

interface Played {
  readonly events: readonly DriftEvent[];
  readonly lags: readonly VisibilityLagEvent[];
  readonly world: DriftWorld;
  /** Balances that were read at rest until the movement was reported, the last included; 0 in traffic. */
  readonly reportedAfter: number | undefined;
}

/** A history of many moves and balances. `leavesMinor` leaves the wallet in the middle of it without a report. */
async function play(seed: number, leavesMinor: bigint): Promise<Played> {
  const world = new DriftWorld({ seed, mayForget: leavesMinor === 0n });
  const { random, clock, guard } = world;
  const [events, lags]: [DriftEvent[], VisibilityLagEvent[]] = [[], []];
  const watch = watchDrift(guard, {
    onDrift: (event) => events.push(event),
    onLag: (event) => lags.push(event),
    creditToleranceMs: toleranceMs,
  });
  world.onCredit = (credit) => watch.credit(credit);
  const rounds = random.between(3, 10);
  const leavesAt = leavesMinor === 0n ? -1 : random.between(1, rounds - 1);
  let looksAtRest = 0;
  let reportedAfter: number | undefined;
  const read = async () => {
    // The store may lose its data in the middle of it.
    await watch.check().catch((error) => expect(error).toMatchObject({ reason: 'store' }));
    if (world.isCalm) looksAtRest += 1;
    if (events.length > 0) reportedAfter ??= looksAtRest;
  };
  // Before anything can be compared there must be something to compare it with.
  await read();
  await read();
  clock.advance(2 * toleranceMs + world.lagMs);
  world.isCalm = false;
  looksAtRest = 0;
  for (let round = 0; round < rounds; round++) {
    for (let moves = random.between(0, 8); moves > 0; moves--) world.move();
    if (round === leavesAt) world.external(leavesMinor);
    await read();
    if (random.chance(0.5)) world.reportLate();
  }
  world.isCalm = true;
  for (let quiet = 0; quiet < 3; quiet++) {
    world.reportLate();
    world.finish();
    clock.advance(2 * toleranceMs + world.lagMs);
    await read();
  }
  await watch.close();
  await guard.close();
  return { events, lags, world, reportedAfter };
}

const quietHistories = byBudget({ small: 100, large: 10_000 });
const movedHistories = byBudget({ small: 200, large: 1_500 });

describe('drift', () => {
  it(`is never reported in ${quietHistories} histories without external movement, nor is a lag`, async () => {
    const alarms: unknown[] = [];
    const seen = { forgot: 0, released: 0, late: 0, busiest: 0 };
    for (let seed = 1; seed <= quietHistories; seed++) {
      const { events, lags, world } = await play(seed, 0n);
      seen.forgot += world.forgot;
      seen.released += world.released;
      seen.late += world.late;
      seen.busiest = Math.max(seen.busiest, world.busiest);
      if (events.length + lags.length > 0)
        alarms.push({ seed, visibleAt: world.visibleAt, lagMs: world.lagMs, events, lags });
    }
    expect(alarms).toEqual([]);
    // The histories have every kind of trouble that they are meant to have.
    expect(seen.forgot).toBeGreaterThan(quietHistories / 5);
    expect(seen.released).toBeGreaterThan(quietHistories * 2);
    expect(seen.late).toBeGreaterThan(quietHistories / 10);
    expect(seen.busiest).toBeGreaterThan(20);
  });

  it(`is reported once and exactly in each of ${movedHistories} histories with one external movement`, async () => {
    const wrong: unknown[] = [];
    const reportedAfter = [0, 0, 0, 0];
    for (let seed = 20_001; seed <= 20_000 + movedHistories; seed++) {
      const leavesMinor = seed % 3 === 0 ? -12_345n : 100n;
      const { events, lags, reportedAfter: looks = 3 } = await play(seed, leavesMinor);
      const [amount, direction] = leavesMinor > 0n ? ['1.00', 'debit'] : ['123.45', 'credit'];
      const reported = [...events.map((event) => [event.amount, event.direction, event.atMost]), ...lags];
      if (JSON.stringify(reported) !== JSON.stringify([[amount, direction, undefined]]))
        wrong.push({ seed, events, lags });
      reportedAfter[looks] = (reportedAfter[looks] ?? 0) + 1;
    }
    expect(wrong).toEqual([]);
    // Some are certain during traffic, the rest when the wallet is at rest. If balances may show payouts that fail, one
    // is skipped after a failure, and a second one must agree.
    const [inTraffic = 0, first = 0] = reportedAfter;
    expect(inTraffic).toBeGreaterThan(0);
    expect(first).toBeGreaterThan(movedHistories / 5);
  });
});
