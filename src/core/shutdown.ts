// The end of a guard: waits for payouts under way and their verdicts, and reports what it leaves open.

import type { BatchUndo } from './batch-undo.js';
import type { CloseReport } from './calls.js';
import { elapsedMs, runAfter } from './clock.js';
import type { Decider } from './decider.js';
import type { Events, LeftOpen } from './events.js';
import type { FollowUp } from './follow-up.js';
import type { AttachedWork } from './internals.js';
import type { Lookups } from './lookups.js';
import type { ResolvedOptions } from './options.js';
import type { Payments } from './payments.js';
import type { Reconciler } from './reconciler.js';
import type { Reservations } from './reservations.js';
import type { UnderWay } from './under-way.js';
import type { VerdictOutbox } from './verdict-outbox.js';

/** Waits between tries to hand verdicts over to the store, in milliseconds. */
const flushEveryMs = 250;

/** Time for the store to release holds whose handlers did not end in time, in milliseconds. */
const releaseWithinMs = 500;

/** The parts of a guard that come to rest. */
interface Parts {
  readonly options: ResolvedOptions;
  readonly decider: Decider;
  readonly followUp: FollowUp;
  /** Holds that are being taken, or settled by their reference. */
  readonly underWay: UnderWay;
  readonly undo: BatchUndo;
  readonly lookups: Lookups;
  readonly outbox: VerdictOutbox;
  readonly payments: Payments;
  readonly reconciler: Reconciler;
  readonly reservations: Reservations;
  readonly attached: readonly AttachedWork[];
  readonly events: Events;
}

/** Closes a guard; see `PayoutGuard.close`. */
export async function shutDown(parts: Parts, waitMs: number): Promise<CloseReport> {
  const { options, decider, followUp, lookups, outbox } = parts;
  const { clock } = options;
  decider.close();
  followUp.close();
  parts.reservations.close();
  outbox.hurry();
  const endMs = elapsedMs(clock) + waitMs;
  let isInTime: boolean;
  do {
    isInTime = await withinMs(options, Math.max(0, endMs - elapsedMs(clock)), (isOver) => settleAll(parts, isOver));
    // A handler that pays by itself may have settled its hold meanwhile: that is waited for as well.
  } while (isInTime && leftOpen(parts).length > 0);
  if (!isInTime) await withinMs(options, Math.min(waitMs, releaseWithinMs), () => each(parts, (work) => work.giveUp()));
  lookups.abort();
  outbox.stop();
  // Later settlements are recorded as they arrive, and reported when they cannot be.
  const open = leftOpen(parts);
  for (const left of open) report(parts.events, left);
  return { open };
}

/** Resolves when no payout or request is under way and the store has every verdict. */
async function settleAll(parts: Parts, isOver: () => boolean): Promise<void> {
  const { options, reconciler, underWay, undo, payments, outbox } = parts;
  await reconciler.close();
  await underWay.idle();
  await undo.close();
  await each(parts, (work) => work.idle());
  await payments.idle();
  await outbox.idle();
  while (!isOver() && !(await outbox.flush())) await pause(options, flushEveryMs);
}

async function each({ attached }: Parts, act: (work: AttachedWork) => Promise<void>): Promise<void> {
  await Promise.all(attached.map(act));
}

/** A known verdict has precedence over a payment that has not ended, and each payout is reported once. */
function leftOpen({ outbox, payments, attached }: Parts): LeftOpen[] {
  const known = outbox.left;
  const verdicts = new Map(known.map((left) => [`${left.attempt} ${left.pending}`, left]));
  const decided = new Set(known.map(({ attempt }) => attempt));
  const paying = [payments, ...attached].flatMap(({ left }) => left);
  return [...paying.filter(({ attempt }) => !decided.has(attempt)), ...verdicts.values()];
}

function report(events: Events, left: LeftOpen): void {
  const { reference, wallet, attempt, pending } = left;
  const state = pending === 'paying' ? 'its payment has not ended' : `it should be ${pending}`;
  events.alert('leftOpen', () => left, {
    code: 'PAYOUT_GUARD_LEFT_OPEN',
    message:
      `The guard closed and leaves payout ${reference} of wallet ${wallet} open: ${state} (attempt ${attempt}). Its ` +
      'money stays held until another process settles it.',
  });
}

/**
 * Waits for the work, but no longer than so many milliseconds. The process stays alive meanwhile.
 *
 * @returns true if the work ended in time.
 */
async function withinMs(
  { clock }: ResolvedOptions,
  limitMs: number,
  work: (isOver: () => boolean) => Promise<void>,
): Promise<boolean> {
  let isOver = false;
  let cancel = () => {};
  const timeout = new Promise<false>((resolve) => {
    const end = () => resolve(false);
    if (limitMs === 0) setImmediate(end);
    else cancel = runAfter(clock, limitMs, end, { keepsAlive: true });
  });
  const isInTime = await Promise.race([work(() => isOver).then(() => true), timeout]);
  isOver = true;
  cancel();
  return isInTime;
}

function pause({ clock }: ResolvedOptions, ms: number): Promise<void> {
  return new Promise((resolve) => void runAfter(clock, ms, resolve, { keepsAlive: true }));
}
