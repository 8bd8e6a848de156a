import { PGlite } from '@electric-sql/pglite';
import { afterAll, describe, it } from '@jest/globals';
import { type PostgresClient, type PostgresStore, postgresStore } from 'payout-guard/stores/postgres';
import { type StoreTarget, storeContract } from 'payout-guard/testing';
import { type ManualClock, manualClock, testDatabase } from '../support/postgres.js';

const database = await testDatabase();
// Ready before the first test: starting takes this process seconds on a busy machine.
const embedded = await PGlite.create();
afterAll(async () => {
  await embedded.close();
  await database?.drop();
});

/** A schema for each store: claims would walk through the holds that other tests left behind. */
function target(name: string, pool: PostgresClient): StoreTarget {
  let stores = 0;
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

if (database) storeContract({ describe, it }, target('the PostgreSQL store', database.pool()));
storeContract({ describe, it }, target('the PostgreSQL store on PGlite', embedded));
