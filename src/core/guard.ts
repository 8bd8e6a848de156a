// Read this first: what a guard does, top-down.
import type { Clock } from './clock.js';
import type { Currency } from './currency.js';
import { type CheckOptions, Decider, type WalletOptions } from './decider.js';
import { type Decision, spendableMinor, undecided } from './decision.js';
import { asPayoutGuardError, ConfigurationError, InsufficientFundsError, isPayoutGuardError } from './errors.js';
import { Events, type GuardEvents } from './events.js';
import { isOpen } from './hold.js';
import type { HoldInfo } from './hold-info.js';
import { type Hold, type HoldList, type HoldOptions, Holds, type ListOptions } from './holds.js';
import { type AmountInput, formatMinorUnits } from './money.js';
import { type PayoutGuardOptions, type ResolvedOptions, resolveOptions } from './options.js';
import type { PayoutVerdict } from './outcome.js';
import type { BalanceProvider } from './provider.js';
import { Reconciler, type Reconciliation } from './reconciler.js';
import { Shadow, type ShadowReport } from './shadow.js';
import { ShadowHold } from './shadow-hold.js';
import { type HoldStore, isPromise } from './store.js';
import { warn } from './warn.js';

/** A wallet for display: contains balances. Amounts are decimal text in major units. */
export interface Funds {
  readonly wallet: string;
  readonly currency: string;
  /** What the provider says can be spent. */
  readonly available: string;
  /** Sum of the open holds. */
  readonly held: string;
  /** What may still be paid out: `available - floor - held - captured since`. May be negative. */
  readonly spendable: string;
  /** The minimum balance that is never spent. */
  readonly floor: string;
  /** When the balance was asked for. */
  readonly asOf: Date;
  /** How long ago that was, in milliseconds. */
  readonly ageMs: number;
  /** Why and since when nothing is approved, if somebody froze the wallet. */
  readonly frozen?: { readonly reason: string; readonly since: Date };
  /** Other figures the provider sent, such as a ledger balance. Never part of a decision. */
  readonly details: Readonly<Record<string, string>>;
}

/** A payout to be made by a function. */
export interface WithHoldOptions extends Omit<HoldOptions, 'state' | 'expiresInMs'> {
  /**
   * Whether this payout is over when the function returns.
   * @defaultValue the `settles` of the guard
   */
  settles?: BalanceProvider['settles'] | undefined;
}

/**
 * What is known of a payout after the attempt to make it:
 *
 * - `accepted`: the provider took it.
 * - `not_sent`: it certainly was not made.
 * - `unknown`: it may have been made.
 */
export type AttemptResult = 'accepted' | PayoutVerdict;

/** Which sent holds to look up. */
export interface ReconcileOptions {
  /** Sent at least this many milliseconds ago. @defaultValue the `overdueAfterMs` of the guard */
  olderThanMs?: number | undefined;
  /** This one only, whatever its age. */
  reference?: string | undefined;
}

