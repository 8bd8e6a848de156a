// The commands that read, and their output.
import { describe, expect, it } from '@jest/globals';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { moduleOf, run, secret } from './support.js';
import { open, withHolds } from './two-wallets.js';

const lines = (...text: string[]) => text.join('\n');

collectWarnings();

describe('status', () => {
  it('shows every wallet with exact amounts that line up, and no sum', async () => {
    const { command } = await withHolds();
    expect(await command('status')).toEqual({
      code: 0,
      out: lines(
        'WALLET    CURRENCY   AVAILABLE   FLOOR      HELD   SPENDABLE  AGE  STATE',
        'jpay-kes  KES       1234567.50  500.00     99.00  1233968.50   0s  ok',
        'isw-ugx   UGX         80000       0     20000       60000      0s  ok',
      ),
      err: '',
    });
  });

  it('notes that a store in memory has no holds of services', async () => {
    const name = await moduleOf({ guard: scriptedWallet().guard() });
    const { code, err } = await run(['status', '--guard', name]);
    expect([code, err]).toEqual([0, expect.stringContaining('the store is in the memory of this command')]);
  });

  it('shows one wallet, a freeze and JSON', async () => {
    const { command, guard } = await open();
    await guard.freeze('isw-ugx', 'audit');
    const { out } = await command('status', '--wallet', 'isw-ugx');
    expect(out.split('\n')).toHaveLength(2);
    expect(out).toMatch(/ frozen: audit$/);
  });

  it('exits 1 and names the reason when a wallet cannot be read', async () => {
    const { command, ugx } = await open();
    ugx.answer = () => Promise.reject(new Error(secret));
    const { code, out, err } = await command('status');
    expect(code).toBe(1);
    expect(out).toMatch(/isw-ugx +UGX +provider_error$/);
    expect(err).toContain('payout-guard: isw-ugx: Balance unavailable: the provider answered with an error.');
    const json = await command('status', '--json');
    expect(JSON.parse(json.out).wallets).toMatchObject([
      { wallet: 'jpay-kes', currency: 'KES', exponent: 2, provider: 'scripted', funds: { spendable: '1234067.50' } },
      { wallet: 'isw-ugx', problem: { code: 'balance_unavailable', reason: 'provider_error' } },
    ]);
  });
});

const clearRight = '\u001b[K';

