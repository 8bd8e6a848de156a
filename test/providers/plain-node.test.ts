// The adapters outside of jest, whose errors and rejections are not quite those of Node.js.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, it } from '@jest/globals';
import { closeAll, failureOf, guardOf, shopProvider, startServer } from './support.js';

afterEach(closeAll);

it('a process sees no unhandled rejection, is told the code of what broke, and ends by itself', async () => {
  const command = ['node_modules/tsx/dist/cli.mjs', 'test/providers/in-plain-node.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { timeout: 19_000 });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    unhandled: 0,
    noAddress: ['network', expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/)],
    reset: ['network', 'ECONNRESET'],
    hang: ['timeout', null],
    givenUp: ['timeout', null],
    closed: 10,
    late: ['timeout', null],
    refused: ['network', 'ECONNREFUSED'],
  });
}, 20_000);

it('a test in jest is told the code of what broke', async () => {
  const server = await startServer(() => {});
  await server.close();
  const { cause } = await failureOf(guardOf(shopProvider(server.url, { maxAttempts: 1 })).checkFunds('1'));
  expect(cause).toMatchObject({ code: 'ECONNREFUSED' });
});
