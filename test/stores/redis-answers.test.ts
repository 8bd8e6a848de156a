// The scripts read a stopped clock instead of the server's.
import { afterAll, beforeAll, describe, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { redisStore } from 'payout-guard/stores/redis';
import { byBudget } from '../support/budget.js';
import { hasRedis, RedisServer, timed } from '../support/redis.js';
import { expectAnswersOfMemory } from './answers.js';
import '../support/proof-only.js';

(hasRedis ? describe : describe.skip)('the Redis store and the memory store', () => {
  let redis: Redis;
  let server: RedisServer;

  beforeAll(async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    server = await RedisServer.start();
    redis = server.client();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    jest.restoreAllMocks();
  });

  it('give the same answers to any sequence of operations', async () => {
    let stores = 0;
    await expectAnswersOfMemory(byBudget({ small: 300, large: 5_000 }), (clock) =>
      redisStore({
        sendCommand: timed(([name = '', ...args]) => redis.call(name, args), clock),
        prefix: `store-${++stores}`,
        recoveryMs: 0,
        deadlineMs: 10_000,
      }),
    );
  });
});
