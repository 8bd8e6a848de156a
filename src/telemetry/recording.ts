// Counts what a guard tells.
import type { Attributes } from '@opentelemetry/api';
import type { PayoutGuard } from '../core/guard.js';
import type { HoldInfo } from '../core/hold-info.js';
import { errorType, type WalletLabels } from './attributes.js';
import type { Instruments } from './instruments.js';
import type { ObservedWallets } from './wallets.js';

export interface RecordingOptions {
  readonly guard: PayoutGuard;
  readonly instruments: Instruments;
  readonly labels: WalletLabels;
  readonly wallets: ObservedWallets;
  /** Attributes of every metric. */
  readonly common: Attributes;
}

/**
 * Returns functions that stop it. Not listened to is `overdue`: the guard warns of overdue holds itself as long as nobody
 * listens, and metrics may go nowhere.
 */
export function recordEvents({ guard, instruments, labels, wallets, common }: RecordingOptions): (() => void)[] {
  const decided = (about: Attributes, reference: unknown, wallet: unknown) => {
    const operation = reference === undefined ? 'check' : 'hold';
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
    // Never negative, though a clock may be set back.
    const heldMs = Math.max(0, hold.endedAt.getTime() - hold.createdAt.getTime());
    instruments.holdDuration.record(heldMs / 1_000, attributes);
  };

  // An increase from nothing to one is none to Prometheus: what is hoped never to happen is zero first.
  instruments.unsettled.add(0, common);
  return [
    guard.on('approved', ({ decision, reference }) =>
      decided({ 'payout_guard.decision': 'approved' }, reference, decision.wallet),
    ),
    guard.on('refused', ({ decision, reference }) =>
      decided(
        {
          'payout_guard.decision': 'refused',
          'payout_guard.temporary': decision.temporary,
          'error.type': 'insufficient_funds',
        },
        reference,
        decision.wallet,
      ),
    ),
    guard.on('rejected', ({ error, wallet, reference }) => {
      const type = errorType(error);
      // Only a hold can lack its reference.
      const operation = type === 'invalid_reference' ? { 'payout_guard.operation': 'hold' } : {};
      const frozen = 'wallet' in error && error.code === 'wallet_frozen' ? String(error.wallet) : undefined;
      if (frozen !== undefined) wallets.setFrozen(frozen, true);
      const about = { 'payout_guard.decision': 'rejected', 'error.type': type, ...operation };
      decided(about, reference, frozen ?? wallet);
    }),
    guard.on('held', ({ hold }) => void changed('held', hold)),
    guard.on('captured', ({ hold }) => ended('captured', hold)),
    guard.on('released', ({ hold }) => ended('released', hold)),
    guard.on('unsettled', () => instruments.unsettled.add(1, common)),
    guard.on('frozen', ({ wallet, reason }) => wallets.setFrozen(wallet, reason !== undefined)),
  ];
}
