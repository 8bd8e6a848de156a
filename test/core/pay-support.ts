// Shared by the tests of payments.
import type { PayoutGuard } from 'payout-guard';

/** State, use of the reference, and position of the wallet. */
export async function outcome(guard: PayoutGuard, reference = 'p-1'): Promise<string> {
  const hold = await guard.getHold(reference);
  const { held, spendable } = await guard.funds();
  return `${hold?.state}${hold?.failed ? ' failed' : ''}, held ${held}, spendable ${spendable}`;
}
