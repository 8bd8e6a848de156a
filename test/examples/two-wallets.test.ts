// Runs examples/two-wallets.ts as a reader would, on each kind of store.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase } from '../support/postgres.js';
import { hasRedis, keysOf, RedisServer } from '../support/redis.js';
import { runExample, urlOf } from './support.js';
import '../support/proof-only.js';

const story = [
  'nairobi asks for 1500.00: 202 sent',
  'kampala asks for 200000: 201 captured',
  'nairobi asks for 10000.01: 422 insufficient_funds',
  'kampala asks for 200000: 422 insufficient_funds',
  'nairobi asks for 10000.01: 503 balance_unavailable',
  'kampala asks for 50000: 201 captured',
  'jpay-kes: nairobi:payout-1 1500.00 KES is sent',
  'isw-ugx: kampala:payout-1 200000 UGX is captured',
  'isw-ugx: kampala:payout-3 50000 UGX is captured',
];

async function storyOn(env: NodeJS.ProcessEnv): Promise<unknown[]> {
  const { code, stdout, stderr } = await runExample('two-wallets', env);
  return [code, stderr, stdout.trim().split('\n')];
}

describe('two wallets in one service keep holds, currencies and outages apart', () => {
  it('in memory', async () => {
    expect(await storyOn({})).toEqual([0, '', story]);
  });

  it('in a SQLite file', async () => {
    expect(await storyOn({ STORE: 'sqlite' })).toEqual([0, '', story]);
  });

  (hasRedis ? describe : describe.skip)('in Redis', () => {
    let redis: RedisServer;

    beforeAll(async () => {
      redis = await RedisServer.start('--appendonly', 'yes');
    });

    afterAll(() => redis?.[Symbol.asyncDispose]());

    it('and leave nothing behind', async () => {
      expect(await storyOn({ STORE: 'redis', REDIS_URL: redis.path })).toEqual([0, '', story]);
      expect(await keysOf(redis.client(), '')).toEqual([]);
    });
  });
});

const database = await testDatabase();
afterAll(() => database?.drop());

(database ? it : it.skip)(
  'two wallets in one service keep holds, currencies and outages apart in PostgreSQL',
  async () => {
    const url = urlOf(database as NonNullable<typeof database>);
    expect(await storyOn({ STORE: 'postgres', DATABASE_URL: url })).toEqual([0, '', story]);
  },
);
