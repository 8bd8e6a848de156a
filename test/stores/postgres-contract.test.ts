import { setTimeout as sleep } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, describe, it } from '@jest/globals';
import { type PostgresClient, type PostgresStore, postgresStore } from 'payout-guard/stores/postgres';
import { storeContract } from 'payout-guard/testing';
import { testDatabase } from '../support/postgres.js';

const database = await testDatabase();
// Ready before the first test: starting takes this process seconds on a busy machine.
const embedded = await PGlite.create();
afterAll(async () => {
  await embedded.close();
  await database?.drop();
});

// A schema for each test: claims are of all wallets, and would walk through what other tests left behind.
let schemas = 0;
async function open(pool: PostgresClient): Promise<PostgresStore> {
  // The deadline is long because the machine of a test may be busy; there is a test of its own for it.
  const store = postgresStore({ pool, schema: `schema_${++schemas}`, recoveryMs: 0, deadlineMs: 5_000 });
  await store.migrate();
  return store;
}

if (database) {
  const pool = database.pool();
  storeContract({ describe, it }, { name: 'the postgres store', open: () => open(pool), pass: (ms) => sleep(ms) });
}
storeContract(
  { describe, it },
  { name: 'the postgres store on PGlite', open: () => open(embedded), pass: (ms) => sleep(ms) },
);
