// A throw-away Redis, PostgreSQL or SQLite file, and the faults it may have.
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Redis } from 'ioredis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { PostgresServer } from '../support/postgres.js';
import { RedisServer } from '../support/redis.js';
import { folderInMemory } from '../support/sqlite.js';
import type { Address, ClientName, EngineName } from './messages.js';
import { type OpenStore, openPostgres, openStore } from './store.js';

/** The deadline of the store that the checker reads, in milliseconds: it is in no hurry. */
export const patientMs = 10_000;

/** The part of an engine that processes and the checker need, however many servers it has. */
export interface Backend {
  /** Name in the results. */
  readonly name: string;
  readonly engine: EngineName;
  /** Those that processes use, in turn. */
  readonly clients: readonly ClientName[];
  readonly waitReplicas?: { readonly count: number; readonly timeoutMs: number } | undefined;
  /** The unix socket behind the proxies of the processes; undefined where they reach it without one. */
  readonly path: string | undefined;
  /** Address for a process whose own proxy has this port. */
  address(proxyPort: number): Address;
  /** The name of a store of its own. */
  spaceOf(run: number): string;
  /** Makes room for a store, and opens it for the checker. */
  prepare(space: string, recoveryMs: number): Promise<OpenStore>;
  close(): Promise<void>;
}

/** One server, or a file. */
export interface Engine extends Backend {
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again with the data it has. */
  boot(): Promise<void>;
  /** Starts it again with nothing. */
  bootEmpty(space: string): Promise<void>;
  /** Deletes everything while it runs. */
  flush(space: string): Promise<void>;
  /** Copies the data as it is now. */
  saveCopy(): Promise<void>;
  /** Starts it again with the copy of the data. */
  bootOlder(): Promise<void>;
}

/** The address of a proxy. */
export const byProxy = (port: number): Address => ({ host: '127.0.0.1', port });

/** @param isDurable - Whether Redis writes to disk before it answers. PostgreSQL always does. */
export async function startEngine(name: EngineName, isDurable: boolean): Promise<Engine> {
  if (name === 'sqlite') return new SqliteEngine();
  return name === 'redis' ? RedisEngine.start(isDurable) : PostgresEngine.start();
}

class RedisEngine implements Engine {
  readonly name = 'redis';
  readonly engine = 'redis';
  readonly clients = ['ioredis', 'node-redis'] as const;
  readonly address = byProxy;
  readonly #server: RedisServer;
  readonly #options: readonly string[];
  readonly #admin: Redis;

  static async start(isDurable: boolean): Promise<RedisEngine> {
    const options = isDurable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
    return new RedisEngine(await RedisServer.start(...options), options);
  }

  private constructor(server: RedisServer, options: readonly string[]) {
    this.#server = server;
    this.#options = options;
    this.#admin = server.client();
  }

  spaceOf(run: number): string {
    return `run_${run}`;
  }

  get path(): string {
    return this.#server.path;
  }

  async prepare(space: string, recoveryMs: number): Promise<OpenStore> {
    return openStore({ engine: 'redis', space, recoveryMs, client: 'ioredis' }, this.#server, patientMs);
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  boot(): Promise<void> {
    return this.#server.boot(...this.#options);
  }

  async bootEmpty(): Promise<void> {
    this.#server.wipe();
    await this.boot();
  }

  async flush(): Promise<void> {
    await this.#admin.flushall();
  }

  async saveCopy(): Promise<void> {
    await this.#admin.save();
  }

  /** Redis starts with the data that was saved last. */
  bootOlder(): Promise<void> {
    return this.boot();
  }

  close(): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

class PostgresEngine implements Engine {
  readonly name = 'postgres';
  readonly engine = 'postgres';
  readonly clients = ['pg'] as const;
  readonly address = byProxy;
  readonly #server: PostgresServer;

  static async start(): Promise<PostgresEngine> {
    const server = await PostgresServer.start();
    if (!server) throw new Error('there is no initdb');
    return new PostgresEngine(server);
  }

  private constructor(server: PostgresServer) {
    this.#server = server;
  }

  spaceOf(run: number): string {
    return `run_${run}`;
  }

  get path(): string {
    return this.#server.path;
  }

  async prepare(space: string, recoveryMs: number): Promise<OpenStore> {
    const opened = openPostgres(space, { path: this.#server.folder }, { recoveryMs, deadlineMs: patientMs });
    await opened.store.migrate();
    return opened;
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  boot(): Promise<void> {
    return this.#server.boot();
  }

  async bootEmpty(space: string): Promise<void> {
    await this.boot();
    await this.flush(space);
  }

  async flush(space: string): Promise<void> {
    const tables = await this.#server.query(
      `SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') AS names
       FROM pg_tables WHERE schemaname = '${space}' AND tablename <> 'migrations'`,
    );
    await this.#server.query(`TRUNCATE ${(tables[0] as { names: string }).names}`);
  }

  async saveCopy(): Promise<void> {
    await this.kill();
    this.#server.saveCopy();
    await this.boot();
  }

  async bootOlder(): Promise<void> {
    this.#server.restoreCopy();
    await this.boot();
  }

  close(): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

/** There is no server: a crash is one of a process, and what is killed here is the file, which is gone for a while. */
class SqliteEngine implements Engine {
  readonly name = 'sqlite';
  readonly engine = 'sqlite';
  readonly clients = ['better-sqlite3'] as const;
  readonly address = byProxy;
  readonly path = undefined;
  readonly #folder = folderInMemory();
  #file = '';

  spaceOf(run: number): string {
    return join(this.#folder, `payouts-run_${run}`);
  }

  async prepare(space: string, recoveryMs: number): Promise<OpenStore> {
    this.#file = space;
    return openStore({ engine: 'sqlite', space, recoveryMs, client: 'better-sqlite3' }, { path: '' }, patientMs);
  }

  async kill(): Promise<void> {
    renameSync(this.#file, `${this.#file}.away`);
  }

  async boot(): Promise<void> {
    renameSync(`${this.#file}.away`, this.#file);
  }

  async bootEmpty(): Promise<void> {
    throw new Error('a file that is gone is not begun anew while processes live');
  }

  async flush(): Promise<void> {
    throw new Error('a file has no flush');
  }

  async saveCopy(): Promise<void> {
    const database = new Database(this.#file);
    await database.backup(`${this.#file}.copy`);
    database.close();
  }

  /** As an operator does it, although the processes still live; and the step after it. */
  async bootOlder(): Promise<void> {
    for (const ending of ['-wal', '-shm']) rmSync(`${this.#file}${ending}`, { force: true });
    renameSync(`${this.#file}.copy`, this.#file);
    const operator = sqliteStore({ file: this.#file, deadlineMs: patientMs });
    await operator.reconciled();
    await operator.close();
  }

  async close(): Promise<void> {
    rmSync(this.#folder, { recursive: true });
  }
}
