// The whole way over HTTP, on a clock that the test moves: a payout with an open outcome stays held, and the following
// look-ups settle it.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Hold, HoldInfo } from 'payout-guard';
import { closeAll, failureOf, until } from '../providers/support.js';
import { collectWarnings } from '../support/warnings.js';
import { type World, worlds } from './worlds.js';

afterEach(closeAll);
// JPay warns once that its look-ups are undocumented.
collectWarnings();

const payout = { amount: '100', reference: 'ref-1' };

async function stateOf({ guard }: World, reference = payout.reference): Promise<HoldInfo['state'] | undefined> {
  return (await guard.getHold(reference))?.state;
}

/** Advances time to the next look-up and waits for its answer. Fails when the look-up is early or missing. */
async function nextLookup({ clock, lookups }: World, afterMs: number): Promise<void> {
  const before = lookups();
  if (afterMs > 0) await clock.pass(afterMs - 1);
  expect(lookups()).toBe(before);
  await clock.pass(Math.min(1, afterMs));
  await until(() => lookups() === before + 1);
  // The reaction to the answer needs no time.
  await clock.pass(0);
}

const ends = [
  ['completed', 'captured', 900],
  ['failed', 'released', 1_000],
] as const;

describe.each(worlds)('%s: a payout that the provider answers as pending', (_, startWorld) => {
  it.each(ends)('stays sent, and is settled by a look-up once it has %s', async (end, state, left) => {
    const world = await startWorld();
    const { guard, clock, pay, advance } = world;
    const answer = (await guard.withHold(payout, pay)) as object;
    expect(answer).toMatchObject('status' in answer ? { status: 'pending' } : { responseCode: '90009' });
    expect([await stateOf(world), await world.spendable(), world.available()]).toEqual(['sent', 900, 1_000]);
    // 2 s, 5 s, 15 s and 60 s after the payment, then every minute.
    for (const waitMs of [2_000, 3_000, 10_000, 45_000, 60_000]) {
      await nextLookup(world, waitMs);
      expect([await stateOf(world), await world.spendable()]).toEqual(['sent', 900]);
    }
    advance(payout.reference, end);
    await nextLookup(world, 60_000);
    expect([await stateOf(world), await world.spendable(), world.available()]).toEqual([state, left, left]);
    await clock.pass(600_000);
    expect([world.lookups(), world.ended]).toEqual([6, ['ref-1']]);
  });

  it('is left to the timer of the guard once it is overdue', async () => {
    const world = await startWorld();
    const { guard, clock, pay, advance } = world;
    const overdue: string[] = [];
    guard.on('overdue', ({ hold }) => void overdue.push(hold.reference));
    await guard.withHold(payout, pay);
    for (const waitMs of [2_000, 3_000, 10_000, 45_000, 60_000, 60_000, 60_000]) await nextLookup(world, waitMs);
    expect(overdue).toEqual([]);
    await clock.pass(60_000);
    await until(() => overdue.length > 0);
    advance(payout.reference, 'completed');
    await clock.pass(60_000);
    await until(() => world.ended.length > 0);
    expect([await stateOf(world), await world.spendable()]).toEqual(['captured', 900]);
  });

  it('is looked up again after look-ups that fail', async () => {
    const world = await startWorld();
    const { guard, pay, advance } = world;
    const failures: unknown[] = [];
    guard.on('providerFailure', ({ error }) => void failures.push((error as { reason?: string }).reason));
    await guard.withHold(payout, pay);
    advance(payout.reference, 'completed');
    world.breakLookups({ kind: 'status', status: 403 }, 2);
    await nextLookup(world, 2_000);
    await nextLookup(world, 3_000);
    expect([failures, await stateOf(world)]).toEqual([['forbidden', 'forbidden'], 'sent']);
    await nextLookup(world, 10_000);
    expect([await stateOf(world), await world.spendable()]).toEqual(['captured', 900]);
  });
});

describe.each(worlds)('%s: a payout whose answer got lost', (_, startWorld) => {
  it.each(ends)('stays sent until it has %s', async (end, state, left) => {
    const world = await startWorld();
    const { guard, pay, advance } = world;
    world.breakPayment({ kind: 'lost' });
    await failureOf(guard.withHold(payout, pay));
    expect([await stateOf(world), await world.spendable(), world.available()]).toEqual(['sent', 900, 1_000]);
    await nextLookup(world, 2_000);
    expect(await stateOf(world)).toBe('sent');
    advance(payout.reference, end);
    await nextLookup(world, 3_000);
    expect([await stateOf(world), await world.spendable(), world.available()]).toEqual([state, left, left]);
  });

  it('stays sent when it never arrived, and is reported as never seen once it is overdue', async () => {
    const world = await startWorld();
    const { guard, clock } = world;
    const neverSeen: string[] = [];
    guard.on('neverSeen', ({ hold }) => void neverSeen.push(hold.reference));
    guard.on('overdue', () => {});
    await failureOf(guard.withHold(payout, () => Promise.reject(new Error('timeout'))));
    await nextLookup(world, 2_000);
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 0, open: 1, neverSeen: [] });
    clock.advance(300_000);
    const overdue = await guard.reconcile();
    expect(overdue).toMatchObject({ captured: 0, released: 0, open: 1, neverSeen: [{ reference: 'ref-1' }] });
    expect([neverSeen, await stateOf(world), await world.spendable()]).toEqual([['ref-1'], 'sent', 900]);
    await guard.release('ref-1', { reason: 'never sent' });
    expect(await world.spendable()).toBe(1_000);
  });
});

