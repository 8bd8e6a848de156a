// Levels besides an amount: the time that the money lasts, and the balance beside yesterday's. And whose fault
// a low balance is: that of payouts under way, or that of the balance.
import { describe, expect, it } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import type { MonitoredWallet } from 'payout-guard/monitor';
import { nearest, Samples } from '../../src/monitor/samples.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { short, type Watch } from './support.js';
import { watch } from './watches.js';

collectWarnings();

const aMinuteMs = 60_000;
const anHourMs = 3_600_000;
const aDayMs = 86_400_000;

/** A monitor of one wallet. */
const watching = (
  wallet: Partial<MonitoredWallet>,
  ...more: Parameters<typeof watch> extends [unknown?, ...infer M] ? M : never
) => watch({ wallets: [{ thresholds: ['0'], ...wallet }] }, ...more);

/** Runs a round at a time after the beginning. Resolves to its alerts but those of thresholds. */
async function roundAt({ wallet, monitor }: Watch, startMs: number, atMs: number, available?: string) {
  wallet.clock.advance(startMs + atMs - wallet.clock.now());
  if (available !== undefined) wallet.balance = { available, currency: 'KES' };
  return (await monitor.check()).alerts.filter((alert) => !('threshold' in alert)).map(short);
}

describe('the runway', () => {
  /** Pays 100.00 in the first hour: then 600.00 last for 6 hours. */
  async function payedOneHundred(one: Watch): Promise<number> {
    const startMs = one.wallet.clock.now();
    expect(await roundAt(one, startMs, 0, '10000.00')).toEqual([]);
    await one.guard.withHold({ amount: '100.00', reference: 'a', settles: 'onReturn' }, async () => {});
    return startMs;
  }
  const lasting = { runwayBelowMs: 6 * anHourMs };

  it('raises an alert below its limit, to the cent, and its end at 5 % more', async () => {
    const one = watching(lasting);
    const startMs = await payedOneHundred(one);
    expect(await roundAt(one, startMs, anHourMs, '600.00')).toEqual([]);
    one.wallet.balance = { available: '599.99', currency: 'KES' };
    await one.guard.funds({ refresh: true });
    const [alert] = (await one.monitor.check()).alerts;
    const emptyAt = new Date(startMs + anHourMs + 59_999 * 360).toISOString();
    expect(alert).toMatchObject({
      kind: 'low_runway',
      runwayBelowMs: 21_600_000,
      spendable: '599.99',
      runway: { perHour: '100.00', watchedMs: anHourMs, emptyAt },
    });
    const next = async (available: string) => {
      one.wallet.balance = { available, currency: 'KES' };
      await one.guard.funds({ refresh: true });
      return (await one.monitor.check()).alerts.map(({ kind }) => kind);
    };
    expect(await next('599.98')).toEqual([]);
    expect(await next('629.99')).toEqual([]);
    expect(await next('630.00')).toEqual(['runway_recovered']);
  });

  it('raises nothing as long as nothing was captured, however low the balance', async () => {
    const one = watching(lasting);
    const startMs = one.wallet.clock.now();
    for (let hour = 0; hour < 12; hour++) expect(await roundAt(one, startMs, hour * anHourMs, '0.01')).toEqual([]);
  });

  it('raises one alert between processes of which one has just started, at a rate that they share', async () => {
    const wallet = scriptedWallet('10000.00');
    const store = memoryStore({ clock: wallet.clock });
    const first = watching(lasting, { wallet, guard: { store } });
    const startMs = await payedOneHundred(first);
    expect(await roundAt(first, startMs, anHourMs, '599.00')).toHaveLength(1);
    const restarted = watching(lasting, { wallet, guard: { store } });
    const { alerts, wallets } = await restarted.monitor.check();
    expect([alerts, wallets[0]?.runway?.perHour]).toEqual([[], '100.00']);
  });

  it('raises reminders while it stays low', async () => {
    const one = watch({ wallets: [{ thresholds: ['0'], ...lasting }], remindEveryMs: anHourMs });
    const startMs = await payedOneHundred(one);
    expect(await roundAt(one, startMs, anHourMs, '300.00')).toHaveLength(1);
    const later = await roundAt(one, startMs, 2 * anHourMs, '200.00');
    expect(later).toEqual([`low_runway ${new Date(startMs + 6 * anHourMs).toISOString()} reminder`]);
  });
});

