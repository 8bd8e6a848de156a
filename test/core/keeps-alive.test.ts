// A script that awaits look-ups ends after them, although the timers of a guard keep no process alive.
import { describe, expect, it } from '@jest/globals';
import { runProgram } from '../support/programs.js';

const setUp = `
  import { createPayoutGuard, memoryStore } from './src/index.ts';
  import { runBatch } from './src/batch/index.ts';
  const provider = { name: 'p', accountId: 'p', debitVisibleAt: 'completion',
    fetchBalance: async () => ({ available: '100.00', currency: 'KES' }),
    lookup: async () => ({ outcome: 'completed' }) };
  const guard = createPayoutGuard({ provider, currency: 'KES', reconcileEveryMs: 0, lookupsPerSecond: 4 });
  const payouts = Array.from({ length: 7 }, (_, index) => ({ reference: 'p-' + index, amount: '1.00' }));
  for (const payout of payouts) await guard.hold({ ...payout, state: 'sent' });
`;

describe('a script whose look-ups wait for their turn', () => {
  it.each([
    ['reconciles', 'console.log((await guard.reconcile({ olderThanMs: 0 })).captured);'],
    [
      'runs a batch again',
      'const { rows } = await runBatch(guard, payouts, () => {}); ' +
        'console.log(rows.filter((r) => r.outcome === "paid").length);',
    ],
  ])('that %s ends when all of them have answered', async (_, code) => {
    const args = ['--import', 'tsx', '--input-type=module', '-e', `${setUp}${code}`];
    const { code: status, stdout } = await runProgram(process.execPath, args);
    expect([status, stdout.trim()]).toEqual([0, '7']);
  });
});
