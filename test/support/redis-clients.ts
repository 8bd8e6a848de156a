// Clients of a cluster and of a set monitored by Sentinel, created as an application would.
import { Cluster, Redis } from 'ioredis';
import { createCluster, createSentinel } from 'redis';

/** Sentinel's name of the primary. */
export const watchedName = 'payouts';

const host = '127.0.0.1';
const nodesOf = (ports: readonly number[]) => ports.map((port) => ({ host, port }));

/** The ones that find a new owner soon. */
const clusterOptions = {
  ioredis: { clusterRetryStrategy: () => 50, slotsRefreshTimeout: 2_000, slotsRefreshInterval: 1_000 },
  nodeRedis: { topologyRefreshOnReconnectionAttemptStrategy: 200 },
};

export function ioredisCluster(
  ports: readonly number[],
  options: Partial<typeof clusterOptions.ioredis> = clusterOptions.ioredis,
): Cluster {
  const client = new Cluster(nodesOf(ports), options);
  client.on('error', () => {});
  return client;
}

/** Not connected yet. */
export function nodeRedisCluster(
  ports: readonly number[],
  options: Partial<typeof clusterOptions.nodeRedis> = clusterOptions.nodeRedis,
): ReturnType<typeof createCluster> {
  const rootNodes = ports.map((port) => ({ url: `redis://${host}:${port}` }));
  const client = createCluster({ rootNodes, ...options });
  client.on('error', () => {});
  return client as never;
}

/** @param ports - The ports of the sentinels. */
export function ioredisSentinel(ports: readonly number[]): Redis {
  const sentinels = nodesOf(ports);
  const retry = { sentinelRetryStrategy: () => 50, retryStrategy: () => 50 };
  const client = new Redis({ sentinels, name: watchedName, socketTimeout: 2_000, ...retry });
  client.on('error', () => {});
  return client;
}

/** Not connected yet. @param ports - The ports of the sentinels. */
export function nodeRedisSentinel(ports: readonly number[]): ReturnType<typeof createSentinel> {
  const sentinelRootNodes = nodesOf(ports);
  const client = createSentinel({ name: watchedName, sentinelRootNodes, scanInterval: 200 });
  client.on('error', () => {});
  return client as never;
}
