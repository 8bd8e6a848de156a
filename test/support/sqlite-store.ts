// Stores of a test on one file, each as in another process, and helpers for their requests.

import { afterEach } from '@jest/globals';
import type { HoldOutcome, HoldRequest, HoldStore } from 'payout-guard';
import { type SqliteStore, type SqliteStoreOptions, sqliteStore } from 'payout-guard/stores/sqlite';
import { requestUpTo } from './redis-store.js';

/** Opens stores, and closes them after the test. The deadline is long because the machine of a test may be busy. */
export function opensSqlite(): (file: string, options?: Partial<SqliteStoreOptions>) => SqliteStore {
  const stores: HoldStore[] = [];
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });
  return (file, options) => {
    const store = sqliteStore({ file, deadlineMs: 10_000, recoveryMs: 0, ...options });
    stores.push(store);
    return store;
  };
}

export async function hold(
  store: HoldStore,
  reference: string,
  { amountMinor = 40n, limitMinor = 100n, ...more }: Partial<HoldRequest> = {},
): Promise<HoldOutcome> {
  const { epoch } = await store.totals('w');
  return store.hold({ ...requestUpTo(limitMinor), reference, amountMinor, epoch, ...more });
}

export async function activeOf(store: HoldStore, wallet = 'w'): Promise<bigint> {
  return (await store.totals(wallet)).active;
}
