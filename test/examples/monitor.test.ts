// Runs examples/monitor.ts as a reader would.
import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';

it('monitor: tells each crossing once, by function and by webhook', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/tsx/dist/cli.mjs', 'examples/monitor.ts'],
    {
      encoding: 'utf8',
      timeout: 20_000,
    },
  );
  expect([status, stderr]).toEqual([0, '']);
  // Function and webhook are told at the same time.
  const rounds = stdout
    .trim()
    .split(/\n(?=\d)/)
    .map((round) => round.split('\n').sort());
  expect(rounds).toEqual([
    ['  nothing to tell', '120000.00 KES'],
    [
      '  onAlert: low_balance, 99999.99 KES spendable, threshold 100000.00',
      '  webhook: low_balance, 99999.99 KES spendable, threshold 100000.00',
      '99999.99 KES',
    ],
    ['  nothing to tell', '99000.00 KES'],
    ['  nothing to tell', '104999.99 KES'],
    [
      '  onAlert: recovered, 105000.00 KES spendable, threshold 100000.00',
      '  webhook: recovered, 105000.00 KES spendable, threshold 100000.00',
      '105000.00 KES',
    ],
    [
      '  onAlert: low_balance, 49000.00 KES spendable, threshold 100000.00',
      '  onAlert: low_balance, 49000.00 KES spendable, threshold 50000.00',
      '  webhook: low_balance, 49000.00 KES spendable, threshold 100000.00',
      '  webhook: low_balance, 49000.00 KES spendable, threshold 50000.00',
      '49000.00 KES',
    ],
  ]);
}, 30_000);
