// Monitors of a scripted wallet: every balance, every round and the time are decided by the test.
import type { PayoutGuard, PayoutGuardOptions } from 'payout-guard';
import { type Alert, createMonitor, type Monitor, type MonitorOptions } from 'payout-guard/monitor';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

export interface Watch {
  readonly wallet: ScriptedWallet;
  readonly guard: PayoutGuard;
  readonly monitor: Monitor;
  /** Everything that was told, in its order. */
  readonly alerts: Alert[];
  /** One round, ten seconds later and so with a new balance. Answers what it told. */
  round(available?: string): Promise<string[]>;
  close(): Promise<void>;
}

export interface Setting {
  wallet?: ScriptedWallet;
  guard?: Partial<PayoutGuardOptions>;
}

export function watch(options: Partial<MonitorOptions> = {}, setting: Setting = {}): Watch {
  const { wallet = scriptedWallet('1000.00') } = setting;
  const guard = wallet.guard({ reconcileEveryMs: 0, ...setting.guard });
  const alerts: Alert[] = [];
  const monitor = createMonitor(guard, {
    wallets: [{ thresholds: ['500', '100'] }],
    schedule: { everyMs: 60_000 },
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
    case 'recovered':
      return `${alert.kind} ${alert.threshold} ${alert.spendable}`;
    case 'unreachable':
    case 'reachable':
      return `${alert.kind} ${alert.reason}`;
    case 'drift':
      return `${alert.kind} ${alert.direction} ${alert.amount}`;
    case 'overdue_hold':
      return `${alert.kind} ${alert.reference} ${alert.amount} ${alert.outcome}`;
  }
}

/** Waits until something is so, for four seconds at most. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 4_000;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error('it did not become so');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
