// Rules for what falls below a level: an amount, a time that the money lasts, a part of yesterday's balance. Pure. A
// condition without a note counts as ended.
import type { Currency } from '../core/currency.js';
import { formatMinorUnits } from '../core/money.js';
import { oldestBalanceMs } from '../core/options.js';
import type { AlertDraft } from './alert.js';
import type { Decide } from './alert-outbox.js';
import { daily } from './alert-rules.js';
import type { MeasuredRunway } from './runway.js';
import type { Sample } from './samples.js';

export interface Threshold {
  readonly thresholdMinor: bigint;
  readonly hysteresisMinor: bigint;
}

/** The balance of a wallet, as one process read it. */
export interface WalletBalance {
  readonly wallet: string;
  readonly currency: Currency;
  readonly availableMinor: bigint;
  readonly heldMinor: bigint;
  readonly spendableMinor: bigint;
  /** Time at which the balance was requested. */
  readonly asOfMs: number;
  readonly nowMs: number;
  readonly measured: MeasuredRunway | undefined;
}

/** The pace of the alerts of one level. */
export interface Pace {
  /** Shortest time from an alert to the one that reports the recovery, in milliseconds. */
  readonly minBetweenMs: number;
  /** Time between two reminders, in milliseconds; undefined for none. */
  readonly remindEveryMs: number | undefined;
}

/**
 * Raises `low_balance` below the threshold, and `recovered` at the threshold plus its hysteresis.
 *
 * @param isLowest - False if the balance is also below a lower threshold, whose reminders are enough.
 */
export function level(balance: WalletBalance, threshold: Threshold, isLowest: boolean, pace: Pace): Decide {
  const { currency, heldMinor, spendableMinor, measured } = balance;
  const { thresholdMinor, hysteresisMinor } = threshold;
  const common = { ...commonOf(balance), threshold: formatMinorUnits(thresholdMinor, currency) };
  const cause = spendableMinor + heldMinor >= thresholdMinor ? 'holds' : 'balance';
  const low = { ...common, cause, held: formatMinorUnits(heldMinor, currency) } as const;
  return crossing(balance, pace, {
    isBelow: spendableMinor < thresholdMinor,
    isRecovered: spendableMinor >= thresholdMinor + hysteresisMinor,
    isReminded: isLowest,
    cause,
    low: (since) => ({ kind: 'low_balance', ...low, ...since, ...(measured && { runway: measured.runway }) }),
    recovered: { kind: 'recovered', ...common },
  });
}

/** Raises `low_figure` when a displayed figure is below its threshold, and `figure_recovered` as {@link level} does. */
export function figureLevel(
  balance: WalletBalance,
  figure: string,
  valueMinor: bigint,
  { thresholdMinor, hysteresisMinor }: Threshold,
  pace: Pace,
): Decide {
  const { currency } = balance;
  const value = formatMinorUnits(valueMinor, currency);
  const common = { ...commonOf(balance), figure, value, threshold: formatMinorUnits(thresholdMinor, currency) };
  return crossing(balance, pace, {
    isBelow: valueMinor < thresholdMinor,
    isRecovered: valueMinor >= thresholdMinor + hysteresisMinor,
    isReminded: true,
    low: (since) => ({ kind: 'low_figure', ...common, ...since }),
    recovered: { kind: 'figure_recovered', ...common },
  });
}

/** Raises `low_runway` when the money lasts for less than this time, and `runway_recovered` at 5 % more. */
export function runwayLevel(balance: WalletBalance, measured: MeasuredRunway, belowMs: number, pace: Pace): Decide {
  const { lastsMs, runway } = measured;
  const common = { ...commonOf(balance), runwayBelowMs: belowMs, runway };
  const limitMs = BigInt(belowMs);
  return crossing(balance, pace, {
    isBelow: lastsMs < limitMs,
    isRecovered: lastsMs * 20n >= limitMs * 21n,
    isReminded: true,
    low: (since) => ({ kind: 'low_runway', ...common, ...since }),
    recovered: { kind: 'runway_recovered', ...common },
  });
}

/** Raises `balance_drop` at most once a day, while less than this part of yesterday's balance is available. */
export function dropped(balance: WalletBalance, yesterday: Sample, percent: number): Decide {
  const { wallet, currency, availableMinor, nowMs } = balance;
  if (yesterday.minor <= 0n || availableMinor * 100n >= yesterday.minor * BigInt(percent)) return () => undefined;
  return daily(nowMs, {
    kind: 'balance_drop',
    wallet,
    currency: currency.code,
    at: new Date(nowMs).toISOString(),
    percent,
    available: formatMinorUnits(availableMinor, currency),
    yesterday: formatMinorUnits(yesterday.minor, currency),
    yesterdayAt: new Date(yesterday.atMs).toISOString(),
  });
}

interface Crossing {
  readonly isBelow: boolean;
  readonly isRecovered: boolean;
  readonly isReminded: boolean;
  readonly cause?: 'holds' | 'balance';
  readonly low: (since: { readonly since?: string }) => AlertDraft;
  readonly recovered: AlertDraft;
}

/**
 * An alert below the level is never delayed. The one that reports the recovery is, until a next fall may be alerted
 * again: so neither kind is raised more often than `minBetweenMs`, and an operator never believes that a low wallet has
 * recovered.
 */
function crossing({ asOfMs, nowMs }: WalletBalance, { minBetweenMs, remindEveryMs }: Pace, now: Crossing): Decide {
  return (fact) => {
    // Another process has read a later balance. A time that no snapshot can have comes from a wrong clock.
    if (fact && asOfMs < fact.seenAtMs && fact.seenAtMs <= nowMs + oldestBalanceMs) return undefined;
    const told = { seenAtMs: asOfMs, raisedAtMs: nowMs, reason: now.cause };
    if (fact?.state !== 'low') {
      return now.isBelow ? { fact: { state: 'low', sinceMs: nowMs, ...told }, alert: now.low({}) } : undefined;
    }
    const { raisedAtMs = fact.seenAtMs, sinceMs = fact.seenAtMs, reason } = fact;
    const ageMs = raisedAtMs <= nowMs + oldestBalanceMs ? nowMs - raisedAtMs : Number.POSITIVE_INFINITY;
    if (now.isRecovered) {
      return ageMs < minBetweenMs ? undefined : { fact: { state: 'ok', seenAtMs: asOfMs }, alert: now.recovered };
    }
    const isReminder = now.isReminded && remindEveryMs !== undefined && ageMs >= remindEveryMs;
    // The payouts that were held have been made: waiting for them does not help any more.
    const isWorse = reason === 'holds' && now.cause === 'balance';
    if (!now.isBelow || !(isReminder || isWorse)) return undefined;
    return { fact: { state: 'low', sinceMs, ...told }, alert: now.low({ since: new Date(sinceMs).toISOString() }) };
  };
}

function commonOf({ wallet, currency, spendableMinor, nowMs }: WalletBalance): {
  readonly wallet: string;
  readonly currency: string;
  readonly at: string;
  readonly spendable: string;
} {
  const at = new Date(nowMs).toISOString();
  return { wallet, currency: currency.code, at, spendable: formatMinorUnits(spendableMinor, currency) };
}
