// Rules for the beginning and end of each condition. Pure. A condition without a note counts as ended.
import { oldestBalanceMs } from '../core/options.js';
import type { DriftEvent } from '../drift/index.js';
import type { AlertDraft } from './alert.js';
import type { Decide, Fact } from './alert-outbox.js';

/** The process that checks a wallet. */
export interface Watcher {
  readonly wallet: string;
  readonly currency: string;
  readonly owner: string;
  readonly nowMs: number;
  /** End of its lease on the alert that the wallet is unreachable; later than the next round. */
  readonly leaseUntilMs: number;
}

/** Raises `unreachable`, or renews the lease on it: this process could not read the balance, several times. */
export function unreachable(watcher: Watcher, reason: string): Decide {
  const { wallet, currency, owner, nowMs, leaseUntilMs } = watcher;
  return (fact) => {
    const begun: Fact = {
      state: 'unreachable',
      seenAtMs: nowMs,
      leaseOwner: owner,
      leaseUntilMs,
      reason,
      sinceMs: nowMs,
    };
    if (fact?.state !== 'unreachable') {
      const at = new Date(nowMs).toISOString();
      return { fact: begun, alert: { kind: 'unreachable', wallet, currency, at, reason } };
    }
    return mayEnd(fact, watcher) ? { fact: { ...begun, reason: fact.reason, sinceMs: fact.sinceMs } } : undefined;
  };
}

/**
 * Raises `reachable`: this process has read the balance. Does nothing while another process, which cannot read it,
 * renews its lease. Otherwise a wallet that only some processes reach would be alerted as unreachable and reachable in
 * turn.
 */
export function reachable(watcher: Watcher): Decide {
  const { wallet, currency, nowMs } = watcher;
  return (fact) => {
    if (fact?.state !== 'unreachable' || !mayEnd(fact, watcher)) return undefined;
    const { reason = '', sinceMs = nowMs } = fact;
    const since = new Date(sinceMs).toISOString();
    const alert: AlertDraft = { kind: 'reachable', wallet, currency, at: new Date(nowMs).toISOString(), reason, since };
    return { fact: { state: 'reachable', seenAtMs: nowMs }, alert };
  };
}

function mayEnd({ leaseOwner, leaseUntilMs = 0 }: Fact, { owner, nowMs, leaseUntilMs: longest }: Watcher): boolean {
  // A time further ahead than any process writes comes from a wrong clock.
  return leaseOwner === owner || leaseUntilMs <= nowMs || leaseUntilMs > longest + oldestBalanceMs;
}

/** Raises the alert once for each `state`. */
export function once(state: string, seenAtMs: number, alert: AlertDraft): Decide {
  return (fact) => (fact?.state === state ? undefined : { fact: { state, seenAtMs }, alert });
}

const aDayMs = 86_400_000;

/** Raises the alert at most once a day: for events that repeat while their cause lasts and that no event ends. */
export function daily(nowMs: number, alert: AlertDraft): Decide {
  return (fact) => {
    const ageMs = nowMs - (fact?.seenAtMs ?? Number.NEGATIVE_INFINITY);
    // A time further ahead than clocks differ comes from a wrong clock.
    if (ageMs < aDayMs && ageMs >= -oldestBalanceMs) return undefined;
    return { fact: { state: 'raised', seenAtMs: nowMs }, alert };
  };
}

/** Number of movements in a note, to recognise them when another process sees them. */
const driftsKept = 10;

/**
 * Raises each movement once. Every process sees a movement for itself, within times of its own. Two of them are the
 * same movement if direction and amount are equal, the times overlap, and this process has not seen that one yet.
 */
export function drifted(event: DriftEvent, owner: string, nowMs: number): Decide {
  const { wallet, currency, direction, amount, atMost, expected, actual } = event;
  const what = `${direction} ${amount} ${atMost ?? ''}`;
  const [fromMs, toMs] = [event.from.getTime(), event.to.getTime()];
  const [from, to] = [event.from.toISOString(), event.to.toISOString()];
  // Short: a note has a maximum length, and many processes may share it.
  const self = owner.slice(0, 8);
  const moved = { direction, amount, ...(atMost !== undefined && { atMost }), from, to, expected, actual };
  return (fact) => {
    const drifts = fact?.drifts ?? [];
    const known = drifts.find(
      (raised) => raised.what === what && raised.fromMs < toMs && fromMs < raised.toMs && !raised.seenBy.includes(self),
    );
    if (known) {
      const seen = drifts.map((raised) =>
        raised === known ? { ...raised, seenBy: [...raised.seenBy, self] } : raised,
      );
      return { fact: { state: 'raised', seenAtMs: nowMs, drifts: seen } };
    }
    const kept = [...drifts, { what, fromMs, toMs, seenBy: [self] }].slice(-driftsKept);
    const alert: AlertDraft = { kind: 'drift', wallet, currency, at: new Date(nowMs).toISOString(), ...moved };
    return { fact: { state: 'raised', seenAtMs: nowMs, drifts: kept }, alert };
  };
}
