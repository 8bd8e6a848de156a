// A Redis primary with two replicas, watched by three sentinels: planned and unplanned failovers, and a primary that
// stood still and wakes beside its successor.
import { killWhileTheyLag } from '../../support/redis.js';
import { RedisSentinels } from '../../support/redis-sentinel.js';
import { type Backend, patientMs } from '../engines.js';
import type { Address } from '../messages.js';
import { anyPlace, type Scenario } from '../scenarios.js';
import { type OpenStore, openStore } from '../store.js';
import type { World } from '../world.js';

const replicas = 2;
/** Time for which a primary is silent before the sentinels call it down, in milliseconds. */
const downAfterMs = 1_000;

interface SentinelScenario extends Scenario<SentinelEngine> {
  /** Answers only what both replicas have. */
  readonly waits: boolean;
}

export class SentinelEngine implements Backend {
  readonly name = 'sentinel';
  readonly engine = 'redis';
  readonly clients = ['ioredis', 'node-redis'] as const;
  readonly path = undefined;
  readonly set: RedisSentinels;
  readonly waitReplicas: Backend['waitReplicas'];

  static async start({ waits }: Pick<SentinelScenario, 'waits'>): Promise<SentinelEngine> {
    const persistence = ['--appendonly', 'yes', '--appendfsync', 'always'];
    const limits = { downAfterMs, failoverTimeoutMs: 3_000 };
    return new SentinelEngine(await RedisSentinels.start({ replicas, ...limits, persistence }), waits);
  }

  private constructor(set: RedisSentinels, waits: boolean) {
    this.set = set;
    this.waitReplicas = waits ? { count: replicas, timeoutMs: 200 } : undefined;
  }

  address(): Address {
    return { sentinels: this.set.ports };
  }

  spaceOf(run: number): string {
    return `run_${run}`;
  }

  async prepare(space: string, recoveryMs: number): Promise<OpenStore> {
    await this.set.untilWhole();
    const { waitReplicas } = this;
    // The store of the checker has time, also for its replicas.
    const patient = waitReplicas && { ...waitReplicas, timeoutMs: patientMs / 2 };
    const setup = { engine: 'redis', client: 'ioredis', space, recoveryMs, waitReplicas: patient } as const;
    return openStore(setup, this.address(), patientMs);
  }

  close(): Promise<void> {
    return this.set[Symbol.asyncDispose]();
  }
}

export const sentinelScenarios: readonly SentinelScenario[] = [
  {
    name: 'planned',
    promise: 'lose nothing when Sentinel fails over as planned and one of them is killed',
    waits: true,
    forgets: false,
    run: async (world, { set }) => {
      await world.pass(100, 500);
      const place = anyPlace(world);
      const before = await set.current();
      world.fault(`planned failover, kill ${place.name}`);
      await set.failOver();
      await world.kill(place);
      await set.untilPromoted(before);
      await world.start(place);
      await set.untilWhole();
    },
  },
  {
    name: 'primary-killed',
    promise: 'lose nothing when their primary and one of them are killed and all replicas were waited for',
    waits: true,
    forgets: false,
    run: async (world, { set }) => {
      await world.pass(100, 500);
      const place = anyPlace(world);
      await killPrimary(world, set, world.random.chance(0.5), () => world.kill(place));
      await world.start(place);
    },
  },
  {
    name: 'primary-killed-unconfirmed',
    promise: 'restore their holds when a replica is promoted that lacks the last of them',
    waits: false,
    forgets: true,
    mayPayTwice: true,
    recoveryMs: 4_000,
    run: async (world, { set }) => {
      await world.pass(100, 500);
      world.isOlder = true;
      await world.lose(() => killPrimary(world, set, true, async () => {}));
    },
  },
  {
    name: 'primary-stalled',
    promise: 'promise nothing twice when a stalled primary wakes beside its successor and all replicas are waited for',
    waits: true,
    forgets: false,
    run: (world, { set }) => stall(world, set),
  },
  {
    name: 'primary-stalled-unconfirmed',
    promise: 'report the loss when a stalled primary wakes beside its successor',
    waits: false,
    forgets: true,
    mayPayTwice: true,
    mayOverspend: true,
    run: async (world, { set }) => {
      world.isOlder = true;
      await stall(world, set);
      world.mayLoseUntilNow();
    },
  },
];

/** Kills the primary, and starts it again when another one was promoted. */
async function killPrimary(
  world: World,
  set: RedisSentinels,
  lag: boolean,
  asWell: () => Promise<void>,
): Promise<void> {
  const primary = await set.current();
  const others = set.members.filter((member) => member !== primary).map(({ server }) => server);
  world.fault(lag ? 'kill the primary while its replicas lag' : 'kill the primary');
  if (lag) await killWhileTheyLag(primary.server, others, () => world.pass(100, 400));
  else await primary.server.kill();
  await asWell();
  await set.untilPromoted(primary);
  await primary.boot();
  await set.untilWhole();
}

async function stall(world: World, set: RedisSentinels): Promise<void> {
  await world.pass(100, 500);
  const primary = await set.current();
  world.fault('the primary stands still');
  primary.server.pause();
  await set.untilPromoted(primary);
  await world.pass(200, 1_500);
  world.note('it wakes');
  primary.server.resume();
  await set.untilFollows(primary);
  await set.untilWhole();
}
