// What must be true in the end, when everything that was on its way has arrived and nothing goes wrong any more.
import type { HoldRecord } from 'payout-guard';
import { reconcile, requestPayout } from './flows.js';
import type { Process } from './process.js';
import { isReliable } from './settings.js';
import { mayBePaid, type Payout } from './truth.js';
import type { World } from './world.js';

/** Runs the history on, until nothing is left to do. */
type Play = () => Promise<void>;

/** Longer than any lease, reservation or lag of a history. */
const everythingIsOverMs = 150_000;

export async function reckon(world: World, play: Play): Promise<void> {
  world.isCalm = true;
  await settleAll(world, play);
  await assertAllIsSpendable(world, play);
  await releaseUnknown(world, play);
  for (const payout of world.payouts) await payIfItFits(world, play, payout);

  const left = (await openRows(world)).map(({ reference }) => reference);
  if (left.length > 0) world.report('left over', `${left} is still held in the end`);
  await play();
}

/**
 * Reconciliation leaves held only what nobody can tell: payouts the provider never heard of, and those whose reference was
 * held before and of which it says "failed", which may be its word on the first attempt.
 */
async function settleAll(world: World, play: Play): Promise<void> {
  const { journal, memory, processes, provider, settings, scheduler, truth, report } = world;
  const process = world.anyProcess();
  scheduler.after(everythingIsOverMs, () => void process.run('reconcile', () => reconcile(world, process, 1)));
  await play();

  for (const { reference, state, heldBefore, createdAtMs, sentAtMs } of await openRows(world)) {
    journal.note('left unknown', reference);
    const isAmbiguous = heldBefore === true && provider.outcomeOf(reference) === 'failed';
    const isUnknown = state === 'sent' && (isAmbiguous || provider.outcomeOf(reference) === undefined);
    if (!isUnknown) report('left over', `${reference} is still ${state}`);
    if (isReliable(settings) && !isAmbiguous)
      report('left over', `${reference} is still ${state}, though nothing was lost`);
    const asked = processes.filter((one) => one.asked.has(reference));
    // Held as sent, not sent later: what was held before is no news, and stays as it is.
    const isOfOneCall = sentAtMs === createdAtMs && truth.of(reference).length === 0;
    const isRefused = isOfOneCall && asked.every(({ takesWork }) => takesWork);
    if (isRefused && memory.undoesRefused)
      report('left over', `${reference} is ${state}, and was refused to everybody`);
    if (truth.of(reference).some(mayBePaid)) report('unexpected', `${reference} is under way after the end`);
  }
}

/** What is neither below the floor nor held is spendable, to the last cent. */
async function assertAllIsSpendable(world: World, play: Play): Promise<void> {
  const { provider, settings, scheduler, report } = world;
  const process = world.anyProcess();
  const heldMinor = (await openRows(world)).reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const spendableMinor = provider.balanceMinor - settings.floorMinor - heldMinor;
  const compare = async () => {
    const { spendable } = await process.guard.funds({ refresh: true });
    if (minor(spendable) === spendableMinor) return;
    report('refused', `${spendable} is spendable instead of ${spendableMinor} minor units`);
  };
  scheduler.after(settings.lagMs, () => void process.run('funds', compare));
  await play();
}

/** An operator frees what nobody can tell, having asked. */
async function releaseUnknown(world: World, play: Play): Promise<void> {
  for (const { reference } of await openRows(world)) {
    const process = world.anyProcess();
    world.journal.note('released by an operator', reference);
    void process.run('operator', async () => void (await process.guard.release(reference)));
  }
  await play();
}

/** Each payout that was not made is asked for again, and approved exactly if it fits. */
async function payIfItFits(world: World, play: Play, payout: Payout): Promise<void> {
  const { journal, provider, random, settings, scheduler, store, truth, report } = world;
  const { reference, feeMinor } = payout;
  if (truth.isPaid(reference) || truth.isFailed(reference)) return;
  const row = await store.get(reference);
  // It was debited at acceptance, captured, and then failed: its reference is used up.
  if (row?.state === 'captured') return;

  const topUpMinor = BigInt(random.pick([0, random.between(1, 9)]));
  const requiredMinor = row?.amountMinor ?? payout.amountMinor + feeMinor;
  const fits = requiredMinor <= provider.balanceMinor + topUpMinor - settings.floorMinor;
  const process = world.anyProcess();
  const request = () => {
    journal.note(fits ? 'approved in the end' : 'refused in the end', reference);
    const again: Payout = { ...payout, flow: 'withHold' };
    void process.run(`request ${reference}`, () => requestPayout(world, process, again, requiredMinor - feeMinor));
  };
  // Neither a balance that is remembered nor one that is being asked for may hide a top-up from whoever comes after it.
  scheduler.after(settings.lagMs, () => {
    void process.run('look', async () => void (await process.guard.checkFunds('0.01', { refresh: true })));
    scheduler.after(random.upTo(1_000), () => {
      if (topUpMinor > 0n) provider.topUp(topUpMinor);
      scheduler.after(settings.lagMs + settings.minRefreshMs, request);
    });
  });
  await play();
  await settleNow(world, play, process);
  if (truth.isPaid(reference) === fits) return;
  report('refused', `${reference} of ${requiredMinor} was ${fits ? 'refused' : 'approved'} in the end`);
}

async function settleNow(world: World, play: Play, process: Process): Promise<void> {
  void process.run('reconcile', () => reconcile(world, process, 0));
  await play();
}

async function openRows({ store }: World): Promise<readonly HoldRecord[]> {
  const { holds } = await store.list({ limit: 1_000 });
  return holds.filter(({ state }) => state === 'reserved' || state === 'sent');
}

function minor(text: string): bigint {
  return BigInt(text.replace('.', ''));
}
