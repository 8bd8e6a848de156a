import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { hasRedis, RedisServer } from '../support/redis.js';

const source = readFileSync(new URL('../../src/stores/redis/amount.lua', import.meta.url), 'utf8');
const harness = `${source}
local reply = {}
for at = 1, #ARGV, 2 do
  local a, b = ARGV[at], ARGV[at + 1]
  local isLess, isSumLess = atMost(a, b), atMost(add(add(a, b), a), b)
  reply[#reply + 1] = { add(a, b), add(a, negated(b)), isLess and 1 or 0, isSumLess and 1 or 0 }
end
return reply`;

(hasRedis ? describe : describe.skip)('sums of amounts in Lua', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const compute = async (pairs: readonly (readonly [bigint, bigint])[]): Promise<unknown> =>
    redis.eval(harness, 0, ...pairs.flat().map(String));
  const expected = (pairs: readonly (readonly [bigint, bigint])[]) =>
    pairs.map(([a, b]) => [`${a + b}`, `${a - b}`, a <= b ? 1 : 0, a + b + a <= b ? 1 : 0]);

  it('are exact at every edge', async () => {
    const edges = [0n, 1n, 9n, 10n ** 14n, 10n ** 15n, 2n ** 53n, 2n ** 63n, 10n ** 28n, 2n ** 64n, 10n ** 42n];
    const values = edges.flatMap((edge) => [edge - 1n, edge, edge + 1n, -edge]);
    const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
    expect(await compute(pairs)).toEqual(expected(pairs));
  });

  it('equal those of BigInt, for any two', async () => {
    const amount = fc.oneof(
      fc.bigInt(-(10n ** 16n), 10n ** 16n),
      fc.bigInt(-(2n ** 70n), 2n ** 70n),
      fc
        .tuple(fc.bigInt(0n, 99n), fc.integer({ min: 0, max: 40 }))
        .map(([digits, zeros]) => digits * 10n ** BigInt(zeros)),
    );
    const pairs = fc.array(fc.tuple(amount, amount), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(pairs, async (some) => expect(await compute(some)).toEqual(expected(some))),
      { numRuns: 100 },
    );
  });
});
