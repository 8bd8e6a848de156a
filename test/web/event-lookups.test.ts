// The look-ups that events cost: a server counts them. Events, replays and floods on one reference, and on many.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { EventOutcome } from '../../src/core/internals.js';
import { EventLookups } from '../../src/web/event-lookups.js';
import { closeAll } from '../providers/support.js';
import { stoppedClock } from '../support/clock.js';
import { type Received, received } from './receiver-support.js';

const worlds: Received[] = [];

async function world(...options: Parameters<typeof received>): Promise<Received> {
  const made = await received(...options);
  worlds.push(made);
  return made;
}

afterEach(async () => {
  for (const { guard, answer } of worlds.splice(0)) {
    answer();
    await guard.close({ waitMs: 0 });
  }
  await closeAll();
});

/** Advances the clock in small steps until a condition is true. Answers travel over their sockets meanwhile. */
async function passUntil({ clock }: Received, isSo: () => boolean): Promise<void> {
  for (let steps = 0; !isSo(); steps += 1) {
    if (steps === 5_000) throw new Error(`it did not happen: ${isSo}`);
    await clock.pass(20);
  }
}

describe('an event', () => {
  it('is looked up and settles nothing by itself: the state of the provider does', async () => {
    const acme = await world();
    await acme.sent();
    acme.state = 'PAID';
    // The event reports REJECTED.
    expect([await acme.notify(), await acme.stateOf(), acme.askedAtMs.length]).toEqual([200, 'captured', 1]);
  });

  it('of a payout that is settled costs no look-up, at once or later', async () => {
    const acme = await world();
    await acme.sent();
    acme.state = 'PAID';
    const statuses = await Promise.all(Array.from({ length: 50 }, () => acme.notify()));
    for (let later = 0; later < 5; later += 1) {
      await acme.clock.pass(500);
      statuses.push(await acme.notify());
    }
    expect([new Set(statuses), acme.askedAtMs]).toEqual([new Set([200]), [0]]);
  });

  it('within a second of the end of a look-up is looked up when the second is over', async () => {
    const acme = await world();
    await acme.sent();
    await acme.notify();
    await acme.clock.pass(400);
    acme.state = 'PAID';
    const second = acme.notify();
    await acme.clock.pass(599);
    expect([acme.askedAtMs, await acme.stateOf()]).toEqual([[0], 'sent']);
    await acme.clock.pass(1);
    expect([await second, acme.askedAtMs, await acme.stateOf()]).toEqual([200, [0, 1_000], 'captured']);
  });

  it('that arrives while a look-up is under way is looked up after it, because the answer may be older', async () => {
    const acme = await world();
    await acme.sent();
    acme.isSlow = true;
    const first = acme.notify();
    await acme.asked(1); // the provider reads the state: QUEUED
    acme.state = 'PAID';
    const others = [acme.notify(), acme.notify(), acme.notify()];
    acme.isSlow = false;
    acme.answer();
    expect([await first, await acme.stateOf()]).toEqual([200, 'sent']);
    await acme.clock.pass(999);
    expect(acme.askedAtMs).toEqual([0]);
    await acme.clock.pass(1);
    expect([await Promise.all(others), acme.askedAtMs]).toEqual([
      [200, 200, 200],
      [0, 1_000],
    ]);
    expect(await acme.stateOf()).toBe('captured');
  });

  it('that arrives while a look-up is under way costs none when the answer is final', async () => {
    const acme = await world();
    await acme.sent();
    acme.state = 'PAID';
    acme.isSlow = true;
    const first = acme.notify();
    await acme.asked(1);
    const others = [acme.notify(), acme.notify()];
    acme.answer();
    expect(await Promise.all([first, ...others])).toEqual([200, 200, 200]);
    await acme.clock.pass(5_000);
    expect(acme.askedAtMs).toEqual([0]);
  });

  it('whose look-up has to wait for more than 10 s is 503, and is looked up all the same', async () => {
    const acme = await world();
    const captured: unknown[] = [];
    acme.guard.on('captured', (event) => captured.push(event));
    acme.state = 'PAID';
    // Five look-ups at once and five a second, by default.
    const references = Array.from({ length: 80 }, (_, index) => `p-${index}`);
    for (const reference of references) await acme.sent(reference);
    const statuses: number[] = [];
    for (const reference of references) void acme.notify(reference).then((status) => statuses.push(status));
    await passUntil(acme, () => statuses.length === references.length);
    expect(acme.clock.elapsed()).toBe(10_000);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    await passUntil(acme, () => acme.askedAtMs.length === references.length);
    await passUntil(acme, () => captured.length === references.length);
    expect(acme.askedAtMs).toHaveLength(references.length);
  });
});

describe('a flood', () => {
  it('of events about an open payout costs one look-up a second', async () => {
    const acme = await world();
    await acme.sent();
    const statuses: number[] = [];
    for (let round = 1; round <= 10; round += 1) {
      for (let event = 0; event < 20; event += 1) {
        void acme.notify().then((status) => statuses.push(status));
        await acme.clock.pass(20);
      }
      await passUntil(acme, () => acme.askedAtMs.length >= round);
    }
    await passUntil(acme, () => statuses.length === 200);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const gaps = acme.askedAtMs.slice(1).map((atMs, index) => atMs - (acme.askedAtMs[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    expect(acme.askedAtMs.length).toBeGreaterThanOrEqual(10);
  });

  it('of events costs one look-up a second while the provider is down, and 503 for each event', async () => {
    const acme = await world();
    await acme.sent();
    acme.status = 500;
    expect([await acme.notify(), await acme.notify(), await acme.notify()]).toEqual([503, 503, 503]);
    await acme.clock.pass(999);
    expect([await acme.notify(), acme.askedAtMs]).toEqual([503, [0]]);
    await acme.clock.pass(1);
    acme.status = 200;
    acme.state = 'PAID';
    expect([await acme.notify(), acme.askedAtMs, await acme.stateOf()]).toEqual([200, [0, 1_000], 'captured']);
  });

  it('about one payout does not delay the event of another', async () => {
    const acme = await world();
    await acme.sent();
    await acme.sent('p-2');
    await acme.notify();
    const waiting = acme.notify();
    expect([await acme.notify('p-2'), acme.askedAtMs]).toEqual([200, [0, 0]]);
    await acme.clock.pass(1_000);
    expect([await waiting, acme.askedAtMs]).toEqual([200, [0, 0, 1_000]]);
  });
});

it('the references that are remembered are bounded', async () => {
  const asked: string[] = [];
  const lookUp = async (reference: string): Promise<EventOutcome> => {
    asked.push(reference);
    return 'decided';
  };
  const lookups = new EventLookups({ clock: stoppedClock(), lookUp });
  for (let index = 0; index <= 10_000; index += 1) await lookups.after(`p-${index}`);
  asked.length = 0;
  await lookups.after('p-10000');
  await lookups.after('p-0');
  expect(asked).toEqual(['p-0']);
});
