// The store of one process, on a connection of its own, made as an application would make it.
import { Redis } from 'ioredis';
import type { HoldStore } from 'payout-guard';
import { type PostgresStore, postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import pg from 'pg';
import { createClient } from 'redis';
import { type Assignment, deadlineMs } from './messages.js';

/** The address of an engine. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export interface OpenStore<Store extends HoldStore = HoldStore> {
  readonly store: Store;
  /** Closes the store, and then its connections. */
  close(): Promise<void>;
}

/** How long a client waits before it connects again, in milliseconds. */
const reconnectMs = 20;

export function openStore(
  { engine, space, recoveryMs, client }: Pick<Assignment, 'engine' | 'space' | 'recoveryMs' | 'client'>,
  address: Address,
  longestMs: number = deadlineMs,
): OpenStore {
  const options = { recoveryMs, deadlineMs: longestMs };
  if (engine === 'sqlite') return withClient(sqliteStore({ file: space, ...options }), async () => {});
  if (engine === 'postgres') return openPostgres(space, address, options);
  return client === 'ioredis' ? openIoRedis(space, address, options) : openNodeRedis(space, address, options);
}

interface Limits {
  readonly recoveryMs: number;
  readonly deadlineMs: number;
}

export function openPostgres(schema: string, address: Address, limits: Limits): OpenStore<PostgresStore> {
  const where = 'path' in address ? { host: address.path } : address;
  const pool = new pg.Pool({ ...where, user: 'root', database: 'postgres', max: 4, connectionTimeoutMillis: 1_000 });
  // The pool replaces the connection.
  pool.on('error', () => {});
  return withClient(postgresStore({ pool, schema, ...limits }), () => pool.end());
}

function openIoRedis(prefix: string, address: Address, limits: Limits): OpenStore {
  const client = new Redis({ ...address, retryStrategy: () => reconnectMs, connectTimeout: 1_000 });
  // It connects again by itself.
  client.on('error', () => {});
  return withClient(redisStore({ client, prefix, ...limits }), async () => client.disconnect());
}

function openNodeRedis(prefix: string, address: Address, limits: Limits): OpenStore {
  const client = createClient({
    socket: { ...address, reconnectStrategy: reconnectMs, connectTimeout: 1_000 } as never,
  });
  // It connects again by itself.
  client.on('error', () => {});
  void client.connect().catch(() => {});
  return withClient(redisStore({ client, prefix, ...limits }), async () => client.destroy());
}

function withClient<Store extends HoldStore>(store: Store, end: () => Promise<void>): OpenStore<Store> {
  return {
    store,
    close: async () => {
      await store.close();
      await end();
    },
  };
}
