// A PostgreSQL for tests: the one of DATABASE_URL, one that answers on this machine, or one that is started and thrown away.
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface TestDatabase {
  /** A pool of its own: another process, as far as the database can tell. */
  pool(options?: pg.PoolConfig): pg.Pool;
  /** Ends all pools and drops the database. */
  drop(): Promise<void>;
}

/** A database of its own, or undefined, said loudly, where there is no PostgreSQL. @throws with CI set, instead. */
export async function testDatabase(): Promise<TestDatabase | undefined> {
  const server = (await answering()) ?? (await started());
  if (!server) {
    const problem =
      'No PostgreSQL: DATABASE_URL is not set, none answers at 127.0.0.1:5432, and initdb is not in the PATH.';
    if (process.env.CI) throw new Error(problem);
    console.warn(`${problem} These tests are SKIPPED.`);
    return undefined;
  }
  const database = `payout_guard_${randomUUID().replaceAll('-', '')}`;
  await onServer(server.config, `CREATE DATABASE ${database}`);
  const pools: pg.Pool[] = [];
  return {
    pool: (options = {}) => {
      const { connectionString, ...rest } = server.config;
      const target = connectionString
        ? { connectionString: withDatabase(connectionString, database) }
        : { ...rest, database };
      const pool = new pg.Pool({ ...target, ...options });
      // Connections are cut on purpose at the end.
      pool.on('error', () => {});
      pools.push(pool);
      return pool;
    },
    drop: async () => {
      // Not awaited: a failed test may have kept a connection, which is cut below.
      const ended = pools.map((pool) => (pool.ended ? undefined : pool.end().catch(() => {})));
      await Promise.race([Promise.all(ended), sleep(1_000)]);
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
  const folder = mkdtempSync(join(tmpdir(), 'payout-guard-postgres-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync('initdb', ['-D', join(folder, 'data'), '-U', 'root', '-A', 'trust', '-N'], { stdio: 'ignore' });
  } catch {
    remove();
    return undefined;
  }
  const server = spawn('postgres', ['-D', join(folder, 'data'), '-k', folder, '-h', ''], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const config = { host: folder, user: 'root', database: 'postgres' };
  for (let tries = 0; ; tries++) {
    try {
      await onServer(config, 'SELECT 1');
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(100);
    }
  }
  return {
    config,
    stop: async () => {
      server.kill('SIGINT');
      await exited;
      remove();
    },
  };
}

async function onServer(config: pg.PoolConfig, text: string): Promise<void> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: 2_000 });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

function withDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${database}`;
  return url.href;
}
