// The adapters outside of jest, whose errors and rejections differ from those of Node.js.
import { afterEach, expect, it } from '@jest/globals';
import { runTypeScript } from '../support/programs.js';
import { closeAll, failureOf, guardOf, shopProvider, startServer } from './support.js';

afterEach(closeAll);

it('a process sees no unhandled rejection, gets the code of the failure, and ends by itself', async () => {
  const { code, stdout, stderr } = await runTypeScript('test/providers/in-plain-node.ts');
  expect([code, stderr]).toEqual([0, '']);
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
});

it('a test in jest gets the code of the failure', async () => {
  const server = await startServer(() => {});
  await server.close();
  const { cause } = await failureOf(guardOf(shopProvider(server.url, { maxAttempts: 1 })).checkFunds('1'));
  expect(cause).toMatchObject({ code: 'ECONNREFUSED' });
});
