// A Redis cluster of three masters: slots that move, masters that die or stand still, all of it down.
import { monotonicMs } from '../../processes/child.js';
import { killWhileTheyLag } from '../../support/redis.js';
import { type ClusterNode, prefixInSlot, RedisCluster } from '../../support/redis-cluster.js';
import { type Backend, patientMs } from '../engines.js';
import type { Address } from '../messages.js';
import { anyPlace, type Scenario } from '../scenarios.js';
import { type OpenStore, openStore } from '../store.js';
import type { World } from '../world.js';

/** The slot of every store: the first one of its owner, which is the one that redis-cli moves. */
const slot = 0;
/** Time for which a master is silent before its replica takes over, in milliseconds. */
const nodeTimeoutMs = 1_500;
/** By when every process must be permitted something after a promotion, in milliseconds: it contains a recovery. */
const continuedWithinMs = 20_000;

interface ClusterScenario extends Scenario<ClusterEngine> {
  /** The first master has one. */
  readonly hasReplica: boolean;
  /** Answers only what the replica has. */
  readonly waits: boolean;
}

export class ClusterEngine implements Backend {
  readonly name = 'cluster';
  readonly engine = 'redis';
  readonly clients = ['ioredis', 'node-redis'] as const;
  readonly path = undefined;
  readonly cluster: RedisCluster;
  readonly waitReplicas: Backend['waitReplicas'];
  readonly #hasReplica: boolean;

  static async start({ hasReplica, waits }: Pick<ClusterScenario, 'hasReplica' | 'waits'>): Promise<ClusterEngine> {
    const persistence = ['--appendonly', 'yes', '--appendfsync', 'always'];
    const cluster = await RedisCluster.start({ replicas: hasReplica ? 1 : 0, nodeTimeoutMs, persistence });
    return new ClusterEngine(cluster, hasReplica, waits);
  }

  private constructor(cluster: RedisCluster, hasReplica: boolean, waits: boolean) {
    this.cluster = cluster;
    this.#hasReplica = hasReplica;
    this.waitReplicas = waits ? { count: 1, timeoutMs: 200 } : undefined;
  }

  address(): Address {
    return { cluster: this.cluster.ports };
  }

  spaceOf(run: number): string {
    return prefixInSlot(slot, `run-${run}-`);
  }

