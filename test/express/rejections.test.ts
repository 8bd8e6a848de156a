// No rejection ends the process, on Express 4 either. This runs in its own process, because jest catches rejections.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const answers: readonly [title: string, status: number][] = [
  ['rejects before the payment', 500],
  ['rejects after the payment', 500],
  ['rejects in the payment', 500],
  ['rejects with nothing', 500],
  ['answers, then rejects', 201],
  ['forgets a payment that fails', 202],
  ['pays twice, and forgets the second', 201],
  ['pays after its end', 202],
  ['has an amount that rejects', 500],
  ['has a wallet that rejects', 500],
  ['has metadata that rejects', 500],
  ['has an onDuplicate that rejects', 500],
  ['has a verdictOn that rejects', 201],
];

const warnings: Readonly<Record<string, readonly string[]>> = {
  'answers, then rejects': ['PAYOUT_GUARD_NOT_PAID'],
  'forgets a payment that fails': ['PAYOUT_GUARD_NOT_AWAITED', 'PAYOUT_GUARD_NOT_AWAITED'],
  'pays twice, and forgets the second': ['PAYOUT_GUARD_NOT_AWAITED'],
  'pays after its end': ['PAYOUT_GUARD_NOT_PAID', 'PAYOUT_GUARD_NOT_AWAITED'],
  'has a verdictOn that rejects': ['PAYOUT_GUARD_VERDICT'],
};

it('handlers, payments and options that reject are answered, and the process continues', async () => {
  const command = ['--unhandled-rejections=strict', '--import', 'tsx', 'test/express/fixtures/rejections.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command);
  const lines = ['Express 4', 'Express 5'].flatMap((name) => [
    ...answers.flatMap(([title, status]) => [
      ...(warnings[title] ?? []).map((code) => `warning ${code}`),
      `${name}: a route that ${title} answers ${status}`,
    ]),
    // Some of the payouts have no known outcome.
    'warning PAYOUT_GUARD_MEMORY_LOST',
  ]);
  expect(stdout.trim().split('\n')).toEqual(lines);
  expect(stderr).not.toContain('UnhandledPromiseRejection');
});
