// Many payouts at once through one guard, for the tests of the simulators.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { Hold, PayoutGuard } from 'payout-guard';

/** Requests 50 payouts of 100 at once, and expects that 8 are approved and captured in the end. */
export async function expectEightOfFifty(
  guard: PayoutGuard,
  pay: (hold: Hold) => Promise<unknown>,
  options?: CrowdOptions,
): Promise<void> {
  const approved = await payAtOnce(guard, 50, '100', pay, options);
  expect(approved).toHaveLength(8);
  expect(await statesAtEnd(guard, approved)).toEqual(captured(8));
}

export function captured(count: number): string[] {
  return Array.from({ length: count }, () => 'captured');
}

export interface CrowdOptions {
  readonly fee?: string;
  readonly referenceOf?: (index: number) => string;
  /** A payment that throws leaves its hold to the look-ups. */
  readonly mayThrow?: boolean;
}

/** Requests payouts at once. Returns the references that were approved; rejects unless all others lacked funds. */
export async function payAtOnce(
  guard: PayoutGuard,
  count: number,
  amount: string,
  pay: (hold: Hold) => Promise<unknown>,
  { fee, referenceOf = (index) => `payout-${index}`, mayThrow = false }: CrowdOptions = {},
): Promise<string[]> {
  const approved: string[] = [];
  const request = async (reference: string) => {
    const approve = (hold: Hold) => {
      approved.push(reference);
      return pay(hold);
    };
    try {
      await guard.withHold({ amount, fee, reference }, approve);
    } catch (error) {
      if (mayThrow && approved.includes(reference)) return;
      if ((error as { code?: string }).code !== 'insufficient_funds') throw error;
    }
  };
  await Promise.all(Array.from({ length: count }, (_, index) => request(referenceOf(index))));
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
