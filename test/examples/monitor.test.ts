// Runs examples/monitor.ts as a reader would.
import { expect, it } from '@jest/globals';
import { runExample } from './support.js';

/** The same alert by function and by webhook, which are called concurrently. */
const both = (message: string) => [`  onAlert: ${message}`, `  webhook: ${message}`];
const low = (wallet: string, spendable: string, threshold: string) =>
  both(`Wallet ${wallet} can spend ${spendable}, which is below ${threshold}. Top it up.`);
const recovered = (wallet: string, spendable: string, threshold: string) =>
  both(`Wallet ${wallet} can spend ${spendable} again; the threshold is ${threshold}. No action needed.`);

it('monitor: raises each crossing once, by function and by webhook, in the currency of its wallet', async () => {
  const { code, stdout, stderr } = await runExample('monitor');
  expect([code, stderr]).toEqual([0, '']);
  const rounds = stdout
    .trim()
    .split(/\n(?=[\d-])/)
    .map((round) => {
      const [balances, ...lines] = round.split('\n');
      return [balances, ...lines.sort()];
    });
  expect(rounds).toEqual([
    ['120000.00 KES, 9000000 UGX', '  no alert'],
    ['99999.99 KES, 9000000 UGX', ...low('jpay-kes', '99999.99 KES', '100000.00 KES')],
    ['99000.00 KES, 4999999 UGX', ...low('isw-ugx', '4999999 UGX', '5000000 UGX')],
    ['104999.99 KES, 5100000 UGX', '  no alert'],
    [
      '105000.00 KES, 5250000 UGX',
      ...[
        ...recovered('isw-ugx', '5250000 UGX', '5000000 UGX'),
        ...recovered('jpay-kes', '105000.00 KES', '100000.00 KES'),
      ].sort(),
    ],
    [
      '-250.00 KES, 5250000 UGX',
      ...[...low('jpay-kes', '-250.00 KES', '100000.00 KES'), ...low('jpay-kes', '-250.00 KES', '50000.00 KES')].sort(),
    ],
  ]);
});
