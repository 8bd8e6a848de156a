// The store of one process, on a connection of its own, made as an application would make it.
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { HoldStore } from 'payout-guard';
import { type PostgresStore, postgresStore } from 'payout-guard/stores/postgres';
import { type RedisClient, redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import pg from 'pg';
import postgres from 'postgres';
import { createClient } from 'redis';
import { ioredisCluster, ioredisSentinel, nodeRedisCluster, nodeRedisSentinel } from '../support/redis-clients.js';
import { type Address, type Assignment, deadlineMs } from './messages.js';

export interface OpenStore<Store extends HoldStore = HoldStore> {
  readonly store: Store;
  /** Closes the store, and then its connections. */
  close(): Promise<void>;
}

/** Delay before a client connects again, in milliseconds. */
const reconnectMs = 20;
/** Number of times that a client which must connect first is made anew, every 100 ms. */
const connectTries = 300;

export async function openStore(
  {
    engine,
    space,
    client,
    recoveryMs,
    waitReplicas,
  }: Pick<Assignment, 'engine' | 'space' | 'recoveryMs' | 'client' | 'waitReplicas'>,
  address: Address,
  longestMs: number = deadlineMs,
): Promise<OpenStore> {
  const limits = { recoveryMs, deadlineMs: longestMs };
  if (engine === 'sqlite') return withClient(sqliteStore({ file: space, ...limits }), async () => {});
  if (engine === 'postgres') {
    return client === 'postgres.js' ? openPostgresJs(space, address, limits) : openPostgres(space, address, limits);
  }
  const options = { prefix: space, ...limits, ...(waitReplicas ? { waitReplicas } : {}) };
  if (client === 'ioredis') {
    const connection = ioredisTo(address);
    return withClient(redisStore({ client: connection, ...options }), async () => connection.disconnect());
  }
  const connection = await nodeRedisTo(address);
  return withClient(redisStore({ client: connection, ...options }), async () => void connection.destroy());
}

interface Limits {
  readonly recoveryMs: number;
  readonly deadlineMs: number;
}

const account = { user: 'root', database: 'postgres', max: 4 };

export function openPostgres(schema: string, address: Address, limits: Limits): OpenStore<PostgresStore> {
  const where = 'path' in address ? { host: address.path } : address;
  const pool = new pg.Pool({ ...where, ...account, connectionTimeoutMillis: 1_000 });
  // The pool replaces the connection.
  pool.on('error', () => {});
  return withClient(postgresStore({ pool, schema, ...limits }), () => pool.end());
}

function openPostgresJs(schema: string, address: Address, limits: Limits): OpenStore<PostgresStore> {
  const sql = postgres({ ...(address as object), ...account, connect_timeout: 1, fetch_types: false, prepare: false });
  const pool = {
    query: async (text: string, values: readonly unknown[]) => ({ rows: await sql.unsafe(text, values as string[]) }),
  };
  return withClient(postgresStore({ pool, schema, ...limits }), async () => {
    await sql.end({ timeout: 1 });
  });
}

function ioredisTo(address: Address): Redis | ReturnType<typeof ioredisCluster> {
  if ('cluster' in address) return ioredisCluster(address.cluster);
  if ('sentinels' in address) return ioredisSentinel(address.sentinels);
  const client = new Redis({ ...address, retryStrategy: () => reconnectMs, connectTimeout: 1_000 });
  // It connects again by itself.
  client.on('error', () => {});
  return client;
}

async function nodeRedisTo(address: Address): Promise<RedisClient & { destroy(): unknown }> {
  if ('cluster' in address) return connected(() => nodeRedisCluster(address.cluster));
  if ('sentinels' in address) return connected(() => nodeRedisSentinel(address.sentinels));
  const client = createClient({
    socket: { ...address, reconnectStrategy: reconnectMs, connectTimeout: 1_000 } as never,
  });
  // It connects again by itself.
  client.on('error', () => {});
  void client.connect().catch(() => {});
  return client;
}

/** A process that starts during an outage tries until a server answers. */
async function connected<Client extends { connect(): Promise<unknown>; destroy(): unknown }>(
  make: () => Client,
): Promise<Client> {
  for (let tries = 1; ; tries++) {
    const client = make();
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (tries === connectTries) throw error;
      await sleep(100);
    }
  }
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
