// Makes the internals of a guard, for the tools of this package.
import { isPromise } from './ask-store.js';
import { ConfigurationError } from './errors.js';
import type { Events } from './events.js';
import { readPayouts } from './hold-all-request.js';
import type { AttachedWork, GuardInternals, WalletInfo } from './internals.js';
import type { KnownHolds } from './known-holds.js';
import { type ResolvedOptions, sendingGraceMs } from './options.js';
import type { GuardLimits } from './payout-limits.js';
import type { Reconciler } from './reconciler.js';
import type { Wallet } from './wallet.js';
import type { Wallets } from './wallets.js';

export interface InternalParts {
  /** With the store as it was given. */
  readonly options: ResolvedOptions;
  readonly wallets: Wallets;
  readonly events: Events;
  readonly reconciler: Reconciler;
  readonly known: KnownHolds;
  readonly limits: GuardLimits;
  /** Receives what is attached. */
  readonly attached: AttachedWork[];
  readonly closing: AbortSignal;
}

export function internalsOf(parts: InternalParts): GuardInternals {
  const { options, wallets, events, reconciler, known, limits, attached, closing } = parts;
  return {
    store: options.store,
    clock: options.clock,
    observes: false,
    overdueAfterMs: options.overdueAfterMs,
    refuse: (error) => {
      events.checkFailed(error, {});
      throw error;
    },
    attach: (work) => void attached.push(work),
    sendsForMs: options.payWithinMs + sendingGraceMs,
    tap: (name, listener) => events.tap(name, listener),
    lookUp: async (reference) => {
      const fate = await reconciler.learnOne(reference, known.walletOf);
      if (fate?.end !== 'open') return 'decided';
      return fate.isUnanswered ? 'unanswered' : 'open';
    },
    wallets: () => wallets.known().map(walletInfo),
    wallet: (key) => {
      const wallet = wallets.named(key);
      if (!isPromise(wallet)) return walletInfo(wallet);
      wallet.catch(() => {});
      throw new ConfigurationError([`wallet "${key}" is not known yet; read it once with funds() before`]);
    },
    readPayouts: async (payouts, key) => {
      const wallet = await wallets.named(key);
      return { wallet: walletInfo(wallet), payouts: readPayouts(payouts, wallet, limits) };
    },
    closing,
  };
}

function walletInfo(wallet: Wallet): WalletInfo {
  const { key, currency, provider, providerName, debitVisibleAt, visibilityLagMs, lookup, limits } = wallet;
  return {
    key,
    currency,
    providerName,
    accountId: provider?.accountId,
    isSettledOnly: provider === undefined,
    hasLookup: lookup !== undefined,
    hasDailyLimits: limits?.daily !== undefined,
    debits: { visibleAt: debitVisibleAt, lagMs: visibilityLagMs },
    webhook: provider?.webhook,
    callback: provider?.callback,
  };
}
