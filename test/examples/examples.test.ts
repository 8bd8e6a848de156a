// Runs the examples as a reader would, each in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

function start(file: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['node_modules/tsx/dist/cli.mjs', file], {
    env: { ...process.env, JPAY_BASE_URL: '', INTERSWITCH_BASE_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  return child;
}

async function run(file: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = start(file);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}

describe('the examples', () => {
  it('inline: pays what is available, not what is in the ledger', async () => {
    expect(await run('examples/inline.ts')).toEqual({
      code: 0,
      stdout: 'paid 200000 UGX to 0772000001\nnot paid: 200001 UGX to 0772000002, 1 UGX short\n',
      stderr: '',
    });
  });

  it('custom-provider: keeps the last cent of a balance beyond 2^53', async () => {
    expect(await run('examples/custom-provider.ts')).toEqual({
      code: 0,
      stdout:
        'available 9007199254740993.55 KES, to the last cent; ledger 9007199254750000, for display\n' +
        '9007199254740993.56 fits: false\n',
      stderr: '',
    });
  });

  it('demo: every answer is the right one, and the README shows its real output', async () => {
    const { code, stdout, stderr } = await run('examples/demo.ts');
    expect([code, stderr, stdout.trim().split('\n').at(-1)]).toEqual([0, '', 'Every answer was the right one.']);
    const scenes = stdout.trim().split('\n\n');
    for (const shown of [scenes[0], scenes[3]]) expect(readFileSync('README.md', 'utf8')).toContain(shown);
  });

  it('jpay-webhook: captures when the webhook hints at it', async () => {
    expect(await run('examples/jpay-webhook.ts')).toEqual({
      code: 0,
      stdout: 'payout-1: 202 accepted\npayout-2: 422 insufficient_funds\npayout-1 is captured\n',
      stderr: '',
    });
  });

  it('payment-api: serves the curl lines that it prints, and stops when told to', async () => {
    const child = start('examples/payment-api.ts', { PORT: '0' });
    let printed = '';
    for await (const chunk of child.stdout) {
      printed += chunk;
      if (printed.includes('1,500.00')) break;
    }
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
    const bodies = [...printed.matchAll(/-d '([^']+)'/g)].map((match) => match[1] ?? '');
    const answers = [];
    for (const body of bodies) {
      const headers = { 'content-type': 'application/json' };
      answers.push((await fetch(`${url}/payouts`, { method: 'POST', headers, body })).status);
    }
    expect(answers).toEqual([201, 422, 400]);
    expect(await (await fetch(`${url}/funds`)).json()).toMatchObject({ currency: 'KES', available: '12000.00' });
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'close');
    expect([code, signal]).toEqual([0, null]);
  });
});
