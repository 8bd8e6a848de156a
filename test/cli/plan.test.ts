// A file of payouts against the wallets, and what is wrong with other files.
import { describe, expect, it } from '@jest/globals';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { file, moduleOf, run } from './support.js';
import { open, withHolds } from './two-wallets.js';

const lines = (...text: string[]) => text.join('\n');

collectWarnings();

describe('plan', () => {
  const csv =
    'wallet,reference,amount,fee\r\n' +
    'jpay-kes,p-1,1000000.00,10.00\njpay-kes,"p-2",300000,\nisw-ugx,p-3,80000,0\njpay-kes,p-4,50.25,1\n';

  it('shows what fits in order, fees included, and what is missing; it holds and records nothing', async () => {
    const { command, guard, history } = await open();
    await file('payouts.csv', csv);
    const { code, out } = await command('plan', 'payouts.csv');
    expect([code, out]).toEqual([
      3,
      lines(
        'REFERENCE  WALLET        AMOUNT    FEE    REQUIRED  CURRENCY  ANSWER',
        'p-1        jpay-kes  1000000.00  10.00  1000010.00  KES       fits',
        'p-2        jpay-kes   300000.00   0.00   300000.00  KES       does not fit',
        'p-3        isw-ugx     80000      0       80000     UGX       fits',
        'p-4        jpay-kes       50.25   1.00       51.25  KES       fits',
        '',
        'WALLET    CURRENCY   SPENDABLE    REQUIRED        FITS   MISSING',
        'jpay-kes  KES       1234067.50  1300061.25  1000061.25  65993.75',
        'isw-ugx   UGX         80000       80000       80000         0',
        '',
        'Advice only: nothing is held, and other payouts may take the money before these.',
      ),
    ]);
    expect((await guard.listHolds()).holds).toEqual([]);
    expect((await history.query({ kind: 'insufficient' })).entries).toEqual([]);
  });

  it('exits 0 when all fit, leaves out references that are taken, and sees a freeze', async () => {
    const { command, guard } = await withHolds();
    await file('one.csv', 'reference,amount\np-1,10.00\n');
    expect((await command('plan', 'one.csv', '--wallet', 'jpay-kes')).code).toBe(0);
    await file('taken.csv', 'reference,amount\nk-1,10.00\n');
    const taken = await command('plan', 'taken.csv', '--wallet', 'jpay-kes', '--json');
    expect([taken.code, JSON.parse(taken.out)]).toMatchObject([
      3,
      {
        adviceOnly: true,
        payouts: [{ reference: 'k-1', answer: 'taken', state: 'captured' }],
        wallets: [{ required: '0.00', missing: '0.00' }],
      },
    ]);
    await guard.freeze('jpay-kes', 'audit');
    expect((await command('plan', 'one.csv', '--wallet', 'jpay-kes')).out).toMatch(/KES +frozen$/m);
  });

  it('names the limit that a payout is above', async () => {
    const make = () => scriptedWallet('1000.00').guard({ limits: { perPayout: '100.00' } });
    const name = await moduleOf({ default: () => ({ guard: make() }) });
    await file('limited.csv', 'reference,amount\np-1,100.01\np-2,100.00\n');
    const { code, out } = await run(['plan', 'limited.csv', '--guard', name]);
    expect(code).toBe(3);
    expect(out).toMatch(/^p-1 .* over limit: perPayout$/m);
    expect(out).toMatch(/^p-2 .* fits$/m);
  });

  it.each<[string, string | Buffer, string]>([
    ['an empty file', '', 'the file is empty'],
    ['no payouts', 'reference,amount\n', 'the file has no payouts below its first line'],
    [
      'an unknown column',
      'reference,amount,iban\na,1,x\n',
      'line 1: column 3 is none of wallet, reference, amount, fee',
    ],
    ['a column twice', 'reference,amount,amount\na,1,1\n', 'line 1: a column is there twice'],
    ['no amount column', 'reference\na\n', 'line 1: the column amount is missing'],
    ['a missing cell', 'reference,amount\na,1\nb\n', 'line 3: 1 cells below 2 columns'],
    ['a comma within an amount', 'reference,amount\na,1,500.00\n', 'line 2: 3 cells below 2 columns'],
    ['a quoted amount with a separator', 'reference,amount\na,"1,500.00"\n', 'line 2: Invalid amount: it is not plain'],
    ['a blank', 'reference,amount\na, 1\n', 'line 2: Invalid amount'],
    ['too many decimals', 'reference,amount\na,1.005\n', 'line 2: Invalid amount: it has more decimals than KES'],
    ['an empty amount', 'reference,amount\na,\n', 'line 2: amount is empty'],
    ['an empty line', 'reference,amount\na,1\n\nb,1\n', 'line 3: 1 cells below 2 columns'],
    ['a reference twice', 'reference,amount\na,1\nb,1\na,2\n', 'line 4: the reference of line 2'],
    ['a reference with a blank', 'reference,amount\na b,1\n', 'line 2: Invalid reference'],
    ['an unknown wallet', 'wallet,reference,amount\nx,a,1\n', 'line 2: wallet: the guard has no such wallet'],
    ['an open quote', 'reference,amount\n"a,1\n', 'line 2: a quote that is not closed'],
    ['a quote within a cell', 'reference,amount\na"b,1\n', 'line 2: a quote within a cell'],
    ['text after a quote', 'reference,amount\n"a"b,1\n', 'line 2: text after a closing quote'],
    ['an old line end', 'reference,amount\ra,1\r', 'line 1: text after a closing quote, or a carriage return'],
    ['bytes that are no UTF-8', Buffer.from([0x72, 0xff]), 'the file is not UTF-8'],
  ])('refuses %s, and repeats no cell', async (_, text, problem) => {
    const { command } = await open();
    await file('bad.csv', text as string);
    const { code, out, err } = await command('plan', 'bad.csv', '--wallet', 'jpay-kes');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(problem);
  });

  it('names a file that cannot be read', async () => {
    const { command } = await open();
    expect(await command('plan', 'missing.csv')).toMatchObject({
      code: 2,
      err: 'payout-guard: the file cannot be read (ENOENT)',
    });
  });
});
