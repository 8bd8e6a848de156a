// Runs examples/two-processes.ts as a reader would, on a temporary file, Redis and database.
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase } from '../support/postgres.js';
import { hasRedis, keysOf, RedisServer } from '../support/redis.js';
import { runExample, urlOf } from './support.js';
import '../support/proof-only.js';

const database = await testDatabase();
const nowhere = { REDIS_URL: '/nowhere/redis', DATABASE_URL: 'postgres://root@127.0.0.1:1/postgres' };

async function run(urls: typeof nowhere): Promise<{ code: number | null; lines: string[]; stderr: string }> {
  const { code, stdout, stderr } = await runExample('two-processes', urls);
  return { code, lines: stdout.trim().split('\n'), stderr };
}

/** Checks the output for one store. The roles of the two processes depend on timing. */
function expectStory(title: string, lines: readonly string[]): void {
  const figures = lines.map((line) => /^ {2}process ([AB]) {3}approved (\d+) {3}refused (\d+)$/.exec(line) ?? []);
  const [, first = [], second = []] = figures;
  expect([first[1], second[1]]).toEqual(['A', 'B']);
  expect([Number(first[2]) + Number(second[2]), Number(first[3]) + Number(second[3])]).toEqual([8, 42]);
  const killed = lines.find((line) => line.endsWith(' is killed'))?.split(' ')[3];
  const left = killed === 'A' ? 'B' : 'A';
  expect(Number((killed === 'A' ? first : second)[2])).toBeGreaterThan(0);
  expect(lines.filter((_, index) => index !== 1 && index !== 2)).toEqual([
    `${title}: 50 payouts of 1500.00 at once from 12000.00 KES, which covers 8`,
    '  approved together 8, 12000.00 of 12000.00 KES; refused 42',
    '  sent to JPay: 8',
    `  process ${killed} is killed`,
    `  process ${left} is asked for a payout that was approved by process ${killed}: payout_in_progress`,
    `  process ${left} asks JPay about the payouts of both: captured 8, open 0`,
    '  the wallet has 0.00 KES: overspent by 0.00',
    '  after a top-up of 1500.00, late-1: approved',
    '  after a top-up of 1500.00, late-2: insufficient_funds',
  ]);
}

(hasRedis && database ? describe : describe.skip)('two-processes', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start('--appendonly', 'yes');
  });

  afterAll(async () => {
    await redis?.[Symbol.asyncDispose]();
    await database?.drop();
  });

  it('approves what the wallet covers, continues when a process is killed, and leaves nothing behind', async () => {
    const { lines, stderr, code } = await run({
      REDIS_URL: redis.path,
      DATABASE_URL: urlOf(database as NonNullable<typeof database>),
    });
    const stories = lines.join('\n').split('\n\n');
    expect([stories.length, stories.at(-1), stderr, code]).toEqual([4, 'Everything happened as it must.', '', 0]);
    expectStory('SQLite', stories[0]?.split('\n') ?? []);
    expectStory('Redis', stories[1]?.split('\n') ?? []);
    expectStory('PostgreSQL', stories[2]?.split('\n') ?? []);

    expect(readdirSync(tmpdir()).filter((file) => file.startsWith('two_processes'))).toEqual([]);
    expect(await keysOf(redis.client(), '')).toEqual([]);
    const { rows } = await (database as NonNullable<typeof database>)
      .pool()
      .query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'two_processes%'");
    expect(rows).toEqual([]);
  });

  it('names the servers that are missing', async () => {
    const { code, lines, stderr } = await run(nowhere);
    const [, ...afterSqlite] = lines.join('\n').split('\n\n');
    expect([code, afterSqlite, stderr]).toEqual([
      0,
      [
        'Redis is skipped: none at REDIS_URL, or 127.0.0.1:6379 without it (connect ENOENT /nowhere/redis).',
        'PostgreSQL is skipped: none at DATABASE_URL, or 127.0.0.1:5432 for the user root without it ' +
          '(connect ECONNREFUSED 127.0.0.1:1).',
        'Everything happened as it must.',
      ],
      '',
    ]);
  });
});
