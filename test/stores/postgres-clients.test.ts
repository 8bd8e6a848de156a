// Clients beside pg: each with its pool, and inside a transaction of its own.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres';
import { drizzle as drizzlePostgresJs } from 'drizzle-orm/postgres-js';
import { sql as drizzleSql } from 'drizzle-orm/sql';
import knexOf from 'knex';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { createPayoutGuard } from 'payout-guard';
import { type PostgresClient, type PostgresStore, postgresStore } from 'payout-guard/stores/postgres';
import postgres from 'postgres';
import { scriptedWallet } from '../support/wallet.js';
import { clientConfig, describeStore, eachInItsSchema, newPool, schema, totals } from './postgres-support.js';
import '../support/proof-only.js';

interface Wiring {
  readonly pool: PostgresClient;
  /** Runs a function in a transaction of the client, which is rolled back when it throws. */
  transaction(run: (client: PostgresClient) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

const wirings: Readonly<Record<string, () => Wiring>> = {
  'postgres.js': () => onPostgresJs({}),
  // As poolers in transaction mode want it.
  'postgres.js without named statements and types': () => onPostgresJs({ prepare: false, fetch_types: false }),
  kysely: () => {
    const db = new Kysely<object>({ dialect: new PostgresDialect({ pool: newPool() }) });
    const on = (one: Kysely<object>): PostgresClient => ({
      query: (text, values) => one.executeQuery(CompiledQuery.raw(text, values)),
    });
    return {
      pool: on(db),
      transaction: (run) => db.transaction().execute((tx) => run(on(tx))),
      // Its pool is ended with those of the other tests.
      close: async () => {},
    };
  },
  knex: () => {
    const knex = knexOf({ client: 'pg', connection: clientConfig(), pool: { min: 0, max: 4 } });
    // Its placeholders have names.
    const on = (one: typeof knex): PostgresClient => ({
      query: (text, values) =>
        one.raw(
          text.replace(/\$(\d+)/g, ':p$1'),
          Object.fromEntries(values.map((value, index) => [`p${index + 1}`, value as string])),
        ),
    });
    return {
      pool: on(knex),
      transaction: (run) => knex.transaction((tx) => run(on(tx))),
      close: () => knex.destroy(),
    };
  },
  'drizzle on pg': () => {
    const pool = newPool();
    const db = drizzlePg(pool);
    return {
      pool,
      transaction: (run) =>
        db.transaction((tx) => run({ query: async (text, values) => await tx.execute(statement(text, values)) })),
      close: async () => {},
    };
  },
  'drizzle on postgres.js': () => {
    const sql = postgres({ ...clientConfig(), max: 4, onnotice: () => {} });
    const db = drizzlePostgresJs(sql);
    return {
      pool: { query: async (text, values) => ({ rows: await sql.unsafe(text, values as string[]) }) },
      transaction: (run) =>
        db.transaction((tx) =>
          run({ query: async (text, values) => ({ rows: await tx.execute(statement(text, values)) }) }),
        ),
      close: () => sql.end(),
    };
  },
};

function onPostgresJs(options: postgres.Options<Record<string, never>>): Wiring {
  const sql = postgres({ ...clientConfig(), ...options, max: 4, onnotice: () => {} });
  const on = (one: postgres.ISql): PostgresClient => ({
    query: async (text, values) => ({ rows: await one.unsafe(text, values as string[]) }),
  });
  return {
    pool: on(sql),
    transaction: async (run) => void (await sql.begin((tx) => run(on(tx)))),
    close: () => sql.end(),
  };
}

/** A statement as drizzle has it. */
function statement(text: string, values: readonly unknown[]) {
  const parts = text.split(/\$(\d+)/);
  return drizzleSql.join(
    parts.map((part, index) => (index % 2 === 0 ? drizzleSql.raw(part) : drizzleSql`${values[Number(part) - 1]}`)),
  );
}

describeStore.each(Object.keys(wirings))('the PostgreSQL store on %s', (name) => {
  eachInItsSchema();
  let wiring: Wiring;
  let store: PostgresStore;
  beforeEach(() => {
    wiring = (wirings[name] as () => Wiring)();
    store = postgresStore({ pool: wiring.pool, schema, recoveryMs: 0, deadlineMs: 10_000 });
  });
  afterEach(async () => {
    await store.close();
    await wiring.close();
  });

  it('serves a guard, and holds within its transactions', async () => {
    await store.migrate();
    const { provider } = scriptedWallet('1000.00');
    const guard = createPayoutGuard({ provider, currency: 'KES', store });
    const odd = { note: `"quotes", \\ and {braces}, ':p1 $1 ?` };
    await guard.hold({ amount: '300.00', reference: 'a', metadata: odd, state: 'sent', fingerprint: 'payee' });
    expect((await guard.getHold('a'))?.metadata).toEqual(odd);
    const prepared = await guard.prepare({ amount: '400.00', reference: 'b', metadata: odd });
    const failed = wiring.transaction(async (client) => {
      await prepared.hold(store.within(client));
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    expect(await guard.getHold('b')).toBeUndefined();
    await wiring.transaction(async (client) => {
      await prepared.hold(store.within(client));
      await store.within(client).settle({ reference: 'a', to: 'captured', visibleInMs: 0 });
    });
    expect((await guard.getHold('b'))?.state).toBe('reserved');
    expect(await totals(store, 'default')).toEqual([40_000n, 30_000n]);
    expect((await guard.listHolds({ state: 'captured' })).holds.map(({ reference }) => reference)).toEqual(['a']);
    expect(await guard.reconcile({ olderThanMs: 0 })).toMatchObject({ open: 0 });
    expect(await store.deleteFinished({ olderThanMs: 0 })).toBe(1);
    await guard.close();
  });
});
