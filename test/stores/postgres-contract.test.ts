import { PGlite } from '@electric-sql/pglite';
import { afterAll, describe, it } from '@jest/globals';
import { drizzle } from 'drizzle-orm/postgres-js';
import { type PostgresClient, type PostgresStore, postgresStore } from 'payout-guard/stores/postgres';
import { type StoreTarget, storeContract } from 'payout-guard/testing';
import type { PoolConfig } from 'pg';
import postgres from 'postgres';
import '../support/proof-only.js';
import { testDatabase } from '../support/postgres.js';
import { type ManualClock, manualClock } from '../support/postgres-clock.js';

const database = await testDatabase();
afterAll(() => database?.drop());

/** Settings that make a store fail which relies on defaults: levels, durability, and parsers of types. */
const asOthersSetIt: PoolConfig = {
  options: [
    '-c default_transaction_isolation=serializable -c synchronous_commit=off',
    '-c DateStyle=German -c extra_float_digits=0',
    '-c bytea_output=escape -c intervalstyle=iso_8601 -c standard_conforming_strings=off -c search_path=nowhere',
  ].join(' '),
  types: onlyTexts(),
};

/** Returns texts as they are, and all other values as something that no store can use. */
function onlyTexts(): { getTypeParser: never } {
  const text = 25;
  const parser = (type: number) => (value: unknown) => (type === text ? value : { value });
  return { getTypeParser: parser as never };
}

/** A schema for each store: claims would walk through the holds that other tests left behind. */
let stores = 0;

function target(name: string, pool: PostgresClient): StoreTarget {
  let clock: ManualClock;
  return {
    name,
    async open(): Promise<PostgresStore> {
      const schema = `schema_${++stores}`;
      // The deadline is long because the machine of a test may be busy; other tests are about deadlines.
      const store = postgresStore({ pool, schema, recoveryMs: 0, deadlineMs: 10_000 });
      await store.migrate();
      clock = await manualClock(pool, schema);
      return store;
    },
    pass: (ms) => clock.pass(ms),
  };
}

if (database) {
  // With pg as it is, all other suites run.
  storeContract(
    { describe, it },
    target('the PostgreSQL store, with settings of others', database.pool(asOthersSetIt)),
  );
}

if (database) {
  const postgresJs = postgres({ ...database.config, max: 4, onnotice: () => {} });
  // Changes how the client writes and reads types.
  drizzle(postgresJs);
  afterAll(() => postgresJs.end());
  const query: PostgresClient['query'] = async (text, values) => ({
    rows: await postgresJs.unsafe(text, values as string[]),
  });
  storeContract({ describe, it }, target('the PostgreSQL store on postgres.js', { query }));
}
// Ready before the first test: starting takes this process seconds on a busy machine.
const embedded = await PGlite.create();
afterAll(() => embedded.close());
storeContract({ describe, it }, target('the PostgreSQL store on PGlite', embedded));
