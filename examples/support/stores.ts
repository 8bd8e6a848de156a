// Stores that several processes share: opens them, and removes what an example wrote.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { HoldStore } from 'payout-guard';
import { postgresStore, type Readiness } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import pg from 'pg';

export interface SharedStore {
  readonly title: string;
  /** The file or server that the store uses, for messages. */
  readonly place: string;
  /** Rejects, with the reason, when the store cannot be used. */
  ready(): Promise<void>;
  /** Opens the store under a name of its own, so that nothing else in the database is touched. */
  open(name: string): Promise<OpenDatabase>;
  remove(name: string): Promise<void>;
}

/** A store of a database, which a readiness probe may ask. */
export interface OpenDatabase extends OpenStore {
  readonly store: HoldStore & { ready(): Promise<Readiness> };
}

export interface OpenStore {
  readonly store: HoldStore;
  /** Ends the connections; after `store.close()`. */
  readonly closeClient: () => Promise<unknown>;
}

// A busy machine should not refuse payouts of an example. Use 250 ms in an API.
const deadlineMs = 5_000;

const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const databaseUrl = process.env.DATABASE_URL ?? 'postgres://root@127.0.0.1:5432/postgres';

const fileOf = (name: string) => join(tmpdir(), `${name}.db`);

const sqlite: SharedStore = {
  title: 'SQLite',
  place: 'a file in the temporary directory',
  ready: async () => {},
  open: async (name) => ({ store: sqliteStore({ file: fileOf(name), deadlineMs }), closeClient: async () => {} }),
  async remove(name) {
    for (const ending of ['', '-wal', '-shm', '.mark']) rmSync(`${fileOf(name)}${ending}`, { force: true });
  },
};

// Without a listener, a connection error ends the process. Clients reconnect, and the guard refuses until then.
const report = (error: Error) => console.error(`connection: ${error.message}`);

const redis: SharedStore = {
  title: 'Redis',
  place: 'REDIS_URL, or 127.0.0.1:6379 without it',
  async ready() {
    const client = new Redis(redisUrl, { lazyConnect: true, connectTimeout: 2_000, retryStrategy: () => null });
    // The rejection of connect() does not include the reason.
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
    client.on('error', report);
    return recovered({
      store: redisStore({ client, prefix: name, deadlineMs }),
      closeClient: async () => client.disconnect(),
    });
  },
  async remove(name) {
    const client = new Redis(redisUrl);
    client.on('error', report);
    for await (const keys of client.scanStream({ match: `{${name}}:*`, count: 1_000 })) {
      if (keys.length > 0) await client.unlink(...(keys as string[]));
    }
    await client.quit();
  },
};

const postgres: SharedStore = {
  title: 'PostgreSQL',
  place: 'DATABASE_URL, or 127.0.0.1:5432 for the user root without it',
  async ready() {
    const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 2_000 });
    client.on('error', report);
    await client.connect().finally(() => client.end());
  },
  async open(name) {
    const pool = new pg.Pool({ connectionString: databaseUrl });
    pool.on('error', report);
    const store = postgresStore({ pool, schema: name, deadlineMs });
    await store.migrate();
    return recovered({ store, closeClient: () => pool.end() });
  },
  async remove(name) {
    const client = new pg.Client({ connectionString: databaseUrl });
    client.on('error', report);
    await client.connect();
    await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`).finally(() => client.end());
  },
};

export const sharedStores: Readonly<Record<string, SharedStore>> = { sqlite, redis, postgres };

/** A store that is new, or lost data, approves nothing until every process had time to restore its open holds. */
async function recovered(open: OpenDatabase): Promise<OpenDatabase> {
  await sleep((await open.store.totals('default')).recoveringForMs ?? 0);
  return open;
}
