// The doctor, of a store in Redis: servers and clients are real.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis, RedisOptions } from 'ioredis';
import { createPayoutGuard } from 'payout-guard';
import { redisStore } from 'payout-guard/stores/redis';
import { freePort, hasRedis, RedisServer } from '../support/redis.js';
import { type Case, ends, examine, finds, provider, type Seed } from './doctor-support.js';
import { folder, secret } from './support.js';

(hasRedis ? describe : describe.skip)('the doctor, of Redis', () => {
  let server: RedisServer;
  let admin: Redis;

  beforeAll(async () => {
    server = await RedisServer.start('--appendonly', 'yes');
    admin = server.client();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  afterEach(async () => {
    await admin.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction', 'appendonly', 'yes');
    await admin.flushall();
  });

  const seed = (client = server.client(), more = {}): Seed => ({
    guard: { store: redisStore({ client, recoveryMs: 0, deadlineMs: 4_000, ...more }) },
  });
  const configured = async (...settings: string[]) => {
    await admin.call('CONFIG', ['SET', ...settings]);
    return seed();
  };

  it('finds nothing in a good one', async () => {
    expect(await examine(seed())).toMatchObject({ code: 0, found: [] });
  });

  it.each<Case>([
    [
      'a server that evicts keys',
      () => configured('maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru'),
      'problem',
      'store',
      'redis: Redis deletes keys when its memory is full (EVICTION)',
    ],
    [
      'a server that keeps nothing on disk',
      () => configured('appendonly', 'no', 'save', ''),
      'warning',
      'settings',
      'redis: Redis keeps nothing on disk',
    ],
    [
      'a user without rights',
      async () => {
        await admin.call('ACL', ['SETUSER', 'reader', 'on', `>${secret}`, '~*', '+@read', '+info', '+ping']);
        return seed(otherClient({ username: 'reader', password: secret }));
      },
      'problem',
      'store',
      'redis: the user may not run a command or use a key (NOPERM)',
    ],
    [
      'a user that can read alone, in a store that is there',
      async () => {
        const whole = redisStore({ client: server.client(), recoveryMs: 0 });
        const guard = createPayoutGuard({ provider: provider(), currency: 'UGX', store: whole });
        await guard.funds();
        await guard.close();
        await whole.close();
        await admin.call('ACL', ['SETUSER', 'half', 'on', `>${secret}`, '~*', '+@all', '-hset']);
        return seed(otherClient({ username: 'half', password: secret }));
      },
      'problem',
      'store',
      'redis: the user may not run a command or use a key (NOPERM)',
    ],
    [
      'a replica',
      async () => {
        const port = await freePort();
        await admin.config('SET', 'port', String(port));
        const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(port));
        ends.push(() => replica[Symbol.asyncDispose]());
        const client = replica.client();
        while (!(await client.info('replication')).includes('master_link_status:up')) await sleep(20);
        return seed(client);
      },
      'problem',
      'store',
      'redis: the client is connected to a replica (ROLE)',
    ],
    [
      'a server that is gone',
      () => seed(otherClient({ path: join(folder, 'no-server') })),
      'problem',
      'store',
      'redis: the connection failed',
    ],
    [
      'a client without an error listener',
      () => {
        const client = server.client();
        client.removeAllListeners('error');
        return seed(client);
      },
      'warning',
      'settings',
      'redis: The Redis client has no listener for `error`',
    ],
    [
      'replicas that are missing',
      () => seed(undefined, { waitReplicas: { count: 1, timeoutMs: 20 } }),
      'problem',
      'store',
      'waitReplicas.count is 1, and 0 replica(s) are connected (REPLICAS)',
    ],
  ])('finds %s', (...one) => finds(one));

  function otherClient(options: RedisOptions): Redis {
    const client = server.client().duplicate({ ...options, retryStrategy: () => null });
    client.on('error', () => {});
    ends.push(() => client.disconnect());
    return client;
  }
});
