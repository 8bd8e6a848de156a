// Runs each example as a reader would, in its own process.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { runExample, simulated } from './support.js';

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

function start(file: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    env: { ...process.env, ...simulated, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  return child;
}

describe('the examples', () => {
  it('inline: pays from the available balance, not from the ledger balance', async () => {
    expect(await runExample('inline')).toEqual({
      code: 0,
      stdout:
        '200000 UGX would be covered now: true\n' +
        'paid 150000 UGX to 0772000001: captured\n' +
        'not paid: 50001 UGX to 0772000002: insufficient_funds\n',
      stderr: '',
    });
  });

  it('validated-payout: checks, validates and pays, fee included', async () => {
    expect(await runExample('validated-payout')).toEqual({
      code: 0,
      stdout:
        'salary-1: 150000 UGX and 500 for SIMULATED CUSTOMER: captured\n' +
        'salary-2: not paid, customer 0770000000 is refused with 90052\n' +
        'salary-3: not paid, insufficient_funds\n',
      stderr: '',
    });
  });

  it('custom-provider: keeps the last cent of a balance beyond 2^53, and settles by its own look-up', async () => {
    expect(await runExample('custom-provider')).toEqual({
      code: 0,
      stdout:
        'available 9007199254740993.55 KES, to the last cent; ledger 9007199254750000, for display\n' +
        'accepted: payout-1 is sent\n' +
        'looked up: payout-1 is captured\n',
      stderr: '',
    });
  });

  it('demo: every answer is correct, and the documents show its real output', async () => {
    const { code, stdout, stderr } = await runExample('demo');
    expect([code, stderr, stdout.trim().split('\n').at(-1)]).toEqual([0, '', 'Every answer was the right one.']);
    const scenes = stdout.trim().split('\n\n');
    expect(scenes).toHaveLength(5);
    expect(readFileSync('examples/README.md', 'utf8')).toContain(scenes[0]);
    expect(readFileSync('README.md', 'utf8')).toContain(scenes[3]);
  });

  it('jpay-webhook: looks up by the id of the payout, and captures when the callback triggers a look-up', async () => {
    expect(await runExample('jpay-webhook', { NODE_OPTIONS: '' })).toEqual({
      code: 0,
      stdout: 'payout-1: 202 sent\npayout-2: 422 insufficient_funds\nacme:payout-1 is captured\n',
      stderr: '',
    });
  });

  it('paystack: settles a payout when a signed event triggers a look-up, and frees one that failed', async () => {
    const { code, stdout, stderr } = await runExample('paystack', { NODE_OPTIONS: '' });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toEqual([
      'invoice-2026-0001 asks for 600: 202 sent',
      'invoice-2026-0002 asks for 1400.00: 422 insufficient_funds',
      'i-3 asks for 100.00: 400 invalid_reference',
      'invoice-2026-0004 asks for 500.00: 202 sent',
      'acme_invoice-2026-0001 is captured: 610.00 NGN with the fee',
      'acme_invoice-2026-0004 is released: it failed',
      'events were answered with 200, 200',
    ]);
  });

  it('approval: reserves, pays an approval once, and releases a rejected request', async () => {
    const { code, stdout, stderr } = await runExample('approval');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toEqual([
      '/requests invoice-1 202 reserved',
      '/requests invoice-2 202 reserved',
      '/requests invoice-3 422 insufficient_funds',
      '/requests/invoice-1/extend 200 reserved',
      '/requests/invoice-1/approve 202 sent',
      '/requests/invoice-1/approve 409 hold_state',
      '/requests/invoice-2/reject 200 released',
      '/requests invoice-3 202 reserved',
      'paid: acme:invoice-1 600.00',
    ]);
  });

  it('payment-api: serves the curl lines that it prints, and stops on a signal', async () => {
    const child = start('examples/payment-api.ts', { PORT: '0', NODE_OPTIONS: '' });
    const warned = text(child.stderr);
    let printed = '';
    for await (const chunk of child.stdout) {
      printed += chunk;
      if (printed.includes('1,500.00')) break;
    }
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
    const headers = { 'content-type': 'application/json', authorization: 'Bearer demo-token' };
    const commands = [...printed.matchAll(/idempotency-key: (\S+)' -d '([^']+)'/g)];
    const answers = [];
    for (const [, key = '', body = ''] of commands) {
      const request = { method: 'POST', headers: { ...headers, 'idempotency-key': key }, body };
      answers.push((await fetch(`${url}/payouts`, request)).status);
    }
    expect(answers).toEqual([202, 422, 400]);
    const stateOf = async (key: string) => (await fetch(`${url}/payouts/${key}`, { headers })).json();
    while (((await stateOf('payout-1')) as { state: string }).state === 'sent') await sleep(100);
    expect(await stateOf('payout-1')).toEqual({ amount: '1500.00', state: 'captured' });
    expect(await (await fetch(`${url}/funds`, { headers })).json()).toMatchObject({ currency: 'KES', held: '0.00' });
    expect((await fetch(`${url}/funds`)).status).toBe(401);
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'close');
    expect([code, signal]).toEqual([0, null]);
    expect((await warned).match(/PAYOUT_GUARD_\w+/g)).toEqual(['PAYOUT_GUARD_LOOKUP']);
  });
});
