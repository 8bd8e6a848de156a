// Daily limits as a store applies them. Pure, without I/O, for the stores that decide in this process.
import { countedMinor, type HoldRecord } from './hold.js';
import type { DayLimits, HoldRequest, LimitRefusal } from './store.js';

/** The amounts that are counted under the limits of a request, in minor units. */
export interface DayUse {
  readonly walletMinor: bigint;
  readonly payeeMinor: bigint;
  /** The moment from which on everything was counted, in epoch milliseconds; 0 if an operator accepted the counters. */
  readonly sinceMs: number;
}

/** Reads the amounts that a wallet counts under the limits of a request. */
export type ReadUse = (wallet: string, limits: DayLimits) => DayUse;

/** Returns the refusal of an amount that does not fit in its limits; undefined if it fits. */
export function limitRefusal(
  { wallet, amountMinor }: HoldRequest,
  limits: DayLimits,
  nowMs: number,
  read: ReadUse,
): LimitRefusal | undefined {
  const { startMs, endMs, perDayMinor, payee, perPayeeMinor, countSinceStart } = limits;
  if (nowMs < startMs || nowMs >= endMs) return { outcome: 'stale_day', nowMs };
  const { walletMinor, payeeMinor, sinceMs } = read(wallet, limits);
  if (sinceMs > startMs && !countSinceStart) return { outcome: 'limits_unknown', sinceMs, nowMs };
  if (payee !== undefined && perPayeeMinor !== undefined && payeeMinor + amountMinor > perPayeeMinor) {
    return { outcome: 'over_limit', limit: 'perPayee', usedMinor: payeeMinor, nowMs };
  }
  if (perDayMinor !== undefined && walletMinor + amountMinor > perDayMinor) {
    return { outcome: 'over_limit', limit: 'perDay', usedMinor: walletMinor, nowMs };
  }
  return undefined;
}

/** A change of the counters of one day: for the wallet, and for the payee if there is one. */
export interface CountChange {
  readonly wallet: string;
  readonly day: number;
  readonly payee: string | undefined;
  readonly minor: bigint;
}

/**
 * The change that comes with a hold in the place of another one of its reference. Nothing else changes a counter, so
 * each is always the sum of what its holds count.
 */
export function countChanges(before: HoldRecord | undefined, after: HoldRecord): readonly CountChange[] {
  if (before?.day === undefined && after.day === undefined) return none;
  const isSame = before?.day === after.day && before?.payee === after.payee;
  const removed = before ? countedMinor(before) : 0n;
  if (isSame) return changeOf(after, countedMinor(after) - removed);
  return [...(before ? changeOf(before, -removed) : none), ...changeOf(after, countedMinor(after))];
}

const none: readonly CountChange[] = [];

function changeOf({ wallet, day, payee }: HoldRecord, minor: bigint): readonly CountChange[] {
  return day === undefined || minor === 0n ? none : [{ wallet, day, payee, minor }];
}

const aDayMs = 86_400_000;
/** Days for which counters are kept after their own, so that the day is over in every time zone. */
const keptDays = 3;

/** The first day whose counters are kept. Those of the days before decide nothing any more, and are not changed. */
export function firstKeptDay(nowMs: number): number {
  return Math.floor(nowMs / aDayMs) - keptDays;
}
