// PostgreSQL, as a server and as PGlite, in our own database. Its stores have one function that reads the server's
// clock. Here it reads the last time set on the connection.
import { PGlite } from '@electric-sql/pglite';
import type { Clock, HoldStore } from 'payout-guard';
import { type PostgresClient, postgresStore } from 'payout-guard/stores/postgres';
import { testDatabase } from '../../support/postgres.js';
import type { EngineName, Flaws, Line, RealEngine, StoreOptions } from './engine.js';

const schema = 'simulation';

export async function startPostgres(): Promise<RealEngine | undefined> {
  const database = await testDatabase();
  if (!database) return undefined;
  // Data lost in a crash of the server is not part of the histories.
  const options = '-c synchronous_commit=off';
  const connect = () => database.pool({ max: 1, idleTimeoutMillis: 0, options });
  return RealPostgres.start('postgres', connect, () => database.drop());
}

export async function startPGlite(): Promise<RealEngine> {
  const embedded = new PGlite();
  return RealPostgres.start(
    'pglite',
    () => embedded,
    () => embedded.close(),
  );
}

class RealPostgres implements RealEngine {
  readonly name: EngineName;
  readonly resends = false;
  readonly close: () => Promise<void>;
  readonly #connect: () => PostgresClient;
  readonly #admin: PostgresClient;
  readonly #clients: TimedClient[] = [];
  readonly #connections = new Map<PostgresClient, TimedClient>();
  #used = 0;

  private constructor(name: EngineName, connect: () => PostgresClient, close: () => Promise<void>) {
    this.name = name;
    this.close = close;
    this.#connect = connect;
    this.#admin = connect();
  }

  static async start(
    name: EngineName,
    connect: () => PostgresClient,
    close: () => Promise<void>,
  ): Promise<RealPostgres> {
    const engine = new RealPostgres(name, connect, close);
    await postgresStore({ pool: engine.#admin, schema }).migrate();
    await engine.#admin.query(
      `CREATE OR REPLACE FUNCTION ${schema}.server_ms() RETURNS bigint LANGUAGE sql VOLATILE
       AS $$ SELECT current_setting('simulation.now_ms')::bigint $$`,
      [],
    );
    await engine.reset();
    return engine;
  }

  open(clock: Clock, options: StoreOptions, line: Line, flaws: Flaws = {}): HoldStore {
    const client = this.#freeClient();
    const query: PostgresClient['query'] = (text, values) => {
      const isBatch = text.includes('run_batch');
      return line.send(nameOf(text), isBatch ? 'batch' : 'other', async () => {
        if (isBatch && flaws.forgetsTime) await this.#forgetTime();
        return client.query(clock.now(), text, isBatch ? withHeader(values, flaws) : values);
      });
    };
    return postgresStore({ ...options, pool: { query }, schema });
  }

  async forget(): Promise<void> {
    await this.#admin.query(
      `TRUNCATE ${schema}.store, ${schema}.wallets, ${schema}.holds, ${schema}.notes, ${schema}.day_counters`,
      [],
    );
  }

  async #forgetTime(): Promise<void> {
    await this.#admin.query(`UPDATE ${schema}.wallets SET clock_ms = 0`, []);
    await this.#admin.query(`UPDATE ${schema}.store SET offset_ms = 0`, []);
  }

  // Not TRUNCATE, after which each connection plans all its statements again.
  async reset(): Promise<void> {
    for (const table of ['store', 'wallets', 'holds', 'notes', 'day_counters'])
      await this.#admin.query(`DELETE FROM ${schema}.${table}`, []);
    this.#used = 0;
  }

  #freeClient(): TimedClient {
    const client = this.#clients[this.#used] ?? this.#timed(this.#connect());
    this.#clients[this.#used++] = client;
    return client;
  }

  #timed(client: PostgresClient): TimedClient {
    const known = this.#connections.get(client) ?? new TimedClient(client);
    this.#connections.set(client, known);
    return known;
  }
}

/** A connection that gets the time before each request. PGlite has one for all stores. */
class TimedClient {
  readonly #client: PostgresClient;
  #toldMs: number | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: PostgresClient) {
    this.#client = client;
  }

  /** One request at a time: another one must not set its own time in between. */
  query(nowMs: number, text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }> {
    const answer = this.#last.then(async () => {
      if (this.#toldMs !== nowMs) await this.#client.query(`SET simulation.now_ms = ${nowMs}`, []);
      this.#toldMs = nowMs;
      return this.#client.query(text, values);
    });
    this.#last = answer.catch(() => {});
    return answer;
  }
}

/** The deadline of a batch is the argument before the last. */
function withHeader(values: unknown[], { notAfterMs }: Flaws): unknown[] {
  const last = values.at(-2);
  return notAfterMs && typeof last === 'number' ? values.with(-2, notAfterMs(last)) : values;
}

/** For the event log: the function or the first words. */
function nameOf(text: string): string {
  return /run_batch|pg_is_in_recovery|claim|notes/.exec(text)?.[0] ?? 'list';
}
