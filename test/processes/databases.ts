// The databases of the tests with several processes: each process opens a store of its own, and the test one as well.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { HoldStore } from 'payout-guard';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { testDatabase } from '../support/postgres.js';
import { hasRedis, RedisServer } from '../support/redis.js';
import { folderInMemory } from '../support/sqlite.js';
import type { Place } from './limits-holder.js';

const options = { deadlineMs: 10_000, recoveryMs: 0 };

export interface Database {
  readonly place: Place;
  readonly store: HoldStore;
  close(): Promise<void>;
}

async function sqlite(): Promise<Database> {
  const folder = folderInMemory();
  const file = join(folder, 'payouts.db');
  const store = sqliteStore({ file, ...options });
  const close = async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  };
  return { place: { engine: 'sqlite', file }, store, close };
}

async function redis(): Promise<Database | undefined> {
  if (!hasRedis) return undefined;
  const server = await RedisServer.start('--save', '3600 1');
  const store = redisStore({ client: server.client(), ...options });
  const close = async () => {
    await store.close();
    await server[Symbol.asyncDispose]();
  };
  return { place: { engine: 'redis', path: server.path }, store, close };
}

async function postgres(): Promise<Database | undefined> {
  const database = await testDatabase();
  if (!database) return undefined;
  const store = postgresStore({ pool: database.pool({ max: 4 }), ...options });
  await store.migrate();
  const close = async () => {
    await store.close();
    await database.drop();
  };
  return { place: { engine: 'postgres', config: database.config }, store, close };
}

/** For `describe.each`. Each starts its database; undefined where there is none. */
export const databases: readonly (readonly [name: string, start: () => Promise<Database | undefined>])[] = [
  ['SQLite', sqlite],
  ['Redis', redis],
  ['PostgreSQL', postgres],
];
