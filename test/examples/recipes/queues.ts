// What the tests of both queues share: a simulated JPay, guards that look up soon, and a worker to be killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createPayoutGuard, type HoldStore, type PayoutGuard } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import type { JpaySimulator } from 'payout-guard/testing';
import { jpayPayments, type MakePayment } from '../../../examples/support/payments.js';
import { simulated } from '../support.js';

/** A crashed worker is noticed within seconds. On a busy machine a living one may be taken for it. */
export const short = {
  bullmq: { lockDuration: 2_000, stalledInterval: 1_000, askAgainMs: 300, drainDelay: 1 },
  pgBoss: { maintenanceIntervalSeconds: 1 },
  /** Each test begins with an empty database, and has no holds to restore. */
  store: { deadlineMs: 10_000, recoveryMs: 0 },
  queue: { expireInSeconds: 3, retryDelay: 1, retryBackoff: false },
} as const;

export const payee = '+254712345678';

export function guardOf(simulator: JpaySimulator, store: HoldStore): PayoutGuard {
  const { url: baseUrl, appKey, appSecret } = simulator;
  const guard = createPayoutGuard({
    provider: jpay({ baseUrl, appKey, appSecret }),
    currency: 'KES',
    store,
    overdueAfterMs: 1_000,
    reconcileEveryMs: 1_000,
    lookupsPerSecond: 100,
  });
  // Without listeners, both are process warnings.
  guard.on('overdue', () => {});
  guard.on('neverSeen', () => {});
  return guard;
}

export function paymentsOf(simulator: JpaySimulator): MakePayment {
  return jpayPayments({
    baseUrl: simulator.url,
    accessToken: () => simulator.accessToken(),
    appCode: 12_345,
    callbackUrl: () => 'https://api.example/jpay/callbacks',
  });
}

export type CrashPoint = 'not sent yet' | 'accepted' | 'captured';

/** Starts a worker in a process of its own, and kills it when its payout has come to that point. */
export async function crashAt(
  point: CrashPoint,
  recipe: 'bullmq' | 'pg-boss',
  simulator: JpaySimulator,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const { url: baseUrl, appKey, appSecret } = simulator;
  const access = JSON.stringify({ baseUrl, appKey, appSecret, accessToken: simulator.accessToken() });
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/examples/recipes/crashing-worker.ts'], {
    env: { ...process.env, ...simulated, ...env, RECIPE: recipe, CRASH_AT: point, JPAY: access },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the worker ended by itself (${code ?? signal})`);
  });
  ended.catch(() => {});
  try {
    await Promise.race([once(child.stdout, 'data'), ended]);
  } finally {
    child.kill('SIGKILL');
    await ended.catch(() => {});
  }
}

/** The payouts that JPay has accepted. It pays each request, also a second one with the same reference. */
export function paid({ payouts }: JpaySimulator): string[] {
  return payouts.map(({ refNo, amount, status }) => `${refNo} ${amount} ${status}`);
}
