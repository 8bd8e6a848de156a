// PgBouncer in transaction mode between the processes and PostgreSQL: either of them restarts, connections are cut.
import { PgBouncer } from '../../support/pgbouncer.js';
import { PostgresServer } from '../../support/postgres.js';
import { type Backend, byProxy, patientMs } from '../engines.js';
import { anyPlace, type Scenario, troubleNetwork } from '../scenarios.js';
import { type OpenStore, openPostgres } from '../store.js';

export class BouncerEngine implements Backend {
  readonly name = 'pgbouncer';
  readonly engine = 'postgres';
  readonly clients = ['pg', 'postgres.js'] as const;
  readonly address: Backend['address'] = byProxy;
  readonly server: PostgresServer;
  readonly pooler: PgBouncer;

  static async start(): Promise<BouncerEngine> {
    const server = await PostgresServer.start();
    if (!server) throw new Error('there is no initdb');
    return new BouncerEngine(server, await PgBouncer.start(server));
  }

  private constructor(server: PostgresServer, pooler: PgBouncer) {
    this.server = server;
    this.pooler = pooler;
  }

  get path(): string {
    return this.pooler.path;
  }

  spaceOf(run: number): string {
    return `run_${run}`;
  }

  async prepare(space: string, recoveryMs: number): Promise<OpenStore> {
    const opened = openPostgres(space, { path: this.server.folder }, { recoveryMs, deadlineMs: patientMs });
    await opened.store.migrate();
    return opened;
  }

  async close(): Promise<void> {
    await this.pooler[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

export const bouncerScenarios: readonly Scenario<BouncerEngine>[] = [
  {
    name: 'restart-engine',
    promise: 'lose nothing when the engine and one of them are killed and it restarts with its data',
    forgets: false,
    run: async (world, { server }) => {
      await world.pass(100, 500);
      const place = anyPlace(world);
      world.fault(`kill engine, kill ${place.name}`);
      await server.kill();
      await world.kill(place);
      await world.pass(0, 300);
      await server.boot();
      await world.start(place);
    },
  },
  {
    name: 'restart-pooler',
    promise: 'lose nothing when the pooler is killed and starts again',
    forgets: false,
    run: async (world, { pooler }) => {
      await world.pass(100, 500);
      world.fault('kill pooler');
      await pooler.kill();
      await world.pass(0, 300);
      await pooler.boot();
    },
  },
  {
    name: 'cut-connections',
    promise: 'approve nothing without an answer of the engine, whatever side of the pooler is cut',
    forgets: false,
    run: async (world, { server }) => {
      for (let faults = world.random.between(2, 4); faults > 0; faults--) {
        await world.pass(50, 250);
        if (world.random.chance(0.5)) await troubleNetwork(world);
        else {
          world.note('cut pooler from engine');
          await server.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
          );
        }
      }
    },
  },
];
