// PostgreSQL for tests: the server of DATABASE_URL, a local server, or a temporary one. Temporary servers may be
// killed, truncated and set back in time. Also a clock for a store that only the test moves.
import { type ChildProcess, execFile, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

/** The time after which a tool of the server counts as hanging, in milliseconds. */
const toolHangsAfterMs = 60_000;

/** Our own cluster on a unix socket, with its data in a temporary folder. */
export class PostgresServer {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'payout-guard-postgres-'));
  readonly path: string = join(this.folder, '.s.PGSQL.5432');
  readonly config: pg.PoolConfig = { host: this.folder, user: 'root', database: 'postgres' };
  readonly #data = join(this.folder, 'data');
  #process: ChildProcess | undefined;
  /** An interrupted test run leaves no process behind: the postmaster ends its processes at once and exits. */
  readonly #onExit = () => this.#process?.kill('SIGQUIT');

  /** Starts a server. Undefined where there is no initdb. @throws when initdb, or the server, does not work. */
  static async start(...options: string[]): Promise<PostgresServer | undefined> {
    if (!hasInitdb) return undefined;
    const server = new PostgresServer();
    try {
      if (owner) chownSync(server.folder, owner.uid, owner.gid);
      const initdb = ['-D', server.#data, '-U', 'root', '-A', 'trust', '-N', '--wal-segsize=1'];
      execFileSync(program('initdb'), initdb, { ...server.#asOwner, stdio: 'pipe' });
      await server.boot(...options);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a replica of this server. Resolves when it follows the primary. */
  async standby(): Promise<PostgresServer> {
    const standby = new PostgresServer();
    try {
      if (owner) chownSync(standby.folder, owner.uid, owner.gid);
      const copy = ['-h', this.folder, '-U', 'root', '-D', standby.#data, '-R', '-X', 'stream', '-c', 'fast'];
      await standby.#run('pg_basebackup', copy);
      await standby.boot();
      for (let tries = 0; (await this.query(streaming)).length === 0; tries++) {
        if (tries === 500) throw new Error('the replica does not follow the primary');
        await sleep(20);
      }
      return standby;
    } catch (error) {
      await standby[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Makes a replica a primary, even if it lacks data. Resolves when it is one. */
  async promote(): Promise<void> {
    await this.#run('pg_ctl', ['promote', '-D', this.#data, '-w', '-t', '30']);
  }

  query(text: string): Promise<readonly unknown[]> {
    return onServer(this.config, text);
  }

  /** Changes a setting of the running server. */
  async set(name: string, value: string): Promise<void> {
    await this.query(`ALTER SYSTEM SET ${name} = '${value}'`);
    await this.query('SELECT pg_reload_conf()');
  }

  async #run(name: string, args: readonly string[]): Promise<void> {
    await run(program(name), args, { ...this.#asOwner, timeout: toolHangsAfterMs, killSignal: 'SIGKILL' });
  }

  async boot(...options: string[]): Promise<void> {
    process.off('exit', this.#onExit).once('exit', this.#onExit);
    // Left behind by a kill. Its process has ended, and another process may have the same number by now.
    rmSync(join(this.#data, 'postmaster.pid'), { force: true });
    const args = ['-D', this.#data, '-k', this.folder, '-h', '', '-c', 'shared_buffers=16MB', ...options];
    const running = spawn(program('postgres'), args, { ...this.#asOwner, stdio: 'ignore' });
    this.#process = running;
    for (let tries = 0; tries < 500; tries++) {
      if (running.exitCode !== null) break;
      try {
        await onServer(this.config, 'SELECT 1');
        return;
      } catch {
        await sleep(20);
      }
    }
    throw new Error(`PostgreSQL did not start (exit code ${running.exitCode})`);
  }

  /** Kills the postmaster and all of its processes at once, as in a crash. */
  async kill(): Promise<void> {
    const running = this.#process;
    if (!running?.pid || running.exitCode !== null || running.signalCode !== null) return;
    // Each process is in its own process group, and would live on until it detects the end of the postmaster. The
    // postmaster is stopped first, so that it starts no other.
    running.kill('SIGSTOP');
    const children = spawnSync('pgrep', ['-P', `${running.pid}`], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    for (const pid of children) killNow(Number(pid));
    await exited;
    while (children.some((pid) => isRunning(Number(pid)))) await sleep(5);
  }

  /** Keeps a copy of the data of a killed server. */
  saveCopy(): void {
    rmSync(this.#copy, { recursive: true, force: true });
    execFileSync('cp', ['-a', this.#data, this.#copy]);
  }

  /** Restores the copy of a killed server. */
  restoreCopy(): void {
    rmSync(this.#data, { recursive: true, force: true });
    execFileSync('cp', ['-a', this.#copy, this.#data]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    process.off('exit', this.#onExit);
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #copy(): string {
    return join(this.folder, 'copy');
  }

  get #asOwner(): SpawnOptions & { cwd: string } {
    return { cwd: this.folder, ...owner };
  }
}

const streaming = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'";

/** PostgreSQL and PgBouncer refuse to run as root. As root, tests run them as the package's user, or unprivileged. */
export const owner: { readonly uid: number; readonly gid: number } | undefined =
  process.getuid?.() === 0 ? (userNamed('postgres') ?? userNamed('nobody')) : undefined;

function userNamed(name: string): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return line === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** Finds a program on the PATH, or where packages put the programs of a server without linking them. */
export function program(name: string): string {
  const inPath = (process.env.PATH ?? '').split(delimiter);
  const packaged = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt'].flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .reverse()
          .map((version) => join(folder, version, 'bin'))
      : [],
  );
  const folders = [...inPath, ...packaged, '/usr/local/pgsql/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? name;
}

/** True if temporary servers can be started here. */
export const hasInitdb: boolean = spawnSync(program('initdb'), ['--version']).status === 0;

function killNow(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** True if a process runs. A zombie process does not count. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

export interface TestDatabase {
  /** For clients other than pg. */
  readonly config: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password?: string;
    readonly database: string;
  };
  /** Opens its own pool, which the database cannot distinguish from another process. */
  pool(options?: pg.PoolConfig): pg.Pool;
  /** Ends all pools and drops the database. */
  drop(): Promise<void>;
}

/** Creates its own database. Undefined, with a notice, where there is no PostgreSQL. @throws with CI set, instead. */
export async function testDatabase(): Promise<TestDatabase | undefined> {
  const server = (await answering()) ?? (await started());
  if (!server) {
    const problem = 'No PostgreSQL: DATABASE_URL is not set, none answers at 127.0.0.1:5432, and there is no initdb.';
    if (process.env.CI) throw new Error(problem);
    console.warn(`${problem} These tests are SKIPPED.`);
    return undefined;
  }
  const database = `payout_guard_${randomUUID().replaceAll('-', '')}`;
  await onServer(server.config, `CREATE DATABASE ${database}`);
  const pools: pg.Pool[] = [];
  const { connectionString, ...rest } = server.config;
  const target = connectionString
    ? { connectionString: withDatabase(connectionString, database) }
    : { ...rest, database };
  const { host, port, user = '', password } = new pg.Client(target);
  return {
    config: { host, port, user, database, ...(password ? { password } : {}) },
    pool: (options = {}) => {
      const pool = new pg.Pool({ ...target, ...options });
      // Connections are cut on purpose at the end.
      pool.on('error', () => {});
      pools.push(pool);
      return pool;
    },
    drop: async () => {
      // Not awaited, because a failed test may have kept a connection. It is cut below.
      const ended = pools.map((pool) => (pool.ended ? undefined : pool.end().catch(() => {})));
      await Promise.race([Promise.all(ended), sleep(1_000, undefined, { ref: false })]);
      await onServer(server.config, `DROP DATABASE ${database} WITH (FORCE)`);
      await server.stop();
    },
  };
}

interface Server {
  readonly config: pg.PoolConfig;
  stop(): Promise<void>;
}

async function answering(): Promise<Server | undefined> {
  const { DATABASE_URL: connectionString } = process.env;
  const config = connectionString
    ? { connectionString }
    : { host: '127.0.0.1', port: 5432, user: 'root', database: 'postgres' };
  try {
    await onServer(config, 'SELECT 1');
    return { config, stop: async () => {} };
  } catch (error) {
    if (connectionString) throw error;
    return undefined;
  }
}

async function started(): Promise<Server | undefined> {
  const server = await PostgresServer.start();
  return server && { config: server.config, stop: () => server[Symbol.asyncDispose]() };
}

async function onServer(config: pg.PoolConfig, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: 2_000 });
  await client.connect();
  const { rows } = await client.query(text).finally(() => client.end());
  return rows;
}

function withDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${database}`;
  return url.href;
}
