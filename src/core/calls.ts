// The options of a guard's calls, and their answers.
import type { LeftOpen } from './events.js';
import type { HoldState } from './hold.js';
import type { HoldInfo } from './hold-info.js';
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
