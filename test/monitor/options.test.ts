import { afterAll, describe, expect, it } from '@jest/globals';
import { createPayoutGuard, observing, type PayoutGuard } from 'payout-guard';
import { createMonitor, type MonitorOptions } from 'payout-guard/monitor';
import { scriptedWallet } from '../support/wallet.js';

const one = scriptedWallet().guard();
const many = createPayoutGuard({
  wallets: {
    a: { provider: scriptedWallet().provider, currency: 'KES' },
    b: { provider: scriptedWallet().provider, currency: 'UGX' },
  },
});
afterAll(() => Promise.all([one.close(), many.close()]));

const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
const secretRule = 'must be "whsec_" and the Base64 of 24 to 64 random bytes';
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

const percent = (belowPercentOfYesterday: number) => ({ wallets: [{ thresholds: ['1'], belowPercentOfYesterday }] });

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
      'wallets.0.currency: must be KES, the currency of wallet default',
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
    ['an unknown wallet', { wallets: [{ wallet: 'x', thresholds: ['1'] }] }, 'unknown wallet "x"; add it to `wallets`'],
    [
      'freezeAbove without drift',
      { wallets: [{ thresholds: ['1'], freezeAbove: '5' }] },
      'wallets: freezeAbove needs the option drift',
    ],
    [
      'an odd freezeAbove',
      { wallets: [{ thresholds: ['1'], freezeAbove: 'much' }], drift: {} },
      /^wallets\.0\.freezeAbove: Invalid amount: it is not plain/,
    ],
    [
      'reminders that come faster than alerts may',
      { remindEveryMs: 3_600_000 },
      'remindEveryMs: must not be less than minBetweenMs (21600000)',
    ],
    [
      'odd reminders',
      { remindEveryMs: true },
      'remindEveryMs: must be false or an integer from 60,000 to 2,592,000,000 (ms)',
    ],
    ['too long a time between alerts', { minBetweenMs: 604_800_001, remindEveryMs: false }, /^minBetweenMs: /],
    ['a short runway', { wallets: [{ thresholds: ['1'], runwayBelowMs: 59_999 }] }, /^wallets\.0\.runwayBelowMs: /],
    [
      'an odd threshold of a figure',
      { wallets: [{ thresholds: ['1'], figures: { ledgerBalance: '-1' } }] },
      'wallets.0.figures.ledgerBalance: Invalid amount: it is negative',
    ],
    ['a figure without a name', { wallets: [{ thresholds: ['1'], figures: { '': '1' } }] }, /^wallets\.0\.figures/],
    ['all of yesterday', percent(100), /^wallets\.0\.belowPercentOfYesterday: /],
    ['none of yesterday', percent(0), /^wallets\.0\.belowPercentOfYesterday: /],
    ['half a percent', percent(0.5), /^wallets\.0\.belowPercentOfYesterday: /],
    ['drift options', { drift: { creditToleranceMs: -1 } }, /^drift\.creditToleranceMs: /],
    ['freezeAbove for all wallets', { drift: { freezeAbove: '5' } }, /freezeAbove/],
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
      'schedule.cron: must be a cron expression of five or six fields',
    ],
    [
      'a time that never comes',
      { schedule: { cron: '0 0 31 2 *', timeZone: 'UTC' } },
      'schedule.cron: no such time is left',
    ],
    [
      'an unknown time zone',
      { schedule: { cron: '0 9 * * *', timeZone: 'Africa/Nowhere' } },
      'schedule.timeZone: must be an IANA name such as "Africa/Nairobi" that this Node.js has',
    ],
    ['no time zone', { schedule: { cron: '0 9 * * *' } }, /^schedule\.timeZone: /],
    ['onAlert', { onAlert: 'mail' }, 'onAlert: must be a function'],
    ['a logger', { logger: console.log }, 'logger: must have info(), warn() and error()'],
    [
      'a webhook by http',
      { webhook: { url: 'http://example.com/', secret } },
      'webhook.url: must begin with https:// (http is for loopback only)',
    ],
    [
      'a webhook with credentials',
      { webhook: { url: 'https://me:pw@example.com/', secret } },
      'webhook.url: must not contain credentials',
    ],
    [
      'a short secret',
      { webhook: { url: 'https://example.com/', secret: `whsec_${'a'.repeat(28)}` } },
      `webhook.secret: ${secretRule}`,
    ],
    [
      'a secret without its prefix',
      { webhook: { url: 'https://example.com/', secret: 's'.repeat(64) } },
      `webhook.secret: ${secretRule}`,
    ],
    [
      'one odd secret of two',
      { webhook: { url: 'https://example.com/', secret: [secret, ''] } },
      `webhook.secret.1: ${secretRule}`,
    ],
    ['a list without a secret', { webhook: { url: 'https://example.com/', secret: [] } }, /^webhook\.secret: /],
    [
      'no secret',
      { webhook: { url: 'https://example.com/' } },
      `webhook.secret: ${secretRule}, or a list of 1 to 3 of them`,
    ],
    [
      'headers of a signature',
      { webhook: { url: 'https://example.com/', secret, headers: { 'Webhook-Id': '1' } } },
      'webhook.headers: must not begin with webhook-',
    ],
    [
      'odd headers',
      { webhook: { url: 'https://example.com/', secret, headers: { a: 'b\nc' } } },
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
          { thresholds: ['1'] },
          { wallet: 'b', thresholds: ['0.5'] },
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
      'wallets.2.wallet',
      'wallets.3.thresholds.0',
      'schedule.timeZone',
      'schedule.cron',
    ]);
    expect(problems.join()).not.toContain('short-secret');
  });

  it('need a guard', () => {
    expect(problemsOf({}, {} as PayoutGuard)).toEqual(['guard: must be what createPayoutGuard() returns']);
  });

  it('refuse to watch the drift of an observing guard', async () => {
    const { emitWarning } = process;
    process.emitWarning = () => {};
    const guard = observing(one);
    process.emitWarning = emitWarning;
    expect(problemsOf({ drift: {} }, guard)).toEqual([
      'guard: it only observes, so its store does not have every payout',
    ]);
    expect(problemsOf({}, guard)).toEqual([]);
  });

  it('take wallets that an async function finds once each was read', async () => {
    const { provider } = scriptedWallet();
    const guard = createPayoutGuard({ wallets: async () => ({ provider, currency: 'KES' }) });
    const options = { wallets: [{ wallet: 'merchant-1', thresholds: ['1'] }] };
    expect(problemsOf(options, guard)).toEqual([
      'wallet "merchant-1" is not known yet; read it once with funds() before',
    ]);
    await guard.funds({ wallet: 'merchant-1' });
    expect(problemsOf(options, guard)).toEqual([]);
    await guard.close();
  });

  it('allow http to a private network when that is asked for by name', async () => {
    const webhook = { url: 'http://10.0.0.1/', secret };
    expect(problemsOf({ webhook })).toHaveLength(1);
    expect(problemsOf({ webhook: { ...webhook, dangerouslyAllowHttp: true } })).toEqual([]);
  });
});
