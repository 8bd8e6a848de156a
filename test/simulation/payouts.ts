// The payouts that the clients of a history request, and the variations of their repeated requests.
import type { Kind } from './event-log.js';
import { flows, type Payout } from './truth.js';
import type { World } from './world.js';

export function drawPayout({ limits, random, settings }: World, reference: string): Payout {
  const plan = random.pick(settings.wallets);
  if (!plan) throw new TypeError('A history has a wallet.');
  return {
    reference,
    wallet: plan.key,
    amountMinor: BigInt(random.between(1, plan.largestAmountMinor)),
    feeMinor: BigInt(random.between(0, plan.largestFeeMinor)),
    payee: limits?.payee() ?? 'the payee',
    flow: random.pick(flows) ?? 'withHold',
    settlesOnReturn: plan.settlesOnReturn || random.chance(0.3),
    debitAt: plan.debitAt === 'either' ? random.pick(['acceptance', 'completion']) : plan.debitAt,
  };
}

/** The same payout from another wallet, with the debits of that wallet's provider. */
export function ofWallet(world: World, payout: Payout, wallet: string): Payout {
  if (wallet === payout.wallet) return payout;
  const { debitAt, settlesOnReturn } = world.planOf(wallet);
  return { ...payout, wallet, settlesOnReturn, debitAt: debitAt === 'either' ? payout.debitAt : debitAt };
}

export interface Repetition {
  readonly kind: Kind;
  readonly payout: Payout;
}

/** Draws a repeated request: usually the same, sometimes another payout under the same reference. */
export function drawRepetition(world: World, payout: Payout): Repetition {
  const { random, settings } = world;
  const same: Repetition = { kind: 'duplicate request', payout };
  if (!random.chance(0.15)) return same;
  const repetitions: Repetition[] = [
    { kind: 'request of another amount', payout: { ...payout, amountMinor: payout.amountMinor + 1n } },
  ];
  if (settings.hasFingerprints) {
    repetitions.push({ kind: 'request of another payee', payout: { ...payout, payee: 'another payee' } });
  }
  const other = settings.wallets.find(({ key }) => key !== payout.wallet);
  if (other) repetitions.push({ kind: 'request of another wallet', payout: ofWallet(world, payout, other.key) });
  return random.pick(repetitions) ?? same;
}
