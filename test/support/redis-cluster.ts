// A cluster of temporary Redis servers. Slots can be moved, and nodes can be stopped and killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from 'payout-guard/stores/redis';
import { createCluster } from 'redis';
import { slotOf } from '../../src/stores/redis/transport/slot.js';
import { freePort, RedisServer } from './redis.js';

export interface ClusterNode {
  readonly port: number;
  readonly busPort: number;
  readonly id: string;
  readonly server: RedisServer;
  readonly admin: Redis;
}

const slots = 16_384;

export class RedisCluster {
  /** The masters, each with an equal share of the slots, in order. */
  readonly masters: ClusterNode[] = [];
  /** The replicas of the first master. */
  readonly replicas: ClusterNode[] = [];
  readonly #closing: (() => unknown)[] = [];

  static async start(
    options: { masters?: number; replicas?: number; nodeTimeoutMs?: number } = {},
  ): Promise<RedisCluster> {
    // Nodes on a busy machine are slow, not down.
    const { masters = 3, replicas = 0, nodeTimeoutMs = 10_000 } = options;
    const cluster = new RedisCluster();
    const nodes = await Promise.all(Array.from({ length: masters + replicas }, () => startNode(nodeTimeoutMs)));
    cluster.masters.push(...nodes.slice(0, masters));
    cluster.replicas.push(...nodes.slice(masters));
    await Promise.all(nodes.map(({ admin }, index) => admin.call('CLUSTER', ['SET-CONFIG-EPOCH', `${index + 1}`])));
    await Promise.all(
      cluster.masters.map(({ admin }, index) => admin.call('CLUSTER', ['ADDSLOTSRANGE', ...cluster.#range(index)])),
    );
    const meet = ({ admin }: ClusterNode) =>
      nodes.map(({ port, busPort }) => admin.call('CLUSTER', ['MEET', '127.0.0.1', `${port}`, `${busPort}`]));
    await Promise.all(nodes.flatMap(meet));
    await cluster.until(async (admin) => String(await admin.call('CLUSTER', ['INFO'])).includes('cluster_state:ok'));
    await cluster.until(
      async (admin) =>
        String(await admin.call('CLUSTER', ['NODES']))
          .trim()
          .split('\n').length === nodes.length,
    );
    for (const { admin } of cluster.replicas) await admin.call('CLUSTER', ['REPLICATE', cluster.master(0).id]);
    await cluster.#untilReplicated(replicas);
    return cluster;
  }

  master(index: number): ClusterNode {
    return this.masters[index] as ClusterNode;
  }

  #range(index: number): [string, string] {
    const first = Math.ceil((index * slots) / this.masters.length);
    const end = Math.ceil(((index + 1) * slots) / this.masters.length);
    return [`${first}`, `${end - 1}`];
  }

  /** The master that owned the slot when the cluster started. */
  firstOwner(slot: number): ClusterNode {
    return this.master(Math.floor((slot * this.masters.length) / slots));
  }

  /** Waits until all running nodes agree. */
  async until(isSo: (admin: Redis) => Promise<boolean>): Promise<void> {
    const all = [...this.masters, ...this.replicas].filter(({ server }) => server.isRunning);
    for (let tries = 0; tries < 1_000; tries++) {
      const answers = await Promise.all(all.map(({ admin }) => isSo(admin).catch(() => false)));
      if (answers.every(Boolean)) return;
      await sleep(20);
    }
    throw new Error('the nodes of the cluster do not agree');
  }

  /**
   * Waits until all running nodes have the owner of the slot. A client that asks earlier may wait for a dead one for
   * ever.
   */
  async untilOwned(slot: number, owner: ClusterNode): Promise<void> {
    await this.until(async (admin) => {
      const ranges = (await admin.call('CLUSTER', ['SLOTS'])) as [number, number, [string, number]][];
      const [, , master] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
      return master?.[1] === owner.port && String(await admin.call('CLUSTER', ['INFO'])).includes('cluster_state:ok');
    });
  }

  async #untilReplicated(count: number): Promise<void> {
    const { admin } = this.master(0);
    const online = async () => (await admin.info('replication')).match(/state=online/g)?.length ?? 0;
    while ((await online()) !== count) await sleep(20);
  }

  ioredis(): Cluster {
    const nodes = this.masters.map(({ port }) => ({ host: '127.0.0.1', port }));
    const client = new Cluster(nodes, { clusterRetryStrategy: () => 50, slotsRefreshTimeout: 2_000 });
    client.on('error', () => {});
    this.#closing.push(() => client.disconnect());
    return client;
  }

  async nodeRedis(): Promise<RedisClient> {
    const rootNodes = this.masters.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` }));
    const client = createCluster({ rootNodes, topologyRefreshOnReconnectionAttemptStrategy: 200 });
    client.on('error', () => {});
    await client.connect();
    this.#closing.push(() => client.destroy());
    return client;
  }

  /** Begins to move a slot. */
  async beginMove(slot: number, from: ClusterNode, to: ClusterNode): Promise<void> {
    await to.admin.call('CLUSTER', ['SETSLOT', `${slot}`, 'IMPORTING', from.id]);
    await from.admin.call('CLUSTER', ['SETSLOT', `${slot}`, 'MIGRATING', to.id]);
  }

  keysOf(slot: number, { admin }: ClusterNode): Promise<string[]> {
    return admin.call('CLUSTER', ['GETKEYSINSLOT', `${slot}`, '100000']) as Promise<string[]>;
  }

  async moveKey(key: string, from: ClusterNode, to: ClusterNode): Promise<void> {
    await from.admin.call('MIGRATE', ['127.0.0.1', `${to.port}`, key, '0', '5000']);
  }

  async endMove(slot: number, from: ClusterNode, to: ClusterNode): Promise<void> {
    for (const { admin } of [to, from, ...this.masters]) {
      await admin.call('CLUSTER', ['SETSLOT', `${slot}`, 'NODE', to.id]);
    }
  }

  /** Moves the first slots of a master with redis-cli. */
  async reshard(from: ClusterNode, to: ClusterNode, count: number): Promise<void> {
    const where = ['--cluster-from', from.id, '--cluster-to', to.id, '--cluster-slots', `${count}`, '--cluster-yes'];
    const tool = spawn('redis-cli', ['--cluster', 'reshard', `127.0.0.1:${from.port}`, ...where], { stdio: 'ignore' });
    const [code] = (await once(tool, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`redis-cli could not move the slots (exit code ${code})`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing) await close();
    await Promise.all([...this.masters, ...this.replicas].map(({ server }) => server[Symbol.asyncDispose]()));
  }
}

async function startNode(nodeTimeoutMs: number): Promise<ClusterNode> {
  const [port, busPort] = [await freePort(), await freePort()];
  const bus = [
    '--cluster-enabled',
    'yes',
    '--cluster-port',
    `${busPort}`,
    '--cluster-node-timeout',
    `${nodeTimeoutMs}`,
  ];
  const replication = ['--repl-diskless-sync-delay', '0', '--cluster-replica-validity-factor', '0'];
  const server = await RedisServer.start('--port', `${port}`, ...bus, ...replication);
  const admin = server.client();
  return { port, busPort, server, admin, id: (await admin.call('CLUSTER', ['MYID'])) as string };
}

/** A prefix whose keys are in this slot. @param start - The beginning of the prefix. */
export function prefixInSlot(slot: number, start = 'p'): string {
  for (let index = 0; ; index++) if (slotOf(`${start}${index}`) === slot) return `${start}${index}`;
}
