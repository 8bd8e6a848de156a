// payout-guard/monitor: checks wallets by a schedule, and raises alerts.
export type {
  Alert,
  ContradictionAlert,
  DriftAlert,
  LeftOpenAlert,
  LookupFindsNothingAlert,
  LowBalanceAlert,
  NeverSeenAlert,
  OrphanWalletAlert,
  OverdueHoldAlert,
  PaidAfterReleaseAlert,
  ReachableAlert,
  RecoveredAlert,
  SettlementFailedAlert,
  UnreachableAlert,
  VisibilityLagAlert,
} from './alert.js';
export type { Undelivered } from './delivery.js';
export type { MonitoredDrift } from './drift-alerts.js';
export type { Logger } from './logger.js';
export { createMonitor, type Monitor, type Round } from './monitor.js';
export type { MonitoredWallet, MonitorOptions } from './options.js';
export type { Runway } from './runway.js';
export type { ScheduleInput } from './schedule.js';
export { type ReceivedWebhook, signatureHeader, verifyWebhook } from './signature.js';
export type { WalletReport } from './wallet-check.js';
export type { WebhookOptions } from './webhook.js';
