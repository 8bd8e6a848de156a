// Redis: a server of our own, because it forgets everything.
import type { Redis } from 'ioredis';
import type { Clock, HoldStore } from 'payout-guard';
import { redisStore } from 'payout-guard/stores/redis';
import { hasRedis, RedisServer } from '../../support/redis.js';
import { directLine, type Line, type RealEngine, type StoreOptions } from './engine.js';
import { TimedScripts } from './timed-scripts.js';

export async function startRedis(): Promise<RealEngine | undefined> {
  return hasRedis ? RealRedis.start() : undefined;
}

class RealRedis implements RealEngine {
  readonly name = 'redis';
  readonly #server: RedisServer;
  readonly #admin: Redis;
  readonly #scripts = new TimedScripts();
  readonly #clients: Redis[] = [];
  #used = 0;

  private constructor(server: RedisServer) {
    this.#server = server;
    this.#admin = server.client();
  }

  /**
   * The server knows all scripts: to learn them would be something that happens in the first history alone. It writes to disk, or its
   * stores would warn of that.
   */
  static async start(): Promise<RealRedis> {
    const redis = new RealRedis(await RedisServer.start('--save', '3600 1'));
    const store = redis.open({ now: () => 1 }, { deadlineMs: 10_000, maxBatch: 1, recoveryMs: 0 }, directLine);
    await store.totals('default');
    await store.list({ limit: 1 });
    await store.claim({ wallets: ['w'], owner: 'start', olderThanMs: 0, leaseMs: 1, limit: 1, unservedForMs: 0 });
    await store.swapNote('start', undefined, 'started');
    await store.close();
    await redis.reset();
    return redis;
  }

  open(clock: Clock, options: StoreOptions, line: Line): HoldStore {
    const client = this.#freeClient();
    const call = ([command = '', ...args]: string[]) => client.call(command, args);
    return redisStore({
      ...options,
      sendCommand: (args) => {
        const [name = ''] = args;
        if (name === 'HGET') return line.send(name, false, () => call(args));
        // How the server is set up is asked once, and is not part of the history.
        if (name !== 'EVALSHA' && name !== 'EVAL') return line.sendAtOnce(() => call(args));
        return line.send(name, true, () => call(this.#scripts.timed(args, clock.now())));
      },
    });
  }

  async forget(): Promise<void> {
    await this.#admin.flushdb();
  }

  async reset(): Promise<void> {
    await this.forget();
    this.#used = 0;
  }

  close(): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }

  #freeClient(): Redis {
    const client = this.#clients[this.#used] ?? this.#server.client();
    this.#clients[this.#used++] = client;
    return client;
  }
}
