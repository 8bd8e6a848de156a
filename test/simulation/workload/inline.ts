// Payouts of applications that call the guard directly.
import { type Hold, isPayoutGuardError } from 'payout-guard';
import { endCode } from '../truth.js';
import { ExpectedError } from '../violation.js';
import { approve, type Call, leavingClient } from './call.js';
import { actualOf, failAfterPayment } from './endings.js';
import { payOnce, payOptions, payUnder } from './pay.js';
import { makePayment, type Outcome } from './payment-client.js';

export async function withHold(call: Call): Promise<void> {
  const { guard } = call.process;
  const request = { ...call.request, ...payOptions(call), signal: leavingClient(call) };
  await guard.withHold(request, (hold) => payUnder(call, hold));
}

/** Reserves first, does something else, and then pays, cancels, or extends the reservation. */
export async function reserve(call: Call): Promise<void> {
  const { world, process } = call;
  const { random, log, settings, isCalm } = world;
  const hold = await process.guard.hold({ ...call.request, signal: leavingClient(call) });
  await process.pause();
  if (!isCalm && random.chance(0.15)) return changeMind(call, hold);
  if (random.chance(0.1)) {
    log.count('extended', hold.reference);
    await hold.extend(random.upTo(settings.holdExpiresInMs));
    await process.pause();
  }
  if (!isCalm && settings.isForgetful && random.chance(0.8)) return payForgetfully(call, hold);
  await payOnce(call, hold);
}

/** Pays by its own code and settles the hold itself. */
export async function manual(call: Call): Promise<void> {
  const { world, process } = call;
  if (world.random.chance(0.5)) {
    const hold = await process.guard.hold({ ...call.request, state: 'sent', signal: leavingClient(call) });
    return payByHand(call, hold);
  }
  const hold = await process.guard.hold(call.request);
  await process.pause();
  await markAsSent(call, hold);
  await payByHand(call, hold);
}

async function changeMind({ world }: Call, hold: Hold): Promise<void> {
  world.log.count('changed its mind', hold.reference);
  // The reservation may have expired in the meantime, and another request may have taken the reference.
  await hold.release();
}

async function markAsSent({ world }: Call, hold: Hold): Promise<void> {
  try {
    await hold.sent();
  } catch (error) {
    if (isPayoutGuardError(error) && error.code === 'hold_state') world.log.count('sent too late', hold.reference);
    // It was not sent. A tidy application releases the money at once instead of waiting for the reservation to expire.
    if (world.random.chance(0.5)) await hold.release();
    throw error;
  }
}

async function payByHand(call: Call, hold: Hold): Promise<void> {
  const { world, process } = call;
  const attempt = approve(call, hold);
  await process.pause();
  const outcome = await makePayment(world, process, attempt, call.payout.settlesOnReturn);
  endCode(attempt);
  attempt.proof = proofBy(call, outcome);
  await settleByHand(call, hold, outcome);
  if (!world.isCalm && world.random.chance(world.settings.codeFaults)) await failAfterPayment(call, hold);
}

function proofBy({ plan }: Call, outcome: Outcome): 'completed' | 'failed' | 'not_sent' | undefined {
  switch (outcome.kind) {
    case 'completed':
      return 'completed';
    case 'accepted':
      return plan.debitVisibleAt === 'acceptance' ? 'completed' : undefined;
    case 'failed':
      return outcome.isFinal ? 'failed' : undefined;
    case 'never sent':
      return 'not_sent';
    default:
      return undefined;
  }
}

async function settleByHand(call: Call, hold: Hold, outcome: Outcome): Promise<void> {
  switch (proofBy(call, outcome)) {
    case 'completed':
      await hold.capture(actualOf(call, outcome));
      return;
    case 'failed':
      await hold.release();
      return;
    case 'not_sent':
      await hold.release({ notSent: true });
      return;
    default:
      if ('error' in outcome) throw outcome.error;
  }
}

/** Pays without having marked the hold as sent, so it may have expired. A payment made is still a fact. */
async function payForgetfully(call: Call, hold: Hold): Promise<void> {
  const { world, process } = call;
  world.log.count('forgot to mark as sent', hold.reference);
  const attempt = approve(call, hold, { isForgetful: true });
  await process.pause();
  const outcome = await makePayment(world, process, attempt, call.payout.settlesOnReturn);
  endCode(attempt);
  if (outcome.kind !== 'completed') throw 'error' in outcome ? outcome.error : new ExpectedError('It was not made.');
  attempt.proof = 'completed';
  try {
    await hold.capture(actualOf(call, outcome));
    attempt.isRecorded = true;
  } catch (error) {
    await assertOvertaken(call, hold, error);
    throw error;
  }
}

/** A capture is refused only when a later attempt has the reference. A payment made is a fact. */
async function assertOvertaken({ world }: Call, { reference, attempt }: Hold, error: unknown): Promise<void> {
  if (!isPayoutGuardError(error) || error.code !== 'hold_state') return;
  const row = await world.holdOf(reference);
  if (row?.attempt !== attempt) return;
  world.report('uncovered', `the capture of ${reference} was refused, though it was paid`, error);
}
