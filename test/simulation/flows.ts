// What clients and webhooks do in a process. Each flow is written as an application would write it: a payment is sent only
// after `withHold` has called, or `sent()` has resolved.
import { type Hold, PayoutRejectedError } from 'payout-guard';
import type { Process } from './process.js';
import type { Paid } from './provider.js';
import type { Attempt, Payout } from './truth.js';
import { ExpectedError } from './violation.js';
import { text, type World } from './world.js';

/** A client asks a process to make a payout. */
export function requestPayout(world: World, process: Process, payout: Payout, amountMinor: bigint): Promise<void> {
  const { journal, random } = world;
  const fee = payout.feeMinor === 0n ? undefined : text(payout.feeMinor);
  const request: Request = {
    amount: text(amountMinor),
    fee,
    reference: payout.reference,
    refresh: random.chance(0.1),
    signal: !world.isCalm && random.chance(0.05) ? leavingClient(world, process) : undefined,
  };
  const approve = () => {
    const attempt = world.truth.approve(payout, amountMinor + payout.feeMinor, process.name);
    journal.note('approved', `${payout.reference} of ${attempt.requiredMinor} in ${process.name}`);
    return attempt;
  };
  return flows[payout.flow]({ world, process, payout, request, approve });
}

/** The provider tells what became of a payout. May come twice, late, or after everybody knows. */
export async function hearWebhook(world: World, process: Process, attempt: Attempt): Promise<void> {
  const { reference } = attempt;
  if (attempt.hasFailed) await process.guard.release(reference);
  else await process.guard.capture(reference, actual(world, attempt));
}

/** Somebody looks, and holds nothing: shares requests for the balance with those who pay, and moves its age. */
export async function look(world: World, { guard }: Process): Promise<void> {
  const { journal, random } = world;
  journal.note('look');
  const amount = text(BigInt(random.between(1, 12)));
  const refresh = random.chance(0.3);
  await random.pick([
    () => guard.checkFunds(amount, { refresh }),
    () => guard.assertSufficientFunds(amount, { refresh }),
    () => guard.funds({ refresh }),
    () => guard.listHolds({ state: 'sent', limit: 2 }),
  ])();
}

/** Overdue payouts are looked up, by whoever comes first. */
export async function reconcile({ journal }: World, { guard }: Process, olderThanMs?: number): Promise<void> {
  const { captured, released } = await guard.reconcile({ olderThanMs });
  for (let hold = 0; hold < captured; hold++) journal.note('captured by reconciliation');
  for (let hold = 0; hold < released; hold++) journal.note('released by reconciliation');
}

interface Request {
  readonly amount: string;
  readonly fee: string | undefined;
  readonly reference: string;
  readonly refresh: boolean;
  readonly signal: AbortSignal | undefined;
}

interface Call {
  readonly world: World;
  readonly process: Process;
  readonly payout: Payout;
  readonly request: Request;
  /** The guard has said yes: from now on the payout counts as promised. */
  readonly approve: () => Attempt;
}

const flows: Record<Payout['flow'], (call: Call) => Promise<void>> = {
  withHold: async ({ world, process, payout, request, approve }) => {
    await process.guard.withHold({ ...request, settles: payout.settles }, async (hold) => {
      const attempt = approve();
      await process.pause();
      const paid = await world.provider.pay(process, attempt);
      // Payment code that knows the exact figure captures by itself.
      if (payout.settles === 'onReturn' && world.random.chance(0.3)) await hold.capture(actual(world, paid));
    });
  },

  conclude: async ({ world, process, payout, request, approve }) => {
    const hold = await process.guard.hold({ ...request, state: 'sent' });
    const attempt = approve();
    await process.pause();
    const result = await world.provider.pay(process, attempt).then(
      () => 'accepted' as const,
      (error: unknown) => (isProofOfNothing(error) ? 'not_sent' : 'unknown'),
    );
    await process.guard.conclude(hold, result, { settles: payout.settles });
  },

  reserve: async ({ world, process, payout, request, approve }) => {
    const hold = await process.guard.hold(request);
    await process.pause();
    if (world.random.chance(0.15)) return changeMind(world, hold);
    await markAsSent(world, hold);
    const attempt = approve();
    await process.pause();
    const paid = await world.provider.pay(process, attempt).catch(async (error: unknown): Promise<never> => {
      if (isProofOfNothing(error)) await hold.release();
      throw error;
    });
    const isVisible = world.settings.debitVisibleAt === 'acceptance' || payout.settles === 'onReturn';
    if (isVisible) await hold.capture(actual(world, paid));
  },
};

async function changeMind(world: World, hold: Hold): Promise<void> {
  world.journal.note('changed its mind', hold.reference);
  // The reservation may have expired meanwhile, and another request have taken the reference.
  await hold.release();
}

async function markAsSent(world: World, hold: Hold): Promise<void> {
  try {
    await hold.sent();
  } catch (error) {
    if (hold.state === 'reserved') world.journal.note('sent too late', hold.reference);
    // It was not sent, so a tidy client gives the money back at once instead of waiting for the reservation to expire.
    if (world.random.chance(0.5)) await hold.release();
    throw error;
  }
}

/** What a payment code knows to be proof that nothing was sent, as the guard's own `verdictOf` does. */
function isProofOfNothing(error: unknown): boolean {
  return error instanceof PayoutRejectedError || (error instanceof ExpectedError && 'syscall' in error);
}

function actual(world: World, { debitedMinor }: Paid): string | undefined {
  return debitedMinor && world.random.chance(0.5) ? text(debitedMinor) : undefined;
}

function leavingClient({ journal, random, settings }: World, process: Process): AbortSignal {
  const controller = new AbortController();
  process.hears(random.upTo(settings.slowestProviderMs), () => {
    journal.note('client left', process.name);
    controller.abort(new ExpectedError('The client left.'));
  });
  return controller.signal;
}
