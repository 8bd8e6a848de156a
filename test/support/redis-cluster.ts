// A cluster of temporary Redis servers. Slots can be moved, and nodes can be stopped and killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { RedisClient } from 'payout-guard/stores/redis';
import { slotOf } from '../../src/stores/redis/transport/slot.js';
import { freePort, RedisServer } from './redis.js';
import { ioredisCluster, nodeRedisCluster } from './redis-clients.js';

export interface ClusterNode {
  readonly port: number;
  readonly busPort: number;
  readonly id: string;
  readonly server: RedisServer;
  readonly admin: Redis;
  /** Restarts the node after a kill, with its remaining data. */
  boot(): Promise<void>;
}

const slots = 16_384;

export class RedisCluster {
  /** The masters, each with an equal share of the slots, in order. */
  readonly masters: ClusterNode[] = [];
  /** The replicas of the first master. */
  readonly replicas: ClusterNode[] = [];
  readonly #closing: (() => unknown)[] = [];

  static async start(
    options: { masters?: number; replicas?: number; nodeTimeoutMs?: number; persistence?: readonly string[] } = {},
  ): Promise<RedisCluster> {
    // Nodes on a busy machine are slow, not down.
    const { masters = 3, replicas = 0, nodeTimeoutMs = 10_000, persistence = [] } = options;
    const cluster = new RedisCluster();
    const settings = ['--cluster-node-timeout', `${nodeTimeoutMs}`, ...persistence];
    const nodes = await Promise.all(Array.from({ length: masters + replicas }, () => startNode(settings)));
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

  get nodes(): readonly ClusterNode[] {
    return [...this.masters, ...this.replicas];
  }

  get ports(): number[] {
    return this.nodes.map(({ port }) => port);
  }

  /** The node that owns this slot now. */
  async ownerOf(slot: number): Promise<ClusterNode> {
    for (const node of this.nodes) {
      if (node.server.isResponding && (await ownerPort(node.admin, slot)) === node.port) return node;
    }
    throw new Error(`slot ${slot} has no owner`);
  }

  /** Waits until the owner of the slot has a replica that follows it. */
  async untilFollowed(slot: number): Promise<void> {
    for (let tries = 0; tries < 1_000; tries++) {
      const owner = await this.ownerOf(slot).catch(() => undefined);
      if ((await owner?.admin.info('replication'))?.includes('state=online')) return;
      await sleep(20);
    }
    throw new Error(`the owner of slot ${slot} has no replica`);
  }

  /** The nodes that follow a master now. */
  async followers(): Promise<ClusterNode[]> {
    const roles = await Promise.all(this.nodes.map(({ admin }) => admin.info('replication')));
    return this.nodes.filter((_, index) => roles[index]?.includes('role:slave'));
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

  /** Waits until all nodes agree that are neither down nor paused. */
  async until(isSo: (admin: Redis) => Promise<boolean>): Promise<void> {
    const all = this.nodes.filter(({ server }) => server.isResponding);
    for (let tries = 0; tries < 1_000; tries++) {
      const answers = await Promise.all(all.map(({ admin }) => isSo(admin).catch(() => false)));
      if (answers.every(Boolean)) return;
      await sleep(20);
    }
    throw new Error('the nodes of the cluster do not agree');
  }

  /**
   * Waits until all nodes that are neither down nor paused have the owner of the slot. A client that asks earlier may
   * wait for a dead one for ever.
   */
  async untilOwned(slot: number, owner: ClusterNode): Promise<void> {
    await this.until(async (admin) => {
      const isOwner = (await ownerPort(admin, slot)) === owner.port;
      return isOwner && String(await admin.call('CLUSTER', ['INFO'])).includes('cluster_state:ok');
    });
  }

  async #untilReplicated(count: number): Promise<void> {
    const { admin } = this.master(0);
    const online = async () => (await admin.info('replication')).match(/state=online/g)?.length ?? 0;
    while ((await online()) !== count) await sleep(20);
  }

  ioredis(options?: Parameters<typeof ioredisCluster>[1]): Cluster {
    const client = ioredisCluster(
      this.masters.map(({ port }) => port),
      options,
    );
    this.#closing.push(() => client.disconnect());
    return client;
  }

  async nodeRedis(options?: Parameters<typeof nodeRedisCluster>[1]): Promise<RedisClient> {
    const client = nodeRedisCluster(
      this.masters.map(({ port }) => port),
      options,
    );
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
    await Promise.all(this.nodes.map(({ server }) => server[Symbol.asyncDispose]()));
  }
}

/** @param settings - Options of the server. */
async function startNode(settings: readonly string[]): Promise<ClusterNode> {
  const [port, busPort] = [await freePort(), await freePort()];
  const bus = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`];
  const replication = ['--repl-diskless-sync-delay', '0', '--cluster-replica-validity-factor', '0'];
  const options = ['--bind', '127.0.0.1', '--port', `${port}`, ...bus, ...replication, ...settings];
  const server = await RedisServer.start(...options);
  const admin = server.client();
  const id = (await admin.call('CLUSTER', ['MYID'])) as string;
  return { port, busPort, server, admin, id, boot: () => server.boot(...options) };
}

/** The port of the master that owns this slot, in the view of one node. */
async function ownerPort(admin: Redis, slot: number): Promise<number | undefined> {
  const ranges = (await admin.call('CLUSTER', ['SLOTS'])) as [number, number, [string, number]][];
  const [, , master] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
  return master?.[1];
}

/** A prefix whose keys are in this slot. @param start - The beginning of the prefix. */
export function prefixInSlot(slot: number, start = 'p'): string {
  for (let index = 0; ; index++) if (slotOf(`${start}${index}`) === slot) return `${start}${index}`;
}
