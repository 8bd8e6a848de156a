// PgBouncer in transaction mode in front of a temporary PostgreSQL.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { owner, type PostgresServer } from './postgres.js';
import { killed } from './programs.js';

/** True if PgBouncer is installed. Debian's package is `pgbouncer`. */
export const hasPgBouncer: boolean = spawnSync('pgbouncer', ['--version']).status === 0;

/** Part of the socket's name. Nothing listens on a TCP port. */
const port = 6432;

export class PgBouncer {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'payout-guard-pgbouncer-'));
  readonly path: string = join(this.folder, `.s.PGSQL.${port}`);
  readonly #file = join(this.folder, 'pgbouncer.ini');
  #process: ChildProcess | undefined;
  /** An interrupted test run leaves no process behind. */
  readonly #onExit = () => this.#process?.kill('SIGKILL');

  static async start(server: PostgresServer): Promise<PgBouncer> {
    const pooler = new PgBouncer();
    const lines = [
      '[databases]',
      `postgres = host=${server.folder} port=5432 user=root`,
      '[pgbouncer]',
      'listen_addr =',
      `listen_port = ${port}`,
      `unix_socket_dir = ${pooler.folder}`,
      'auth_type = any',
      'pool_mode = transaction',
      // Fewer than the clients' connections, so that transactions of several processes share one.
      'default_pool_size = 4',
      'server_login_retry = 1',
    ];
    writeFileSync(pooler.#file, `${lines.join('\n')}\n`);
    if (owner) for (const path of [pooler.folder, pooler.#file]) chownSync(path, owner.uid, owner.gid);
    await pooler.boot();
    return pooler;
  }

  async boot(): Promise<void> {
    process.off('exit', this.#onExit).once('exit', this.#onExit);
    rmSync(this.path, { force: true });
    const running = spawn('pgbouncer', ['-q', this.#file], { cwd: this.folder, ...owner, stdio: 'ignore' });
    this.#process = running;
    for (let tries = 0; tries < 500 && running.exitCode === null; tries++) {
      if (await this.#answers()) return;
      await sleep(20);
    }
    throw new Error(`PgBouncer did not start (exit code ${running.exitCode})`);
  }

  /** Kills the process, as in a crash. */
  async kill(): Promise<void> {
    await killed(this.#process);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    process.off('exit', this.#onExit);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const where = { host: this.folder, port, user: 'root', database: 'postgres' };
    const client = new pg.Client({ ...where, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } catch {
      return false;
    } finally {
      await client.end();
    }
  }
}
