// What a monitor tells. Alerts are plain JSON: what `onAlert` is given is what the webhook sends. They carry balances.
import type { PayoutAnswer } from '../core/provider.js';
import type { Runway } from './runway.js';

interface AlertBase {
  /** The same each time that this alert is delivered: tell repetitions by it. */
  readonly id: string;
  /** Key of the wallet. */
  readonly wallet: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** When it was noticed, in ISO 8601, on the clock of the monitor. */
  readonly at: string;
}

/** Less than a threshold can be spent. Not told again before it has recovered. */
export interface LowBalanceAlert extends AlertBase {
  readonly kind: 'low_balance';
  /** Decimal text in major units, as are all amounts. */
  readonly threshold: string;
  readonly spendable: string;
  /** When the wallet runs dry at the captured rate of the last hours; absent when nothing was captured. */
  readonly runway?: Runway;
}

/** A threshold plus its hysteresis can be spent again. */
export interface RecoveredAlert extends AlertBase {
  readonly kind: 'recovered';
  readonly threshold: string;
  readonly spendable: string;
}

/** The balance could not be told for several rounds: payouts are refused. */
export interface UnreachableAlert extends AlertBase {
  readonly kind: 'unreachable';
  /** The reason of the `BalanceUnavailableError`, `store` among them, or `currency_mismatch`. */
  readonly reason: string;
}

/** The balance can be told again. */
export interface ReachableAlert extends AlertBase {
  readonly kind: 'reachable';
  /** Why it could not be told. */
  readonly reason: string;
  /** When it was noticed that it could not be told. */
  readonly since: string;
}

/** A payout was sent long ago and nobody knows what became of it: its money stays held. Told once for each hold. */
export interface OverdueHoldAlert extends AlertBase {
  readonly kind: 'overdue_hold';
  readonly reference: string;
  /** What is held. */
  readonly amount: string;
  /** How long ago it was sent, in milliseconds. */
  readonly ageMs: number;
  /** What the provider said of it last. */
  readonly outcome: PayoutAnswer['outcome'];
}

/** Money moved that neither a payout nor a reported credit explains: see `watchDrift`. */
export interface DriftAlert extends AlertBase {
  readonly kind: 'drift';
  /** `debit`: more left the wallet than is explained. */
  readonly direction: 'debit' | 'credit';
  /** How much; the least it can have been when there is an `atMost`. */
  readonly amount: string;
  readonly atMost?: string;
  /** It happened after this time and before that one, in ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** What the balance should have been, and was. */
  readonly expected: string;
  readonly actual: string;
}

export type Alert =
  | LowBalanceAlert
  | RecoveredAlert
  | UnreachableAlert
  | ReachableAlert
  | OverdueHoldAlert
  | DriftAlert;

/** An alert before it has an id. */
export type AlertDraft = Alert extends infer One ? (One extends Alert ? Omit<One, 'id'> : never) : never;