// JPay never approves immediately, and refuses without naming the reference.
describe.each(worlds.slice(1))('%s: a payout that the provider answers at once', (_, startWorld) => {
  const refusedPay = (world: World) => (hold: Hold) => {
    world.setAvailable('50');
    return world.pay(hold);
  };

  it('is captured without a look-up when it was approved', async () => {
    const world = await startWorld();
    world.breakPayment({ kind: 'fields', fields: { responseCode: '90000' } });
    await world.guard.withHold(payout, world.pay);
    expect(await stateOf(world)).toBe('captured');
    await world.clock.pass(240_000);
    expect(world.lookups()).toBe(0);
  });

  it('is looked up at once when it was refused, and released by the look-up', async () => {
    const world = await startWorld();
    const answer = await world.guard.withHold(payout, refusedPay(world));
    expect(answer).toMatchObject({ responseCode: '90051' });
    expect([await stateOf(world), world.lookups()]).toEqual(['sent', 0]);
    await nextLookup(world, 0);
    expect([await stateOf(world), await world.spendable()]).toEqual(['released', 50]);
  });

  it("is released without a look-up when it was refused and the function returns the provider's answer", async () => {
    const world = await startWorld();
    await world.guard.withHold({ ...payout, returns: 'providerAnswer' }, refusedPay(world));
    expect(await stateOf(world)).toBe('released');
    await world.clock.pass(240_000);
    expect(world.lookups()).toBe(0);
    world.setAvailable('1000');
    // The provider may remember its reference, so it is not held again.
    expect(await failureOf(world.guard.hold(payout))).toMatchObject({ code: 'duplicate_reference' });
  });

  it('stays sent when the reference was used before: the earlier payment may have been made', async () => {
    const world = await startWorld();
    await world.guard.withHold({ ...payout, returns: 'providerAnswer' }, async (hold) => {
      await world.pay(hold);
      const repeated = await world.pay(hold);
      expect(repeated).toMatchObject({ responseCode: '90026' });
      return repeated;
    });
    expect([await stateOf(world), await world.spendable()]).toEqual(['sent', 900]);
    world.advance(payout.reference, 'completed');
    await nextLookup(world, 2_000);
    expect(await stateOf(world)).toBe('captured');
  });
});

describe('a value that cannot be read', () => {
  const [, startWorld] = worlds[1] as (typeof worlds)[number];
  const throwing = (name: string) =>
    Object.defineProperty({}, name, {
      get: () => {
        throw new Error(name);
      },
    });

  it.each(['ok', 'responseCode', 'requestReference'])('leaves the payout sent when its %s throws', async (name) => {
    const world = await startWorld();
    const result = throwing(name);
    expect(await world.guard.withHold(payout, () => result)).toBe(result);
    expect(await stateOf(world)).toBe('sent');
    await nextLookup(world, 2_000);
  });
});

describe('look-ups that find nothing', () => {
  const references = Array.from({ length: 20 }, (_, index) => `ref-${index}`);

  /** A guard of JPay whose lists do not exist, with a sent hold for each reference. */
  async function withoutLists() {
    const world = await (worlds[0] as (typeof worlds)[number])[1]();
    const { guard } = world;
    for (const path of ['/payments/payouts/list', '/payments/payouts']) world.removePath(path);
    const alerts: unknown[] = [];
    guard.on('lookupFindsNothing', (alert) => void alerts.push(alert));
    for (const reference of references) await guard.hold({ amount: '1', reference, state: 'sent' });
    return { guard, alerts };
  }

  it('are reported when JPay has no list of payouts at the documented path', async () => {
    const { guard, alerts } = await withoutLists();
    for (const reference of references.slice(1)) await guard.reconcile({ reference });
    expect(alerts).toEqual([]);
    expect(await guard.reconcile({ reference: 'ref-0' })).toMatchObject({ open: 1, neverSeen: [] });
    expect(alerts).toEqual([{ wallet: 'default', inARow: 20 }]);
  });

  it('are not reported for one payout that is looked up again and again', async () => {
    const { guard, alerts } = await withoutLists();
    for (let round = 0; round < 50; round += 1) await guard.reconcile({ reference: 'ref-0' });
    expect(alerts).toEqual([]);
  });
});
