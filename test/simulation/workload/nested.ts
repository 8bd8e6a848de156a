// A payout within the payment code of another one: of a fee, or to a second payee. Its end proves nothing about the
// outer payout.
import type { Payout } from '../truth.js';
import { type Call, callOf } from './call.js';
import { payOptions, payUnder } from './pay.js';

/** Makes its own payout. Rejects when it is refused or not made. The outer payment code then fails as well. */
export async function payNested({ world, process, payout }: Call): Promise<void> {
  const nested: Payout = { ...payout, reference: `${payout.reference}.n`, amountMinor: 1n, feeMinor: 0n };
  // As for every other request: a store that lost its data cannot recognise paid payouts, so its clients must.
  if (world.hasLostMemory && world.truth.isPaid(nested.reference)) return;
  world.log.count('nested payout', nested.reference);
  if (!world.payouts.some(({ reference }) => reference === nested.reference)) world.payouts.push(nested);
  const call = callOf(world, process, nested);
  await process.guard.withHold({ ...call.request, ...payOptions(call) }, (hold) => payUnder(call, hold));
}
