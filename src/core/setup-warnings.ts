// Setups that work in a test and lose money in production: they cannot be refused, so they are reported.
import cluster from 'node:cluster';
import { isMainThread } from 'node:worker_threads';
import type { ResolvedOptions } from './options.js';
import type { BalanceProvider } from './provider.js';
import type { HoldStore } from './store.js';
import type { Wallet } from './wallet.js';
import { warnOnce } from './warn.js';

/** The stores that each balance is used with: two guards must not promise one balance in two stores. */
const storesOf = new Map<string | BalanceProvider, Set<HoldStore>>();

/** Reports what is wrong with the setup of a guard. Returns a function to call when the guard is closed. */
export function warnOfSetup({ store }: ResolvedOptions, wallets: readonly Wallet[]): () => void {
  if (store.name === 'memory') warnOfProcesses();
  for (const wallet of wallets) warnOfWallet(wallet);
  const balances = wallets.flatMap(({ provider }) => (provider ? balanceOf(provider) : []));
  for (const balance of balances) {
    const stores = storesOf.get(balance) ?? new Set();
    if (stores.size > 0 && !stores.has(store)) warnOfTwoStores(balance);
    storesOf.set(balance, stores.add(store));
  }
  return () => {
    for (const balance of balances) {
      const stores = storesOf.get(balance);
      stores?.delete(store);
      if (stores?.size === 0) storesOf.delete(balance);
    }
  };
}

/** Each module of an application may make an adapter of its own for one account. */
function balanceOf(provider: BalanceProvider): string | BalanceProvider {
  const { name, accountId } = provider;
  return accountId === undefined ? provider : `${name} ${accountId}`;
}

function warnOfTwoStores(balance: string | BalanceProvider): void {
  const name = typeof balance === 'string' ? balance.slice(0, balance.indexOf(' ')) : balance.name;
  warnOnce(
    'PAYOUT_GUARD_TWO_STORES',
    `Two guards use one balance of ${name} with different stores, so each promises the whole of it. Give both the same store, or use one guard.`,
  );
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
  const one = isMainThread ? 'process' : 'thread';
  const manager = managerOf();
  if (manager === undefined) return;
  warnOnce(
    'PAYOUT_GUARD_MEMORY_STORE',
    `This ${one} runs under ${manager} with the memory store: every ${one} promises the whole balance by itself. Use a shared store unless there is only one.`,
  );
}

/** What may have started several of this process or thread. */
function managerOf(): string | undefined {
  if (cluster.isWorker) return 'cluster';
  if (process.env.NODE_APP_INSTANCE !== undefined) return 'PM2';
  return isMainThread ? undefined : 'worker_threads';
}
