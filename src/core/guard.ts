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
import { InvalidArgumentError } from './errors.js';
import type { Reconciliation } from './events.js';
import { Events } from './events.js';
import { FollowUp } from './follow-up.js';
import { internalsOf } from './guard-internals.js';
import { HoldAll } from './hold-all.js';
import type { HoldInfo } from './hold-info.js';
import { isReason } from './hold-request.js';
import { Holds } from './holds.js';
import { Identities } from './identities.js';
import { InsufficientFundsError } from './insufficient-funds.js';
import type { AttachedWork, GuardInternals } from './internals.js';
import { KnownHolds } from './known-holds.js';
import { Lookups } from './lookups.js';
import { formatMinorUnits } from './money.js';
import { type PayoutGuardOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { Outcomes } from './outcomes.js';
import { PayPromise } from './pay-promise.js';
import { Payments } from './payments.js';
import type { AmountInput, Hold, PayoutGuard, PreparedHold } from './payout-guard.js';
import { GuardLimits } from './payout-limits.js';
import { planPayouts } from './plan.js';
import { Reconciler } from './reconciler.js';
import { Reservations } from './reservations.js';
import { Settler } from './settler.js';
import { warnOfSetup } from './setup-warnings.js';
import { shutDown } from './shutdown.js';
import { WatchedStore } from './store-watch.js';
import { UnderWay } from './under-way.js';
import { VerdictOutbox } from './verdict-outbox.js';
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
  /** The store that was given, with its failures counted and emitted. All parts use this one. */
  readonly #store: WatchedStore;
  readonly #wallets: Wallets;
  readonly #identities: Identities;
  readonly #decider: Decider;
  readonly #holds: Holds;
  readonly #holdAll: HoldAll;
  readonly #known: KnownHolds;
  readonly #reconciler: Reconciler;
  /** Ends the guard, after so many milliseconds at most. */
  readonly #shutDown: (waitMs: number) => Promise<CloseReport>;
  /** Ends the comparison with other guards of this process. */
  readonly #forgetSetup: () => void;
  readonly #closeSignal = new AbortController();
  #closing: Promise<CloseReport> | undefined;
  readonly #internals: GuardInternals;

  /**
   * Makes the parts, each from those above it: `decider` decides on balances, `settler` moves holds on in the store,
   * `outbox` keeps verdicts that the store could not take, `lookups` asks providers about payouts, `outcomes` settles
   * by their answers, soon after a payment (`followUp`) or by timer (`reconciler`), `payments` runs the code that
   * pays, `holds` and `holdAll` take holds, and `known` finds them again and ends them.
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
    const known = new KnownHolds(taking);
    const reconciler = new Reconciler({ options, wallets, identities, outcomes, events });
    this.#store = store;
    this.#options = options;
    this.#wallets = wallets;
    this.#identities = identities;
    this.#decider = decider;
    this.#holds = new Holds(taking);
    this.#holdAll = new HoldAll({ ...taking, undo });
    this.#known = known;
    this.#reconciler = reconciler;
    const ending = { options, decider, followUp, underWay, undo, lookups, outbox, payments, reconciler, reservations };
    const attached: AttachedWork[] = [];
    this.#shutDown = (waitMs) => shutDown({ ...ending, attached, events }, waitMs);
    this.#forgetSetup = warnOfSetup(given, wallets.known());
    const closing = this.#closeSignal.signal;
    this.#internals = internalsOf({ options: given, wallets, events, reconciler, known, limits, attached, closing });
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

  readonly resume = (reference: string): Promise<Hold> => this.#known.resume(reference);

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
    this.#known.capture(reference, actual, options);

  readonly release = (reference: string, options: ReleaseOptions = {}): Promise<HoldInfo> =>
    this.#known.release(reference, options);

  readonly getHold = (reference: string): Promise<HoldInfo | undefined> => this.#known.get(reference);

  readonly plan = (payouts: readonly PlannedPayout[]): Promise<PayoutPlan> =>
    planPayouts(this, this.#wallets, this.#store, payouts);

  readonly listHolds = (options: ListOptions = {}): Promise<HoldList> => this.#known.list(options);

  readonly reconcile = (options: ReconcileOptions = {}): Promise<Reconciliation> =>
    keepingAlive(this.#options.clock, this.#reconcile(options));

  async #reconcile(options: ReconcileOptions): Promise<Reconciliation> {
    assertOptions('reconcile', options);
    const { reference, olderThanMs } = options;
    // A webhook is answered while the guard closes: it is how the last payouts learn their outcome.
    if (reference !== undefined) return this.#reconciler.runOne(reference, this.#known.walletOf);
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

  // Not a property of its own: a guard that is printed shows none of it.
  get internals(): GuardInternals {
    return this.#internals;
  }

  readonly [Symbol.asyncDispose] = async (): Promise<void> => {
    await this.close();
  };
}
