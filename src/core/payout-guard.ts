// The public surface of a guard: what can be asked, and what is answered.
import type {
  CheckOptions,
  CloseOptions,
  CloseReport,
  Funds,
  FundsOptions,
  HoldAllOptions,
  HoldList,
  HoldOptions,
  ListOptions,
  PayOptions,
  PayoutPlan,
  PayoutToHold,
  PlannedPayout,
  ReconcileOptions,
  ReleaseOptions,
  SettleOptions,
  WithHoldOptions,
} from './calls.js';
import type { Decision } from './decision.js';
import type { Listen, Reconciliation } from './events.js';
import type { HoldState } from './hold.js';
import type { TakenReference } from './hold-errors.js';
import type { HoldInfo } from './hold-info.js';
import type { GuardInternals } from './internals.js';
import type { LimitName } from './limit-errors.js';
import type { AmountInput } from './money.js';
import type { HoldStore } from './store.js';

export type { AmountInput } from './money.js';

/** Money promised to one payout. No method needs `this`. */
export interface Hold {
  /** Send the payout with this reference, so that it can be looked up. */
  readonly reference: string;
  readonly wallet: string;
  /** Names this request among those with the same reference, for `guard.release(reference, { attempt })`. */
  readonly attempt: string;
  /** The promised amount, fee included, in major units. */
  readonly amount: string;
  readonly currency: string;
  /** The state as this object last saw it; another process may have moved it on. */
  readonly state: HoldState;
  /** True once `pay` began, so that the end of its function settles the hold, or `sent` waits for the store. */
  readonly isPaying: boolean;
  /** The decision that granted the hold; undefined when it was resumed. */
  readonly decision: Decision | undefined;
  /**
   * Aborts `payWithinMs` after the hold was marked as sent: nothing may be sent after that. Pass it to your HTTP
   * client. Never aborts before the hold is sent.
   */
  readonly signal: AbortSignal;
  /**
   * Marks the hold as sent, runs `fn`, and settles by what its end proves: `completed` captures, a
   * `PayoutRejectedError` releases, everything else leaves the hold sent and is looked up soon. Resolves to what `fn`
   * returned and rejects with what it threw, even when the store cannot record the verdict at once. Begins once: a
   * second call rejects and changes nothing.
   *
   * @throws `HoldStateError` the reservation has expired, or a payout with it began before. `BalanceUnavailableError`
   *   the store did not confirm `sent`, or the guard is closing: `fn` did not run, and the hold is released.
   *   `InsufficientFundsError` `WalletFrozenError` more than 5 minutes after the hold was granted: the hold stays
   *   reserved.
   */
  readonly pay: <T>(fn: (hold: Hold) => T | Promise<T>, options?: PayOptions) => Promise<T>;
  /**
   * Marks the payout as about to be sent by code of your own; call it before the first byte leaves. From then on only
   * its outcome ends the hold.
   * @throws `HoldStateError` when the reservation has expired or was sent before: do not send.
   *   `BalanceUnavailableError` the store did not confirm it, or the guard is closing: do not send; the hold is
   *   released, and this handle is not given `sent` any more.
   */
  readonly sent: () => Promise<HoldInfo>;
  /**
   * Gives a reservation a new lifetime from now on: for payouts that wait for an approval.
   * @param ms - 1 to 2,592,000,000 (30 days), on the store's clock.
   * @throws `HoldStateError` when it has expired or was sent.
   */
  readonly extend: (ms: number) => Promise<HoldInfo>;
  /**
   * Records that the payout was made. May be repeated. A capture after the hold expired or was released is recorded
   * too, because the money has left; the event `paidAfterRelease` reports it.
   * @param actual - The real debit, fee included, if it differs from the held amount. May be more.
   * @throws `HoldStateError` when a later payout holds the reference. `HoldConflictError` when it was captured with
   *   another amount.
   */
  readonly capture: (actual?: AmountInput) => Promise<HoldInfo>;
  /**
   * Records that the payout was not made. May be repeated. A reference that was sent is not held again.
   * @param options - `notSent`: it certainly never reached the provider, so a retry may use the reference.
   * @throws `HoldStateError` after a capture, and after `pay` began: then only `guard.release` ends it.
   */
  readonly release: (options?: { notSent?: boolean | undefined }) => Promise<HoldInfo>;
}

/** A payout that was left out, and why: the money did not suffice, it is above a limit, or its reference is taken. */
export type LeftOutPayout =
  | { readonly reference: string; readonly amount: string; readonly reason: 'insufficient' }
  | { readonly reference: string; readonly amount: string; readonly reason: 'limit'; readonly limit: LimitName }
  | ({ readonly amount: string; readonly reason: 'taken' } & TakenReference);

/**
 * The outcome of a payroll. Amounts are decimal text in major units, fees included. `missing` and `decision` are not
 * enumerable, because they show the balance.
 */
