// Setups that work in a test and lose money in production: they cannot be refused, so they are reported.
import cluster from 'node:cluster';
import { isMainThread } from 'node:worker_threads';
import type { ResolvedOptions } from './options.js';
import type { BalanceProvider } from './provider.js';
import type { HoldStore } from './store.js';
import type { Wallet } from './wallet.js';
import { warnOnce } from './warn.js';

/** The store of each guard, by the balance that it decides on. Two stores for one balance promise it twice. */
const usesOf = new Map<string, Set<WeakRef<HoldStore>>>();

/** Reports what is wrong with the setup of a guard. Returns a function to call when the guard is closed. */
export function warnOfSetup({ store }: ResolvedOptions, wallets: readonly Wallet[]): () => void {
  if (store.name === 'memory') warnOfProcesses();
  for (const wallet of wallets) warnOfWallet(wallet);
  const ends = wallets.flatMap(({ provider }) => (provider ? noteUse(provider, store) : []));
  return () => {
    for (const end of ends) end();
  };
}

/** Remembers the store of a guard until it is closed, or forgotten by the application. */
function noteUse(provider: BalanceProvider, store: HoldStore): () => void {
  const balance = balanceOf(provider);
  const uses = usesOf.get(balance) ?? new Set();
  usesOf.set(balance, uses);
  for (const use of uses) {
    const other = use.deref();
    if (other === undefined) uses.delete(use);
    else if (other !== store) warnOfTwoStores(provider.name);
  }
  const own = new WeakRef(store);
  uses.add(own);
  // Guards that are made and dropped by the thousand, as in tests, must not slow each other down.
  for (const oldest of uses) {
    if (uses.size <= mostUses) break;
    uses.delete(oldest);
  }
  return () => {
    uses.delete(own);
    if (uses.size === 0 && usesOf.get(balance) === uses) usesOf.delete(balance);
  };
}

/** Guards of one balance that are remembered. */
const mostUses = 10;

const instances = new WeakMap<BalanceProvider, string>();
let lastInstance = 0;

/**
 * Each module of an application may make an adapter of its own for one account. Without an account, the instance is the
 * balance.
 */
function balanceOf(provider: BalanceProvider): string {
  const { name, accountId } = provider;
  if (accountId !== undefined) return `${name} ${accountId}`;
  const instance = instances.get(provider) ?? `${++lastInstance}`;
  instances.set(provider, instance);
  return instance;
}

function warnOfTwoStores(name: string): void {
  warnOnce(
    'PAYOUT_GUARD_TWO_STORES',
    `Two guards use one balance of ${name} with different stores, so each promises the whole of it. Give both the ` +
      'same store, or use one guard.',
  );
}

/** Reports what is wrong with one wallet, once in the life of the process. */
export function warnOfWallet({ key, provider, lookup, lookupIsDocumented }: Wallet): void {
  if (!provider) return;
  if (provider.accountId === undefined) {
    warnOnce(
      'PAYOUT_GUARD_ACCOUNT',
      `Provider ${provider.name} of wallet ${key} has no accountId, so a second key for the same balance cannot be ` +
        'detected. Add one to the adapter.',
    );
  }
  if (lookup !== undefined && !lookupIsDocumented) {
    warnOnce(
      'PAYOUT_GUARD_LOOKUP',
      `${provider.name} does not document how to look a payout up: settle payouts in your callback, and do not ` +
        'rely on look-ups.',
    );
  }
}

function warnOfProcesses(): void {
  const one = isMainThread ? 'process' : 'thread';
  const manager = managerOf();
  if (manager === undefined) return;
  warnOnce(
    'PAYOUT_GUARD_MEMORY_STORE',
    `This ${one} runs under ${manager} with the memory store: every ${one} promises the whole balance by itself. ` +
      'Use a shared store unless there is only one.',
  );
}

/** Programs that may have started several of this process or thread. */
function managerOf(): string | undefined {
  if (cluster.isWorker) return 'cluster';
  if (process.env.NODE_APP_INSTANCE !== undefined) return 'PM2';
  return isMainThread ? undefined : 'worker_threads';
}
