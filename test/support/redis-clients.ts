// The clients of a cluster and of a set that Sentinel watches, as an application makes them.
import { Cluster, Redis } from 'ioredis';
import { createCluster, createSentinel } from 'redis';

/** The name that Sentinel has for the primary. */
export const watchedName = 'payouts';

const host = '127.0.0.1';

export function ioredisCluster(ports: readonly number[]): Cluster {
  const nodes = ports.map((port) => ({ host, port }));
  const client = new Cluster(nodes, {
    clusterRetryStrategy: () => 50,
    slotsRefreshTimeout: 2_000,
    slotsRefreshInterval: 1_000,
  });
  client.on('error', () => {});
  return client;
}

/** Not connected yet. */
export function nodeRedisCluster(ports: readonly number[]): ReturnType<typeof createCluster> {
  const rootNodes = ports.map((port) => ({ url: `redis://${host}:${port}` }));
  const client = createCluster({ rootNodes, topologyRefreshOnReconnectionAttemptStrategy: 200 });
  client.on('error', () => {});
  return client as never;
}

/** @param ports - Those of the sentinels. */
export function ioredisSentinel(ports: readonly number[]): Redis {
  const sentinels = ports.map((port) => ({ host, port }));
  const retry = { sentinelRetryStrategy: () => 50, retryStrategy: () => 50 };
  const client = new Redis({ sentinels, name: watchedName, socketTimeout: 2_000, ...retry });
  client.on('error', () => {});
  return client;
}

/** Not connected yet. @param ports - Those of the sentinels. */
export function nodeRedisSentinel(ports: readonly number[]): ReturnType<typeof createSentinel> {
  const sentinelRootNodes = ports.map((port) => ({ host, port }));
  const client = createSentinel({ name: watchedName, sentinelRootNodes, scanInterval: 200 });
  client.on('error', () => {});
  return client as never;
}
