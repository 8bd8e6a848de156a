// Setups that work in a test and lose money in production: they cannot be refused, so they are reported.
import cluster from 'node:cluster';
import type { ResolvedOptions } from './options.js';
import type { BalanceProvider } from './provider.js';
import type { HoldStore } from './store.js';
import type { Wallet } from './wallet.js';
import { warn, warnOnce } from './warn.js';

/** The stores that each adapter instance is used with: two guards must not promise one balance in two stores. */
const storesOf = new WeakMap<BalanceProvider, Set<HoldStore>>();

/** Reports what is wrong with the setup of a guard. Returns a function to call when the guard is closed. */
export function warnOfSetup({ store }: ResolvedOptions, wallets: readonly Wallet[]): () => void {
  if (store.name === 'memory') warnOfProcesses();
  for (const wallet of wallets) warnOfWallet(wallet);
  const providers = wallets.flatMap(({ provider }) => provider ?? []);
  for (const provider of providers) {
    const stores = storesOf.get(provider) ?? new Set();
    if (stores.size > 0 && !stores.has(store)) {
      warn(
        'PAYOUT_GUARD_TWO_STORES',
        `Two guards use one provider instance (${provider.name}) with different stores, so each promises the whole balance. Give both the same store, or use one guard.`,
      );
    }
    storesOf.set(provider, stores.add(store));
  }
  return () => {
    for (const provider of providers) storesOf.get(provider)?.delete(store);
  };
}

/** Reports what is wrong with one wallet, once in the life of the process. */
export function warnOfWallet({ key, provider, lookup, lookupIsDocumented }: Wallet): void {
  if (!provider) return;
  if (provider.accountId === undefined) {
    warnOnce(
      'PAYOUT_GUARD_ACCOUNT',
      `Provider ${provider.name} of wallet ${key} has no accountId, so a second key for the same balance cannot be detected. Add one to the adapter.`,
    );
  }
  if (lookup !== undefined && !lookupIsDocumented) {
    warnOnce(
      'PAYOUT_GUARD_LOOKUP',
      `${provider.name} does not document how to look a payout up: settle payouts in your callback, and do not rely on look-ups.`,
    );
  }
}

function warnOfProcesses(): void {
  const manager = cluster.isWorker ? 'cluster' : process.env.NODE_APP_INSTANCE === undefined ? undefined : 'PM2';
  if (manager === undefined) return;
  warnOnce(
    'PAYOUT_GUARD_MEMORY_STORE',
    `This process runs under ${manager} with the memory store: every process promises the whole balance by itself. Use a shared store unless there is only one process.`,
  );
}
