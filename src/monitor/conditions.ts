// When a condition begins and ends: pure. A condition that was never seen is as if all were well.
import type { Currency } from '../core/currency.js';
import { formatMinorUnits } from '../core/money.js';
import { oldestBalanceMs } from '../core/options.js';
import type { AlertDraft } from './alert.js';
import type { Decide, Fact } from './alert-book.js';
import type { DriftEvent } from './drift/index.js';
import type { Threshold } from './options.js';
import type { Runway } from './runway.js';

/** What was seen of a wallet whose balance could be told. */
export interface Sight {
  readonly wallet: string;
  readonly currency: Currency;
  readonly spendableMinor: bigint;
  /** When the balance was asked for. */
  readonly asOfMs: number;
  readonly nowMs: number;
  readonly runway: Runway | undefined;
}

/** Below the threshold it is low; it has recovered at the threshold plus its hysteresis. In between it stays what it was. */
export function level(sight: Sight, { thresholdMinor, hysteresisMinor }: Threshold): Decide {
  const { wallet, currency, spendableMinor, asOfMs, nowMs, runway } = sight;
  const common = {
    wallet,
    currency: currency.code,
    at: new Date(nowMs).toISOString(),
    threshold: formatMinorUnits(thresholdMinor, currency),
    spendable: formatMinorUnits(spendableMinor, currency),
  };
  return (fact) => {
    const isLow = fact?.state === 'low';
    // Another process has seen a later balance, and moved on by it. A time that no snapshot can have is of a wrong clock.
    if (fact && asOfMs < fact.seenAtMs && fact.seenAtMs <= nowMs + oldestBalanceMs) return undefined;
    if (!isLow && spendableMinor < thresholdMinor) {
      const alert: AlertDraft = { kind: 'low_balance', ...common, ...(runway && { runway }) };
      return { fact: { state: 'low', seenAtMs: asOfMs }, alert };
    }
    if (isLow && spendableMinor >= thresholdMinor + hysteresisMinor) {
      return { fact: { state: 'ok', seenAtMs: asOfMs }, alert: { kind: 'recovered', ...common } };
    }
    return undefined;
  };
}

/** Who sees a wallet, and for how long its word that it is unreachable stands. */
export interface Watcher {
  readonly wallet: string;
  readonly currency: string;
  readonly owner: string;
  readonly nowMs: number;
  /** Longer than until the next round. */
  readonly keptUntilMs: number;
}

/** This process could not learn the balance, several times. */
export function unreachable(watcher: Watcher, reason: string): Decide {
  const { wallet, currency, owner, nowMs, keptUntilMs } = watcher;
  return (fact) => {
    const begun: Fact = { state: 'unreachable', seenAtMs: nowMs, keeper: owner, keptUntilMs, reason, sinceMs: nowMs };
    if (fact?.state !== 'unreachable') {
      const at = new Date(nowMs).toISOString();
      return { fact: begun, alert: { kind: 'unreachable', wallet, currency, at, reason } };
    }
    return mayEnd(fact, watcher) ? { fact: { ...begun, reason: fact.reason, sinceMs: fact.sinceMs } } : undefined;
  };
}

/**
 * This process has learnt the balance. If another one said that it cannot, and says so from round to round, that stands: else a wallet
 * that some processes reach would be told as unreachable and reachable in turn.
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

function mayEnd({ keeper, keptUntilMs = 0 }: Fact, { owner, nowMs, keptUntilMs: longest }: Watcher): boolean {
  // A time further ahead than anybody says is of a wrong clock.
  return keeper === owner || keptUntilMs <= nowMs || keptUntilMs > longest + oldestBalanceMs;
}

/** Told once. */
export function once(state: string, seenAtMs: number, alert: AlertDraft): Decide {
  return (fact) => (fact?.state === state ? undefined : { fact: { state, seenAtMs }, alert });
}

/** So many movements are remembered, to recognise them when another process sees them. */
const driftsKept = 10;

/**
 * Each process sees a movement for itself, within times of its own. It is the same one if direction and amount are, the times overlap,
 * and this process has not seen that one yet.
 */
export function drifted(event: DriftEvent, owner: string, nowMs: number): Decide {
  const { wallet, currency, direction, amount, atMost, expected, actual } = event;
  const what = `${direction} ${amount} ${atMost ?? ''}`;
  const [fromMs, toMs] = [event.from.getTime(), event.to.getTime()];
  const [from, to] = [event.from.toISOString(), event.to.toISOString()];
  // Short, because a note is, and many processes may share it.
  const self = owner.slice(0, 8);
  const moved = { direction, amount, ...(atMost !== undefined && { atMost }), from, to, expected, actual };
  return (fact) => {
    const drifts = fact?.drifts ?? [];
    const known = drifts.find(
      (told) => told.what === what && told.fromMs < toMs && fromMs < told.toMs && !told.seenBy.includes(self),
    );
    if (known) {
      const seen = drifts.map((told) => (told === known ? { ...told, seenBy: [...told.seenBy, self] } : told));
      return { fact: { state: 'told', seenAtMs: nowMs, drifts: seen } };
    }
    const kept = [...drifts, { what, fromMs, toMs, seenBy: [self] }].slice(-driftsKept);
    const alert: AlertDraft = { kind: 'drift', wallet, currency, at: new Date(nowMs).toISOString(), ...moved };
    return { fact: { state: 'told', seenAtMs: nowMs, drifts: kept }, alert };
  };
}
