// The tarball in every runtime, with each store and adapter: `npm run runtimes`, whose table the documentation has. It
// downloads a gigabyte and builds addons, so it runs on request only: `RUNTIMES=1 npm run test:proof -- runtimes`.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { urlOf } from '../examples/support.js';
import { type Installed, packAndInstall } from '../support/installed.js';
import { testDatabase } from '../support/postgres.js';
import { runProgram } from '../support/programs.js';
import '../support/proof-only.js';
import { hasRedis, RedisServer } from '../support/redis.js';

/** Downloads and builds addons for several versions of Node. */
const takesAtMostMs = 900_000;

const isRequested = process.env.RUNTIMES === '1';
const database = isRequested ? await testDatabase() : undefined;
afterAll(() => database?.drop());

(isRequested && hasRedis && database ? describe : describe.skip)('the tarball in Node.js, Bun and Deno', () => {
  let installed: Installed;
  let redis: RedisServer;

  beforeAll(async () => {
    installed = await packAndInstall();
    redis = await RedisServer.start('--appendonly', 'yes');
  });

  afterAll(async () => {
    await redis?.[Symbol.asyncDispose]();
    if (installed) await rm(installed.directory, { recursive: true, force: true });
  });

  it(
    'holds, pays and settles payouts as docs/runtimes.md has it',
    async () => {
      const env = { REDIS_URL: redis.path, DATABASE_URL: database ? urlOf(database) : '' };
      const args = ['scripts/runtimes.mjs', '--tarball', installed.tarball];
      const { code, stdout, stderr } = await runProgram(process.execPath, args, { env, hangsAfterMs: takesAtMostMs });
      if (code === unavailable) {
        if (process.env.CI) throw new Error(stderr);
        return console.warn(`${stderr} This test is SKIPPED.`);
      }
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      expect(stdout).toContain('| Deno 2 | ok |');
      expect(readFileSync('docs/runtimes.md', 'utf8')).toContain(`\n${stdout.trim()}\n`);
    },
    takesAtMostMs,
  );
});

/** The exit code of the script where the runtimes cannot be installed. */
const unavailable = 69;
