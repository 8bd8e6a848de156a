// Our own Redis server, because the histories make it forget everything.
import type { Redis } from 'ioredis';
import type { Clock, HoldStore } from 'payout-guard';
import { redisStore } from 'payout-guard/stores/redis';
import { hasRedis, RedisServer } from '../../support/redis.js';
import { directLine, type Flaws, type Line, type RealEngine, type StoreOptions } from './engine.js';
import { TimedScripts } from './timed-scripts.js';

export async function startRedis(): Promise<RealEngine | undefined> {
  return hasRedis ? RealRedis.start() : undefined;
}

class RealRedis implements RealEngine {
  readonly name = 'redis';
  readonly resends = true;
  readonly #server: RedisServer;
  readonly #admin: Redis;
  readonly #scripts = new TimedScripts();
  readonly #clients: Redis[] = [];
  #used = 0;
  #copies = 0;

  private constructor(server: RedisServer) {
    this.#server = server;
    this.#admin = server.client();
  }

  /**
   * All scripts are loaded, because loading one would happen in the first history only. The server writes to disk,
   * because its stores would warn otherwise.
   */
  static async start(): Promise<RealRedis> {
    const redis = new RealRedis(await RedisServer.start('--save', '3600 1'));
    const store = redis.open({ now: () => 1 }, { deadlineMs: 10_000, maxBatch: 1, recoveryMs: 0 }, directLine);
    await store.totals('default');
    await store.list({ limit: 1 });
    await store.claim({ wallets: ['w'], owner: 'start', olderThanMs: 0, leaseMs: 1, limit: 1, unservedForMs: 0 });
    await store.swapNote('start', undefined, 'started');
    await store.note('start');
    await store.close();
    await redis.reset();
    return redis;
  }

  open(clock: Clock, options: StoreOptions, line: Line, flaws: Flaws = {}): HoldStore {
    const client = this.#freeClient();
    const call = ([command = '', ...args]: string[]) => client.call(command, args);
    return redisStore({
      ...options,
      sendCommand: (args) => {
        const [name = ''] = args;
        // The server's configuration is read once, and is not part of the history.
        if (name !== 'EVALSHA' && name !== 'EVAL') return line.sendAtOnce(() => call(args));
        const isWriting = args[4]?.startsWith('{payout-guard}:batch:') === true;
        const run = (command: string[]) => call(this.#scripts.timed(command, clock.now()));
        if (!isWriting) return line.send(name, 'batch', () => run(args));
        return line.send(name, 'batch that writes', () => this.#runFlawed(args, run, flaws));
      },
    });
  }

  async #runFlawed(args: string[], run: (args: string[]) => Promise<unknown>, flaws: Flaws): Promise<unknown> {
    if (flaws.forgetsTime) await this.#admin.hdel(args[3] as string, 'clock', 'offset');
    const changed = [...args];
    if (flaws.forgetsBatches) changed[4] = `${args[4]}:${++this.#copies}`;
    // The header follows the keys and six arguments.
    const notAfter = 3 + Number(args[2]) + 7;
    if (flaws.notAfterMs) changed[notAfter] = `${flaws.notAfterMs(Number(args[notAfter]))}`;
    const reply = await run(changed);
    const operations = args.slice(notAfter + 1).filter((operation) => !/^[wl]\n/.test(operation));
    const isLate = Array.isArray(reply) && reply.length === 4;
    const isAllHolds = operations.every((operation) => operation.startsWith('h\n'));
    if (!flaws.refusesLate || !isLate || !isAllHolds) return reply;
    return [...reply, ...operations.map(() => 'insufficient\n0\n0')];
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
