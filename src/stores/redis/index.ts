// A store in Redis or Valkey, for payouts of the same wallets by several processes.
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import type { HoldStore } from '../../core/store.js';
import { EngineStore } from '../shared/engine-store.js';
import {
  defaultRememberMs,
  type RememberOptions,
  rememberShape,
  resolveSharedOptions,
  type SharedStoreOptions,
  sharedStoreShape,
} from '../shared/options.js';
import type { Readiness } from '../shared/readiness.js';
import { RedisEngine, storeKeys } from './engine.js';
import type { WaitReplicas } from './replication.js';
import { problemOfClient, type RedisClient, transportOf } from './transport/client.js';
import { CustomTransport, type SendCommand } from './transport/custom.js';

export type { SharedStoreOptions } from '../shared/options.js';
export type { Readiness } from '../shared/readiness.js';
export type { WaitReplicas } from './replication.js';
export type { RedisClient } from './transport/client.js';

export interface RedisStoreOptions extends SharedStoreOptions, RememberOptions {
  /**
   * A client of ioredis (`Redis`, `Cluster`) or node-redis (`createClient`, `createClientPool`, `createSentinel`,
   * `createCluster`), connected and closed by the application, without a key prefix of its own. Give either this or
   * `sendCommand`.
   */
  client?: RedisClient | undefined;
  /**
   * Sends a command with any other client. All commands must go, in their order, through one connection to the
   * primary that owns the slot of `prefix`. Resolves to the reply, texts as strings; rejects with the server's error.
   */
  sendCommand?: ((args: string[]) => Promise<unknown>) | undefined;
  /**
   * Prefix of the keys, and their hash tag: all holds of a store are on one node of a cluster. Letters, digits
   * and `. _ : @ / -`, at most 128.
   * @defaultValue `payout-guard`
   */
  prefix?: string | undefined;
  /**
   * Answers only after this many replicas have it as well: a failover then loses nothing that was answered. Costs a
   * round trip between the servers. The time is part of `deadlineMs`.
   * @defaultValue none
   */
  waitReplicas?: WaitReplicas | undefined;
}

const optionsSchema: z.ZodType<RedisStoreOptions> = z
  .strictObject({
    ...sharedStoreShape,
    client: z
      .custom<RedisClient>((value) => problemOfClient(value) === undefined, {
        error: ({ input }) => problemOfClient(input),
      })
      .optional(),
    sendCommand: z.custom<SendCommand>((value) => typeof value === 'function', 'must be a function').optional(),
    prefix: z
      .string()
      .regex(/^[\w.:@/-]{1,128}$/, 'must be 1 to 128 letters, digits or . _ : @ / -')
      .optional(),
    ...rememberShape,
    waitReplicas: z.strictObject({ count: z.int().min(1).max(10), timeoutMs: z.int().min(1).max(10_000) }).optional(),
  })
  .refine(({ client, sendCommand }) => (client === undefined) !== (sendCommand === undefined), {
    error: 'give either client or sendCommand',
  });

export interface RedisStore extends HoldStore {
  /**
   * For readiness probes. @throws `BalanceUnavailableError` the store can not be used, and why: no connection, a
   * replica, a server that may forget, keys of a later version of this library.
   */
  ready(): Promise<Readiness>;
}

/**
 * A store in Redis 7 or later, or Valkey, shared by all processes that make payouts of the same wallets. The options
 * must be the same in all of them.
 *
 * @example
 * ```ts
 * const guard = createPayoutGuard({ provider, currency: 'KES', store: redisStore({ client: new Redis(url) }) });
 * ```
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  const {
    client,
    sendCommand,
    prefix = 'payout-guard',
    rememberMs = defaultRememberMs,
    waitReplicas,
    ...rest
  } = readOptions(optionsSchema, options);
  const shared = resolveSharedOptions(rest);
  const engine = new RedisEngine({
    transport: client
      ? transportOf(client, storeKeys(prefix), shared.deadlineMs)
      : new CustomTransport(sendCommand as SendCommand),
    prefix,
    recoveryMs: shared.recoveryMs,
    rememberMs,
    waitReplicas,
  });
  return new EngineStore(engine, shared);
}
