import { afterAll, describe, expect, it } from '@jest/globals';
import type { HoldStore, PayoutGuard } from 'payout-guard';
import { createMonitor, type MonitorOptions } from 'payout-guard/monitor';
import { scriptedWallet } from '../support/wallet.js';

const one = scriptedWallet().guard();
const many = scriptedWallet('1', { wallets: 'many' }).guard({ wallets: ['a', 'b'] });
afterAll(() => Promise.all([one.close(), many.close()]));

const good: MonitorOptions = { wallets: [{ thresholds: ['1'] }], schedule: { everyMs: 1_000 }, onAlert: () => {} };

function problemsOf(options: object, guard: PayoutGuard = one): readonly string[] {
  try {
    createMonitor(guard, { ...good, ...options } as MonitorOptions);
  } catch (error) {
    const { code, problems } = error as { code: string; problems: readonly string[] };
    expect(code).toBe('configuration');
    return problems;
  }
  return [];
}

describe('the options of a monitor', () => {
  it.each<[string, object, string[]]>([
    ['out of order', ['50000', '100000'], ['wallets.0.thresholds: must be descending, each once']],
    ['twice the same', ['100', '100.00'], ['wallets.0.thresholds: must be descending, each once']],
    ['negative', ['-1'], ['wallets.0.thresholds.0: Invalid amount: it is negative']],
    [
      'no money',
      ['1,000'],
      [expect.stringContaining('wallets.0.thresholds.0: Invalid amount: it is not plain') as never],
    ],
    ['too precise', ['0.001'], [expect.stringContaining('more decimals than KES') as never]],
    ['a sum of floats', [0.1 + 0.2], [expect.stringContaining('more digits than a float keeps') as never]],
    ['missing', [], [expect.stringContaining('wallets.0.thresholds: ') as never]],
  ])('refuse thresholds: %s', (_, thresholds, problems) => {
    expect(problemsOf({ wallets: [{ thresholds }] })).toEqual(problems);
  });

  it.each<[string, object, string | RegExp]>([
    [
      'another currency',
      { wallets: [{ thresholds: ['1'], currency: 'UGX' }] },
      'wallets.0.currency: the guard decides in KES',
    ],
    [
      'hysteresis',
      { wallets: [{ thresholds: ['1'], hysteresis: '-2' }] },
      /^wallets\.0\.hysteresis: Invalid amount: it is negative/,
    ],
    [
      'a wallet twice',
      { wallets: [{ thresholds: ['1'] }, { wallet: 'default', thresholds: ['2'] }] },
      'wallets.1.wallet: is there twice',
    ],
    ['an unknown wallet', { wallets: [{ wallet: 'x', thresholds: ['1'] }] }, /^wallet: this guard was not told/],
    ['no wallets', { wallets: [] }, /^wallets: /],
    [
      'both schedules',
      { schedule: { everyMs: 1_000, cron: '* * * * *', timeZone: 'UTC' } },
      'schedule: give either everyMs, or cron and timeZone',
    ],
    ['no schedule', { schedule: undefined }, 'schedule: give either everyMs, or cron and timeZone'],
    ['an odd interval', { schedule: { everyMs: 1.5 } }, /^schedule\.everyMs: /],
    ['too short an interval', { schedule: { everyMs: 99 } }, /^schedule\.everyMs: /],
    [
      'cron nonsense',
      { schedule: { cron: 'at nine', timeZone: 'UTC' } },
      'schedule.cron: not a cron expression of five or six fields',
    ],
    [
      'a time that never comes',
      { schedule: { cron: '0 0 31 2 *', timeZone: 'UTC' } },
      'schedule.cron: there is no such time to come',
    ],
    [
      'an unknown time zone',
      { schedule: { cron: '0 9 * * *', timeZone: 'Africa/Nowhere' } },
      'schedule.timeZone: not a time zone that is known here',
    ],
    ['no time zone', { schedule: { cron: '0 9 * * *' } }, /^schedule\.timeZone: /],
    ['onAlert', { onAlert: 'mail' }, 'onAlert: must be a function'],
    ['a logger', { logger: console.log }, 'logger: must have info(), warn() and error()'],
    [
      'a webhook by http',
      { webhook: { url: 'http://example.com/', secret: 's'.repeat(16) } },
      'webhook.url: must begin with https:// (http is for loopback only)',
    ],
    [
      'a webhook with credentials',
      { webhook: { url: 'https://me:pw@example.com/', secret: 's'.repeat(16) } },
      'webhook.url: must not contain credentials',
    ],
    ['a short secret', { webhook: { url: 'https://example.com/', secret: 'short' } }, /^webhook\.secret: /],
    [
      'odd headers',
      { webhook: { url: 'https://example.com/', secret: 's'.repeat(16), headers: { a: 'b\nc' } } },
      'webhook.headers: cannot be sent',
    ],
    ['a typo', { treshold: 1 }, /treshold/],
  ])('refuse %s', (_, options, problem) => {
    const problems = problemsOf(options);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem));
  });

  it('are refused with one error that names all problems, and repeats no secret', () => {
    const problems = problemsOf(
      {
        wallets: [
          { wallet: 'a', thresholds: ['1', '2'], currency: 'USD' },
          { wallet: 'a', thresholds: ['x', '-5'] },
        ],
        schedule: { cron: 'no', timeZone: 'no' },
        onAlert: undefined,
        webhook: { url: 'ftp://x', secret: 'short-secret' },
      },
      many,
    );
    expect(problems.map((problem) => problem.replace(/(: Invalid amount)?: .*/, ''))).toEqual([
      'onAlert',
      'webhook.secret',
      'webhook.url',
      'wallets.0.currency',
      'wallets.0.thresholds',
      'wallets.1.wallet',
      'wallets.1.thresholds.0',
      'wallets.1.thresholds.1',
      'schedule.timeZone',
      'schedule.cron',
    ]);
    expect(problems.join()).not.toContain('short-secret');
  });

  it('need a guard', () => {
    expect(problemsOf({}, {} as PayoutGuard)).toEqual(['guard: must be what createPayoutGuard() returns']);
  });

  it('need a store that keeps notes', async () => {
    const { note: _, ...store } = Object.fromEntries(
      ['totals', 'hold', 'settle', 'get', 'list', 'claimSent', 'freeze', 'note', 'swapNote', 'close'].map((name) => [
        name,
        () => {},
      ]),
    );
    const guard = scriptedWallet().guard({ store: store as unknown as HoldStore, reconcileEveryMs: 0 });
    expect(problemsOf({}, guard)).toEqual(['guard: its store keeps no notes; it needs note() and swapNote()']);
    await guard.close();
  });

  it('refuse drift that cannot be watched', () => {
    expect(problemsOf({ drift: { freezeAbove: 'much' } })).toEqual([
      expect.stringContaining('freezeAbove: Invalid amount: it is not plain'),
    ]);
  });

  it('allow http to a private network when that is said', async () => {
    const webhook = { url: 'http://10.0.0.1/', secret: 's'.repeat(16) };
    expect(problemsOf({ webhook })).toHaveLength(1);
    expect(problemsOf({ webhook: { ...webhook, dangerouslyAllowHttp: true } })).toEqual([]);
  });
});
