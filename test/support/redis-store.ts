// A store on a temporary Redis, one per test, which can be stopped, flushed and set back.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Clock, HoldOutcome, HoldRequest, HoldStore } from 'payout-guard';
import { type RedisStore, type RedisStoreOptions, redisStore } from 'payout-guard/stores/redis';
import { stoppedClock } from './clock.js';
import { movableMonotonic, passMonotonic } from './monotonic.js';
import { RedisServer, timed } from './redis.js';

/** The parts of a hold request that few tests care about. Each spread of it has a new attempt. */
export function requestUpTo(limitMinor: bigint): Omit<HoldRequest, 'reference' | 'amountMinor' | 'epoch'> {
  return {
    wallet: 'w',
    currency: { code: 'KES', exponent: 2 },
    state: 'sent' as const,
    expiresInMs: 60_000,
    sendsForMs: 60_000,
    limitMinor,
    metadata: {},
    get attempt(): string {
      return randomUUID();
    },
  };
}

export const request: ReturnType<typeof requestUpTo> = requestUpTo(100n);

interface CuttableStore {
  readonly store: HoldStore;
  isCut: boolean;
}

/** What a store asks of its client. */
export type Command = () => Promise<unknown>;

/** A store some of whose commands are kept back: they do not arrive, or the test sends them late. */
interface LateStore {
  readonly store: HoldStore;
  isKept: (args: readonly string[]) => boolean;
  readonly kept: Command[];
}

/** Starts a server before each test of the group, and stops it with everything that was opened. */
export class ThrowAwayRedis {
  server!: RedisServer;
  admin!: Redis;
  readonly #stores: HoldStore[] = [];

  constructor() {
    movableMonotonic();
    beforeEach(async () => {
      jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
      this.server = await RedisServer.start();
      this.admin = this.server.client();
    });
    afterEach(async () => {
      await Promise.all(this.#stores.splice(0).map((store) => store.close()));
      await this.server[Symbol.asyncDispose]();
      jest.restoreAllMocks();
    });
  }

  open = (options: Partial<RedisStoreOptions> = {}): RedisStore => {
    const store = redisStore({ client: this.server.client(), recoveryMs: 0, deadlineMs: 4_000, ...options });
    this.#stores.push(store);
    return store;
  };

  /** Ends the recovery window of the epoch, in the database and in every process, as if it had begun long ago. */
  endRecovery = async (): Promise<void> => {
    await this.admin.hset('{payout-guard}:store', 'bornAt', 1);
    passMonotonic(60_000);
  };

  /** Opens a store that uses this clock. */
  openTimed = (clock: Clock, options: Partial<RedisStoreOptions> = {}): HoldStore => {
    const client = this.server.client();
    const sendCommand = timed(([name = '', ...args]) => client.call(name, args), clock);
    return this.open({ client: undefined, sendCommand, deadlineMs: 10_000, ...options });
  };

  /** Opens a store whose commands go through a function, with a clock if one is given. */
  openThrough = (
    send: (command: Command, args: string[]) => Promise<unknown>,
    { clock, ...options }: Partial<RedisStoreOptions> & { clock?: Clock } = {},
  ): HoldStore => {
    const client = this.server.client();
    const call = ([name = '', ...rest]: string[]) => client.call(name, rest);
    const sendNow = clock ? timed(call, clock) : call;
    const sendCommand = (args: string[]) => send(() => sendNow(args), args);
    return this.open({ client: undefined, sendCommand, ...options });
  };

  /** Opens a store whose commands are not delivered while it is cut off. */
  openCuttable = (): CuttableStore => {
    const line = { isCut: false };
    const send = (command: Command) => (line.isCut ? new Promise(() => {}) : command());
    return Object.assign(line, { store: this.openThrough(send) });
  };

  /** Opens a store that keeps back the commands for which `isKept` is true. */
  openLate = (clock: Clock = stoppedClock(), deadlineMs = 1_500): LateStore => {
    const line: Omit<LateStore, 'store'> = { isKept: () => false, kept: [] };
    const send = (command: Command, args: string[]) => {
      if (!line.isKept(args)) return command();
      line.kept.push(command);
      return new Promise(() => {});
    };
    return Object.assign(line, { store: this.openThrough(send, { clock, deadlineMs }) });
  };
}

/** True if the command executed its batch. */
export async function isExecuted(command: Command | undefined): Promise<boolean> {
  const reply = (await command?.()) as unknown[];
  return reply.length > 4;
}

/** Requests a hold in the store's epoch. */
export async function hold(
  store: HoldStore,
  reference: string,
  amountMinor: bigint,
  more: Partial<HoldRequest> = {},
): Promise<HoldOutcome> {
  const epoch = await epochOf(store);
  return store.hold({ ...request, epoch, reference, amountMinor, ...more });
}

export async function epochOf(store: HoldStore): Promise<string> {
  return (await store.totals('w')).epoch;
}

/** Polls the condition, and ignores its errors. @throws when it does not become true within a few seconds. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await isSo().catch(() => false)) return;
    await sleep(20);
  }
  throw new Error('it never became so');
}
