// Payouts that wait for an approval: one process reserves, others resume the hold later and pay.
import type { Hold } from 'payout-guard';
import { HoldStateError } from 'payout-guard';
import { ofWallet } from '../payouts.js';
import type { Process } from '../process.js';
import { minorOf } from '../world.js';
import { type Call, callOf } from './call.js';
import { payOnce } from './pay.js';

export async function approval(call: Call): Promise<void> {
  const { world, process, payout } = call;
  const { random, scheduler, settings } = world;
  const hold = await process.guard.hold({ ...call.request, expiresInMs: 2 * settings.slowestApprovalMs });
  // An approval may be given twice, and each process that hears of it resumes the hold.
  const approvals = random.pick([0, 1, 1, 1, 2]);
  for (let count = 0; count < approvals; count++) {
    scheduler.after(random.upTo(settings.slowestApprovalMs), () => {
      const other = world.anyProcess({ wallet: payout.wallet, does: 'pay' });
      void other.run(`request ${payout.reference}`, () => resumeAndPay(callOf(world, other, payout)));
    });
  }
  if (random.chance(0.2)) await hold.extend(settings.slowestApprovalMs);
}

async function resumeAndPay(call: Call): Promise<void> {
  const { world, process, payout } = call;
  const hold = await process.guard.resume(payout.reference);
  world.log.count('resumed', payout.reference);
  await process.pause();
  try {
    await payOnce(ofHold(call, process, hold), hold);
  } catch (error) {
    // Refused after all, though it stays reserved: an application that gives up says so.
    if (hold.state === 'reserved' && world.random.chance(0.5)) await hold.release().catch(ignoreState);
    throw error;
  }
}

/** The request may have been altered: what is paid is what is held. */
function ofHold(call: Call, process: Process, hold: Hold): Call {
  const { world } = call;
  const payout = ofWallet(world, call.payout, hold.wallet);
  const amountMinor = minorOf(hold.amount) - payout.feeMinor;
  return { ...call, process, plan: world.planOf(hold.wallet), payout: { ...payout, amountMinor } };
}

function ignoreState(error: unknown): void {
  if (!(error instanceof HoldStateError)) throw error;
}
