// The options of a guard's calls, and their answers.
import type { LeftOpen } from './events.js';
import type { HoldState } from './hold.js';
import type { HoldInfo } from './hold-info.js';
import type { LimitName } from './limit-errors.js';
import type { AmountInput } from './money.js';

/** The wallet of a call, and the end of its waits. */
export interface WalletOptions {
  /**
   * Key of the wallet. Comes from your configuration, never from the body of a request.
   * @defaultValue the only wallet of the guard
   */
  wallet?: string | undefined;
  /**
   * Asks the provider even if a young balance is remembered.
   * @defaultValue false
   */
  refresh?: boolean | undefined;
  /** Ends the wait of this call, which then rejects with the reason of the signal. Shared requests continue. */
  signal?: AbortSignal | undefined;
}

/** Options of a check. */
export interface CheckOptions extends WalletOptions {
  /**
   * The provider's charge on top, in major units; counted as part of the payout.
   * @defaultValue `'0'`
   */
  fee?: AmountInput | undefined;
  /** The currency the caller believes the amount is in. Another one than the wallet's is refused. */
  currency?: string | undefined;
}

/** A payout to hold money for. */
export interface HoldOptions extends CheckOptions {
  /** Amount of the payout, in major units. */
  amount: AmountInput;
  /**
   * Your unique id of the payout: 1 to 128 visible ASCII characters. Never reused. In an API of several tenants it
   * carries the tenant: `${tenant}:${Idempotency-Key}`.
   */
  reference: string;
  /**
   * `sent` for a payout that starts at once, in code the guard does not run. A `reserved` hold expires unless it is
   * sent.
   * @defaultValue `'reserved'`
   */
  state?: 'reserved' | 'sent' | undefined;
  /**
   * Lifetime of a `reserved` hold, in milliseconds on the store's clock; 1 to 2,592,000,000.
   * @defaultValue the `holdExpiresInMs` of the guard
   */
  expiresInMs?: number | undefined;
  /**
   * Identifies the payee, such as an account number; kept as a digest. A second payout under the same reference to
   * another payee is a conflict. 1 to 1,000 characters.
   * @defaultValue payees are not compared
   */
  fingerprint?: string | undefined;
  /** Up to 16 short texts for operators, kept with the hold. Not for secrets. */
  metadata?: Readonly<Record<string, string>> | undefined;
}

/** One payout of a payroll. */
export interface PayoutToHold extends Pick<HoldOptions, 'amount' | 'reference' | 'fee' | 'fingerprint' | 'metadata'> {}

/** A payroll: several payouts of one wallet. All are reserved. */
export interface HoldAllOptions extends WalletOptions, Pick<HoldOptions, 'currency' | 'expiresInMs'> {
  /**
   * - `'all'`: every payout is held, or none.
   * - `'fit'`: each payout that fits is held, in order; the others are reported. Decided on a balance that is requested
   *   for this call.
   */
  policy: 'all' | 'fit';
  /**
   * Order in which payouts are held, with `'fit'`: as they are in the list, or the smallest first, which holds the
   * largest number of them.
   * @defaultValue `'given'`
   */
  order?: 'given' | 'smallestFirst' | undefined;
}

/** A payout of a plan. */
export interface PlannedPayout extends Pick<PayoutToHold, 'reference' | 'amount' | 'fee'> {
  /** @defaultValue the only wallet of the guard */
  readonly wallet?: string | undefined;
}

/** A payout with its answer. */
export interface PlannedAnswer {
  readonly wallet: string;
  readonly reference: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** In major units, as are all amounts of a plan. */
  readonly amount: string;
  readonly fee: string;
  /** Amount plus fee. */
  readonly required: string;
  /**
   * `taken`: another payout has the reference already, so this one is not counted. `over limit`: the payout by itself
   * is above a limit of the wallet, or those of this list that fit are with it above its limit of a day. Holds that
   * were taken today, and the limits of payees together, are not known before the payout is held.
   */
  readonly answer: 'fits' | 'does not fit' | 'over limit' | 'frozen' | 'taken';
  /** The option that sets the limit, for one that is `over limit`. */
  readonly limit?: LimitName;
  /** State of the payout that has the reference. */
  readonly state?: HoldState;
}

