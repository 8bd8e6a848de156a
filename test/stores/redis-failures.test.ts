// The reasons of a Redis store's refusals: each names its cause and what to do, without the words of the server.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { redisFailure } from '../../src/stores/redis/failure.js';
import { hasRedis } from '../support/redis.js';
import { hold, ThrowAwayRedis, until } from '../support/redis-store.js';

(hasRedis ? describe : describe.skip)('the Redis store names the cause', () => {
  const redis = new ThrowAwayRedis();
  const { open } = redis;

  /** Breaks the server under a store that works. Returns how to mend it. */
  const faults: [failure: string, advice: RegExp, breaks: () => Promise<() => Promise<unknown>>][] = [
    [
      'NOPERM',
      /ACL SETUSER/,
      () => configured(['ACL', 'SETUSER', 'default', '-evalsha'], ['ACL', 'SETUSER', 'default', '+@all']),
    ],
    // Within a script, the error of the server has another word.
    [
      'NOPERM',
      /ACL SETUSER/,
      () => configured(['ACL', 'SETUSER', 'default', '-hset'], ['ACL', 'SETUSER', 'default', '+@all']),
    ],
    [
      'READONLY',
      /Connect it to the primary/,
      () => configured(['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']),
    ],
    [
      'OOM',
      /Raise maxmemory/,
      () => configured(['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']),
    ],
    [
      'NOREPLICAS',
      /min-replicas-to-write/,
      () =>
        configured(['CONFIG', 'SET', 'min-replicas-to-write', '1'], ['CONFIG', 'SET', 'min-replicas-to-write', '0']),
    ],
    ['MISCONF', /Free the disk/, diskFull],
    ['BUSY', /SCRIPT KILL/, blockedByScript],
  ];

  async function configured(break_: string[], mend: string[]): Promise<() => Promise<unknown>> {
    const run = ([name = '', ...args]: string[]) => redis.admin.call(name, args);
    await run(break_);
    return () => run(mend);
  }

  async function diskFull(): Promise<() => Promise<unknown>> {
    mkdirSync(join(redis.server.folder, 'dump.rdb', 'in-the-way'), { recursive: true });
    await redis.admin.config('SET', 'save', '3600 1');
    await redis.admin.set('x', 'y');
    await redis.admin.bgsave();
    await until(async () => (await redis.admin.info('persistence')).includes('rdb_last_bgsave_status:err'));
    return () => redis.admin.config('SET', 'save', '');
  }

  async function blockedByScript(): Promise<() => Promise<unknown>> {
    await redis.admin.config('SET', 'busy-reply-threshold', '1');
    const blocked = redis.server
      .client()
      .call('EVAL', ['while true do end', '0'])
      .catch(() => {});
    await until(async () => {
      const [error] = await Promise.allSettled([redis.admin.ping()]);
      return error.status === 'rejected';
    });
    return async () => {
      await redis.admin.call('SCRIPT', ['KILL']);
      await blocked;
    };
  }

  it.each(faults)('%s', async (failure, advice, breaks) => {
    const store = open();
    expect((await hold(store, 'a', 10n)).outcome).toBe('held');
    const mend = await breaks();
    const refused = Promise.all([1, 2].map(() => store.totals('w')));
    await expect(refused).rejects.toMatchObject({
      name: 'BalanceUnavailableError',
      reason: 'store',
      message: expect.stringContaining(failure),
      cause: { name: 'StoreFailure', failure, advice: expect.stringMatching(advice) },
    });
    await expect(store.totals('w')).rejects.toMatchObject({ cause: { failure } });
    await mend();
    expect(await store.totals('w')).toMatchObject({ active: 10n });
    const warnings = jest
      .mocked(process.emitWarning)
      .mock.calls.filter(([, options]) => (options as { code?: string }).code === 'PAYOUT_GUARD_STORE');
    expect(warnings).toEqual([
      [expect.stringMatching(new RegExp(`refuses payouts. ${failure}: .*${advice.source}`)), expect.anything()],
    ]);
  });

  it('of a server that asks for a password, and of a replica', async () => {
    await redis.admin.config('SET', 'requirepass', 'open-sesame');
    const locked = redis.server.client();
    await expect(open({ client: locked }).totals('w')).rejects.toMatchObject({ cause: { failure: 'NOAUTH' } });
    await redis.admin.config('SET', 'requirepass', '');
    await redis.admin.replicaof('127.0.0.1', 1);
    await expect(open().totals('w')).rejects.toMatchObject({ cause: { failure: 'ROLE' } });
    await redis.admin.replicaof('NO', 'ONE');
  });

  it('without a word of the server, which may quote a secret', () => {
    const secret = 'hunter2';
    const failures = [
      `NOAUTH Authentication required ${secret}`,
      `WRONGPASS invalid username-password pair ${secret}`,
      `ERR unknown command '${secret}'`,
      `OOM command not allowed ${secret}`,
      `${secret}`,
    ].map((message) => redisFailure(new Error(message)));
    expect(failures.map(({ failure }) => failure)).toEqual(['NOAUTH', 'WRONGPASS', 'ERR', 'OOM', 'UNKNOWN']);
    for (const { message, stack } of failures) expect(`${message}${stack}`).not.toContain(secret);
  });

  it.each([
    ['MOVED 5 127.0.0.1:7001', 'MOVED', /cluster client/],
    ['CLUSTERDOWN Hash slot not served', 'CLUSTERDOWN', /cluster --?check|--cluster check/],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'TRYAGAIN', /being moved/],
    ['LOADING Redis is loading the dataset in memory', 'LOADING', /No action needed/],
    ['MASTERDOWN Link with MASTER is down', 'MASTERDOWN', /fail over/],
    ['Connection is closed.', 'CLOSED', /can be reached/],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'CLOSED', /can be reached/],
  ])('of the reply "%s"', (message, failure, advice) => {
    const found = redisFailure(new Error(message));
    expect(found.failure).toBe(failure);
    expect(found.message).toMatch(advice);
  });

  it('of an error of the connection', async () => {
    const client = redis.server.client();
    const store = open({ client });
    await store.totals('w');
    client.options.enableOfflineQueue = false;
    await redis.server.kill();
    await sleep(20);
    await expect(store.totals('w')).rejects.toMatchObject({ cause: { failure: 'CLOSED' } });
  });
});
