// Read this first: what a guard does, top-down. The work is in its parts; `holds.ts` is the next one to read, then
// `decider.ts`, `decision.ts`, `store.ts` and `memory-store/store.ts`.

import { askStore, isPromise } from './ask-store.js';
import { BatchUndo } from './batch-undo.js';
import { assertFundsOptions, assertOptions, assertPayOptions } from './call-options.js';
import type {
  CheckOptions,
  CloseOptions,
  CloseReport,
  Funds,
  FundsOptions,
  HoldList,
  HoldOptions,
  ListOptions,
  PayoutPlan,
  PlannedPayout,
  ReconcileOptions,
  ReleaseOptions,
  SettleOptions,
  WithHoldOptions,
} from './calls.js';
import { elapsedMs, keepingAlive } from './clock.js';
import { Decider } from './decider.js';
import { type Decision, spendableMinor } from './decision.js';
import { ConfigurationError, InvalidArgumentError } from './errors.js';
import type { Reconciliation } from './events.js';
import { Events } from './events.js';
import { FollowUp } from './follow-up.js';
import { HoldAll } from './hold-all.js';
import { readPayouts } from './hold-all-request.js';
import type { HoldInfo } from './hold-info.js';
import { isReason } from './hold-request.js';
import { Holds } from './holds.js';
import { Identities } from './identities.js';
import { InsufficientFundsError } from './insufficient-funds.js';
import { Lookups } from './lookups.js';
import { formatMinorUnits } from './money.js';
import { type PayoutGuardOptions, type ResolvedOptions, resolveOptions, sendingGraceMs } from './options.js';
import { Outcomes } from './outcomes.js';
import { PayPromise } from './pay-promise.js';
import { Payments } from './payments.js';
import type {
  AmountInput,
  AttachedWork,
  GuardInternals,
  Hold,
  PayoutGuard,
  PreparedHold,
  WalletInfo,
} from './payout-guard.js';
import { GuardLimits } from './payout-limits.js';
import { planPayouts } from './plan.js';
import { Reconciler } from './reconciler.js';
import { Reservations } from './reservations.js';
import { Settler } from './settler.js';
import { warnOfSetup } from './setup-warnings.js';
import { shutDown } from './shutdown.js';
import type { HoldStore } from './store.js';
import { WatchedStore } from './store-watch.js';
import { UnderWay } from './under-way.js';
import { VerdictOutbox } from './verdict-outbox.js';
import type { Wallet } from './wallet.js';
import { type Wallets, walletsOf } from './wallets.js';

/**
 * Makes a guard.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 * @example
 * ```ts
 * const guard = createPayoutGuard({
 *   wallets: {
 *     'jpay-kes': { provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES', floor: '500.00' },
 *     'isw-ugx': { provider: interswitch({ baseUrl: service }), currency: 'UGX' },
 *   },
 * });
 * await guard.withHold({ wallet: 'jpay-kes', amount: '1500.00', reference: payment.id }, (hold) =>
 *   makePayment({ ...payment, reference: hold.reference }),
 * );
 * ```
 */
export function createPayoutGuard(options: PayoutGuardOptions): PayoutGuard {
  return new Guard(resolveOptions(options));
}

class Guard implements PayoutGuard {
  readonly #options: ResolvedOptions;
  readonly #events = new Events();
  /** The store as it was given: setup warnings compare the stores of guards. */
  readonly #given: HoldStore;
  /** The same store, with its failures counted and emitted. All parts use this one. */
  readonly #store: WatchedStore;
  readonly #wallets: Wallets;
  readonly #identities: Identities;
  readonly #decider: Decider;
  readonly #holds: Holds;
  readonly #holdAll: HoldAll;
  readonly #limits: GuardLimits;
  readonly #reconciler: Reconciler;
  readonly #attached: AttachedWork[] = [];
  /** Ends the guard, after so many milliseconds at most. */
  readonly #shutDown: (waitMs: number) => Promise<CloseReport>;
  /** Ends the comparison with other guards of this process. */
  readonly #forgetSetup: () => void;
  readonly #closeSignal = new AbortController();
  #closing: Promise<CloseReport> | undefined;