export interface HeldPayouts {
  /** The key of the wallet. */
  readonly wallet: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** A handle for each payout that is held, in the order in which they were held. */
  readonly holds: readonly Hold[];
  /** With `fit`, the payouts that were left out, in that order; with `all`, none. */
  readonly leftOut: readonly LeftOutPayout[];
  /** Sum of the payouts whose reference was not taken and which are not above a limit. */
  readonly required: string;
  /** Sum of those that are held. */
  readonly held: string;
  /** The amount that was missing for those that were left out; zero if the money sufficed for all. */
  readonly missing: string;
  /** The decision about the sum in `required`. */
  readonly decision: Decision;
}

/** A payout that was checked, and is yet to be held. */
export interface PreparedHold {
  readonly reference: string;
  /** The decision that approved it. It promises nothing: other payouts may be held before this one. */
  readonly decision: Decision;
  /**
   * Takes the hold within what the check allows, by one statement. Commit before you pay: until then, the store refuses
   * to mark it as sent. After a rollback there is no hold. When it rejects, roll back. Good for a minute after the
   * check.
   *
   * @param store - The store inside the transaction: `store.within(client)`.
   * @throws `InsufficientFundsError` other payouts took the money meanwhile. `BalanceUnavailableError` the check is too
   *   old or void, or the statement failed: prepare it anew. Errors of references as `hold` throws them.
   */
  readonly hold: (store: Pick<HoldStore, 'hold'>) => Promise<Hold>;
}

