// One client request for a payout, as a process handles it.
import type { Hold, HoldOptions } from 'payout-guard';
import type { Process } from '../process.js';
import type { Attempt, Payout } from '../truth.js';
import { ExpectedError } from '../violation.js';
import type { WalletPlan } from '../wallet-plan.js';
import { text, type World } from '../world.js';

export interface Call {
  readonly world: World;
  readonly process: Process;
  readonly payout: Payout;
  readonly plan: WalletPlan;
  /** The payout as an argument of the guard. */
  readonly request: HoldOptions;
}

export function callOf(world: World, process: Process, payout: Payout): Call {
  const { random, settings } = world;
  const plan = world.planOf(payout.wallet);
  process.asked.add(payout.reference);
  const mayOmitWallet = process.role.wallets.length === 1 && settings.form !== 'function';
  const request: HoldOptions = {
    amount: text(payout.amountMinor, plan),
    fee: payout.feeMinor === 0n ? undefined : text(payout.feeMinor, plan),
    reference: payout.reference,
    wallet: mayOmitWallet && random.chance(0.3) ? undefined : payout.wallet,
    currency: random.chance(0.3) ? plan.currency : undefined,
    fingerprint: settings.hasFingerprints ? payout.payee : undefined,
    refresh: random.chance(0.1),
    metadata: { payee: payout.payee },
  };
  return { world, process, payout, plan, request };
}

/** A client that may disconnect before its payout is decided. */
export function leavingClient({ world, process }: Call): AbortSignal | undefined {
  const { log, random, settings, isCalm } = world;
  if (isCalm || !random.chance(0.05)) return undefined;
  const controller = new AbortController();
  process.after(random.upTo(settings.slowestProviderMs), () => {
    log.count('client left', process.name);
    controller.abort(new ExpectedError('The client left.'));
  });
  return controller.signal;
}

/** From now on the application's code may pay, so the payout counts as promised. */
export function approve(
  { world, process, payout, plan }: Call,
  hold: Hold,
  about: { isWithinPay?: boolean; isForgetful?: boolean } = {},
): Attempt {
  const { isWithinPay = false, isForgetful = false } = about;
  const { reference } = payout;
  if (hold.reference !== reference || hold.wallet !== payout.wallet || hold.currency !== plan.currency) {
    world.report('foreign', `${reference} of ${payout.wallet} was given a hold of ${hold.wallet} in ${hold.currency}`);
  }
  if (process.role.impostor) world.report('foreign', `${reference} was approved for an impostor of ${payout.wallet}`);
  if (isWithinPay && process.closeReport && !process.closeReport.open.some(({ attempt }) => attempt === hold.attempt)) {
    world.report('silent', `${reference} begins to be paid in ${process.name}, which has closed without a word of it`);
  }
  const attempt = world.truth.approve({
    payout,
    sender: process.name,
    hold: hold.attempt,
    requiredMinor: payout.amountMinor + payout.feeMinor,
    isWithinPay,
    isForgetful,
    signal: hold.signal,
  });
  world.log.count('approved', `${reference} of ${attempt.requiredMinor} in ${process.name}`);
  return attempt;
}
