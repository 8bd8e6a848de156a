// A primary with replicas, watched by sentinels that fail over.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisClient } from 'payout-guard/stores/redis';
import { freePort, RedisServer } from './redis.js';
import { ioredisSentinel, watchedName as name, nodeRedisSentinel } from './redis-clients.js';

export interface Member {
  readonly port: number;
  readonly server: RedisServer;
  readonly admin: Redis;
  /**
   * Starts it again after a kill, with the data it has: as a primary, until the sentinels make it a replica of another
   * one.
   */
  boot(): Promise<void>;
}

interface SentinelOptions {
  readonly replicas: number;
  readonly downAfterMs?: number;
  /** The next failover begins after twice as long at the earliest. */
  readonly failoverTimeoutMs?: number;
  readonly persistence?: readonly string[];
}

export class RedisSentinels {
  /** The first one is the primary when it starts. */
  readonly members: Member[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'payout-guard-sentinel-'));
  readonly #sentinels: { process: ChildProcess; port: number; admin: Redis }[] = [];
  readonly #closing: (() => unknown)[] = [];
  readonly #onExit = () => {
    for (const { process } of this.#sentinels) process.kill('SIGKILL');
  };

  static async start(options: SentinelOptions): Promise<RedisSentinels> {
    const { replicas, downAfterMs = 500, failoverTimeoutMs = 5_000, persistence = [] } = options;
    const set = new RedisSentinels();
    process.once('exit', set.#onExit);
    const primary = await set.#member(persistence);
    for (let index = 0; index < replicas; index++) await set.#member(persistence, `127.0.0.1 ${primary.port}`);
    await until(async () => online(await primary.admin.info('replication')) === replicas);
    for (let index = 0; index < 3; index++) await set.#sentinel(primary.port, downAfterMs, failoverTimeoutMs);
    await set.untilWhole();
    return set;
  }

  async #member(persistence: readonly string[], primary?: string): Promise<Member> {
    const port = await freePort();
    const options = ['--bind', '127.0.0.1', '--port', `${port}`, '--repl-diskless-sync-delay', '0', ...persistence];
    const server = await RedisServer.start(...options, ...(primary ? ['--replicaof', primary] : []));
    const member = { port, server, admin: server.client(), boot: () => server.boot(...options) };
    this.members.push(member);
    return member;
  }

  async #sentinel(primaryPort: number, downAfterMs: number, failoverTimeoutMs: number): Promise<void> {
    const port = await freePort();
    const file = join(this.#folder, `${port}.conf`);
    const lines = [
      'bind 127.0.0.1',
      `port ${port}`,
      `dir ${this.#folder}`,
      `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
      `sentinel failover-timeout ${name} ${failoverTimeoutMs}`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
    const admin = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, enableReadyCheck: false });
    admin.on('error', () => {});
    this.#sentinels.push({ process: child, port, admin });
    await until(async () => (await admin.ping()) === 'PONG');
  }

  get primary(): Member {
    return this.members[0] as Member;
  }

  get replicas(): readonly Member[] {
    return this.members.slice(1);
  }

  /** Those of the sentinels. */
  get ports(): number[] {
    return this.#sentinels.map(({ port }) => port);
  }

  /** The primary that the sentinels agree on, or undefined while they do not. */
  async agreed(): Promise<Member | undefined> {
    const asked = this.#sentinels.map(({ admin }) => admin.call('SENTINEL', ['GET-MASTER-ADDR-BY-NAME', name]));
    const ports = new Set(((await Promise.all(asked)) as [string, string][]).map(([, port]) => Number(port)));
    return ports.size === 1 ? this.members.find(({ port }) => ports.has(port)) : undefined;
  }

  /** The primary now. @throws while the sentinels do not agree. */
  async current(): Promise<Member> {
    const primary = await this.agreed();
    if (!primary) throw new Error('the sentinels do not agree on a primary');
    return primary;
  }

  /** Until all replicas follow the primary, and every sentinel knows all of them. */
  async untilWhole(): Promise<void> {
    const replicas = this.members.length - 1;
    const knows = async ({ admin }: { admin: Redis }) => {
      const about = pairs((await admin.call('SENTINEL', ['MASTER', name])) as string[]);
      const others = [about.get('num-slaves'), about.get('num-other-sentinels'), about.get('flags')];
      return others.join(' ') === `${replicas} 2 master`;
    };
    await until(async () => {
      const primary = await this.agreed();
      if (!primary || online(await primary.admin.info('replication')) !== replicas) return false;
      return (await Promise.all(this.#sentinels.map(knows))).every(Boolean);
    });
  }

  /** Until the sentinels have made it a replica. */
  async untilFollows({ admin }: Member): Promise<void> {
    await until(async () => (await admin.info('replication')).includes('role:slave'));
  }

  ioredis(): Redis {
    const client = ioredisSentinel(this.ports);
    this.#closing.push(() => client.disconnect());
    return client;
  }

  async nodeRedis(): Promise<RedisClient & { destroy(): unknown }> {
    const client = nodeRedisSentinel(this.ports);
    await client.connect();
    this.#closing.push(() => client.destroy());
    return client;
  }

  /** A planned failover. */
  async failOver(): Promise<void> {
    await this.#sentinels[0]?.admin.call('SENTINEL', ['FAILOVER', name]);
  }

  /** Until the sentinels agree on another primary than this one. */
  async untilPromoted(before: Member): Promise<void> {
    await until(async () => {
      const now = await this.agreed();
      if (!now || now === before) return false;
      return (await now.admin.info('replication')).includes('role:master');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing) await close();
    for (const { admin, process } of this.#sentinels) {
      admin.disconnect();
      process.kill('SIGKILL');
    }
    await Promise.all(this.members.map(({ server }) => server[Symbol.asyncDispose]()));
    process.off('exit', this.#onExit);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function online(info: string): number {
  return info.match(/state=online/g)?.length ?? 0;
}

function pairs(list: string[]): Map<string, string> {
  return new Map(list.flatMap((key, index) => (index % 2 === 0 ? [[key, list[index + 1] ?? ''] as const] : [])));
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    if (await isSo().catch(() => false)) return;
    await sleep(20);
  }
  throw new Error('it never became so');
}
