// Guard modules that misbehave outside of the calls of the program: errors that nothing catches, waits without an end,
// lines in the output, and the end of the process.

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

  it.each([
    ['throws', `throw ${error};`],
    ['rejects', `Promise.reject(${error});`],
  ])('is reported after the command too, which exits with 1, when it %s', async (_, fails) => {
    const close = `export const close = () => { setTimeout(() => { ${fails} }, 100); };`;
    const { code, stdout, stderr } = await statusWith(`${good} ${close}`);
    expect([code, stdout]).toEqual([1, expect.stringContaining('1500.00')]);
    expect(stderr.match(/code of the guard module failed with Error, and nothing caught it/g)).toHaveLength(1);
  });

  it('keeps the code of a command whose answer is no', async () => {
    const close = `export const close = () => { setTimeout(() => { throw ${error}; }, 100); };`;
    await program.module(`${good} ${close}`);
    const { code, stderr } = await program.run(['release', 'unknown', '--reason', 'x', '--yes']);
    expect([code, stderr]).toEqual([3, expect.stringContaining('nothing caught it')]);
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

describe('a module that ends the process', () => {
  const ended = 'payout-guard: code of the guard module ended the process before the command was done.';

  it.each<[string, string]>([
    ['while it is loaded', 'process.exit(0);'],
    ['with the code of a refusal', 'process.exit(3);'],
    ['while the command runs', good.replace('async () => (', 'async () => process.exit(0) ?? (')],
    ['while it is closed', `${good} export const close = () => process.exit(0);`],
  ])('%s makes the code 1, and is named', async (_, text) => {
    const { code, stderr } = await statusWith(text);
    expect([code, stderr]).toEqual([1, expect.stringContaining(ended)]);
  });

  it('after the command keeps its code', async () => {
    await program.module(`${good} export const close = () => { setTimeout(() => process.exit(0), 100); };`);
    const { code, stderr } = await program.run(['release', 'unknown', '--reason', 'x', '--yes']);
    expect([code, stderr]).toEqual([3, expect.not.stringContaining(ended)]);
  });
});

describe('a module that prints', () => {
  const prints = (what: string) => `console.log('log ${what}'); process.stdout.write('written ${what}\\n');`;
  const text = [
    `console.log('[dotenv@17.2.0] injecting env (3) from .env');`,
    good.replace('async () => (', `async () => { ${prints('in a call')} return (`).replace("'KES' });", "'KES' }); };"),
    `export const close = () => { ${prints('at the end')} };`,
  ].join('\n');

  it('leaves the output to the command: what it prints goes to the error output', async () => {
    const { code, stdout, stderr } = await statusWith(text, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ wallets: [{ funds: { available: '1500.00' } }] });
    expect(stderr.trim().split('\n')).toEqual([
      '[dotenv@17.2.0] injecting env (3) from .env',
      'log in a call',
      'written in a call',
      expect.stringMatching(/^payout-guard: the store is in the memory of this command/),
      'log at the end',
      'written at the end',
    ]);
  });

  it('leaves CSV alone as well', async () => {
    await program.module(text);
    const { code, stdout } = await program.run(['holds', '--csv']);
    expect([code, stdout.split('\n')]).toEqual([0, [expect.stringMatching(/^reference,wallet,state,/), '']]);
  });
});
