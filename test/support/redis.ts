// Redis for tests: the local server, and temporary ones that can be stopped, flushed and killed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Clock } from 'payout-guard';
import { TimedScripts } from '../simulation/engines/timed-scripts.js';
import { killed } from './programs.js';

/** Far longer than a server takes to start, in milliseconds. */
const hangsAfterMs = 30_000;

/** Our own server on a unix socket, with an empty folder for its files. */
export class RedisServer {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'payout-guard-redis-'));
  readonly path: string = join(this.folder, 'socket');
  readonly #clients: Redis[] = [];
  #process: ChildProcess | undefined;
  #isPaused = false;
  /** An interrupted test run leaves no server behind. */
  readonly #onExit = () => this.#process?.kill('SIGKILL');

  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer();
    await server.boot(...options);
    return server;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** False also while it is paused. */
  get isResponding(): boolean {
    return this.isRunning && !this.#isPaused;
  }

  async boot(...options: string[]): Promise<void> {
    process.off('exit', this.#onExit).once('exit', this.#onExit);
    const plain = ['--port', '0', '--unixsocket', this.path, '--dir', this.folder, '--save', ''];
    const running = spawn('redis-server', [...plain, ...options], { stdio: 'ignore' });
    this.#process = running;
    this.#isPaused = false;
    const probe = new Redis({
      path: this.path,
      retryStrategy: () => 10,
      maxRetriesPerRequest: null,
    });
    probe.on('error', () => {});
    let isOver = false;
    const answers = async () => {
      while (!isOver && (await probe.ping().catch(() => '')) !== 'PONG') await sleep(10);
      return true;
    };
    const exits = once(running, 'exit').then(() => false);
    const isUp = await Promise.race([answers(), exits, sleep(hangsAfterMs, false, { ref: false })]);
    isOver = true;
    probe.disconnect();
    if (!isUp) throw new Error(`Redis did not start (exit code ${running.exitCode})`);
  }

  client(): Redis {
    const client = new Redis({ path: this.path, retryStrategy: () => 20 });
    client.on('error', () => {});
    this.#clients.push(client);
    return client;
  }

  /** Suspends the server, with its connections open, until it is resumed. */
  pause(): void {
    this.#isPaused = true;
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#isPaused = false;
    this.#process?.kill('SIGCONT');
  }

  /** Kills the server, as in a crash: it writes nothing before it ends. */
  async kill(): Promise<void> {
    await killed(this.#process);
  }

  /** Deletes the data of a killed server. */
  wipe(): void {
    for (const file of readdirSync(this.folder)) rmSync(join(this.folder, file), { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.kill();
    process.off('exit', this.#onExit);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Kills a primary whose replicas lack its writes during `lag`: they are cut off until it is dead. */
export async function killWhileTheyLag(
  primary: RedisServer,
  replicas: readonly RedisServer[],
  lag: () => Promise<unknown>,
): Promise<void> {
  for (const replica of replicas) replica.pause();
  await primary.client().call('CLIENT', ['KILL', 'TYPE', 'REPLICA']);
  await lag();
  await primary.kill();
  for (const replica of replicas) replica.resume();
}

/**
 * Finds a free port, below the range that systems assign to clients: a client could take the port of a server that is
 * down for a moment.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(12_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('no port is free');
}

/** True if there is a Redis to test with. Without one, the tests are skipped with a notice. On CI that is a failure. */
export const hasRedis: boolean = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis) {
  if (process.env.CI) throw new Error('redis-server is not on the PATH: the tests of the Redis store cannot run');
  console.warn('redis-server is not on the PATH: the tests of the Redis store are SKIPPED');
}

/** The connection options of the shared server, or of a temporary one where none responds. */
export async function sharedRedis(): Promise<{ url?: string; path?: string; server?: RedisServer }> {
  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
  const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 500 });
  probe.on('error', () => {});
  try {
    await probe.connect();
    return { url };
  } catch {
    const server = await RedisServer.start();
    return { path: server.path, server };
  } finally {
    probe.disconnect();
  }
}

/** Sends the commands of a store whose scripts read this clock instead of the server's. */
export function timed(send: (args: string[]) => Promise<unknown>, clock: Clock): (args: string[]) => Promise<unknown> {
  const scripts = new TimedScripts();
  const digests = { timed: new Set<string>(), timeless: new Set<string>() };
  return async (args) => {
    const [name, script = ''] = args;
    if (name !== 'EVAL' && name !== 'EVALSHA') return send(args);
    if (name === 'EVAL') {
      const isTimed = script.includes("call('TIME')");
      digests[isTimed ? 'timed' : 'timeless'].add(createHash('sha1').update(script).digest('hex'));
      return send(isTimed ? scripts.timed(args, clock.now()) : args);
    }
    if (digests.timeless.has(script)) return send(args);
    // The server may have the original script, from a store that reads the server's own clock.
    if (!digests.timed.has(script)) throw new Error('NOSCRIPT not known with this clock');
    return send(scripts.timed(args, clock.now()));
  };
}

export function freshPrefix(): string {
  return `pg-test-${randomUUID()}`;
}

/** Deletes all keys of a store. */
export async function cleanUp(client: Redis, prefix: string): Promise<void> {
  const keys = await keysOf(client, prefix);
  for (let from = 0; from < keys.length; from += 1_000) await client.unlink(...keys.slice(from, from + 1_000));
}

export async function keysOf(client: Redis, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const some of client.scanStream({ match: `*${prefix}*`, count: 1_000 })) keys.push(...(some as string[]));
  return keys;
}