describe('a displayed figure', () => {
  it('raises an alert below its threshold, to the cent, its end at 5 % more, and reminders', async () => {
    const { wallet, round } = watch({
      wallets: [{ thresholds: ['0'], figures: { ledgerBalance: '100' } }],
      remindEveryMs: anHourMs,
    });
    const next = (ledgerBalance: string) => {
      wallet.balance = { available: '1000.00', currency: 'KES', details: { ledgerBalance } };
      return round();
    };
    expect(await next('100')).toEqual([]);
    expect(await next('99.99')).toEqual(['low_figure ledgerBalance 100.00 99.99']);
    expect(await next('104.99')).toEqual([]);
    expect(await next('105.0')).toEqual(['figure_recovered ledgerBalance 100.00 105.00']);
    expect(await next('-0.01')).toEqual(['low_figure ledgerBalance 100.00 -0.01']);
    wallet.clock.advance(anHourMs);
    expect(await next('-0.01')).toEqual(['low_figure ledgerBalance 100.00 -0.01 reminder']);
  });

  it.each([
    ['is not there', {}],
    ['is no amount', { ledgerBalance: 'Acme Ltd' }],
    ['is there under another name', { ledger: '1.00' }],
  ])('raises nothing while it %s, and never touches what is spendable', async (_, details) => {
    const { wallet, round, monitor } = watching({ figures: { ledgerBalance: '100' } });
    wallet.balance = { available: '1000.00', currency: 'KES', details };
    expect(await round()).toEqual([]);
    const { wallets } = await monitor.check();
    expect([wallets[0]?.funds?.spendable, wallets[0]?.error]).toEqual(['1000.00', undefined]);
  });
});

describe('a percentage of yesterday', () => {
  const half = { belowPercentOfYesterday: 50 };

  it('raises an alert below it, to the cent, a day after the first round, and at most once a day', async () => {
    const one = watching(half);
    const startMs = one.wallet.clock.now();
    expect(await roundAt(one, startMs, 0, '1000.01')).toEqual([]);
    expect(await roundAt(one, startMs, aDayMs, '500.01')).toEqual([]);
    expect(await roundAt(one, startMs, aDayMs + 10_000, '500.00')).toEqual(['balance_drop 50 1000.01 500.00']);
    expect(one.alerts[0]).toMatchObject({ yesterdayAt: new Date(startMs).toISOString(), currency: 'KES' });
    expect(await roundAt(one, startMs, aDayMs + 20_000, '400.00')).toEqual([]);
    // Yesterday it was 500.01 and then 500.00.
    expect(await roundAt(one, startMs, 2 * aDayMs + 10_000, '250.00')).toEqual(['balance_drop 50 500.01 250.00']);
  });

  it('compares exactly beyond 2^53, and what is available rather than what is held', async () => {
    const one = watching({ belowPercentOfYesterday: 99 });
    const startMs = one.wallet.clock.now();
    await roundAt(one, startMs, 0, '90071992547409.93');
    await one.guard.hold({ amount: '90000000000000.00', reference: 'a', state: 'sent' });
    expect(await roundAt(one, startMs, aDayMs, '89171272621935.84')).toEqual([]);
    expect(await roundAt(one, startMs, aDayMs + 10_000, '89171272621935.83')).toEqual([
      'balance_drop 99 90071992547409.93 89171272621935.83',
    ]);
  });

  it.each([
    [
      'no round within half an hour of 24 hours before',
      [
        [0, '1000.00'],
        [aDayMs + 30 * aMinuteMs + 1, '1.00'],
      ],
    ],
    [
      'a balance of zero then',
      [
        [0, '0.00'],
        [aDayMs, '-5.00'],
      ],
    ],
    [
      'a negative balance then',
      [
        [0, '-10.00'],
        [aDayMs, '-500.00'],
      ],
    ],
    [
      'the first day',
      [
        [0, '1000.00'],
        [anHourMs, '1.00'],
        [23 * anHourMs, '1.00'],
      ],
    ],
  ] as [string, [number, string][]][])('raises nothing with %s', async (_, balances) => {
    const one = watching(half);
    const startMs = one.wallet.clock.now();
    for (const [atMs, available] of balances) expect(await roundAt(one, startMs, atMs, available)).toEqual([]);
  });

  it('raises one alert between processes, also if they take turns', async () => {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    const startMs = wallet.clock.now();
    const [one, other] = [watching(half, { wallet, guard: { store } }), watching(half, { wallet, guard: { store } })];
    await roundAt(one, startMs, 0, '1000.00');
    const alerts = [
      ...(await roundAt(other, startMs, aDayMs + aMinuteMs, '499.99')),
      ...(await roundAt(one, startMs, aDayMs + 2 * aMinuteMs, '499.98')),
    ];
    expect(alerts).toEqual(['balance_drop 50 1000.00 499.99']);
  });
});