/** Stands between a payment API and a payout. No method needs `this`: they are safe to destructure. */
export interface PayoutGuard {
  /**
   * Resolves when the wallet covers the amount (plus fee, above floor and open holds), rejects otherwise. Advice only: it
   * takes no hold, so two checks at the same time may both be told yes.
   *
   * @throws `InsufficientFundsError` not enough.
   * @throws `BalanceUnavailableError` cannot tell: no balance, an odd or old one, no store.
   * @throws `CurrencyMismatchError` the provider's or the caller's currency is another one.
   * @throws `InvalidAmountError` the amount or fee is not exact money.
   * @throws `WalletFrozenError` an operator has frozen the wallet.
   * @throws `ConfigurationError` the wallet is not one of this guard.
   */
  readonly assertSufficientFunds: (amount: AmountInput, options?: CheckOptions) => Promise<Decision>;
  /** As `assertSufficientFunds`, but "not enough" is an answer: `decision.sufficient`. "Cannot tell" still rejects. */
  readonly checkFunds: (amount: AmountInput, options?: CheckOptions) => Promise<Decision>;
  /** The wallet for display. @throws `BalanceUnavailableError` `CurrencyMismatchError` `ConfigurationError` */
  readonly funds: (options?: WalletOptions) => Promise<Funds>;
  /**
   * Checks and holds in one atomic step: holds that are granted never exceed the wallet together, however many are asked for
   * at once.
   *
   * @throws what `assertSufficientFunds` throws.
   * @throws `InvalidReferenceError` the reference is missing or cannot be one.
   * @throws `DuplicateReferenceError` a payout with the reference is under way or was made: do not send this one.
   * @throws `HoldConflictError` the reference belongs to a payout of another amount or wallet.
   */
  readonly hold: (options: HoldOptions) => Promise<Hold>;
  /**
   * Holds, runs `pay`, and settles by what is known then. When `pay` returns: captured if the payout `settles: 'onReturn'`
   * or the balance shows it at acceptance, else it stays sent until a webhook or lookup ends it. When `pay` throws:
   * released if the error proves that nothing was sent, else it stays sent; the error is thrown on. `pay` should do nothing
   * after it has sent the payout. What it returns is returned even if the store fails afterwards.
   *
   * @throws what `hold` throws, and what `pay` throws.
   */
  readonly withHold: <T>(options: WithHoldOptions, pay: (hold: Hold) => T | Promise<T>) => Promise<T>;
  /**
   * Settles a hold by what is known after the attempt, as `withHold` does; for integrations of your own. Never rejects: a
   * hold that cannot be settled stays held and is told as `unsettled`.
   */
  readonly conclude: (
    hold: Hold,
    result: AttemptResult,
    options?: { settles?: BalanceProvider['settles'] | undefined },
  ) => Promise<void>;
  /** A payout was made; for webhooks. May be repeated. See {@link Hold.capture}. */
  readonly capture: (reference: string, actual?: AmountInput) => Promise<HoldInfo>;
  /** A payout was not made; for webhooks. May be repeated. See {@link Hold.release}. */
  readonly release: (reference: string) => Promise<HoldInfo>;
  /** The hold with this reference, if there is one and it was not forgotten. */
  readonly getHold: (reference: string) => Promise<HoldInfo | undefined>;
  /** Holds for operators, oldest first, in pages. */
  readonly listHolds: (options?: ListOptions) => Promise<HoldList>;
  /**
   * Looks up every sent hold older than `olderThanMs` (default: `overdueAfterMs`) and settles those whose outcome is final.
   * Runs by itself every `reconcileEveryMs`. With a `reference`, looks at that hold only: what a webhook should do, whose
   * word proves nothing.
   */
  readonly reconcile: (options?: ReconcileOptions) => Promise<Reconciliation>;
  /**
   * Stops all payouts from a wallet, in every process that shares the store: from the moment this resolves, no hold is granted and no
   * check says yes. Payouts under way go on to their outcome. May be repeated.
   *
   * @param reason - For operators: 1 to 200 printable characters. Shown by {@link PayoutGuard.funds}, never to HTTP clients.
   * @throws `ConfigurationError` the wallet is not one of this guard, or there is no reason. `BalanceUnavailableError` no store.
   */
  readonly freeze: (wallet: string, reason: string) => Promise<void>;
  /** Lets payouts from a wallet go on. May be repeated. @throws `ConfigurationError` `BalanceUnavailableError` */
  readonly unfreeze: (wallet: string) => Promise<void>;
  /** The store of this guard: the one that was passed in, or its own in memory. For operating tools; change no holds through it. */
  readonly store: HoldStore;
  /** The currency of all amounts. */
  readonly currency: Currency;
  /** When the balance shows a payout, as the provider declares it and `visibilityLagMs` says. */
  readonly debits: { readonly visibleAt: BalanceProvider['debitVisibleAt']; readonly lagMs: number };
  /** Where the time comes from. */
  readonly clock: Clock;
  /** The key of the wallet that is meant by this one, or by none. @throws `ConfigurationError` it is not one of this guard. */
  readonly walletKey: (wallet?: string) => string;
  /** `'observe'`: this guard refuses nothing. */
  readonly mode: 'enforce' | 'observe';
  /** What would have been refused, in mode `observe`; undefined otherwise. */
  readonly shadowReport: () => ShadowReport | undefined;
  /** Listens. Returns a function that stops listening. */
  readonly on: <Name extends keyof GuardEvents>(name: Name, listener: (event: GuardEvents[Name]) => void) => () => void;
  /** Ends requests under way and lets go of all timers. Later calls reject. Does not close a store that was passed in. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/**
 * Makes a guard.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 * @example
 * ```ts
 * const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });
 * await guard.withHold({ amount: '1500.00', reference: payment.id }, () => makePayment(payment));
 * ```
 */
export function createPayoutGuard(options: PayoutGuardOptions): PayoutGuard {
  return new Guard(resolveOptions(options), options.store === undefined);
}

class Guard implements PayoutGuard {
  readonly #options: ResolvedOptions;
  readonly #ownsStore: boolean;
  readonly #events = new Events();
  readonly #decider: Decider;
  readonly #holds: Holds;
  readonly #reconciler: Reconciler;
  readonly #shadow: Shadow | undefined;

