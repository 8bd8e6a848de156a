// Rules for the end, when every message has arrived and nothing fails any more.
import type { HoldRecord } from 'payout-guard';
import { acceptLimits, assertCounted } from './limits/operators.js';
import { isOpen, rowsOf } from './memory.js';
import { ofWallet } from './payouts.js';
import { assertNothingIsForgotten } from './proof-checks.js';
import { isReliable } from './settings.js';
import { mayBePaid, type Payout } from './truth.js';
import { reconcile, unfreeze } from './workload/background.js';
import { requestPayout } from './workload/request.js';
import { minorOf, type World } from './world.js';

/** Continues the history until nothing is left to do. */
type Play = () => Promise<void>;

export async function checkFinally(world: World, play: Play): Promise<void> {
  world.isCalm = true;
  if (world.settings.freezes) for (const { key } of world.settings.wallets) unfreeze(world, key);
  for (const wallet of world.limits?.wallets ?? []) acceptLimits(world, wallet);
  await play();
  assertNothingIsForgotten(world, rowsOf((await world.store.list({ limit: 1_000 })).holds));
  await assertOrphansAreReported(world, play);
  await settleAll(world, play);
  for (const { key } of world.settings.wallets) await assertAllIsSpendable(world, play, key);
  await releaseUnknown(world, play);
  const askedAgain = world.payouts.filter(() => world.random.chance(0.35));
  for (const payout of askedAgain) await payIfItFits(world, play, payout);

  const left = (await undecided(world)).map(({ reference }) => reference);
  if (left.length > 0) world.report('left over', `${left} is still held in the end`);
  await assertCounted(world);
  await play();
}

/**
 * A process that does not serve a wallet reports its payouts when no other process has looked them up for a quarter of
 * an hour.
 */
async function assertOrphansAreReported(world: World, play: Play): Promise<void> {
  const { random, scheduler, settings } = world;
  const [one, other] = random.chance(0.5) ? settings.wallets : [...settings.wallets].reverse();
  if (!one || !other || !random.chance(0.2)) return;
  const orphans = (await undecided(world)).filter(({ wallet, state }) => wallet === other.key && state !== 'reserved');
  scheduler.after(1_200_000, () => {
    const process = world.start({ wallets: [one.key], does: 'pay', hasLookup: true, listens: true });
    void process.run('reconcile', () => reconcile(world, process, undefined));
  });
  await play();
  if (orphans.length > 0 && !world.reported.get(other.key)?.has('orphan')) {
    world.report('silent', `payouts of ${other.key} are open, no process serves it, and none reports it`);
  }
}

/** Longer than any lease, reservation, payment or lag of a history. */
function everythingIsOverMs({ settings }: World): number {
  const { payWithinMs, slowestApprovalMs, holdExpiresInMs, wallets } = settings;
  const anHourMs = wallets.some(({ absentIsFailed }) => absentIsFailed) ? 3_600_000 : 0;
  return payWithinMs + 2 * slowestApprovalMs + holdExpiresInMs + anHourMs + 200_000;
}

/**
 * Reconciliation leaves open only unknowable outcomes: payouts without a record at the provider, and "failed" payouts
 * whose reference was held before, because that answer may be about the first attempt. Each of them is reported.
 */
async function settleAll(world: World, play: Play): Promise<void> {
  const { log, scheduler, settings } = world;
  for (const { key } of settings.wallets) {
    scheduler.after(everythingIsOverMs(world), () => {
      const process = world.anyProcess({ wallet: key, hasLookup: true });
      void process.run('reconcile', () => reconcile(world, process, undefined));
    });
  }
  await play();

  for (const row of await undecided(world)) {
    log.count('left unknown', row.reference);
    assertUnknown(world, row);
    if (!world.reported.get(row.reference)?.has('overdue')) {
      world.report('silent', `${row.reference} is still ${row.state}, and was never reported as overdue`);
    }
  }
}

function assertUnknown(world: World, row: HoldRecord): void {
  const { memory, processes, settings, truth, report } = world;
  const { reference, wallet, state, turn, sentAtMs, createdAtMs } = row;
  const outcome = world.providerOf(wallet).outcomeOf(reference);
  const isAmbiguous = turn !== undefined && outcome === 'failed';
  const attempts = truth.of(reference);
  if (state !== 'sent' || !(isAmbiguous || outcome === undefined))
    report('left over', `${reference} is still ${state}`);
  // An earlier attempt, lost with the memory of the store, may have gone to the provider of another wallet.
  const wasSent = attempts.some((one) => one.hold === row.attempt && one.wasSent);
  if (isReliable(settings) && !isAmbiguous && wasSent && isRemembered(world, row)) {
    report('left over', `${reference} is still ${state}, though nothing was lost`);
  }
  // Held as sent in one call. A hold from before is no new request, and stays as it is.
  const isOfOneCall = sentAtMs === createdAtMs && attempts.length === 0 && !world.granted.has(row.attempt);
  const asked = processes.filter((one) => one.asked.has(reference));
  if (memory.undoesRefused && isOfOneCall && asked.every(({ takesWork }) => takesWork)) {
    report('left over', `${reference} is ${state}, and was refused to every client`);
  }
  if (attempts.some(mayBePaid)) report('unexpected', `${reference} is under way after the end`);
}

