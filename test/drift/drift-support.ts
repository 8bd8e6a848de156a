// A watched wallet.
import { afterEach, jest } from '@jest/globals';
import type { GuardOptions, PayoutGuard, WalletSettings } from 'payout-guard';
import {
  type DriftEvent,
  type DriftOptions,
  type DriftWatch,
  type VisibilityLagEvent,
  watchDrift,
} from 'payout-guard/drift';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

export const running: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((party) => party.close()));
});

export interface Watched {
  readonly wallet: ScriptedWallet;
  readonly guard: PayoutGuard;
  readonly watch: DriftWatch;
  readonly events: DriftEvent[];
  readonly lags: VisibilityLagEvent[];
  check(): Promise<void>;
}

/** A watched wallet of 1,000.00 that was seen once. */
export async function watched(
  options: Partial<DriftOptions> = {},
  ofGuard: Partial<GuardOptions & WalletSettings> = {},
  debitVisibleAt: 'completion' | 'unknown' = 'completion',
): Promise<Watched> {
  const wallet = scriptedWallet('1000.00', { debitVisibleAt });
  const guard = wallet.guard({ reconcileEveryMs: 0, ...ofGuard });
  const [events, lags]: [DriftEvent[], VisibilityLagEvent[]] = [[], []];
  const watch = watchDrift(guard, {
    onDrift: (event) => events.push(event),
    onLag: (event) => lags.push(event),
    ...options,
  });
  running.push(watch, guard);
  await watch.check();
  return { wallet, guard, watch, events, lags, check: watch.check };
}
