// How a process of the installed package ends once it has closed its guard.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Fault, type JpaySimulator, jpaySimulator } from 'payout-guard/testing';
import { type Installed, makeProject } from '../support/installed.js';

export function closingCases(installed: () => Installed): void {
  const cases: { name: string; fault?: Fault; closes?: string; says: string }[] = [
    { name: 'after an answer', closes: 'after the answer', says: 'approved' },
    { name: 'while a request hangs', fault: { kind: 'hang' }, says: 'closed' },
    { name: 'between attempts after errors', fault: { kind: 'status', status: 500 }, says: 'closed' },
    {
      name: 'while it waits for as long as the provider asked it to',
      fault: { kind: 'status', status: 429, headers: { 'retry-after': '4' } },
      says: 'closed',
    },
  ];
  let project: string;
  let simulator: JpaySimulator;

  beforeAll(async () => {
    project = await makeProject(installed(), 'close', { type: 'module', files: { 'close.mjs': 'close.mjs' } });
    simulator = await jpaySimulator({ payout: '12000.00', collection: '45000.00' });
  });

  afterAll(() => simulator.close());

  it.each(cases)('ends within 2 s when it did so $name', async ({ fault, closes = 'now', says }) => {
    simulator.clearFaults();
    if (fault) simulator.fault(fault);
    const asked = simulator.count('/wallets/balance');
    const { url, appKey, appSecret } = simulator;
    const child = fork(join(project, 'close.mjs'), [url, appKey, appSecret], {
      cwd: project,
      execArgv: ['--disable-warning=PAYOUT_GUARD_LOOKUP'],
      silent: true,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    const disconnected = once(child, 'disconnect').then(() => performance.now());
    const ended = once(child, 'close').then(([code]) => ({ code, at: performance.now() }));

    const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    while (simulator.count('/wallets/balance') === asked && child.connected) await sleep(5);
    if (child.connected) child.send(closes);
    const closedAt = await disconnected;
    const { code, at } = await ended;
    clearTimeout(killer);

    expect({ code, output, inTime: at - closedAt < 2_000 }).toEqual({ code: 0, output: `${says}\n`, inTime: true });
  });
}