  async prepare(space: string, recoveryMs: number): Promise<OpenStore> {
    const { cluster, waitReplicas } = this;
    await cluster.untilOwned(slot, await cluster.ownerOf(slot));
    if (this.#hasReplica) await cluster.untilFollowed(slot);
    // The store of the checker has time, also for its replicas.
    const patient = waitReplicas && { ...waitReplicas, timeoutMs: patientMs / 2 };
    const setup = { engine: 'redis', client: 'ioredis', space, recoveryMs, waitReplicas: patient } as const;
    return openStore(setup, this.address(), patientMs);
  }

  close(): Promise<void> {
    return this.cluster[Symbol.asyncDispose]();
  }
}

export const clusterScenarios: readonly ClusterScenario[] = [
  {
    name: 'slot-moved',
    promise: 'lose nothing when their slot moves to another node',
    hasReplica: false,
    waits: false,
    forgets: false,
    run: async (world, { cluster }) => {
      await world.pass(100, 500);
      const from = await cluster.ownerOf(slot);
      const to = world.random.pick(cluster.masters.filter((node) => node !== from)) as ClusterNode;
      if (world.random.chance(0.5)) {
        world.fault('redis-cli moves the slot');
        await cluster.reshard(from, to, 1);
      } else {
        world.fault('move the slot, key by key');
        await moveSlowly(world, cluster, from, to);
      }
      await cluster.untilOwned(slot, to);
    },
  },
  {
    name: 'master-killed',
    promise: 'lose nothing when their master and one of them are killed and the replica was waited for',
    hasReplica: true,
    waits: true,
    forgets: false,
    run: async (world, { cluster }) => {
      await world.pass(100, 500);
      const place = anyPlace(world);
      await killMaster(world, cluster, world.random.chance(0.5), () => world.kill(place));
      await world.start(place);
    },
  },
  {
    name: 'master-killed-unconfirmed',
    promise: 'restore their holds when a replica takes over that lacks the last of them',
    hasReplica: true,
    waits: false,
    forgets: true,
    mayPayTwice: true,
    recoveryMs: 4_000,
    run: async (world, { cluster }) => {
      await world.pass(100, 500);
      world.isOlder = true;
      await world.lose(() => killMaster(world, cluster, true, async () => {}));
    },
  },
  {
    name: 'master-stalled',
    promise: 'lose nothing when a stalled master wakes as the replica of its successor, which was waited for',
    hasReplica: true,
    waits: true,
    forgets: false,
    run: (world, { cluster }) => stallMaster(world, cluster, () => world.pass(200, 1_500)),
  },
  {
    name: 'master-stalled-unconfirmed',
    promise: 'continue with the replica of a master that stands still, and restore what it lacks',
    hasReplica: true,
    waits: false,
    forgets: true,
    mayPayTwice: true,
    recoveryMs: 4_000,
    run: async (world, { cluster }) => {
      world.isOlder = true;
      await stallMaster(world, cluster, () => world.untilAllArePermitted(monotonicMs(), continuedWithinMs));
      world.mayLoseUntilNow();
    },
  },
  {
    name: 'all-down',
    promise: 'lose nothing when all nodes are killed and start again with their data',
    hasReplica: true,
    waits: true,
    forgets: false,
    run: async (world, { cluster }) => {
      await world.pass(100, 500);
      world.fault('kill all nodes');
      await Promise.all(cluster.nodes.map(({ server }) => server.kill()));
      await world.pass(0, 500);
      await Promise.all(cluster.nodes.map((node) => node.boot()));
      await cluster.untilFollowed(slot);
    },
  },
];

/** Kills the owner of the slot, and starts it again when its replica has taken over. */
async function killMaster(
  world: World,
  cluster: RedisCluster,
  lags: boolean,
  asWell: () => Promise<void>,
): Promise<void> {
  const master = await cluster.ownerOf(slot);
  const [replica] = (await cluster.followers()) as [ClusterNode];
  world.fault(lags ? 'kill the master while its replica lags' : 'kill the master');
  if (lags) await killWhileTheyLag(master.server, [replica.server], () => world.pass(100, 400));
  else await master.server.kill();
  await asWell();
  await cluster.untilOwned(slot, replica);
  await master.boot();
  await cluster.untilFollowed(slot);
}

/** Stops the owner of the slot with its connections open, until its replica has taken over and `meanwhile` ends. */
async function stallMaster(world: World, cluster: RedisCluster, meanwhile: () => Promise<void>): Promise<void> {
  await world.pass(100, 500);
  const master = await cluster.ownerOf(slot);
  const [replica] = (await cluster.followers()) as [ClusterNode];
  world.fault('the master stands still');
  master.server.pause();
  await cluster.untilOwned(slot, replica);
  await meanwhile();
  world.note('it wakes');
  master.server.resume();
  await cluster.untilFollowed(slot);
}

/** As an operator does it by hand, with pauses in which a part of the keys is on each node. */
async function moveSlowly(world: World, cluster: RedisCluster, from: ClusterNode, to: ClusterNode): Promise<void> {
  await cluster.beginMove(slot, from, to);
  const keys = await cluster.keysOf(slot, from);
  for (const [index, key] of keys.entries()) {
    await cluster.moveKey(key, from, to);
    if (index % Math.ceil(keys.length / 5) === 0) await world.pass(20, 100);
  }
  // Writes of a process before the first key moved.
  for (const key of await cluster.keysOf(slot, from)) await cluster.moveKey(key, from, to);
  await cluster.endMove(slot, from, to);
}
