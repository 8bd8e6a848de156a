// Recognizes the client of a library, or names what to pass instead.
import { type Ioredis, type IoredisCluster, IoredisTransport, ioredisCluster } from './ioredis.js';
import {
  type NodeRedis,
  type NodeRedisCluster,
  type NodeRedisSentinel,
  NodeRedisSentinelTransport,
  NodeRedisTransport,
  nodeRedisCluster,
} from './node-redis.js';
import type { StoreKeys, Transport } from './transport.js';

/**
 * A client of Redis or Valkey: `Redis` or `Cluster` of ioredis, or what `createClient`, `createClientPool`,
 * `createSentinel` or `createCluster` of node-redis returns, connected.
 */
export type RedisClient =
  | { readonly status: string; call(command: string, args: string[]): Promise<unknown> }
  | { readonly isOpen: boolean; sendCommand(...args: never[]): Promise<unknown> };

/** Any value, of which a property may be read. */
type Unknown = { readonly [name: string]: unknown } | null | undefined;

/** Returns the problem of a client, as the end of a sentence that begins with its name; undefined if there is none. */
export function problemOfClient(value: unknown): string | undefined {
  const client = value as Unknown;
  if (client === null || (typeof client !== 'object' && typeof client !== 'function')) return noClient;
  if (client.isPipeline === true || has(client, 'execAsPipeline'))
    return 'is a transaction or a pipeline; pass the client that it was made with';
  const keyPrefix = (client.options as Unknown)?.keyPrefix ?? client._keyPrefix;
  if (keyPrefix !== undefined && keyPrefix !== null && keyPrefix !== '') {
    return 'has a keyPrefix, and the store would depend on it; pass a client without one, and give `prefix` instead';
  }
  if (has(client, 'call') && (client.isCluster === true || has(client, 'pipeline'))) {
    if (client.mode === 'subscriber' || client.mode === 'monitor') return 'is a subscriber; pass client.duplicate()';
    return client.status === 'end' ? 'is closed; pass one that is connected' : undefined;
  }
  if (!has(client, 'sendCommand')) return noClient;
  if (typeof client.isOpen !== 'boolean') return 'is no client itself (legacy()?); pass what createClient() returned';
  if (!client.isOpen) return 'is not connected; `await client.connect()` first';
  if (client.isPubSubActive === true) return 'is a subscriber; pass client.duplicate(), connected';
  return has(client, 'multi') ? undefined : noClient;
}

const noClient = 'must be a connected client of ioredis or node-redis; for any other client give `sendCommand`';

/** @param client - One without a problem. @param deadlineMs - The one of the store. */
export function transportOf(client: RedisClient, keys: StoreKeys, deadlineMs: number): Transport {
  if (has(client, 'call')) {
    const { isCluster } = client as Partial<IoredisCluster>;
    if (isCluster === true) return ioredisCluster(client as unknown as IoredisCluster, keys, deadlineMs);
    return new IoredisTransport(client as unknown as Ioredis);
  }
  if (has(client, 'nodeClient')) return nodeRedisCluster(client as unknown as NodeRedisCluster, keys, deadlineMs);
  if (has(client, 'acquire')) return new NodeRedisSentinelTransport(client as unknown as NodeRedisSentinel);
  return new NodeRedisTransport(client as unknown as NodeRedis);
}

function has(client: object, method: string): boolean {
  return typeof (client as Record<string, unknown>)[method] === 'function';
}
