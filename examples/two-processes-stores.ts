// The stores of two-processes.ts: how an API process opens one, and how what it wrote is removed after the example.
import { Redis } from 'ioredis';
import type { HoldStore } from 'payout-guard';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import pg from 'pg';

export interface SharedStore {
  readonly title: string;
  /** Where it is looked for. */
  readonly place: string;
  /** Rejects, with the reason, when nothing usable answers there. */
  ready(): Promise<void>;
  /** Under a name of its own, so that nothing else in the database is touched. */
  open(name: string): Promise<{ store: HoldStore; close: () => Promise<void> }>;
  remove(name: string): Promise<void>;
}

// A machine that is busy with something else should not refuse payouts of an example; 250 ms is better for an API.
const deadlineMs = 5_000;

const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const databaseUrl = process.env.DATABASE_URL ?? 'postgres://root@127.0.0.1:5432/postgres';

const redis: SharedStore = {
  title: 'Redis',
  place: 'REDIS_URL, or 127.0.0.1:6379 without it',
  async ready() {
    const client = new Redis(redisUrl, { lazyConnect: true, connectTimeout: 2_000, retryStrategy: () => null });
    // What connect() rejects with does not say why.
    let reason: Error | undefined;
    client.on('error', (error) => {
      reason = error;
    });
    try {
      await client.connect();
    } catch (error) {
      throw reason ?? error;
    } finally {
      client.disconnect();
    }
  },
  async open(name) {
    const client = new Redis(redisUrl);
    const store = redisStore({ client, prefix: name, deadlineMs });
    const close = async () => {
      await store.close();
      client.disconnect();
    };
    return { store, close };
  },
  async remove(name) {
    const client = new Redis(redisUrl);
    for await (const keys of client.scanStream({ match: `{${name}}:*`, count: 1_000 })) {
      if (keys.length > 0) await client.unlink(...(keys as string[]));
    }
    client.disconnect();
  },
};

const postgres: SharedStore = {
  title: 'PostgreSQL',
  place: 'DATABASE_URL, or 127.0.0.1:5432 for the user root without it',
  async ready() {
    const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 2_000 });
    await client.connect().finally(() => client.end());
  },
  async open(name) {
    const pool = new pg.Pool({ connectionString: databaseUrl });
    const store = postgresStore({ pool, schema: name, deadlineMs });
    await store.migrate();
    const close = async () => {
      await store.close();
      await pool.end();
    };
    return { store, close };
  },
  async remove(name) {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`).finally(() => client.end());
  },
};

export const sharedStores: Readonly<Record<string, SharedStore>> = { redis, postgres };