/** Stands between a payment API and a payout. No method needs `this`: they are safe to destructure. */
export interface PayoutGuard {
  /**
   * Resolves when the wallet covers the amount (plus fee, above floor and open holds), rejects otherwise. Advice only:
   * it takes no hold, so two checks at the same time may both be approved.
   *
   * @throws `InsufficientFundsError` not enough.
   * @throws `LimitExceededError` the payout is above a limit of the wallet by itself. What is left of a daily limit is
   *   judged when the hold is taken.
   * @throws `BalanceUnavailableError` if there is no usable balance, or the store does not respond.
   * @throws `CurrencyMismatchError` the provider's or the caller's currency is another one.
   * @throws `InvalidAmountError` `InvalidArgumentError` the amount, fee or another argument is not valid.
   * @throws `WalletFrozenError` an operator has frozen the wallet.
   * @throws `ConfigurationError` the wallet is not one of this guard, or is another balance than the store knows under
   *   its key.
   */
  readonly assertSufficientFunds: (amount: AmountInput, options?: CheckOptions) => Promise<Decision>;
  /**
   * As `assertSufficientFunds`, but "not enough" is an answer: `decision.sufficient`. An unavailable balance still
   * rejects.
   */
  readonly checkFunds: (amount: AmountInput, options?: CheckOptions) => Promise<Decision>;
  /**
   * Reads the wallet for display.
   * @throws `BalanceUnavailableError` `CurrencyMismatchError` `ConfigurationError` `InvalidArgumentError`
   */
  readonly funds: (options?: FundsOptions) => Promise<Funds>;
  /**
   * Checks and holds in one atomic step: granted holds never exceed the wallet together, however many are asked for
   * at once.
   *
   * @param options - The payout, or a function that returns it: anything that function throws refuses the hold.
   * @throws what `assertSufficientFunds` throws.
   * @throws `InvalidReferenceError` the reference is missing or cannot be one.
   * @throws `PayoutInProgressError` a payout with the reference is under way, or its outcome is not known: do not send
   *   this one.
   * @throws `DuplicateReferenceError` a payout with the reference was made, or failed: do not send this one.
   * @throws `HoldConflictError` the reference belongs to a payout of another amount, wallet or payee.
   * @throws `LimitExceededError` the payout is above a limit of the wallet, or does not fit in what is left of the day.
   * @throws `LimitsUnknownError` the store does not know what was held before on this day.
   */
  readonly hold: (options: HoldOptions | (() => HoldOptions)) => Promise<Hold>;
  /**
   * Holds a payroll: several payouts of one wallet, each its own hold under its own reference, reserved until it is
   * paid or expires. Up to 1,000 are one request to the store. A longer list is held as well: with `all`, its sum is
   * held in one step and then divided, so that no part of the money is free, or promised twice, in between; with
   * `fit`, in parts of 1,000. A call that rejects leaves nothing held.
   *
   * @param payouts - 1 to 50,000, each with another reference.
   * @throws what `assertSufficientFunds` throws. `InsufficientFundsError` with `all`: the figures are those of the sum.
   * @throws `LimitExceededError` with `all`: a payout, or the sum of a payee or of the day, is above a limit.
   * @throws `ReferencesTakenError` with `all`: other payouts have some of the references; all of those are listed.
   * @throws `InvalidArgumentError` a payout cannot be held, with its place in the list; a reference occurs twice.
   *   Nothing was sent to the store or the provider.
   * @example
   * ```ts
   * const { holds } = await guard.holdAll(salaries, { wallet: 'jpay-kes', policy: 'all' });
   * for (const hold of holds) await hold.pay(() => makePayment(paymentOf(hold.reference)));
   * ```
   */
  readonly holdAll: (payouts: readonly PayoutToHold[], options: HoldAllOptions) => Promise<HeldPayouts>;
  /**
   * Compares a list of payouts with their wallets: which fit in their order, fees included, what is missing, and from
   * when on all would fit. Advice only: it holds nothing, so other payouts may take the money before these.
   *
   * @param payouts - At least one, each with another reference.
   * @throws `InvalidArgumentError` a payout cannot be planned, with its place in the list; a reference occurs twice.
   * What
   *   `funds` and `getHold` throw.
   */
  readonly plan: (payouts: readonly PlannedPayout[]) => Promise<PayoutPlan>;
  /**
   * Checks a payout now, and takes its hold by one statement in a transaction of your own: the hold and your rows
   * become true together, or not at all. Call it before the transaction begins, because it may ask the provider.
   *
   * @throws what `hold` throws, but for references that are taken.
   */
  readonly prepare: (options: HoldOptions) => Promise<PreparedHold>;
  /**
   * The handle of a `reserved` hold of this guard's wallets: after an approval, or after a deploy. Of several handles
   * one becomes `sent`.
   *
   * @throws `HoldStateError` there is no such hold, or it is not reserved any more. `ForeignWalletError`
   *   `BalanceUnavailableError`
   */
  readonly resume: (reference: string) => Promise<Hold>;
  /**
   * `hold` and `hold.pay(fn)` in one: the hold is marked as sent before `fn` starts, and settled by what its end
   * proves.
   */
  readonly withHold: <T>(options: WithHoldOptions, fn: (hold: Hold) => T | Promise<T>) => Promise<T>;
  /**
   * Records that a payout was made; for webhooks and operators. May be repeated. See {@link Hold.capture}.
   * @throws `HoldStateError` there is no such hold. `ForeignWalletError` another service has its wallet.
   *   `BalanceUnavailableError` the store did not respond or is restoring holds: repeat it.
   */
  readonly capture: (reference: string, actual?: AmountInput, options?: SettleOptions) => Promise<HoldInfo>;
  /**
   * Records that a payout was not made; for webhooks and operators. May be repeated. A reference that was sent is not
   * held again.
   * @throws `HoldStateError` after a capture. What `capture` throws.
   */
  readonly release: (reference: string, options?: ReleaseOptions) => Promise<HoldInfo>;
  /**
   * The hold with this reference, if there is one and it was not forgotten. @throws `ForeignWalletError`
   * `BalanceUnavailableError`
   */
  readonly getHold: (reference: string) => Promise<HoldInfo | undefined>;
  /** Lists holds of this guard's wallets for operators, oldest first, in pages. */
  readonly listHolds: (options?: ListOptions) => Promise<HoldList>;
  /**
   * Looks up the outcome of every undecided payout older than `olderThanMs` (default: `overdueAfterMs`) and settles
   * those that are final. Runs by itself every `reconcileEveryMs`. With a `reference`, looks up that payout only: the
   * right reaction to a webhook, whose word proves nothing.
   */
  readonly reconcile: (options?: ReconcileOptions) => Promise<Reconciliation>;
  /**
   * Stops all payouts from a wallet, in every process that shares the store: from the moment this resolves, no hold is
   * granted or sent and no check is approved. Payouts under way continue to their outcome. May be repeated.
   *
   * @param reason - For operators: 1 to 200 printable characters. Shown by {@link PayoutGuard.funds}, never to HTTP
   *   clients.
   * @throws `InvalidArgumentError` there is no reason. `ConfigurationError` the wallet is not one of this guard.
   *   `BalanceUnavailableError` the store did not respond.
   */
  readonly freeze: (wallet: string, reason: string) => Promise<void>;
  /** Lets payouts from a wallet continue. May be repeated. @throws `ConfigurationError` `BalanceUnavailableError` */
  readonly unfreeze: (wallet: string) => Promise<void>;
  /**
   * Lets a wallet pay under its daily limits although the store does not know all that was held on this day
   * ({@link LimitsUnknownError}): it counts from what it knows. Check with the provider what was paid before. Good for
   * the data that the store has now; after another loss of data limits refuse again. May be repeated.
   *
   * @throws `InvalidArgumentError` the wallet has no limits per day. `ConfigurationError` the wallet is not one of this
   *   guard. `BalanceUnavailableError` the store did not respond.
   */
  readonly acceptLimits: (wallet: string) => Promise<void>;
  /** Adds a listener. Returns a function that removes it. */
  readonly on: Listen;
  /**
   * Refuses new holds, waits for payouts and requests of routes under way, and resolves to what it leaves open, after
   * `waitMs` and one second at the latest. Captures, releases and webhooks work until the store is closed. Does not
   * close a store that was passed in.
   */
  readonly close: (options?: CloseOptions) => Promise<CloseReport>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
  /** For the tools of this package. */
  readonly internals: GuardInternals;
}