  constructor(options: ResolvedOptions, ownsStore: boolean) {
    this.#options = options;
    this.#ownsStore = ownsStore;
    this.#decider = new Decider(options, this.#events);
    this.#holds = new Holds(options, this.#decider, this.#events);
    this.#reconciler = new Reconciler(options, this.#holds, this.#events);
    if (options.mode === 'observe') {
      this.#shadow = new Shadow(options);
      warn('PAYOUT_GUARD_OBSERVE', "This guard only observes (mode: 'observe'): it refuses no payout.");
    }
  }

  readonly assertSufficientFunds = async (amount: AmountInput, options: CheckOptions = {}): Promise<Decision> => {
    try {
      const decided = this.#decider.advise(amount, options);
      const decision = isPromise(decided) ? await decided : decided;
      if (!decision.sufficient) throw new InsufficientFundsError(decision, this.#options.insufficientFundsStatus);
      this.#shadow?.approved();
      return decision;
    } catch (error) {
      this.#events.rejected(error, options);
      return this.#observed(error, options);
    }
  };

  readonly checkFunds = async (amount: AmountInput, options: CheckOptions = {}): Promise<Decision> => {
    if (this.#shadow) return this.assertSufficientFunds(amount, options);
    try {
      return await this.#decider.advise(amount, options);
    } catch (error) {
      this.#events.rejected(error, options);
      throw error;
    }
  };

  readonly hold = (options: HoldOptions): Promise<Hold> =>
    this.#shadow ? this.#observedHold(this.#shadow, options) : this.#holds.take(options);

  /** Throws the error, unless this guard only observes: then it is noted, and the answer is a yes. */
  #observed(error: unknown, about: WalletOptions & { reference?: string | undefined }): Decision {
    if (!this.#shadow || !isPayoutGuardError(error)) throw error;
    const { wallet: own, currency, floorMinor } = this.#options;
    const { wallet = own, reference } = about;
    this.#shadow.refused(error, { wallet, reference });
    if (error.code !== 'insufficient_funds') {
      return undecided({ wallet, currency, requiredMinor: 0n, floorMinor }, error.code);
    }
    const { decision } = error as InsufficientFundsError;
    this.#shadow.overspent(wallet, decision.requiredMinor());
    return decision.observed();
  }

  async #observedHold(shadow: Shadow, options: HoldOptions): Promise<Hold> {
    try {
      const hold = await this.#holds.take(options);
      shadow.approved();
      return hold;
    } catch (error) {
      const decision = this.#observed(error, options);
      const { reference, state = 'reserved' } = options;
      const createdAt = new Date(this.#options.clock.now());
      const hold = new ShadowHold({ reference, decision, state, createdAt }, () => {
        if (decision.refusal === 'insufficient_funds') shadow.overspent(decision.wallet, -decision.requiredMinor());
      });
      shadow.remember(hold);
      return hold;
    }
  }

  get store(): HoldStore {
    return this.#options.store;
  }

  get currency(): Currency {
    return this.#options.currency;
  }

  get debits(): PayoutGuard['debits'] {
    const { provider, visibilityLagMs: lagMs } = this.#options;
    return { visibleAt: provider.debitVisibleAt ?? 'unknown', lagMs };
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  readonly walletKey = (wallet?: string): string => this.#decider.wallet(wallet);

  get mode(): 'enforce' | 'observe' {
    return this.#options.mode;
  }

  readonly shadowReport = (): ShadowReport | undefined => this.#shadow?.report();

  readonly withHold = async <T>(options: WithHoldOptions, pay: (hold: Hold) => T | Promise<T>): Promise<T> => {
    const { settles, ...request } = options;
    // Sent from the start: a crash at any moment from here on leaves the money held.
    const hold = await this.hold({ ...request, state: 'sent' });
    let result: T;
    try {
      result = await pay(hold);
    } catch (error) {
      await this.conclude(hold, this.#verdictOf(error));
      throw error;
    }
    await this.conclude(hold, 'accepted', { settles });
    return result;
  };

  readonly conclude: PayoutGuard['conclude'] = async (hold, result, { settles } = {}) => {
    const { debitVisibleAt } = this.#options.provider;
    const isOver = (settles ?? this.#options.settles) === 'onReturn' || debitVisibleAt === 'acceptance';
    // What the payment code has settled itself is left as it is.
    if (!isOpen(hold.state)) return;
    try {
      if (result === 'accepted' && isOver) await this.#holds.end(hold, 'captured');
      if (result === 'not_sent') await this.#holds.end(hold, 'released');
    } catch (error) {
      this.#events.emit('unsettled', () => ({ reference: hold.reference, error: asPayoutGuardError(error) }));
    }
  };

  // A judgement that fails is no proof: the money stays held, and the error of the payment is the one that is thrown.
  #verdictOf(error: unknown): PayoutVerdict {
    try {
      return this.#options.verdictOf(error) === 'not_sent' ? 'not_sent' : 'unknown';
    } catch (mistake) {
      warn('PAYOUT_GUARD_VERDICT', 'verdictOf threw; the outcome of the payout counts as unknown.', mistake);
      return 'unknown';
    }
  }

  // A hold that would have been refused is not in the store.
  readonly capture = async (reference: string, actual?: AmountInput): Promise<HoldInfo> =>
    (await this.#shadow?.hold(reference)?.capture()) ?? this.#holds.info(await this.#holds.capture(reference, actual));

  readonly release = async (reference: string): Promise<HoldInfo> =>
    (await this.#shadow?.hold(reference)?.release()) ?? this.#holds.info(await this.#holds.release(reference));

  readonly getHold = (reference: string): Promise<HoldInfo | undefined> => this.#holds.get(reference);

  readonly listHolds = (options: ListOptions = {}): Promise<HoldList> => this.#holds.list(options);

  readonly reconcile = async ({ reference, olderThanMs }: ReconcileOptions = {}): Promise<Reconciliation> => {
    this.#decider.assertOpen();
    return reference === undefined ? this.#reconciler.run(olderThanMs) : this.#reconciler.runOne(reference);
  };

  readonly freeze = async (wallet: string, reason: string): Promise<void> => {
    const fits = typeof reason === 'string' && /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(reason);
    if (!fits) throw new ConfigurationError(['reason: say why, in 1 to 200 printable characters']);
    await this.#decider.freeze(wallet, reason);
  };

  readonly unfreeze = (wallet: string): Promise<void> => this.#decider.freeze(wallet, undefined);

  readonly on: PayoutGuard['on'] = (name, listener) => this.#events.on(name, listener);

  readonly funds = async (options: WalletOptions = {}): Promise<Funds> => {
    const { currency, floorMinor, clock } = this.#options;
    const wallet = this.#decider.wallet(options.wallet);
    const { reading, totals } = await this.#decider.position(wallet, options);
    const { snapshot, details } = reading;
    const text = (minor: bigint) => formatMinorUnits(minor, currency);
    return {
      wallet,
      currency: currency.code,
      available: text(snapshot.availableMinor),
      held: text(totals.active),
      spendable: text(spendableMinor(snapshot, totals, floorMinor)),
      floor: text(floorMinor),
      asOf: new Date(snapshot.requestedAtMs),
      ageMs: clock.now() - snapshot.requestedAtMs,
      ...(totals.frozen && { frozen: { reason: totals.frozen.reason, since: new Date(totals.frozen.sinceMs) } }),
      details,
    };
  };

  readonly close = async (): Promise<void> => {
    this.#decider.close();
    await this.#reconciler.close();
    this.#events.close();
    if (this.#ownsStore) await this.#options.store.close();
  };

  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close();
}
