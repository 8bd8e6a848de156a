// Many payouts at once through one guard, for the tests of the simulators.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hold, PayoutGuard } from 'payout-guard';

/** Requests payouts at once. Returns the references that were approved; rejects unless all others lacked funds. */
export async function payAtOnce(
  guard: PayoutGuard,
  count: number,
  amount: string,
  pay: (hold: Hold) => Promise<unknown>,
): Promise<string[]> {
  const approved: string[] = [];
  const request = async (reference: string) => {
    const approve = (hold: Hold) => {
      approved.push(reference);
      return pay(hold);
    };
    try {
      await guard.withHold({ amount, reference }, approve);
    } catch (error) {
      // A payment that throws leaves its hold to the look-ups.
      if (!approved.includes(reference) && (error as { code?: string }).code !== 'insufficient_funds') throw error;
    }
  };
  await Promise.all(Array.from({ length: count }, (_, index) => request(`payout-${index}`)));
  return approved;
}

/** Waits until these payouts are no longer held, and returns their states. Jest ends a wait that is in vain. */
export async function statesAtEnd(guard: PayoutGuard, references: readonly string[]): Promise<string[]> {
  for (;;) {
    const holds = await Promise.all(references.map((reference) => guard.getHold(reference)));
    const states = holds.map((hold) => hold?.state ?? 'forgotten');
    if (!states.some((state) => ['reserved', 'sent', 'returned'].includes(state))) return states;
    await sleep(20);
  }
}