describe('an interrupt', () => {
  it('ends a command that waits for the provider, which prints nothing more', async () => {
    const { commandIn, kes } = await open();
    const interrupt = new AbortController();
    kes.answer = ({ signal }) => {
      interrupt.abort();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const { code, out, err } = await commandIn({ interrupted: interrupt.signal }, 'status');
    expect([code, out, err]).toEqual([130, '', 'payout-guard: Interrupted. Nothing was changed.']);
  });
});

describe('watch', () => {
  it('prints plain lines with their time where there is no terminal', async () => {
    const { command } = await open();
    const { code, out } = await command('watch', '--every', '100ms', '--count', '2', '--wallet', 'isw-ugx');
    const line = '2023-11-14T22:13:20Z  isw-ugx  UGX           80000      0     0      80000   0s  ok';
    expect([code, out]).toEqual([0, lines(line, line)]);
  });

  it('redraws a terminal in place, and restores it when it is interrupted', async () => {
    const { name } = await open();
    const written: string[] = [];
    const interrupt = new AbortController();
    const write = (text: string) => {
      written.push(text);
      if (written.length === 3) interrupt.abort();
    };
    const context = { screen: { columns: 40, write }, interrupted: interrupt.signal };
    const { code, out } = await run(['watch', '--guard', name, '--every', '100ms'], context);
    expect([code, out]).toEqual([0, '']);
    expect(written).toHaveLength(4);
    expect(written[0]).toContain('\u001b[?1049h');
    expect(written[1]?.startsWith('\u001b[H2023-11-14T22:13:20Z   Ctrl-C ends\u001b[K\r\n')).toBe(true);
    const widths = (written[1] ?? '')
      .split('\r\n')
      .map((line) => line.replaceAll(clearRight, '').replace('\u001b[J', '').length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(40);
    expect(written[3]).toBe('\u001b[?25h\u001b[?1049l');
  });
});

describe('holds', () => {
  it('lists holds, oldest first', async () => {
    const { command } = await withHolds();
    expect((await command('holds')).out).toBe(
      lines(
        'REFERENCE  WALLET    STATE       AMOUNT  CAPTURED  CURRENCY  CREATED               ENDED',
        'k-1        jpay-kes  captured   1525.00   1520.50  KES       2023-11-14T22:13:20Z  2023-11-14T23:13:20Z',
        'u-1        isw-ugx   sent      20000               UGX       2023-11-14T22:13:20Z',
        'k-2        jpay-kes  sent         99.00            KES       2023-11-14T23:13:20Z',
      ),
    );
  });

  it.each<[string[], string[]]>([
    [
      ['--wallet', 'jpay-kes'],
      ['k-1', 'k-2'],
    ],
    [
      ['--state', 'sent'],
      ['u-1', 'k-2'],
    ],
    [
      ['--older-than', '30m'],
      ['k-1', 'u-1'],
    ],
    [['--text', 'a17'], ['u-1']],
    [['--limit', '1'], ['k-1']],
    [['--wallet', 'isw-ugx', '--state', 'captured'], []],
  ])('%j finds %j', async (conditions, references) => {
    const { command } = await withHolds();
    const { code, out } = await command('holds', '--json', ...conditions);
    const found = JSON.parse(out);
    expect([code, found.holds.map((hold: { reference: string }) => hold.reference)]).toEqual([0, references]);
    expect(found.more).toBe(conditions.includes('--limit'));
  });

  it('writes CSV with exact amounts', async () => {
    const { command } = await withHolds();
    const { out } = await command('holds', '--csv', '--wallet', 'jpay-kes', '--limit', '1');
    expect(out.split('\r\n')).toEqual([
      'reference,wallet,state,failed,awaitsOutcome,amount,captured,currency,attempt,createdAt,sentAt,endedAt,metadata',
      expect.stringMatching(/^k-1,jpay-kes,captured,,,1525\.00,1520\.50,KES,[\w/-]+,2023-11-14T22:13:20\.000Z,/),
    ]);
  });
});

describe('hold', () => {
  it('shows the hold and its whole history', async () => {
    const { command } = await withHolds();
    const { code, out } = await command('hold', 'k-1');
    expect(code).toBe(0);
    expect(out).toContain('amount     1525.00 KES');
    expect(out).toContain('captured   1520.50 KES');
    const kinds = [...out.matchAll(/^2023-11-14T\S+ {2}(\w+)/gm)].map(([, kind]) => kind);
    expect(kinds).toEqual(['approved', 'held', 'captured']);
  });

  it('exits 3 when nothing is known of the reference', async () => {
    const { command } = await open();
    expect(await command('hold', 'nothing')).toMatchObject({
      code: 3,
      out: 'The store and the history have nothing of this reference.',
    });
  });
});

describe('report and drift', () => {
  it('adds up a day of each wallet in its own currency', async () => {
    const { command } = await withHolds();
    const { code, out } = await command('report', '2023-11-14');
    expect(code).toBe(0);
    expect(out).toBe(
      lines(
        '2023-11-14, UTC',
        'WALLET    CURRENCY     OPENING  CREDITS  CAPTURED  UNEXPLAINED  OTHER DAYS     CLOSING  PAYOUTS  REFUSED',
        'jpay-kes  KES       1234567.50     0.00   1520.50         0.00    -1520.50  1234567.50        1        0',
        'isw-ugx   UGX         80000        0         0            0           0       80000           0        0',
      ),
    );
    expect((await command('report', '2023-11-14', '--csv', '--wallet', 'isw-ugx')).out).toMatch(/^wallet,currency,day/);
    const json = await command('report', '2023-11-15', '--time-zone', 'Africa/Kampala', '--json');
    expect(JSON.parse(json.out).reports[0]).toMatchObject({ day: '2023-11-15', timeZone: 'Africa/Kampala' });
  });

  it('lists the unexplained movements of a time', async () => {
    const { command, history } = await open();
    const window = { from: '2023-11-13T10:00:00.000Z', to: '2023-11-13T10:01:00.000Z' };
    const about = { wallet: 'isw-ugx', amount: '7000', data: { direction: 'debit', currency: 'UGX', ...window } };
    await history.add([{ kind: 'drift', at: new Date(window.to), ...about }]);
    expect(await command('drift')).toMatchObject({
      code: 0,
      out: lines(
        'WALLET   DIRECTION  AMOUNT  AT MOST  CURRENCY  AFTER                 BEFORE',
        'isw-ugx  debit        7000           UGX       2023-11-13T10:00:00Z  2023-11-13T10:01:00Z',
      ),
    });
    const later = await command('drift', '--from', '2023-11-14', '--to', '2023-11-15T00:00:00Z');
    expect(later.out).toBe('No unexplained movement is recorded.');
  });

  it.each(['report', 'drift'])('%s needs the history', async (name) => {
    const module = await moduleOf({ guard: scriptedWallet().guard() });
    const args = name === 'report' ? [name, '2023-11-14'] : [name];
    const { code, err } = await run([...args, '--guard', module]);
    expect([code, err]).toEqual([1, expect.stringContaining('exports no `history`, and this command reads it')]);
  });
});

describe('migrate', () => {
  it('migrates the store and the history, and lists them', async () => {
    const migrated: string[] = [];
    const part = (name: string) => ({ migrate: async () => void migrated.push(name), close: async () => {} });
    const store = { name: 'postgres', totals: async () => {}, ...part('store') };
    const history = { query: async () => {}, ...part('history') };
    const name = await moduleOf({ guard: scriptedWallet().guard(), store, history });
    expect(await run(['migrate', '--guard', name])).toMatchObject({ code: 0, out: 'up to date: store, history' });
    expect(migrated).toEqual(['store', 'history']);
  });

  it('shows the code and the advice of a database error, never its text', async () => {
    const migrate = () => Promise.reject(Object.assign(new Error(secret), { code: '42501' }));
    const store = { name: 'postgres', totals: async () => {}, close: async () => {}, migrate };
    const name = await moduleOf({ guard: scriptedWallet().guard(), store });
    const { code, err } = await run(['migrate', '--guard', name]);
    expect([code, err]).toEqual([1, expect.stringContaining('store: 42501: the role lacks a right.')]);
  });

  it('exits 3 for a store without tables', async () => {
    const { command } = await open();
    expect((await command('migrate')).code).toBe(3);
  });
});
