// payout-guard/monitor: checks wallets by a schedule, and raises alerts.
export type {
  Alert,
  BalanceDropAlert,
  ContradictionAlert,
  DriftAlert,
  FigureRecoveredAlert,
  LeftOpenAlert,
  LimitsUnknownAlert,
  LookupFindsNothingAlert,
  LowBalanceAlert,
  LowFigureAlert,
  LowRunwayAlert,
  NeverSeenAlert,
  OrphanWalletAlert,
  OverdueHoldAlert,
  PaidAfterReleaseAlert,
  PaidTwiceAlert,
  ReachableAlert,
  RecoveredAlert,
  RunwayRecoveredAlert,
  SettlementFailedAlert,
  UnreachableAlert,
  VisibilityLagAlert,
} from './alert.js';
export type { Undelivered } from './delivery.js';
export type { MonitoredDrift } from './drift-alerts.js';
export type { Logger } from './logger.js';
export { createMonitor, type Monitor, type MonitorInternals, type Round } from './monitor.js';
export type { MonitorOptions } from './options.js';
export type { Runway } from './runway.js';
export type { ScheduleInput } from './schedule.js';
export type { WalletReport } from './wallet-check.js';
export type { MonitoredWallet } from './wallet-options.js';
export type { WebhookOptions } from './webhook.js';
