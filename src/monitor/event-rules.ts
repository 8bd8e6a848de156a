// The events of a guard that need an operator, and the condition that each one reports. Pure.
import { createHash } from 'node:crypto';
import type { GuardEvents } from '../core/events.js';
import type { HoldInfo } from '../core/hold-info.js';
import type { Decide } from './alert-outbox.js';
import { daily, once } from './alert-rules.js';

/**
 * The events that raise alerts. `failedAfterCapture` does not: a payout that fails is no incident, and its money comes
 * back.
 */
export const alertingEvents = [
  'overdue',
  'neverSeen',
  'paidAfterRelease',
  'paidTwice',
  'contradiction',
  'settlementFailed',
  'leftOpen',
  'orphanWallet',
  'lookupFindsNothing',
  'limitsUnknown',
] as const;

export type AlertingEvent = (typeof alertingEvents)[number];

/** A condition that an event reports. */
export interface Condition {
  /** Key of its note. */
  readonly key: string;
  readonly decide: Decide;
  readonly wallet: string;
  readonly reference?: string;
  /**
   * Requires that the hold is still sent under this attempt: it may have ended while the provider was asked.
   * `never_seen` replaces `overdue`.
   */
  readonly stuck?: { readonly attempt: string; readonly as: 'overdue' | 'never_seen' };
  /** Time from the end of the hold to the deletion of the note, in milliseconds. */
  readonly keptAfterEndMs?: number;
  /** The event is emitted again while its cause lasts, so an alert that cannot be raised now is raised then. */
  readonly repeats?: true;
  /** The condition concerns this process alone. */
  readonly isOwn?: true;
}

const anHourMs = 3_600_000;
/** Webhooks may be delivered again for days. */
const aWeekMs = 604_800_000;

/** Reads the condition out of each event; undefined while the guard retries by itself. */
export const conditionOf: {
  readonly [Name in AlertingEvent]: (event: GuardEvents[Name], nowMs: number) => Condition | undefined;
} = {
  overdue: ({ hold, ageMs, outcome }, nowMs) => ({
    ...stuck(hold, 'overdue'),
    decide: once(hold.attempt, nowMs, { kind: 'overdue_hold', ...payout(hold), at: iso(nowMs), ageMs, outcome }),
  }),
  neverSeen: ({ hold, ageMs }, nowMs) => ({
    ...stuck(hold, 'never_seen'),
    decide: once(hold.attempt, nowMs, { kind: 'never_seen', ...payout(hold), at: iso(nowMs), ageMs }),
  }),
  paidAfterRelease: ({ hold, attempt, perhapsTwice }, nowMs) => {
    const { reference, wallet } = hold;
    const alert = { ...payout(hold), attempt, perhapsTwice };
    return {
      key: `hold/${reference}/paid_after_release/${digest(attempt)}`,
      wallet,
      reference,
      keptAfterEndMs: aWeekMs,
      decide: once('raised', nowMs, { kind: 'paid_after_release', ...alert, at: iso(nowMs) }),
    };
  },
  paidTwice: ({ hold, times }, nowMs) => ({
    key: `hold/${hold.reference}/paid_twice/${digest(hold.attempt)}`,
    wallet: hold.wallet,
    reference: hold.reference,
    keptAfterEndMs: aWeekMs,
    decide: once('raised', nowMs, { kind: 'paid_twice', ...payout(hold), times, at: iso(nowMs) }),
  }),
  contradiction: (event, nowMs) => {
    const { reference, wallet, attempt, wanted } = event;
    return {
      key: `hold/${reference}/contradiction/${digest(`${wanted} ${attempt}`)}`,
      wallet,
      reference,
      keptAfterEndMs: aWeekMs,
      decide: once('raised', nowMs, { kind: 'contradiction', ...event, at: iso(nowMs) }),
    };
  },
  settlementFailed: ({ reference, wallet, error, retried }, nowMs) => {
    if (retried) return undefined;
    const alert = { reference, wallet, reason: error.code };
    return {
      key: `hold/${reference}/settlement_failed`,
      wallet,
      reference,
      keptAfterEndMs: aWeekMs,
      decide: daily(nowMs, { kind: 'settlement_failed', ...alert, at: iso(nowMs) }),
    };
  },
  leftOpen: (event, nowMs) => {
    const { reference, wallet, attempt, pending } = event;
    return {
      key: `hold/${reference}/left_open/${digest(`${pending} ${attempt}`)}`,
      wallet,
      reference,
      isOwn: true,
      decide: once('raised', nowMs, { kind: 'left_open', ...event, at: iso(nowMs) }),
    };
  },
  orphanWallet: ({ wallet }, nowMs) => ({
    key: `${wallet}/orphan`,
    wallet,
    repeats: true,
    decide: daily(nowMs, { kind: 'orphan_wallet', wallet, at: iso(nowMs) }),
  }),
  lookupFindsNothing: ({ wallet, inARow }, nowMs) => ({
    key: `${wallet}/lookup`,
    wallet,
    decide: daily(nowMs, { kind: 'lookup_finds_nothing', wallet, inARow, at: iso(nowMs) }),
  }),
  limitsUnknown: ({ wallet, since, until }, nowMs) => {
    const period = { since: since.toISOString(), until: until.toISOString() };
    return {
      key: `${wallet}/limits_unknown`,
      wallet,
      // Every process reports each loss of data once.
      decide: once(period.since, nowMs, { kind: 'limits_unknown', wallet, ...period, at: iso(nowMs) }),
    };
  },
};

function stuck({ reference, wallet, attempt }: HoldInfo, as: 'overdue' | 'never_seen'): Omit<Condition, 'decide'> {
  return {
    key: `hold/${reference}/${as}`,
    wallet,
    reference,
    stuck: { attempt, as },
    // A reconciliation that began before its end may still report it.
    keptAfterEndMs: anHourMs,
    repeats: true,
  };
}

function payout({
  reference,
  wallet,
  attempt,
  amount,
  currency,
}: HoldInfo): Pick<HoldInfo, 'reference' | 'wallet' | 'attempt' | 'amount' | 'currency'> {
  return { reference, wallet, attempt, amount, currency };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Shortens an attempt, which may be of any length, for the key of a note. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
