// Monitors of a scripted wallet: the test decides every balance, every round and the time.
import type { GuardOptions, PayoutGuard, WalletSettings } from 'payout-guard';
import { type Alert, createMonitor, type Monitor, type MonitorOptions } from 'payout-guard/monitor';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

export interface Watch {
  readonly wallet: ScriptedWallet;
  readonly guard: PayoutGuard;
  readonly monitor: Monitor;
  /** Every alert, in the order of delivery. */
  readonly alerts: Alert[];
  /** Runs one round, ten seconds later and so with a new balance. Resolves to its alerts. */
  round(available?: string): Promise<string[]>;
  close(): Promise<void>;
}

export interface Setting {
  wallet?: ScriptedWallet;
  guard?: Partial<GuardOptions & WalletSettings>;
  /** Another guard than one of the scripted wallet alone. */
  made?: PayoutGuard;
}

export function watch(options: Partial<MonitorOptions> = {}, setting: Setting = {}): Watch {
  const { wallet = scriptedWallet('1000.00') } = setting;
  const guard = setting.made ?? wallet.guard({ reconcileEveryMs: 0, ...setting.guard });
  const alerts: Alert[] = [];
  const monitor = createMonitor(guard, {
    wallets: [{ thresholds: ['500', '100'] }],
    schedule: { everyMs: 60_000 },
    minBetweenMs: 0,
    onAlert: (alert) => void alerts.push(alert),
    clock: wallet.clock,
    ...options,
  });
  return {
    wallet,
    guard,
    monitor,
    alerts,
    round: async (available) => {
      if (available !== undefined) wallet.balance = { available, currency: 'KES' };
      wallet.clock.advance(10_000);
      return (await monitor.check()).alerts.map(short);
    },
    close: async () => {
      await monitor.close();
      await guard.close();
    },
  };
}

/** An alert in one line. */
export function short(alert: Alert): string {
  switch (alert.kind) {
    case 'low_balance':
      return `${alert.kind} ${alert.threshold} ${alert.spendable}${alert.since === undefined ? '' : ' reminder'}`;
    case 'recovered':
      return `${alert.kind} ${alert.threshold} ${alert.spendable}`;
    case 'low_figure':
    case 'figure_recovered':
      return `${alert.kind} ${alert.figure} ${alert.threshold} ${alert.value}${'since' in alert ? ' reminder' : ''}`;
    case 'low_runway':
    case 'runway_recovered':
      return `${alert.kind} ${alert.runway.emptyAt}${'since' in alert ? ' reminder' : ''}`;
    case 'balance_drop':
      return `${alert.kind} ${alert.percent} ${alert.yesterday} ${alert.available}`;
    case 'unreachable':
    case 'reachable':
      return `${alert.kind} ${alert.reason}`;
    case 'drift':
      return `${alert.kind} ${alert.direction} ${alert.amount}`;
    case 'overdue_hold':
      return `${alert.kind} ${alert.reference} ${alert.amount} ${alert.outcome}`;
    case 'never_seen':
      return `${alert.kind} ${alert.reference} ${alert.amount}`;
    case 'paid_after_release':
      return `${alert.kind} ${alert.reference}${alert.perhapsTwice ? ' perhaps twice' : ''}`;
    case 'paid_twice':
      return `${alert.kind} ${alert.reference} ${alert.times}`;
    case 'contradiction':
      return `${alert.kind} ${alert.reference} ${alert.wanted} ${alert.found}`;
    case 'settlement_failed':
      return `${alert.kind} ${alert.reference} ${alert.reason}`;
    case 'left_open':
      return `${alert.kind} ${alert.reference} ${alert.pending}`;
    case 'orphan_wallet':
      return `${alert.kind} ${alert.wallet}`;
    case 'lookup_finds_nothing':
      return `${alert.kind} ${alert.wallet} ${alert.inARow}`;
    case 'limits_unknown':
      return `${alert.kind} ${alert.since} ${alert.until}`;
    case 'visibility_lag':
      return `${alert.kind} ${alert.reference} ${alert.longerThanMs} ${alert.atMostMs}`;
    default:
      return alert satisfies never;
  }
}

/** Waits until something is so. The limit is for a test that would hang: it is no measure of speed. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error('it did not become so');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until everything that follows without time or input has happened. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
