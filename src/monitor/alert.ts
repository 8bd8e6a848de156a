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

/** Less than a threshold is spendable. Raised once until the wallet has recovered, and as reminders meanwhile. */
export interface LowBalanceAlert extends MoneyAlert {
  readonly kind: 'low_balance';
  readonly threshold: string;
  /** May be negative. */
  readonly spendable: string;
  /** Sum of the open holds, and of captures the balance does not show yet. */
  readonly held: string;
  /** `holds`: without what is held the threshold would be spendable. `balance`: it would not. */
  readonly cause: 'holds' | 'balance';
  /** Time of the first alert, in ISO 8601; present in reminders, and when the cause has become `balance`. */
  readonly since?: string;
  /** Time at which the wallet is empty at the captured rate of the last hours; absent when nothing was captured. */
  readonly runway?: Runway;
}

/** A threshold plus its hysteresis is spendable again. */
export interface RecoveredAlert extends MoneyAlert {
  readonly kind: 'recovered';
  readonly threshold: string;
  readonly spendable: string;
}

/** A figure that the provider shows is below its threshold. Raised once, and as reminders meanwhile. */
export interface LowFigureAlert extends MoneyAlert {
  readonly kind: 'low_figure';
  /** Its name in `funds().details`. */
  readonly figure: string;
  /** May be negative. */
  readonly value: string;
  readonly threshold: string;
  readonly spendable: string;
  /** Time of the first alert, in ISO 8601; present in reminders. */
  readonly since?: string;
}

/** The figure is its threshold and 5 % again. */
export interface FigureRecoveredAlert extends MoneyAlert {
  readonly kind: 'figure_recovered';
  readonly figure: string;
  readonly value: string;
  readonly threshold: string;
  readonly spendable: string;
}

/** The money lasts for less than `runwayBelowMs` at the captured rate. Raised once, and as reminders meanwhile. */
export interface LowRunwayAlert extends MoneyAlert {
  readonly kind: 'low_runway';
  readonly runwayBelowMs: number;
  readonly runway: Runway;
  readonly spendable: string;
  /** Time of the first alert, in ISO 8601; present in reminders. */
  readonly since?: string;
}

/** The money lasts for `runwayBelowMs` and 5 % again. */
export interface RunwayRecoveredAlert extends MoneyAlert {
  readonly kind: 'runway_recovered';
  readonly runwayBelowMs: number;
  readonly runway: Runway;
  readonly spendable: string;
}

/** The balance is below a percentage of what it was 24 hours before. At most one a day for each wallet. */
export interface BalanceDropAlert extends MoneyAlert {
  readonly kind: 'balance_drop';
  readonly percent: number;
  /** May be negative. */
  readonly available: string;
  /** The balance of 24 hours before, and the time it is of, in ISO 8601. */
  readonly yesterday: string;
  readonly yesterdayAt: string;
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

/** A look-up found that a payout was made more than once under its reference. Raised once for each attempt. */
export interface PaidTwiceAlert extends PayoutAlert {
  readonly kind: 'paid_twice';
  /** The payouts that were found; 2 or more. */
  readonly times: number;
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

/** Daily limits refuse, because the store lost data. Once for each loss. */
export interface LimitsUnknownAlert extends AlertBase {
  readonly kind: 'limits_unknown';
  /** The store lost data at this time, and the limits refuse until that one, in ISO 8601. */
  readonly since: string;
  readonly until: string;
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
  | LowFigureAlert
  | FigureRecoveredAlert
  | LowRunwayAlert
  | RunwayRecoveredAlert
  | BalanceDropAlert
  | UnreachableAlert
  | ReachableAlert
  | OverdueHoldAlert
  | NeverSeenAlert
  | PaidAfterReleaseAlert
  | PaidTwiceAlert
  | ContradictionAlert
  | SettlementFailedAlert
  | LeftOpenAlert
  | OrphanWalletAlert
  | LookupFindsNothingAlert
  | LimitsUnknownAlert
  | DriftAlert
  | VisibilityLagAlert;

/** An alert before it has an id and a message. */
export type AlertDraft = Alert extends infer One ? (One extends Alert ? Omit<One, 'id' | 'message'> : never) : never;
