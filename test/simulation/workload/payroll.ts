// A client that requests a payroll, and pays what was held.
import { type Hold, isPayoutGuardError, type PayoutToHold } from 'payout-guard';
import type { PayrollPlan } from '../payrolls.js';
import type { Process } from '../process.js';
import type { Payout } from '../truth.js';
import { ExpectedError } from '../violation.js';
import { minorOf, text, type World } from '../world.js';
import { callOf } from './call.js';
import { payOnce } from './pay.js';

export async function requestPayroll(world: World, process: Process, plan: PayrollPlan): Promise<void> {
  const { log, random, truth, hasLostMemory } = world;
  // A store that lost its data cannot recognise paid payouts, so clients that repeat requests must.
  const payouts = plan.payouts.filter(({ reference }) => !(hasLostMemory && truth.isPaid(reference)));
  if (payouts.length === 0) return;
  for (const { reference } of payouts) process.asked.add(reference);
  const policy = random.pick(['all', 'fit'] as const);
  const { holds, leftOut, held, required } = await process.guard.holdAll(
    payouts.map((payout) => itemOf(world, payout)),
    {
      wallet: plan.wallet,
      policy,
      order: policy === 'fit' ? random.pick(['given', 'smallestFirst', undefined]) : undefined,
      refresh: random.chance(0.1),
      expiresInMs: random.chance(0.5) ? world.settings.holdExpiresInMs : undefined,
      signal: leavingCaller(world, process),
    },
  );
  log.count('payroll held', `${plan.name}, ${holds.length} of ${payouts.length} with ${policy}`);
  if (leftOut.length > 0)
    log.count('payroll left out', leftOut.map(({ reference, reason }) => `${reference} ${reason}`).join());
  assertComplete(world, payouts, { policy, holds, left: leftOut.length, held, required });
  await Promise.all(holds.map((hold) => payOne(world, process, payouts, hold)));
}

/** Another process pays a payout of a payroll that is held, perhaps before the whole payroll is. */
export async function resumeOne(world: World, process: Process, payout: Payout): Promise<void> {
  const hold = await process.guard.resume(payout.reference);
  world.log.count('resumed', payout.reference);
  await payHeld(world, process, payout, hold);
}

function itemOf(world: World, payout: Payout): PayoutToHold {
  const plan = world.planOf(payout.wallet);
  return {
    reference: payout.reference,
    amount: text(payout.amountMinor, plan),
    fee: payout.feeMinor === 0n ? undefined : text(payout.feeMinor, plan),
    fingerprint: world.settings.hasFingerprints ? payout.payee : undefined,
    metadata: { payee: payout.payee },
  };
}

function leavingCaller({ log, random, settings, isCalm }: World, process: Process): AbortSignal | undefined {
  if (isCalm || !random.chance(0.1)) return undefined;
  const controller = new AbortController();
  process.after(random.upTo(settings.slowestProviderMs), () => {
    log.count('client left', process.name);
    controller.abort(new ExpectedError('The client left.'));
  });
  return controller.signal;
}

interface Held {
  readonly policy: 'all' | 'fit';
  readonly holds: readonly Hold[];
  readonly left: number;
  readonly held: string;
  readonly required: string;
}

/** The report adds up: every payout is held or left out, with `all` each is held. */
function assertComplete(
  { report }: World,
  payouts: readonly Payout[],
  { policy, holds, left, held, required }: Held,
): void {
  const sum = holds.reduce((minor, { amount }) => minor + minorOf(amount), 0n);
  const isWhole = policy === 'fit' || (left === 0 && held === required);
  if (isWhole && holds.length + left === payouts.length && minorOf(held) === sum) return;
  report('half held', `${holds.length} of ${payouts.length} with ${policy}, ${left} left out, ${held} of ${required}`);
}

async function payOne(world: World, process: Process, payouts: readonly Payout[], hold: Hold): Promise<void> {
  const payout = payouts.find(({ reference }) => reference === hold.reference);
  if (!payout) {
    world.report('foreign', `a payroll was given a hold of ${hold.reference}`);
    return;
  }
  await process.pause();
  if (!world.isCalm && world.random.chance(0.1)) return;
  try {
    if (!world.isCalm && world.random.chance(0.1)) await hold.release();
    else await payHeld(world, process, payout, hold);
  } catch (error) {
    // One payout that fails does not end the payroll.
    process.noteError(`payout ${hold.reference}`, error);
  }
}

async function payHeld(world: World, process: Process, payout: Payout, hold: Hold): Promise<void> {
  // The reference may be held for another payroll that has another amount.
  const amountMinor = minorOf(hold.amount) - payout.feeMinor;
  try {
    await payOnce(callOf(world, process, { ...payout, amountMinor }), hold);
  } catch (error) {
    if (!isPayoutGuardError(error) && !(error instanceof ExpectedError)) throw error;
    if (hold.state === 'reserved' && world.random.chance(0.5)) await hold.release().catch(() => {});
    throw error;
  }
}
