// The alerts of a monitor. Plain JSON: `onAlert` receives what the webhook posts. They contain balances.
import type { LeftOpen } from '../core/events.js';
import type { HoldState } from '../core/hold.js';
import type { PayoutVerdict } from '../core/verdict.js';
import type { Runway } from './runway.js';

interface AlertBase {
  /** Unique for each alert, and the same in each delivery of it. */
  readonly id: string;
  /** Description of the event and the next step, in English, with amounts. */
  readonly message: string;
  /** Key of the wallet. */
  readonly wallet: string;
  /** Time at which the monitor detected it, in ISO 8601, on the clock of its process. */
  readonly at: string;
}

interface MoneyAlert extends AlertBase {
  /** ISO 4217 code of all amounts. Amounts are decimal text in major units. */
  readonly currency: string;
}

interface PayoutAlert extends MoneyAlert {
  readonly reference: string;
  /** Names the request that took the hold, for `guard.release(reference, { attempt })`. */
  readonly attempt: string;
  /** The held amount. */
  readonly amount: string;
}

/** Less than a threshold is spendable. Raised once until the wallet has recovered. */
export interface LowBalanceAlert extends MoneyAlert {
  readonly kind: 'low_balance';
  readonly threshold: string;
  /** May be negative. */
  readonly spendable: string;
  /** Time at which the wallet is empty at the captured rate of the last hours; absent when nothing was captured. */
  readonly runway?: Runway;
}

/** A threshold plus its hysteresis is spendable again. */
export interface RecoveredAlert extends MoneyAlert {
  readonly kind: 'recovered';
  readonly threshold: string;
  readonly spendable: string;
}

/** The balance could not be read for several rounds: payouts are refused. */
export interface UnreachableAlert extends MoneyAlert {
  readonly kind: 'unreachable';
  /**
   * The reason of the `BalanceUnavailableError`, `store` among them, or another error code such as `currency_mismatch`.
   */
  readonly reason: string;
}

/** The balance can be read again. */
export interface ReachableAlert extends MoneyAlert {
  readonly kind: 'reachable';
  /** The `reason` of the `unreachable` alert. */
  readonly reason: string;
  /** Time of the `unreachable` alert, in ISO 8601. */
  readonly since: string;
}

/** A payout was sent long ago and has no outcome, so its money stays held. Raised once for each hold. */
export interface OverdueHoldAlert extends PayoutAlert {
  readonly kind: 'overdue_hold';
  /** Time since it was sent, on the store's clock, in milliseconds. */
  readonly ageMs: number;
  /** The provider's last answer. */
  readonly outcome: PayoutVerdict;
}

/** The provider has no record of an overdue payout. Raised once for each hold, in place of `overdue_hold`. */
export interface NeverSeenAlert extends PayoutAlert {
  readonly kind: 'never_seen';
  /** Time since it was sent, on the store's clock, in milliseconds. */
  readonly ageMs: number;
}

/** A payout was made after its hold had expired or was released. Raised once for each attempt. */
export interface PaidAfterReleaseAlert extends PayoutAlert {
  readonly kind: 'paid_after_release';
  /**
   * A later payout holds the same reference, so the same payout may have been made twice. Otherwise the debit is
   * recorded.
   */
  readonly perhapsTwice: boolean;
}

/** The outcome of a payout and the state in the store exclude each other. Nothing was changed. */
export interface ContradictionAlert extends AlertBase {
  readonly kind: 'contradiction';
  readonly reference: string;
  readonly attempt: string;
  /** The state that the outcome asks for. */
  readonly wanted: 'captured' | 'released';
  /** The state that the store has. */
  readonly found: HoldState | 'unknown';
}

/**
 * The outcome of a payout is known, could not be recorded, and is not tried again. At most one a day for each payout.
 */
export interface SettlementFailedAlert extends AlertBase {
  readonly kind: 'settlement_failed';
  readonly reference: string;
  /** Code of the error. */
  readonly reason: string;
}

/** A guard closed and left a payout open. Raised by the process that closed. */
export interface LeftOpenAlert extends AlertBase {
  readonly kind: 'left_open';
  readonly reference: string;
  readonly attempt: string;
  readonly pending: LeftOpen['pending'];
}

/** The store has undecided payouts of a wallet that no process serves. At most one a day for each wallet. */
export interface OrphanWalletAlert extends AlertBase {
  readonly kind: 'orphan_wallet';
}

/** The provider had no record of this many payouts in a row. At most one a day for each wallet. */
export interface LookupFindsNothingAlert extends AlertBase {
  readonly kind: 'lookup_finds_nothing';
  readonly inARow: number;
}

/** Money moved that neither a payout nor a reported credit explains: see `watchDrift`. */
export interface DriftAlert extends MoneyAlert {
  readonly kind: 'drift';
  /** `debit`: more left the wallet than is explained. */
  readonly direction: 'debit' | 'credit';
  /** The amount; with an `atMost`, the least that it can have been. */
  readonly amount: string;
  readonly atMost?: string;
  /** It happened after this time and before that one, in ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** The balance that payouts and credits explain, and the one that was read. */
  readonly expected: string;
  readonly actual: string;
}

/**
 * The balance showed a captured payout later than the wallet's `visibilityLagMs`. At most one a day for each wallet.
 */
export interface VisibilityLagAlert extends PayoutAlert {
  readonly kind: 'visibility_lag';
  /** The `visibilityLagMs` of the wallet. */
  readonly lagMs: number;
  /** Time after the capture at which the balance certainly did not show it, in milliseconds. */
  readonly longerThanMs: number;
  /** Time after the capture at which the balance certainly showed it, in milliseconds. */
  readonly atMostMs: number;
}

export type Alert =
  | LowBalanceAlert
  | RecoveredAlert
  | UnreachableAlert
  | ReachableAlert
  | OverdueHoldAlert
  | NeverSeenAlert
  | PaidAfterReleaseAlert
  | ContradictionAlert
  | SettlementFailedAlert
  | LeftOpenAlert
  | OrphanWalletAlert
  | LookupFindsNothingAlert
  | DriftAlert
  | VisibilityLagAlert;

/** An alert before it has an id and a message. */
export type AlertDraft = Alert extends infer One ? (One extends Alert ? Omit<One, 'id' | 'message'> : never) : never;