  /**
   * Makes the parts, each from those above it: `decider` decides on balances, `settler` moves holds on in the store,
   * `outbox` keeps verdicts that the store could not take, `lookups` asks providers about payouts, `outcomes` settles
   * by their answers, soon after a payment (`followUp`) or by timer (`reconciler`), `payments` runs the code that
   * pays, and `holds` and `holdAll` take holds.
   */
  constructor(given: ResolvedOptions) {
    const events = this.#events;
    const store = new WatchedStore(given.store, events, given.clock);
    const options = { ...given, store };
    const wallets = walletsOf(options);
    const identities = new Identities(options.store);
    const settler = new Settler(options, events);
    const decider = new Decider(options, wallets, identities, events);
    const outbox = new VerdictOutbox(options, settler, events);
    const lookups = new Lookups(options, wallets, events);
    const outcomes = new Outcomes(options, lookups, outbox, events);
    const followUp = new FollowUp(options, wallets, outcomes);
    const payments = new Payments({ options, wallets, decider, settler, outbox, followUp });
    const reservations = new Reservations(options, events);
    const undo = new BatchUndo(options);
    const underWay = new UnderWay();
    const limits = new GuardLimits(options.clock, events);
    const asking = { options, wallets, identities, decider, events, limits };
    const taking = { ...asking, settler, outbox, payments, reservations, underWay };
    const holds = new Holds(taking);
    const reconciler = new Reconciler({ options, wallets, identities, outcomes, events });
    this.#given = given.store;
    this.#store = store;
    this.#options = options;
    this.#wallets = wallets;
    this.#identities = identities;
    this.#decider = decider;
    this.#holds = holds;
    this.#limits = limits;
    this.#holdAll = new HoldAll({ ...taking, undo });
    this.#reconciler = reconciler;
    const ending = { options, decider, followUp, underWay, undo, lookups, outbox, payments, reconciler, reservations };
    const parts = { ...ending, attached: this.#attached, events };
    this.#shutDown = (waitMs) => shutDown(parts, waitMs);
    this.#forgetSetup = warnOfSetup(given, wallets.known());
  }

  // A decision is there in the same turn if the balance is remembered and the store is in memory: it is awaited only
  // when it is a promise.
  readonly assertSufficientFunds = async (amount: AmountInput, options: CheckOptions = {}): Promise<Decision> => {
    try {
      assertOptions('check', options);
      const decided = this.#decider.advise(amount, options);
      const decision = isPromise(decided) ? await decided : decided;
      if (!decision.sufficient) throw new InsufficientFundsError(decision, this.#options.insufficientFundsStatus);
      return decision;
    } catch (error) {
      this.#events.checkFailed(error, options);
      throw error;
    }
  };

  readonly checkFunds = async (amount: AmountInput, options: CheckOptions = {}): Promise<Decision> => {
    try {
      assertOptions('check', options);
      return await this.#decider.advise(amount, options);
    } catch (error) {
      this.#events.checkFailed(error, options);
      throw error;
    }
  };

  readonly hold = (options: HoldOptions | (() => HoldOptions)): Promise<Hold> => this.#holds.take(options);

  readonly holdAll: PayoutGuard['holdAll'] = (payouts, options) => this.#holdAll.take(payouts, options);

  readonly prepare = (options: HoldOptions): Promise<PreparedHold> => this.#holds.prepare(options);

  readonly resume = (reference: string): Promise<Hold> => this.#holds.resume(reference);

  // The promise of a payment reports a forgotten `await`.
  readonly withHold = <T>(options: WithHoldOptions, fn: (hold: Hold) => T | Promise<T>): Promise<T> =>
    PayPromise.of(options?.reference, this.#withHold(options, fn));

  async #withHold<T>(options: WithHoldOptions, fn: (hold: Hold) => T | Promise<T>): Promise<T> {
    if (typeof fn !== 'function')
      throw new InvalidArgumentError('withHold', 'takes the function that makes the payment');
    const { settles, returns, ...request } = options ?? {};
    assertOptions('withHold', request);
    assertPayOptions({ settles, returns });
    // Sent from the start: a crash at any moment from here on leaves the money held.
    const hold = await this.#holds.take({ ...request, state: 'sent' });
    return hold.pay(fn, { settles, returns });
  }

  readonly capture = (reference: string, actual?: AmountInput, options: SettleOptions = {}): Promise<HoldInfo> =>
    this.#holds.capture(reference, actual, options);

  readonly release = (reference: string, options: ReleaseOptions = {}): Promise<HoldInfo> =>
    this.#holds.release(reference, options);

  readonly getHold = (reference: string): Promise<HoldInfo | undefined> => this.#holds.get(reference);

  readonly plan = (payouts: readonly PlannedPayout[]): Promise<PayoutPlan> =>
    planPayouts(this, this.#wallets, this.#store, payouts);

  readonly listHolds = (options: ListOptions = {}): Promise<HoldList> => this.#holds.list(options);

  readonly reconcile = (options: ReconcileOptions = {}): Promise<Reconciliation> =>
    keepingAlive(this.#reconcile(options));

  async #reconcile(options: ReconcileOptions): Promise<Reconciliation> {
    assertOptions('reconcile', options);
    const { reference, olderThanMs } = options;
    // A webhook is answered while the guard closes: it is how the last payouts learn their outcome.
    if (reference !== undefined) return this.#reconciler.runOne(reference, this.#holds.walletOf);
    this.#decider.assertOpen();
    return this.#reconciler.run(olderThanMs);
  }

  readonly freeze = async (wallet: string, reason: string): Promise<void> => {
    if (!isReason(reason)) throw new InvalidArgumentError('reason', 'must be 1 to 200 printable characters');
    await this.#freeze(wallet, reason);
  };

  readonly unfreeze = (wallet: string): Promise<void> => this.#freeze(wallet, undefined);

  readonly acceptLimits = async (key: string): Promise<void> => {
    const wallet = await this.#wallets.named(key);
    if (!wallet.limits?.daily) throw new InvalidArgumentError('wallet', 'has no limits per day');
    await this.#identities.checkOnce(wallet);
    await askStore(this.#options.store, (store) => store.acceptLimits?.(wallet.key));
    this.#events.emit('limitsAccepted', () => ({ wallet: wallet.key }));
  };

  async #freeze(key: string, reason: string | undefined): Promise<void> {
    const wallet = await this.#wallets.named(key);
    // The wallet of another service under the same key is refused.
    await this.#identities.checkOnce(wallet);
    await askStore(this.#options.store, (store) => store.freeze(wallet.key, reason));
    this.#events.emit('frozen', () => ({ wallet: wallet.key, reason }));
  }

  readonly on: PayoutGuard['on'] = (name, listener) => this.#events.on(name, listener);

  readonly funds = async (options: FundsOptions = {}): Promise<Funds> => {
    assertOptions('funds', options);
    assertFundsOptions(options);
    const wallet = await this.#wallets.named(options.wallet);
    const { key, currency, floorMinor } = wallet;
    const { reading, totals } = await this.#decider.position(wallet, options);
    const { snapshot, details } = reading;
    const text = (minor: bigint) => formatMinorUnits(minor, currency);
    return {
      wallet: key,
      currency: currency.code,
      available: text(snapshot.availableMinor),
      held: text(totals.active),
      spendable: text(spendableMinor(snapshot, totals, floorMinor)),
      floor: text(floorMinor),
      asOf: new Date(snapshot.requestedAtMs),
      ageMs: Math.round(elapsedMs(this.#options.clock) - snapshot.requestedElapsedMs),
      ...(totals.frozen && { frozen: { reason: totals.frozen.reason, since: new Date(totals.frozen.sinceMs) } }),
      details,
    };
  };

  readonly close = async (options: CloseOptions = {}): Promise<CloseReport> => {
    assertOptions('close', options);
    const { waitMs = 10_000 } = options;
    if (!Number.isInteger(waitMs) || waitMs < 0 || waitMs > 86_400_000) {
      throw new InvalidArgumentError('waitMs', 'must be a whole number of 0 to 86,400,000 milliseconds');
    }
    this.#closing ??= this.#close(waitMs);
    this.#closeSignal.abort();
    return this.#closing;
  };

  async #close(waitMs: number): Promise<CloseReport> {
    const report = await this.#shutDown(waitMs);
    this.#forgetSetup();
    this.#store.stopCounting();
    const { ownsStore, store } = this.#options;
    if (ownsStore) await store.close();
    return report;
  }

  readonly [Symbol.asyncDispose] = async (): Promise<void> => {
    await this.close();
  };

  get internals(): GuardInternals {
    const { clock, overdueAfterMs } = this.#options;
    return {
      store: this.#given,
      clock,
      observes: false,
      overdueAfterMs,
      refuse: (error) => {
        this.#events.checkFailed(error, {});
        throw error;
      },
      attach: (work) => void this.#attached.push(work),
      sendsForMs: this.#options.payWithinMs + sendingGraceMs,
      tap: (name, listener) => this.#events.tap(name, listener),
      lookUp: async (reference) => {
        const fate = await this.#reconciler.learnOne(reference, this.#holds.walletOf);
        if (fate?.end !== 'open') return 'decided';
        return fate.isUnanswered ? 'unanswered' : 'open';
      },
      wallets: () => this.#wallets.known().map(walletInfo),
      wallet: (key) => {
        const wallet = this.#wallets.named(key);
        if (!isPromise(wallet)) return walletInfo(wallet);
        wallet.catch(() => {});
        throw new ConfigurationError([`wallet "${key}" is not known yet; read it once with funds() before`]);
      },
      readPayouts: async (payouts, key) => {
        const wallet = await this.#wallets.named(key);
        return { wallet: walletInfo(wallet), payouts: readPayouts(payouts, wallet, this.#limits) };
      },
      closing: this.#closeSignal.signal,
    };
  }
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
