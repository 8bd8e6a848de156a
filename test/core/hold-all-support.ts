// Shared by the tests of payrolls.
import type { HeldPayouts, PayoutGuard, PayoutToHold } from 'payout-guard';

/** Payouts `p-1`, `p-2` and so on, of these amounts. */
export function payroll(...amounts: readonly string[]): PayoutToHold[] {
  return amounts.map((amount, index) => ({ amount, reference: `p-${index + 1}` }));
}

/** So many payouts of 1.00. */
export function many(count: number): PayoutToHold[] {
  return Array.from({ length: count }, (_, index) => ({ amount: '1.00', reference: `p-${index + 1}` }));
}

export function referencesOf({ holds }: HeldPayouts): string[] {
  return holds.map(({ reference }) => reference);
}

/** Every hold of a guard as `reference state amount`, oldest first. */
export async function listed(guard: PayoutGuard): Promise<string[]> {
  const lines: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await guard.listHolds({ limit: 1_000, after });
    lines.push(...page.holds.map(({ reference, state, amount }) => `${reference} ${state} ${amount}`));
    if (page.next === undefined) return lines;
    after = page.next;
  }
}
