// Stores for the tests of the guard.
import { type HoldStore, memoryStore, type WalletTotals } from 'payout-guard';

/** A store with totals supplied by the test. */
export function storeWith(totals: () => WalletTotals | Promise<WalletTotals>): HoldStore {
  return Object.assign(memoryStore(), { totals });
}
