// Shared by the tests of holds.
import type { PayoutGuard } from 'payout-guard';

/** The position of the wallet as one line. */
export async function position(guard: PayoutGuard): Promise<string> {
  const { held, spendable } = await guard.funds();
  return `held ${held} spendable ${spendable}`;
}