/** True if the provider keeps a record of refused payouts. */
function isRemembered(world: World, { wallet }: HoldRecord): boolean {
  return world.planOf(wallet).remembersRefused;
}

/** The balance above the floor and the holds is spendable, to the last cent. */
async function assertAllIsSpendable(world: World, play: Play, wallet: string): Promise<void> {
  const { random, scheduler, report } = world;
  if (random.chance(0.5)) return;
  const { balanceMinor, plan } = world.providerOf(wallet);
  const process = world.anyProcess({ wallet, does: 'pay' });
  const open = (await undecided(world)).filter((row) => row.wallet === wallet && isOpen(row.state));
  const heldMinor = open.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const spendableMinor = balanceMinor - plan.floorMinor - heldMinor;
  const compare = async () => {
    const { spendable } = await process.guard.funds({ wallet, refresh: true });
    if (minorOf(spendable) === spendableMinor) return;
    report('refused', `${spendable} of ${wallet} is spendable instead of ${spendableMinor} minor units`);
  };
  scheduler.after(plan.lagMs, () => void process.run('funds', compare));
  await play();
}

/** An operator asks the provider, then releases payouts with an unknowable outcome. */
async function releaseUnknown(world: World, play: Play): Promise<void> {
  for (const { reference, wallet, state } of await undecided(world)) {
    if (!isOpen(state)) continue;
    const process = world.anyProcess({ wallet });
    world.log.count('released by an operator', reference);
    void process.run('operator', () => process.guard.release(reference, { reason: 'never made' }));
  }
  await play();
}

/**
 * A payout that was not made is requested again, and approved exactly if it fits: under its own reference, or under a
 * new one if that is used up.
 */
async function payIfItFits(world: World, play: Play, payout: Payout): Promise<void> {
  const { limits, log, random, scheduler, truth, report } = world;
  const again = await openAgain(world, payout);
  if (!again) return;
  const { reference, wallet, amountMinor, feeMinor } = again;
  const provider = world.providerOf(wallet);
  const { lagMs, floorMinor } = provider.plan;
  const topUpMinor = BigInt(random.pick([0, random.between(1, 9)]));
  const requiredMinor = amountMinor + feeMinor;
  const hasMoney = requiredMinor <= provider.balanceMinor + topUpMinor - floorMinor;
  let fits: boolean | undefined = hasMoney;
  const process = world.anyProcess({ wallet, does: 'pay' });
  const request = () => {
    if (hasMoney && limits) fits = limits.fits(again);
    log.count(fits ? 'approved in the end' : 'refused in the end', reference);
    void process.run(`request ${reference}`, () => requestPayout(world, process, again));
  };
  const smallest = provider.plan.currency === 'KES' ? '0.01' : '1';
  // Neither a cached balance nor one being requested may hide a top-up from later requests.
  scheduler.after(lagMs, () => {
    const looks = random.chance(0.5);
    if (looks) void process.run('look', () => process.guard.checkFunds(smallest, { wallet, refresh: true }));
    scheduler.after(random.upTo(1_000), () => {
      if (topUpMinor > 0n) provider.topUp(topUpMinor);
      scheduler.after(lagMs + world.settings.minRefreshMs, request);
    });
  });
  await play();
  await settleNow(world, play, wallet);
  // Undefined near midnight.
  if (fits === undefined || truth.isPaid(reference) === fits) return;
  report('refused', `${reference} of ${requiredMinor} was ${fits ? 'refused' : 'approved'} in the end`);
}

/** The payout for another request; undefined when it was made. */
async function openAgain(world: World, payout: Payout): Promise<Payout | undefined> {
  const { truth } = world;
  const { reference } = payout;
  if (truth.isPaid(reference)) return undefined;
  const { hold } = await world.store.get(reference);
  const again: Payout = { ...payout, flow: 'withHold' };
  if (!hold) return truth.hasFailed(reference) ? { ...again, reference: `${reference}.2` } : again;
  const isUsedUp = hold.failed || hold.state === 'captured' || truth.hasFailed(reference);
  if (isUsedUp) return { ...again, reference: `${reference}.2` };
  const { wallet, amountMinor, metadata } = hold;
  const held = { ...again, amountMinor: amountMinor - payout.feeMinor, payee: metadata.payee ?? payout.payee };
  return ofWallet(world, held, wallet);
}

async function settleNow(world: World, play: Play, wallet: string): Promise<void> {
  if ((await undecided(world)).length === 0) return;
  const waitMs = world.settings.payWithinMs + 61_000;
  world.scheduler.after(waitMs, () => {
    const process = world.anyProcess({ wallet, hasLookup: true });
    void process.run('reconcile', () => reconcile(world, process, 0));
  });
  await play();
}

/** Open holds, and captures with an unknown outcome. */
async function undecided({ store }: World): Promise<readonly HoldRecord[]> {
  const { holds } = await store.list({ limit: 1_000 });
  return holds.filter(({ state, awaitsOutcome }) => isOpen(state) || awaitsOutcome === true);
}
