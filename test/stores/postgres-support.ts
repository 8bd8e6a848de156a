// Stores on a schema of its own for each test, each store with a pool of its own: another process, as far as the
// database can see.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe } from '@jest/globals';
import type { HoldOutcome, HoldRecord, HoldRequest, HoldStore, SettleRequest } from 'payout-guard';
import { type PostgresStore, type PostgresStoreOptions, postgresStore } from 'payout-guard/stores/postgres';
import type pg from 'pg';
import { PostgresEngine } from '../../src/stores/postgres/engine.js';
import type { Op } from '../../src/stores/shared/engine.js';
import { movableMonotonic, passMonotonic } from '../support/monotonic.js';
import { type TestDatabase, testDatabase } from '../support/postgres.js';
import { type ManualClock, manualClock } from '../support/postgres-clock.js';

const database = await testDatabase();
afterAll(() => database?.drop());
export const describeStore: typeof describe.skip = database ? describe : describe.skip;

/** The schema of this test. */
export let schema = '';
const stores: PostgresStore[] = [];
const pools: pg.Pool[] = [];

/** Gives each test of this block a migrated schema, and closes what it opened. */
export function eachInItsSchema(): void {
  movableMonotonic();
  beforeEach(async () => {
    newSchema();
    await openStore().migrate();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    // Not awaited: a failed test may have kept a connection.
    for (const pool of pools.splice(0)) void pool.end();
  });
}

/** Another schema for the rest of this test; not migrated. */
export function newSchema(): void {
  schema = `s_${randomUUID().replaceAll('-', '')}`;
}

export function newPool(options?: pg.PoolConfig): pg.Pool {
  if (!database) throw new Error('no database');
  const pool = database.pool(options);
  pools.push(pool);
  return pool;
}

/** For clients other than pg. */
export function clientConfig(): TestDatabase['config'] {
  if (!database) throw new Error('no database');
  return database.config;
}

/** The deadline is long because the machine may be busy. */
export function openStore(options: Partial<PostgresStoreOptions> = {}): PostgresStore {
  const pool = options.pool ?? newPool();
  const store = postgresStore({ schema, recoveryMs: 0, deadlineMs: 10_000, ...options, pool });
  stores.push(store);
  return store;
}

/** The database as a store sees it: plain batches, without anything that a store does around them. */
export function openEngine(options: Partial<PostgresStoreOptions> = {}): PostgresEngine {
  return new PostgresEngine({ schema, recoveryMs: 0, deadlineMs: 10_000, pool: newPool(), ...options });
}

/** From now on, only the test moves the clock of the database. What passes there passes in every process as well. */
export async function stopClock(): Promise<ManualClock> {
  const clock = await manualClock(newPool(), schema);
  return {
    ...clock,
    get nowMs() {
      return clock.nowMs;
    },
    async pass(ms) {
      await clock.pass(ms);
      if (ms > 0) passMonotonic(ms);
    },
  };
}

export async function truncate(...tables: readonly string[]): Promise<void> {
  await newPool().query(`TRUNCATE ${tables.map((table) => `"${schema}".${table}`).join(', ')}`);
}

/** Locks what batches with this wallet wait for: as another batch does, but for as long as the transaction takes. */
export function takeTurn(wallet: string): string {
  const key = `'"${schema}".wallets'::regclass::oid::bigint << 8 | hashtext('${wallet}') & 255`;
  return `SELECT pg_advisory_xact_lock(${key})`;
}

/** All that a store remembers. */
export const dataTables = ['store', 'wallets', 'holds'] as const;

const usual = {
  wallet: 'w',
  amountMinor: 5n,
  currency: { code: 'KES', exponent: 2 },
  state: 'sent',
  expiresInMs: 60_000,
  sendsForMs: 60_000,
  limitMinor: 1_000n,
  metadata: {},
} as const;

export async function hold(
  store: HoldStore,
  reference: string,
  request: Partial<HoldRequest> = {},
): Promise<HoldOutcome> {
  const epoch = request.epoch ?? (await store.totals(request.wallet ?? 'w')).epoch;
  return store.hold({ ...usual, attempt: randomUUID(), ...request, reference, epoch });
}

/** The hold that was granted. */
export async function held(
  store: HoldStore,
  reference: string,
  request: Partial<HoldRequest> = {},
): Promise<HoldRecord> {
  return heldBy(await hold(store, reference, request));
}

export function heldBy(answer: HoldOutcome): HoldRecord {
  if (answer.outcome !== 'held') throw new Error(`expected held, got ${answer.outcome}`);
  return answer.hold;
}

export function holdOp(
  reference: string,
  epoch: string,
  request: Partial<HoldRequest> = {},
): Extract<Op, { kind: 'hold' }> {
  return { kind: 'hold', request: { ...usual, attempt: randomUUID(), ...request, reference, epoch } };
}

export function settleOp(request: SettleRequest): Op {
  return { kind: 'settle', request };
}

/** The record of a reference. */
export async function read(store: HoldStore, reference: string): Promise<HoldRecord | undefined> {
  return (await store.get(reference)).hold;
}

export async function totals(store: HoldStore, wallet = 'w'): Promise<[bigint, bigint]> {
  const { active, captured } = await store.totals(wallet);
  return [active, captured];
}

/** Waits until a check resolves to true, for as long as the test may take. */
export async function eventually(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await sleep(20);
}

/** The refusal of a store when the database does not respond. */
export const refusal = { name: 'BalanceUnavailableError', reason: 'store' } as const;
