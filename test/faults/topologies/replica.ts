// A PostgreSQL primary that dies, and a standby that is promoted at once. The processes' proxies follow the primary.
import { PostgresServer } from '../../support/postgres.js';
import { type Backend, byProxy, patientMs } from '../engines.js';
import { EngineProxy } from '../proxy.js';
import { anyPlace, type Scenario } from '../scenarios.js';
import { type OpenStore, openPostgres } from '../store.js';
import type { World } from '../world.js';

interface ReplicaScenario extends Scenario<ReplicaEngine> {
  /** A commit waits for the standby. */
  readonly isSynchronous: boolean;
}

export class ReplicaEngine implements Backend {
  readonly name = 'replica';
  readonly engine = 'postgres';
  readonly clients = ['pg', 'postgres.js'] as const;
  readonly address: Backend['address'] = byProxy;
  readonly #isSynchronous: boolean;
  /** The way of the checker to the primary. */
  readonly #front: EngineProxy;
  #primary: PostgresServer;
  #standby: PostgresServer | undefined;

  static async start({ isSynchronous }: Pick<ReplicaScenario, 'isSynchronous'>): Promise<ReplicaEngine> {
    const primary = await PostgresServer.start();
    if (!primary) throw new Error('there is no initdb');
    return new ReplicaEngine(primary, await EngineProxy.open(primary.path), isSynchronous);
  }

  private constructor(primary: PostgresServer, front: EngineProxy, isSynchronous: boolean) {
    this.#primary = primary;
    this.#front = front;
    this.#isSynchronous = isSynchronous;
  }

  get path(): string {
    return this.#primary.path;
  }

  spaceOf(run: number): string {
    return `run_${run}`;
  }

  async prepare(space: string, recoveryMs: number): Promise<OpenStore> {
    this.#standby ??= await this.#primary.standby();
    // Only now: a commit would wait for a standby that is not there.
    if (this.#isSynchronous) await this.#primary.set('synchronous_standby_names', '*');
    const opened = openPostgres(space, byProxy(this.#front.port), { recoveryMs, deadlineMs: patientMs });
    await opened.store.migrate();
    return opened;
  }

  /** Ends the stream to the standby: from now on it lacks what the primary writes. */
  async cutStream(): Promise<void> {
    await this.#standby?.set('primary_conninfo', '');
  }

  /** Ends the primary as a crash would, and makes the standby one. */
  async failOver(world: World): Promise<void> {
    const [old, next] = [this.#primary, this.#standby];
    if (!next) throw new Error('there is no standby');
    await old.kill();
    await next.promote();
    this.#primary = next;
    this.#standby = undefined;
    for (const proxy of [this.#front, ...world.places.map((place) => place.proxy)]) proxy.follow(next.path);
    await old[Symbol.asyncDispose]();
  }

  async close(): Promise<void> {
    await this.#front.close();
    await this.#standby?.[Symbol.asyncDispose]();
    await this.#primary[Symbol.asyncDispose]();
  }
}

export const replicaScenarios: readonly ReplicaScenario[] = [
  {
    name: 'synchronous',
    promise: 'lose nothing when their primary and one of them are killed and a synchronous standby is promoted',
    isSynchronous: true,
    forgets: false,
    run: async (world, engine) => {
      await world.pass(100, 500);
      const lags = world.random.chance(0.5);
      const place = anyPlace(world);
      world.fault(`kill the primary${lags ? ' while its standby lags' : ''}, kill ${place.name}`);
      if (lags) {
        await engine.cutStream();
        await world.pass(100, 400);
      }
      await world.kill(place);
      await engine.failOver(world);
      await world.start(place);
    },
  },
  {
    name: 'asynchronous',
    promise: 'restore their holds when an asynchronous standby is promoted that lacks the last of them',
    isSynchronous: false,
    forgets: true,
    mayPayTwice: true,
    recoveryMs: 3_000,
    run: async (world, engine) => {
      await world.pass(100, 500);
      world.isOlder = true;
      await world.lose(async () => {
        world.fault('kill the primary while its standby lags');
        await engine.cutStream();
        await world.pass(100, 400);
        await engine.failOver(world);
      });
    },
  },
];
