// A guard with telemetry.
import { afterEach, beforeEach } from '@jest/globals';
import {
  createPayoutGuard,
  type GuardOptions,
  isPayoutGuardError,
  type PayoutGuard,
  type WalletSettings,
} from 'payout-guard';
import { createTelemetry, type ObserveOptions } from 'payout-guard/telemetry';
import { type ScriptedWallet, scriptedWallet, stoppedClock, type TestClock } from '../support/wallet.js';
import { type Scraped, scraped } from './support.js';

export let endpoint: Scraped;
export let guards: PayoutGuard[];

beforeEach(async () => {
  endpoint = await scraped();
  guards = [];
});

afterEach(async () => {
  for (const guard of guards) await guard.close();
  await endpoint.close();
});

export function observed(
  wallet: ScriptedWallet,
  options: Partial<GuardOptions & WalletSettings> = {},
  about: ObserveOptions = {},
): { guard: PayoutGuard; stop: () => void } {
  const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
  const guard = wallet.guard({ trace: telemetry.trace, reconcileEveryMs: 0, ...options });
  guards.push(guard);
  return { guard, stop: telemetry.observe(guard, about) };
}

/** A guard of several KES wallets, each with 1,234.56. */
export function observedWallets(
  keys: readonly string[],
  options: Partial<GuardOptions>,
  about: ObserveOptions,
): { guard: PayoutGuard; clock: TestClock; wallets: Record<string, ScriptedWallet> } {
  const clock = stoppedClock();
  const parts = Object.fromEntries(keys.map((key) => [key, scriptedWallet('1234.56')]));
  const wallets = Object.fromEntries(
    keys.map((key) => [key, { provider: (parts[key] as ScriptedWallet).provider, currency: 'KES', floor: '100.00' }]),
  );
  const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
  const guard = createPayoutGuard({ wallets, clock, trace: telemetry.trace, reconcileEveryMs: 0, ...options });
  guards.push(guard);
  telemetry.observe(guard, about);
  return { guard, clock, wallets: parts };
}

export const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'was not refused',
    (error: unknown) => (isPayoutGuardError(error) ? error.code : error),
  );
