// A provider and a clock for tests of the guard itself. Adapters are tested over real HTTP.
import {
  type BalanceProvider,
  type BalanceRequest,
  createPayoutGuard,
  type GuardOptions,
  type HoldStore,
  type PayoutGuard,
  type ProviderBalance,
  type WalletSettings,
} from 'payout-guard';
import { stoppedClock, type TestClock } from './clock.js';

export { stoppedClock, type TestClock } from './clock.js';

export interface ScriptedWallet {
  readonly provider: BalanceProvider;
  readonly clock: TestClock;
  /** The next balance. */
  balance: ProviderBalance;
  /** Handles the next requests instead of answering with `balance`. */
  answer: ((request: BalanceRequest) => Promise<ProviderBalance>) | undefined;
  /** The number of balance requests. */
  asked: number;
  /** A guard of this wallet alone. Captures are visible at once, unless the options differ. */
  guard(options?: Partial<GuardOptions & WalletSettings>): PayoutGuard;
}

/** Each scripted wallet is another account. */
let accounts = 0;

/** A KES wallet with all answers supplied by the test. */
export function scriptedWallet(available = '1000.00', options: Partial<BalanceProvider> = {}): ScriptedWallet {
  const clock = stoppedClock();
  const wallet: ScriptedWallet = {
    clock,
    balance: { available, currency: 'KES' },
    answer: undefined,
    asked: 0,
    provider: {
      name: 'scripted',
      accountId: `account ${++accounts}`,
      debitVisibleAt: 'completion',
      visibleAfterMs: 0,
      fetchBalance: async (request) => {
        wallet.asked += 1;
        return wallet.answer ? wallet.answer(request) : wallet.balance;
      },
      ...options,
    },
    guard: (more = {}) => createPayoutGuard({ provider: wallet.provider, currency: 'KES', clock, ...more }),
  };
  return wallet;
}

/** A payout `x` of a wallet `gone`, and the only guard that serves it. Once closed, the wallet is an orphan. */
export async function orphanWallet(store: HoldStore, clock: TestClock): Promise<PayoutGuard> {
  const wallets = { gone: { provider: scriptedWallet().provider, currency: 'KES' } };
  const guard = createPayoutGuard({ wallets, store, clock, reconcileEveryMs: 0 });
  await guard.hold({ wallet: 'gone', amount: '1.00', reference: 'x', state: 'sent' });
  return guard;
}

/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
