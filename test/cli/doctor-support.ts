// Runs the doctor on a setup that is good but for one seeded mistake.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, jest } from '@jest/globals';
import {
  type BalanceProvider,
  createPayoutGuard,
  type GuardOptions,
  type PayoutGuard,
  type WalletSettings,
} from 'payout-guard';
import { memoryHistory } from 'payout-guard/history';
import { interswitch } from 'payout-guard/providers/interswitch';
import { type SqliteStore, type SqliteStoreOptions, sqliteStore } from 'payout-guard/stores/sqlite';
import { type InterswitchSimulator, interswitchSimulator } from 'payout-guard/testing';
import type { CliContext } from '../../src/cli/usage.js';
import { folder, moduleOf, run, warnings } from './support.js';

/** Changes of a good setup. */
export interface Seed {
  readonly wallet?: Partial<WalletSettings>;
  readonly guard?: Partial<GuardOptions>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly context?: Partial<CliContext>;
  readonly args?: readonly string[];
  readonly before?: (guard: PayoutGuard) => Promise<unknown>;
  readonly wrap?: (guard: PayoutGuard) => PayoutGuard;
}

export let simulator: InterswitchSimulator;
/** Run after each test, last first. */
export const ends: (() => unknown)[] = [];

beforeAll(async () => {
  simulator = await interswitchSimulator({ available: '100000', ledger: '250000' });
});
afterAll(() => simulator.close());
afterEach(async () => {
  jest.restoreAllMocks();
  simulator.clearFaults();
  for (const end of ends.splice(0).reverse()) await end();
});

export const machine = (): TestClock => ({ now: () => Date.now(), elapsed: () => performance.now() });
export const provider = (): BalanceProvider => interswitch({ baseUrl: simulator.url, maxAttempts: 1 });
export const sqlite = (options: Partial<SqliteStoreOptions> = {}): SqliteStore =>
  sqliteStore({ file: join(folder, 'store.db'), recoveryMs: 0, ...options });

/** Runs the doctor. Returns its exit code, and every finding that is not ok. */
export async function examine({
  wallet,
  guard: options,
  exports,
  context,
  args = [],
  before,
  wrap,
}: Seed): Promise<Examined> {
  const { onWarning, emit } = warnings();
  jest.spyOn(process, 'emitWarning').mockImplementation((message, given) => {
    emit({ code: String((given as { code?: string }).code), message: String(message) });
  });
  const make = async () => {
    const store = options?.store ?? sqlite();
    const settings = { provider: provider(), currency: 'UGX', ...wallet };
    const guard = createPayoutGuard({ ...settings, reconcileEveryMs: 0, ...options, store });
    await before?.(guard);
    return { guard: wrap ? wrap(guard) : guard, history: memoryHistory(), ...exports };
  };
  const name = await moduleOf({ default: make });
  const { code, out, err } = await run(['doctor', '--guard', name, '--json', ...args], { onWarning, ...context });
  expect(err).toBe('');
  const report = JSON.parse(out) as Report;
  const found = report.findings.filter(({ level }) => level !== 'ok');
  return { code, found, oks: report.findings.filter(({ level }) => level === 'ok') };
}

export interface Examined {
  readonly code: number;
  readonly found: Report['findings'];
  readonly oks: Report['findings'];
}

interface TestClock {
  now(): number;
  elapsed(): number;
}

export interface Report {
  readonly findings: readonly { level: string; check: string; title: string; advice?: string }[];
}

export type Case = readonly [
  mistake: string,
  seed: () => Seed | Promise<Seed>,
  level: string,
  check: string,
  title: string,
];

/** Each mistake is found, and nothing else. */
export async function finds([, seed, level, check, title]: Case): Promise<void> {
  const { code, found } = await examine(await seed());
  expect(found).toEqual([{ level, check, title: expect.stringContaining(title), advice: expect.any(String) }]);
  expect(code).toBe(level === 'problem' ? 3 : 0);
}
