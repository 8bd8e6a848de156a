// Payrolls: lists of payouts of one wallet that clients request together, beside the payouts that they request singly.
import { drawPayout } from './payouts.js';
import { Random } from './random.js';
import type { Payout } from './truth.js';
import type { World } from './world.js';

export interface PayrollPlan {
  readonly name: string;
  readonly wallet: string;
  readonly payouts: readonly Payout[];
}

/**
 * Number of payrolls in a history: none in most, so that those stay as they are, and drawn apart from all else. A
 * history without them has the same events for the same seed as before there were any.
 */
export function payrollsOf(seed: number): number {
  return seed % 5 === 3 ? new Random(seed + 1).between(1, 2) : 0;
}

/** The most payouts that the store of a history holds in one step: longer payrolls are divided. */
export const maxPayoutsOfHistory = 3;

/** The most payouts of one payroll that no other request names. */
const mostOfPayroll = 7;

/** The references that payrolls add to a history at most: each of their payouts may fail, and be paid under another. */
export function mostReferencesOf(payrolls: number): number {
  return 2 * mostOfPayroll * payrolls;
}

/** Draws the payrolls of a history. Some name payouts that are requested singly as well, or in another payroll. */
export function drawPayrolls(world: World): PayrollPlan[] {
  const { payrolls, random, payouts } = world;
  return Array.from({ length: payrolls }, (_, index): PayrollPlan => {
    const name = `b${index + 1}`;
    const { wallet } = drawPayout(world, name);
    const count = random.between(2, mostOfPayroll);
    const own: Payout[] = [];
    while (own.length < count) {
      const payout = { ...drawPayout(world, `${name}.${own.length + 1}`), flow: 'withHold' as const };
      if (payout.wallet === wallet) own.push(payout);
    }
    const others = payouts.filter((payout) => payout.wallet === wallet && random.chance(0.15));
    payouts.push(...own);
    return { name, wallet, payouts: [...own, ...others].sort(() => random.next() - 0.5) };
  });
}
