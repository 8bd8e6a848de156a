// The service in front of Interswitch exchanges keys before each call, which ends the session of a call under way.
// Look-ups run one at a time, and none begins during a balance request.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { BalanceProvider, PayoutGuard } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import type { InterswitchSimulator } from 'payout-guard/testing';
import { closeAll, failureOf, guardOf, quick, startInterswitch, until } from '../providers/support.js';
import { stoppedClock, type TestClock } from '../support/wallet.js';
import { ask, wordOf } from './support.js';

afterEach(closeAll);

const callMs = 100;
const references = Array.from({ length: 10 }, (_, index) => `ref-${index}`);
const paths = { pay: '/isw/payments/pay', status: '/isw/payments/checkStatus', balance: '/isw/payments/balance' };

interface World {
  readonly clock: TestClock;
  readonly simulator: InterswitchSimulator;
  readonly provider: BalanceProvider;
  /** Runs work, with time passing on the clock for its calls. */
  readonly letting: <T>(work: Promise<T>) => Promise<T>;
  /** Waits until this many calls of a path are under way, then answers them. */
  readonly answerAll: (path: string, count: number) => Promise<void>;
}

async function start(): Promise<World> {
  const clock = stoppedClock();
  const simulator = await startInterswitch({ available: '1000', sessions: 'replace', callMs, clock });
  const letting = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    work.then(end, end);
    while (!isOver) {
      await clock.pass(callMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return work;
  };
  const answerAll = async (path: string, count: number) => {
    await until(() => simulator.count(path) === count && clock.timers >= count);
    await clock.pass(callMs);
  };
  return { clock, simulator, letting, answerAll, provider: interswitch({ baseUrl: simulator.url, ...quick }) };
}

/** Makes a payment of 10 for each reference, one after another. */
async function payAll({ simulator, letting }: World): Promise<void> {
  for (const requestReference of references) {
    const body = JSON.stringify({ requestReference, amount: 10, customerId: '0770000000', paymentCode: '53046936951' });
    const paid = fetch(simulator.url + paths.pay, { method: 'POST', body });
    expect(await (await letting(paid)).json()).toMatchObject({ responseCode: '90000' });
  }
}

/** A guard with a sent hold of 10 for each reference, as after a crash during payment. */
async function guardWithHolds({ letting }: World, provider: BalanceProvider): Promise<PayoutGuard> {
  // Manual look-ups only: those of the guard's own timer would interfere.
  const guard = guardOf(provider, { reconcileEveryMs: 0, lookupsPerSecond: 1_000, cache: { maxAgeMs: 60_000 } });
  for (const reference of references) await letting(guard.hold({ amount: '10', reference, state: 'sent' }));
  return guard;
}

describe('the simulated service', () => {
  it('answers one of ten look-ups at once, and refuses nine', async () => {
    const world = await start();
    await payAll(world);
    const asking = references.map(async (reference) => {
      const answer = await fetch(`${world.simulator.url}${paths.status}?requestReference=${reference}`);
      return ((await answer.json()) as { responseCode: string }).responseCode;
    });
    await world.answerAll(paths.status, 10);
    expect((await Promise.all(asking)).sort()).toEqual(['90000', ...Array(9).fill('90063')]);
  });

  it('answers calls one after the other', async () => {
    const { simulator, letting } = await start();
    for (let round = 0; round < 3; round += 1) {
      const answer = await letting(fetch(simulator.url + paths.balance));
      expect(await answer.json()).toMatchObject({ responseCode: '90000', response: { availableBalance: 1_000 } });
    }
  });

  it('refuses a payment whose session ended, and does not make it', async () => {
    const world = await start();
    const body = JSON.stringify({ requestReference: 'a', amount: 10, customerId: '077', paymentCode: '53046936951' });
    const paying = fetch(world.simulator.url + paths.pay, { method: 'POST', body });
    await until(() => world.clock.timers === 1);
    const reading = fetch(world.simulator.url + paths.balance);
    await until(() => world.clock.timers === 2);
    await world.clock.pass(callMs);
    expect(await (await paying).json()).toMatchObject({ responseCode: '90063', response: null });
    expect(await (await reading).json()).toMatchObject({ responseCode: '90000' });
    expect(world.simulator.payouts).toEqual([]);
  });
});

describe('a guard with ten sent holds', () => {
  it('settles all ten, one look-up at a time', async () => {
    const world = await start();
    await payAll(world);
    const guard = await guardWithHolds(world, world.provider);
    const settled = await world.letting(guard.reconcile({ olderThanMs: 0 }));
    expect(settled).toEqual({ captured: 10, released: 0, open: 0, neverSeen: [] });
    expect(world.simulator.count(paths.status)).toBe(10);
  });

  it('would settle one if it looked up all at once', async () => {
    const world = await start();
    await payAll(world);
    const guard = await guardWithHolds(world, { ...world.provider, lookupConcurrency: 10 });
    const reconciling = guard.reconcile({ olderThanMs: 0 });
    await world.answerAll(paths.status, 10);
    expect(await reconciling).toEqual({ captured: 1, released: 0, open: 9, neverSeen: [] });
  });
});

describe('a look-up', () => {
  const signal = new AbortController().signal;

  it('waits for a balance request under way, which is not cut off', async () => {
    const world = await start();
    const { simulator, provider, clock, letting } = world;
    const reading = provider.fetchBalance({ currency: 'UGX', signal });
    const asking = wordOf(provider, 'ref-1');
    await until(() => clock.timers === 1);
    expect([simulator.count(paths.balance), simulator.count(paths.status)]).toEqual([1, 0]);
    await clock.pass(callMs);
    expect(await reading).toMatchObject({ available: '1000', currency: 'UGX' });
    expect(await letting(asking)).toBe('unknown');
    expect(simulator.count(paths.status)).toBe(1);
  });

  it('runs after a failed balance request', async () => {
    const { simulator, provider, letting } = await start();
    simulator.fault({ kind: 'status', status: 403 });
    const reading = failureOf(provider.fetchBalance({ currency: 'UGX', signal }));
    const asking = ask(provider, 'ref-1');
    expect(await reading).toMatchObject({ reason: 'forbidden' });
    expect(await letting(asking)).toEqual({ outcome: 'unknown', absent: true });
  });

  it('ends with its signal while it waits, and sends no request', async () => {
    const { simulator, provider, letting } = await start();
    const reading = provider.fetchBalance({ currency: 'UGX', signal });
    const leaving = new AbortController();
    const asking = ask(provider, 'ref-1', leaving.signal);
    leaving.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
    await letting(reading);
    expect(simulator.count(paths.status)).toBe(0);
  });

  it('gives way to a balance: it is refused, and its payout stays sent', async () => {
    const world = await start();
    await payAll(world);
    const { provider, clock } = world;
    const asking = wordOf(provider, 'ref-1');
    await until(() => clock.timers === 1);
    const reading = provider.fetchBalance({ currency: 'UGX', signal });
    await until(() => clock.timers === 2);
    await clock.pass(callMs);
    expect(await asking).toBe('unauthorized');
    expect((await reading).available).toBe('900');
  });
});
