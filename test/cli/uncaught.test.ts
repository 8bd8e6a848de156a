// Guard modules that misbehave outside of the calls of the program: errors that nothing catches, and waits without an
// end.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BuiltProgram } from './program-support.js';
import { secret } from './secret.js';

let program: BuiltProgram;
beforeAll(async () => {
  program = await BuiltProgram.make();
});
afterAll(() => program?.[Symbol.asyncDispose]());

const good = `
import { createPayoutGuard } from './lib/index.js';
const fetchBalance = async () => ({ available: '1500.00', currency: 'KES' });
const provider = { name: 'own', accountId: 'bank', debitVisibleAt: 'completion', fetchBalance };
export const guard = createPayoutGuard({ provider, currency: 'KES', settles: 'onReturn' });
`;
const error = `Object.assign(new Error('password ${secret}'), { url: 'https://${secret}@bank' })`;

/** Runs \`status\` with a module. */
async function statusWith(text: string, ...args: string[]) {
  await program.module(text);
  return program.run(['status', ...args]);
}

describe('a module whose code fails where nothing catches it', () => {
  it.each<[string, string]>([
    ['exports a promise of a guard that rejects', `export const guard = Promise.reject(${error});`],
    ['leaves a rejected promise behind', `${good} Promise.reject(${error});`],
    ['rejects with text', `${good} Promise.reject('${secret}');`],
    [
      'throws later, while it waits for something',
      `setTimeout(() => { throw ${error}; }, 1); await new Promise(() => {});`,
    ],
    ['throws text later', `setTimeout(() => { throw '${secret}'; }, 1); await new Promise(() => {});`],
    [
      'throws in a timer while its default function runs',
      `export default async () => { process.nextTick(() => { throw ${error}; }); await new Promise(() => {}); };`,
    ],
  ])('%s ends with code 1 and one line', async (_, text) => {
    const { code, stdout, stderr } = await statusWith(text);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/failed with (Error|an error)/)]);
  });

  it('is reported once while a command runs, which prints its result and exits with 1', async () => {
    const late = `setTimeout(() => { throw ${error}; }, 1); setTimeout(() => Promise.reject(${error}), 2);`;
    const wait = 'await new Promise((end) => setTimeout(end, 100));';
    const text = good
      .replace('async () => (', `async () => { ${late} ${wait} return (`)
      .replace("'KES' });", "'KES' }); };");
    const { code, stdout, stderr } = await statusWith(text);
    expect([code, stdout]).toEqual([1, expect.stringContaining('1500.00')]);
    expect(stderr.match(/nothing caught it/g)).toHaveLength(1);
  });

  it('is reported after the command too, whose exit code stays', async () => {
    const close = `export const close = () => { setTimeout(() => { throw ${error}; }, 1); };`;
    const { code, stdout, stderr } = await statusWith(`${good} ${close}`);
    expect([code, stdout]).toEqual([0, expect.stringContaining('1500.00')]);
    expect(stderr).toContain('code of the guard module failed with Error, and nothing caught it');
  });

  it('shows a warning of other code by its name alone', async () => {
    const { code, stderr } = await statusWith(
      `${good} process.emitWarning('${secret}', { type: 'OldWarning', detail: '${secret}' });`,
    );
    expect(code).toBe(0);
    expect(stderr).toContain('the guard module was warned by Node.js or a library: OldWarning');
  });
});

describe('a module that does not finish loading', () => {
  it('is given up after its time, although a connection keeps the process alive', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const text = `import { get } from 'node:http';
        await new Promise((end) => get('http://127.0.0.1:${port}/', end));`;
      const { code, stdout, stderr } = await statusWith(text, '--load-within', '1s');
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toBe(
        'payout-guard: payout-guard.config.mjs was not loaded within 1s, so nothing was done. Check what its ' +
          'top-level await waits for, such as a connection that does not answer, or give it longer with ' +
          '--load-within\n',
      );
    } finally {
      server.close();
    }
  });

  it('is given up at once when it waits for nothing', async () => {
    const { code, stderr } = await statusWith('await new Promise(() => {});');
    expect([code, stderr]).toEqual([1, expect.stringContaining('the guard module never finished loading')]);
  });

  it('has a limit for its default function as well', async () => {
    const text = 'export default () => new Promise(() => setInterval(() => {}, 1_000));';
    const { code, stderr } = await statusWith(text, '--load-within', '1s');
    expect([code, stderr]).toEqual([1, expect.stringContaining('was not loaded within 1s')]);
  });
});
