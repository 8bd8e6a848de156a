// The parts of a guard that the tools of this package need beside its public surface.
import type { PayoutToHold } from './calls.js';
import type { Clock } from './clock.js';
import type { Currency } from './currency.js';
import type { LeftOpen, Listen } from './events.js';
import type { ListedPayout } from './payout-list.js';
import type { BalanceProvider, ProviderCallback, ProviderWebhook } from './provider.js';
import type { HoldStore } from './store.js';

/** A wallet as operating tools need it. */
export interface WalletInfo {
  readonly key: string;
  readonly currency: Currency;
  readonly providerName: string;
  /** The account behind the credentials, as the adapter names it. Never a secret. */
  readonly accountId: string | undefined;
  /** True for a wallet that is never decided on: it has no provider. */
  readonly isSettledOnly: boolean;
  /** True if the outcome of a payout can be looked up. */
  readonly hasLookup: boolean;
  /** True for a wallet with limits per day. */
  readonly hasDailyLimits: boolean;
  /** Moment at which the balance shows a payout, as the adapter declares it or the application overrides it. */
  readonly debits: { readonly visibleAt: BalanceProvider['debitVisibleAt']; readonly lagMs: number };
  readonly webhook: ProviderWebhook | undefined;
  readonly callback: ProviderCallback | undefined;
}

/**
 * The end of a look-up for an event: the payout is `decided`, or is none of this guard; it is still `open`; or the
 * provider or the store did not answer (`unanswered`).
 */
export type EventOutcome = 'decided' | 'open' | 'unanswered';

/** A list of payouts, checked, and the wallet that pays them. */
export interface PayoutsOfWallet {
  readonly wallet: WalletInfo;
  readonly payouts: readonly ListedPayout[];
}

/** Work outside of the guard that may be paying, such as requests of routes. */
export interface AttachedWork {
  /** Payouts that it may be making by itself. */
  readonly left: readonly LeftOpen[];
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  /** Releases the holds under which it has not begun to pay: the time of `close` is over. */
  giveUp(): Promise<void>;
}

/** Parts of a guard that the tools of this package use. May change in any version. */
export interface GuardInternals {
  /** For reading; change no holds through it. */
  readonly store: HoldStore;
  readonly clock: Clock;
  /** True if this guard only observes: see `observing`. */
  readonly observes: boolean;
  /** Age from which a sent payout without an outcome is overdue, in milliseconds. */
  readonly overdueAfterMs: number;
  /** Refuses a request that could not be read: reports the error, and throws it unless this guard only observes. */
  readonly refuse: (error: unknown) => void;
  /** Makes `close` wait for work that the guard cannot see. */
  readonly attach: (work: AttachedWork) => void;
  /** The longest time for which code that pays under a hold may send, in milliseconds. */
  readonly sendsForMs: number;
  /** Listens as `on` does, without handling: events that must not go unnoticed stay process warnings. */
  readonly tap: Listen;
  /** The wallets that are known now. */
  readonly wallets: () => readonly WalletInfo[];
  /**
   * Looks up the payout that an event is about, as `reconcile({ reference })` does. @throws `InvalidReferenceError`
   * `ForeignWalletError` `BalanceUnavailableError`
   */
  readonly lookUp: (reference: string) => Promise<EventOutcome>;
  /** A wallet that is known now, or the only one. @throws `ConfigurationError` `InvalidArgumentError` */
  readonly wallet: (key?: string) => WalletInfo;
  /**
   * Reads a list of payouts of one wallet, which a function of the application may have to find. Payouts may have
   * properties of their own. @throws as `holdAll` does for a list that it cannot hold.
   */
  readonly readPayouts: (payouts: readonly PayoutToHold[], wallet?: string) => Promise<PayoutsOfWallet>;
  /** Aborts when `close` is called, so that connections which would keep a server open can end. */
  readonly closing: AbortSignal;
}