/** The sums of one wallet, in its currency. */
export interface PlannedWallet {
  readonly wallet: string;
  readonly currency: string;
  /** The amount that may be paid out now. */
  readonly spendable: string;
  /** All payouts of the list that are neither taken nor over a limit, fees included. */
  readonly required: string;
  /** Of those, the ones that fit. */
  readonly fits: string;
  /** The missing amount; zero when all fit. */
  readonly missing: string;
  /**
   * The time from which all would fit because reservations of other payouts have expired. Only if some is missing, and
   * only if none of those is sent or extended meanwhile.
   */
  readonly fitsFrom?: Date;
  readonly frozen: boolean;
}

export interface PayoutPlan {
  readonly payouts: readonly PlannedAnswer[];
  readonly wallets: readonly PlannedWallet[];
}

/** Judges the end of a payment function. */
export interface PayOptions {
  /**
   * `'onReturn'`: this payout is over when the function returns.
   * @defaultValue the `settles` of the wallet
   */
  settles?: 'onReturn' | undefined;
  /**
   * `'providerAnswer'`: the function sends the payment call once, and returns the provider's answer to it.
   * @defaultValue the `returns` of the wallet
   */
  returns?: 'providerAnswer' | undefined;
}

/** A payout made by a function. */
export interface WithHoldOptions extends Omit<HoldOptions, 'state' | 'expiresInMs'>, PayOptions {}

/** A wallet for display: contains balances. Amounts are decimal text in major units. */
export interface Funds {
  readonly wallet: string;
  readonly currency: string;
  /** The available balance. */
  readonly available: string;
  /** Sum of the open holds, and of captures the balance does not show yet. */
  readonly held: string;
  /** The amount that may still be paid out: `available - floor - held - captured since`. May be negative. */
  readonly spendable: string;
  /** The minimum balance that is never spent. */
  readonly floor: string;
  /** Time at which the balance was requested. */
  readonly asOf: Date;
  /** Age of the balance, in milliseconds. */
  readonly ageMs: number;
  /** Reason and start of the freeze, while the wallet is frozen. */
  readonly frozen?: { readonly reason: string; readonly since: Date };
  /** Other figures the provider sent, such as a ledger balance. Never part of a decision. */
  readonly details: Readonly<Record<string, string>>;
}

/** Selects the holds to list. */
export interface ListOptions {
  /** @defaultValue all wallets of the guard */
  wallet?: string | undefined;
  /** @defaultValue all states */
  state?: HoldState | undefined;
  /** Created at least this many milliseconds ago on the store's clock. */
  olderThanMs?: number | undefined;
  /**
   * Most holds on a page; 1 to 1,000.
   * @defaultValue 100
   */
  limit?: number | undefined;
  /** The `next` of the page before. */
  after?: string | undefined;
}

/** A page of holds, oldest first. A page may hold fewer than `limit` and still have a next one. */
export interface HoldList {
  readonly holds: readonly HoldInfo[];
  /** Pass it as `after` for the next page; undefined on the last one. */
  readonly next?: string | undefined;
}

/** Reads a wallet for display. */
export interface FundsOptions extends WalletOptions {
  /**
   * Shows a balance that is remembered and up to this old, in milliseconds, instead of asking the provider; 0 to
   * 300,000. For a dashboard: `ageMs` has its age. Checks and holds never use it. Not together with `refresh`.
   * @defaultValue the `cache.maxAgeMs` of the guard
   */
  staleForDisplayMs?: number | undefined;
}

/** Selects the undecided payouts to look up. */
export interface ReconcileOptions {
  /** Sent at least this many milliseconds ago on the store's clock. @defaultValue the `overdueAfterMs` of the guard */
  olderThanMs?: number | undefined;
  /** Only this one, whatever its age, ahead of all others: for webhooks. */
  reference?: string | undefined;
}

export interface SettleOptions {
  /** Only the hold that this attempt took: `hold.attempt`. */
  attempt?: string | undefined;
}

export interface ReleaseOptions extends SettleOptions {
  /** Reason, for the event and the history; 1 to 200 printable characters. */
  reason?: string | undefined;
}

export interface CloseOptions {
  /**
   * Longest wait for payouts under way, in milliseconds; 0 to 86,400,000.
   * @defaultValue 10,000
   */
  waitMs?: number | undefined;
}

/** The payouts that a guard leaves open when it closes. */
export interface CloseReport {
  readonly open: readonly LeftOpen[];
}
