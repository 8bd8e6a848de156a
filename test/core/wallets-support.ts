// Accounts for the tests of wallets.
import {
  type BalanceProvider,
  createPayoutGuard,
  type HoldStore,
  memoryStore,
  type PayoutGuard,
  type PayoutGuardOptions,
} from 'payout-guard';

/** A provider of one account. */
export function account(
  accountId: string | undefined,
  more: Partial<BalanceProvider> = {},
  available = '1000',
): BalanceProvider {
  return {
    name: 'scripted',
    accountId,
    debitVisibleAt: 'completion',
    visibleAfterMs: 0,
    fetchBalance: async ({ currency }) => ({ available, currency }),
    ...more,
  };
}

export function guardOf(wallets: PayoutGuardOptions['wallets'], store: HoldStore = memoryStore()): PayoutGuard {
  return createPayoutGuard({ wallets, store } as PayoutGuardOptions);
}