describe('the samples of a day', () => {
  const clock = { now: () => 0 };
  const options = { everyMs: 15 * aMinuteMs, keptMs: aDayMs + 30 * aMinuteMs };

  it('fit into a note of a store, however often rounds are and however large amounts', async () => {
    const store = memoryStore({ clock });
    const samples = new Samples(store, 'note', options);
    const minor = -(10n ** 30n);
    let kept = 0;
    for (let atMs = 0; atMs < 3 * aDayMs; atMs += 4 * aMinuteMs) {
      kept = (await samples.add({ atMs: 1_700_000_000_000 + atMs, minor })).length;
    }
    expect(kept).toBeLessThanOrEqual(100);
    expect((await store.note('note'))?.length).toBeLessThan(8_000);
  });

  it('survive processes, an unreadable note and a clock that was ahead', async () => {
    const store = memoryStore({ clock });
    const add = (atMs: number, minor: bigint) => new Samples(store, 'note', options).add({ atMs, minor });
    await add(aDayMs, 1n);
    expect(await add(2 * aDayMs, 2n)).toEqual([
      { atMs: aDayMs, minor: 1n },
      { atMs: 2 * aDayMs, minor: 2n },
    ]);
    // The one that was ahead is dropped, the one before it has come back.
    expect(await add(aDayMs + anHourMs, 3n)).toEqual([
      { atMs: aDayMs, minor: 1n },
      { atMs: aDayMs + anHourMs, minor: 3n },
    ]);
    await store.swapNote('note', await store.note('note'), 'unreadable');
    expect(await add(aDayMs + 2 * anHourMs, 4n)).toEqual([{ atMs: aDayMs + 2 * anHourMs, minor: 4n }]);
  });

  it('are compared with the nearest one, at most as far away as the tolerance', () => {
    const samples = [10, 20, 29].map((atMs) => ({ atMs, minor: BigInt(atMs) }));
    expect([14, 15, 16, 40, 41].map((atMs) => nearest(samples, atMs, 11)?.atMs)).toEqual([10, 10, 20, 29, undefined]);
  });
});

describe('the cause of a low balance', () => {
  it('is holds as long as the threshold could be spent without them, to the cent', async () => {
    const { guard, wallet, round, alerts } = watch({ wallets: [{ thresholds: ['500'] }] });
    wallet.balance = { available: '1000.00', currency: 'KES' };
    await guard.hold({ amount: '600.00', reference: 'a', state: 'sent' });
    expect(await round('500.00')).toEqual(['low_balance 500.00 -100.00']);
    expect(alerts[0]).toMatchObject({ cause: 'holds', held: '600.00' });
    expect(alerts[0]?.message).toContain('Only held payouts bring it down: 600.00 KES are held');
    await guard.release('a');
    expect(await round('525.00')).toEqual(['recovered 500.00 525.00']);
    await guard.hold({ amount: '1.00', reference: 'b', state: 'sent' });
    expect(await round('499.99')).toEqual(['low_balance 500.00 498.99']);
    expect(alerts.at(-1)).toMatchObject({ cause: 'balance', held: '1.00' });
  });

  it('is the balance if the floor alone makes it low', async () => {
    const { round, alerts } = watch({ wallets: [{ thresholds: ['500'] }] }, { guard: { floor: '600' } });
    await round('1000.00');
    expect(alerts).toMatchObject([{ cause: 'balance', held: '0.00', spendable: '400.00' }]);
  });

  it('raises one more alert when it becomes the balance, and none the other way', async () => {
    const { guard, wallet, round, alerts } = watch({ wallets: [{ thresholds: ['500'] }], minBetweenMs: aDayMs });
    wallet.balance = { available: '1000.00', currency: 'KES' };
    const hold = await guard.hold({ amount: '600.00', reference: 'a', state: 'sent' });
    expect(await round()).toEqual(['low_balance 500.00 400.00']);
    await hold.capture();
    expect(await round('400.00')).toEqual(['low_balance 500.00 400.00 reminder']);
    await guard.hold({ amount: '100.00', reference: 'b', state: 'sent' });
    expect(await round('550.00')).toEqual([]);
    expect(await round('450.00')).toEqual([]);
    expect(alerts.map((alert) => 'cause' in alert && alert.cause)).toEqual(['holds', 'balance']);
  });
});
