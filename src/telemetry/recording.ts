// Counts the events of a guard.
import type { Attributes, BatchObservableResult } from '@opentelemetry/api';
import type { AboutDecision } from '../core/decider.js';
import type { HoldInfo } from '../core/hold-info.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { type StoreFailureCause, storeFailureCauses } from '../core/store-failure.js';
import { errorType, type WalletLabels } from './attributes.js';
import type { Instruments } from './instruments.js';
import { type IncidentType, incidentTypes } from './metrics.js';
import type { ObservedWallets } from './wallets.js';

export interface RecordingOptions {
  readonly guard: PayoutGuard;
  readonly instruments: Instruments;
  readonly labels: WalletLabels;
  readonly wallets: ObservedWallets;
  /** Attributes of every metric. */
  readonly common: Attributes;
}

export interface Recording {
  /** The gauges of the last reconciliation, at a collection. */
  readonly observe: (result: BatchObservableResult) => void;
  readonly stop: () => void;
}

/**
 * Records from now on. It handles no event: metrics may go nowhere, so those that must not go unnoticed stay process
 * warnings.
 */
export function recordEvents({ guard, instruments, labels, wallets, common }: RecordingOptions): Recording {
  const { tap } = guard.internals;
  const decided = (about: Attributes, { reference, payouts }: AboutDecision, wallet: unknown) => {
    const operation = payouts !== undefined ? 'hold_all' : reference === undefined ? 'check' : 'hold';
    instruments.decisions.add(1, { ...common, 'payout_guard.operation': operation, ...about, ...labels.of(wallet) });
  };
  const changed = (change: string, { wallet }: HoldInfo): Attributes => {
    const attributes = { ...common, 'payout_guard.hold.change': change, ...labels.of(wallet) };
    instruments.changes.add(1, attributes);
    return attributes;
  };
  const ended = (change: string, hold: HoldInfo) => {
    const attributes = changed(change, hold);
    if (!hold.endedAt) return;
    // Never negative, although the clock may be set back.
    const heldMs = Math.max(0, hold.endedAt.getTime() - hold.createdAt.getTime());
    instruments.holdDuration.record(heldMs / 1_000, attributes);
  };
  const incident = (type: IncidentType, count = 1) =>
    instruments.incidents.add(count, { ...common, 'payout_guard.incident': type });
  const settlementFailed = (retried: boolean, count = 1) =>
    instruments.settlementFailures.add(count, { ...common, 'payout_guard.retried': retried });
  const storeFailed = (cause: StoreFailureCause, count: number) =>
    instruments.storeFailures.add(count, { ...common, 'payout_guard.store.cause': cause });

  // Prometheus sees no increase from nothing to one: counters of rare events begin at zero.
  for (const type of incidentTypes) incident(type, 0);
  for (const retried of [true, false]) settlementFailed(retried, 0);
  for (const cause of storeFailureCauses) storeFailed(cause, 0);

  const last = { overdue: 0, neverSeen: 0, orphaned: 0 };
  let orphans = 0;
  const stops = [
    tap('approved', (event) => decided({ 'payout_guard.decision': 'approved' }, event, event.decision.wallet)),
    tap('insufficient', (event) =>
      decided(
        {
          'payout_guard.decision': 'insufficient',
          'payout_guard.temporary': event.decision.temporary,
          'error.type': 'insufficient_funds',
        },
        event,
        event.decision.wallet,
      ),
    ),
    tap('checkFailed', (event) => {
      const { error, wallet } = event;
      const type = errorType(error);
      // Only a hold can lack its reference.
      const operation = type === 'invalid_reference' ? { 'payout_guard.operation': 'hold' } : {};
      const frozen = 'wallet' in error && error.code === 'wallet_frozen' ? String(error.wallet) : undefined;
      if (frozen !== undefined) wallets.setFrozen(frozen, true);
      const about = { 'payout_guard.decision': 'check_failed', 'error.type': type, ...operation };
      decided(about, event, frozen ?? wallet);
    }),
    tap('held', ({ hold }) => changed('held', hold)),
    tap('captured', ({ hold }) => ended('captured', hold)),
    tap('released', ({ hold }) => ended('released', hold)),
    tap('settlementFailed', ({ retried }) => settlementFailed(retried)),
    tap('paidAfterRelease', ({ perhapsTwice }) => incident(perhapsTwice ? 'perhaps_paid_twice' : 'paid_after_release')),
    tap('paidTwice', () => incident('perhaps_paid_twice')),
    tap('failedAfterCapture', () => incident('failed_after_capture')),
    tap('contradiction', () => incident('contradiction')),
    tap('leftOpen', () => incident('left_open')),
    tap('storeFailure', ({ cause, count }) => storeFailed(cause, count)),
    tap('lookupFindsNothing', () => incident('lookup_finds_nothing')),
    // A reconciliation reports its orphans, and ends with `reconciled`.
    tap('orphanWallet', () => {
      orphans += 1;
    }),
    tap('reconciled', ({ overdue, neverSeen }) => {
      Object.assign(last, { overdue, neverSeen: neverSeen.length, orphaned: orphans });
      orphans = 0;
    }),
    tap('frozen', ({ wallet, reason }) => wallets.setFrozen(wallet, reason !== undefined)),
  ];
  return {
    observe: (result) => {
      result.observe(instruments.overdue, last.overdue, common);
      result.observe(instruments.neverSeen, last.neverSeen, common);
      result.observe(instruments.orphaned, last.orphaned, common);
    },
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}
