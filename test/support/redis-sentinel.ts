// A primary with replicas, monitored by sentinels that fail over.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisClient } from 'payout-guard/stores/redis';
import { createSentinel } from 'redis';
import { freePort, RedisServer } from './redis.js';

interface Member {
  readonly port: number;
  readonly server: RedisServer;
  readonly admin: Redis;
}

const name = 'payouts';

export class RedisSentinels {
  /** The first member is the primary at the start. */
  readonly members: Member[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'payout-guard-sentinel-'));
  readonly #sentinels: { process: ChildProcess; port: number; admin: Redis }[] = [];
  readonly #closing: (() => unknown)[] = [];
  readonly #onExit = () => {
    for (const { process } of this.#sentinels) process.kill('SIGKILL');
  };

  static async start(options: { replicas: number; downAfterMs?: number }): Promise<RedisSentinels> {
    const { replicas, downAfterMs = 500 } = options;
    const set = new RedisSentinels();
    process.once('exit', set.#onExit);
    const primary = await set.#member();
    for (let index = 0; index < replicas; index++) await set.#member('--replicaof', `127.0.0.1 ${primary.port}`);
    await until(async () => online(await primary.admin.info('replication')) === replicas);
    for (let index = 0; index < 3; index++) await set.#sentinel(primary.port, downAfterMs);
    const knows = async ({ admin }: { admin: Redis }) => {
      const about = pairs((await admin.call('SENTINEL', ['MASTER', name])) as string[]);
      return about.get('num-slaves') === `${replicas}` && about.get('num-other-sentinels') === '2';
    };
    await until(async () => (await Promise.all(set.#sentinels.map(knows))).every(Boolean));
    return set;
  }

  async #member(...options: string[]): Promise<Member> {
    const port = await freePort();
    const server = await RedisServer.start('--port', `${port}`, '--repl-diskless-sync-delay', '0', ...options);
    const member = { port, server, admin: server.client() };
    this.members.push(member);
    return member;
  }

  async #sentinel(primaryPort: number, downAfterMs: number): Promise<void> {
    const port = await freePort();
    const file = join(this.#folder, `${port}.conf`);
    const lines = [
      `port ${port}`,
      `dir ${this.#folder}`,
      `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
      `sentinel failover-timeout ${name} 5000`,
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

  ioredis(): Redis {
    const sentinels = this.#sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
    const client = new Redis({ sentinels, name, sentinelRetryStrategy: () => 50, retryStrategy: () => 50 });
    client.on('error', () => {});
    this.#closing.push(() => client.disconnect());
    return client;
  }

  async nodeRedis(): Promise<RedisClient & { destroy(): unknown }> {
    const sentinelRootNodes = this.#sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
    const client = createSentinel({ name, sentinelRootNodes, scanInterval: 200 });
    client.on('error', () => {});
    await client.connect();
    this.#closing.push(() => client.destroy());
    return client;
  }

  /** Triggers a planned failover. */
  async failOver(): Promise<void> {
    await this.#sentinels[0]?.admin.call('SENTINEL', ['FAILOVER', name]);
  }

  /** Waits until the sentinels agree on another primary than this one. */
  async untilPromoted(before: Member): Promise<void> {
    await until(async () => {
      const asked = this.#sentinels.map(({ admin }) => admin.call('SENTINEL', ['GET-MASTER-ADDR-BY-NAME', name]));
      const ports = new Set(((await Promise.all(asked)) as [string, string][]).map(([, port]) => Number(port)));
      const [port] = ports;
      const now = this.members.find((member) => member.port === port);
      if (ports.size !== 1 || !now || now === before) return false;
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
