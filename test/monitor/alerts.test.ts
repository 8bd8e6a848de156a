import { describe, expect, it } from '@jest/globals';
import { BalanceUnavailableError, createPayoutGuard, memoryStore } from 'payout-guard';
import { scriptedWallet } from '../support/wallet.js';
import { failing } from './alerts-support.js';
import { type Setting, short } from './support.js';
import { watch } from './watches.js';

/** One account, as each of several processes reads it. */
const sameWallet = (available: string) => scriptedWallet(available, { accountId: 'the same account' });

describe('thresholds', () => {
  it('raise one alert each when crossed, and one when recovered, at 5 % above', async () => {
    const { round } = watch();
    expect(await round('500.00')).toEqual([]);
    expect(await round('499.99')).toEqual(['low_balance 500.00 499.99']);
    expect(await round('499.98')).toEqual([]);
    expect(await round('99.00')).toEqual(['low_balance 100.00 99.00']);
    expect(await round('104.99')).toEqual([]);
    expect(await round('105.00')).toEqual(['recovered 100.00 105.00']);
    expect(await round('524.99')).toEqual([]);
    expect(await round('499.00')).toEqual([]);
    expect(await round('525.00')).toEqual(['recovered 500.00 525.00']);
    expect(await round('0.00')).toEqual(['low_balance 500.00 0.00', 'low_balance 100.00 0.00']);
    expect(await round('1000.00')).toEqual(['recovered 500.00 1000.00', 'recovered 100.00 1000.00']);
  });

  it('recover at the hysteresis that is given, to the cent', async () => {
    const { round } = watch({ wallets: [{ thresholds: ['100'], hysteresis: '0.01' }] });
    expect(await round('99.99')).toEqual(['low_balance 100.00 99.99']);
    expect(await round('100.00')).toEqual([]);
    expect(await round('100.01')).toEqual(['recovered 100.00 100.01']);
  });

  it('are compared with what can be spent, which may be negative', async () => {
    const { guard, monitor, wallet, round } = watch({ wallets: [{ thresholds: ['0'] }] }, { guard: { floor: '200' } });
    await guard.hold({ amount: '700.00', reference: 'a', state: 'sent' });
    expect(await round('1000.00')).toEqual([]);
    expect(await round('899.99')).toEqual(['low_balance 0.00 -0.01']);
    await guard.release('a');
    wallet.clock.advance(1);
    expect((await monitor.check()).alerts.map(short)).toEqual(['recovered 0.00 699.99']);
  });

  it('are exact beyond 2^53', async () => {
    const { round } = watch({ wallets: [{ thresholds: ['90071992547409.93'], hysteresis: '0' }] });
    expect(await round('90071992547409.93')).toEqual([]);
    expect(await round('90071992547409.92')).toEqual(['low_balance 90071992547409.93 90071992547409.92']);
    expect(await round('90071992547409.93')).toEqual(['recovered 90071992547409.93 90071992547409.93']);
  });

  it('come with wallet, currency, time and an id', async () => {
    const { alerts, round, wallet } = watch();
    await round('400');
    expect(alerts).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        kind: 'low_balance',
        message: 'Wallet default can spend 400.00 KES, which is below 500.00 KES. Top it up.',
        wallet: 'default',
        currency: 'KES',
        at: new Date(wallet.clock.now()).toISOString(),
        threshold: '500.00',
        spendable: '400.00',
        held: '0.00',
        cause: 'balance',
      },
    ]);
  });

  it('are compared in the currency of each wallet, and never added up', async () => {
    const [kes, ugx] = [scriptedWallet('400.00'), scriptedWallet()];
    ugx.balance = { available: '400', currency: 'UGX' };
    const made = createPayoutGuard({
      wallets: {
        'jpay-kes': { provider: kes.provider, currency: 'KES' },
        'isw-ugx': { provider: ugx.provider, currency: 'UGX', floor: '30' },
      },
      clock: kes.clock,
      reconcileEveryMs: 0,
    });
    const wallets = [
      { wallet: 'jpay-kes', thresholds: ['500', '400.01'], currency: 'KES' },
      { wallet: 'isw-ugx', thresholds: ['371', '370'], currency: 'UGX' },
    ];
    const { round, alerts } = watch({ wallets }, { wallet: kes, made });
    await round();
    expect(alerts.map(({ message }) => message).sort()).toEqual([
      'Wallet isw-ugx can spend 370 UGX, which is below 371 UGX. Top it up.',
      'Wallet jpay-kes can spend 400.00 KES, which is below 400.01 KES. Top it up.',
      'Wallet jpay-kes can spend 400.00 KES, which is below 500.00 KES. Top it up.',
    ]);
  });

  it('ignore a balance that is older than the one another process has moved on by', async () => {
    const store = memoryStore();
    const wallet = scriptedWallet('400.00');
    const setting: Setting = { wallet, guard: { store, cache: { maxAgeMs: 60_000 } } };
    const [one, other] = [watch({}, setting), watch({}, setting)];
    expect(await one.round()).toEqual(['low_balance 500.00 400.00']);
    // Remembers 1000.00 from here on.
    wallet.balance = { available: '1000.00', currency: 'KES' };
    expect(await other.round()).toEqual(['recovered 500.00 1000.00']);
    // The first still remembers 400.00.
    expect(await one.round()).toEqual([]);
    wallet.clock.advance(60_000);
    expect(await one.round('400.00')).toEqual(['low_balance 500.00 400.00']);
  });

  it('do not fall silent because a process with a wrong clock was there', async () => {
    const store = memoryStore();
    const [right, fast] = [sameWallet('400.00'), sameWallet('400.00')];
    fast.clock.advance(86_400_000);
    const [one, other] = [
      watch({}, { wallet: right, guard: { store } }),
      watch({}, { wallet: fast, guard: { store } }),
    ];
    expect(await other.round()).toEqual(['low_balance 500.00 400.00']);
    expect(await one.round('600.00')).toEqual(['recovered 500.00 600.00']);
  });
});

describe('a round', () => {
  it('asks the provider no more often than the guard does', async () => {
    const { wallet, guard, monitor } = watch();
    for (let round = 0; round < 5; round++) {
      await monitor.check();
      await guard.checkFunds('1.00');
      wallet.clock.advance(999);
    }
    expect(wallet.asked).toBe(1);
    wallet.clock.advance(5);
    await monitor.check();
    expect(wallet.asked).toBe(2);
  });

  it('reports funds and errors of all its wallets', async () => {
    const [kes, ugx, broken] = [scriptedWallet('700.00'), scriptedWallet(), scriptedWallet()];
    ugx.balance = { available: '700', currency: 'UGX' };
    broken.answer = async () => Promise.reject(new BalanceUnavailableError('timeout'));
    const made = createPayoutGuard({
      wallets: {
        kes: { provider: kes.provider, currency: 'KES' },
        ugx: { provider: ugx.provider, currency: 'UGX' },
        broken: { provider: broken.provider, currency: 'KES' },
      },
      clock: kes.clock,
      reconcileEveryMs: 0,
    });
    const wallets = ['kes', 'ugx', 'broken'].map((wallet) => ({ wallet, thresholds: ['500'] }));
    const { monitor } = watch({ wallets }, { wallet: kes, made });
    const { at, wallets: reports, undelivered } = await monitor.check();
    expect(at).toEqual(new Date(kes.clock.now()));
    expect(reports.map(({ wallet, funds, error }) => [wallet, funds?.spendable, funds?.currency, error?.code])).toEqual(
      [
        ['kes', '700.00', 'KES', undefined],
        ['ugx', '700', 'UGX', undefined],
        ['broken', undefined, undefined, 'balance_unavailable'],
      ],
    );
    expect(undelivered).toEqual([]);
  });

  it('is refused when the monitor or the guard is closed', async () => {
    const { monitor, guard, alerts } = watch({ unreachableAfter: 1 });
    await guard.close();
    await expect(monitor.check()).rejects.toMatchObject({ reason: 'closed' });
    await monitor.close();
    await expect(monitor.check()).rejects.toMatchObject({ reason: 'closed' });
    expect(() => monitor.start()).toThrow(expect.objectContaining({ reason: 'closed' }));
    expect(alerts).toEqual([]);
  });
});

describe('a wallet that cannot be reached', () => {
  const down = async () => Promise.reject(new BalanceUnavailableError('timeout'));

  it('is raised once after two rounds, and its return once', async () => {
    const { wallet, round } = watch();
    expect(await round()).toEqual([]);
    wallet.answer = down;
    expect(await round()).toEqual([]);
    expect(await round()).toEqual(['unreachable timeout']);
    expect(await round()).toEqual([]);
    wallet.answer = undefined;
    expect(await round('400.00')).toEqual(['reachable timeout', 'low_balance 500.00 400.00']);
    expect(await round()).toEqual([]);
    wallet.answer = down;
    expect(await round()).toEqual([]);
    wallet.answer = undefined;
    expect(await round()).toEqual([]);
  });

  it('is raised for a balance in another currency, too', async () => {
    const { wallet, round } = watch({ unreachableAfter: 1 });
    wallet.balance = { available: '1', currency: 'UGX' };
    expect(await round()).toEqual(['unreachable currency_mismatch']);
  });

  it('is raised once when one process of two reaches it, until the other has come back or is gone', async () => {
    const store = memoryStore();
    const cut = sameWallet('1000.00');
    cut.answer = down;
    const one = watch({}, { wallet: sameWallet('1000.00'), guard: { store } });
    const other = watch({}, { wallet: cut, guard: { store } });
    const raised: string[] = [];
    for (let round = 0; round < 5; round++) raised.push(...(await other.round()), ...(await one.round()));
    expect(raised).toEqual(['unreachable timeout']);
    cut.answer = undefined;
    expect([...(await one.round()), ...(await other.round())]).toEqual(['reachable timeout']);
    cut.answer = down;
    for (let round = 0; round < 2; round++) raised.push(...(await other.round()));
    expect(raised).toEqual(['unreachable timeout', 'unreachable timeout']);
    // Gone: its lease lasts until its next round should have been.
    expect(await one.round()).toEqual([]);
    one.wallet.clock.advance(100_000);
    expect(await one.round()).toEqual(['reachable timeout']);
  });

  it('is raised for a store that does not respond, by each process for itself', async () => {
    const store = failing(memoryStore());
    const { round } = watch({}, { guard: { store } });
    expect(await round('400.00')).toEqual(['low_balance 500.00 400.00']);
    store.isDown = true;
    expect(await round('1000.00')).toEqual([]);
    expect(await round()).toEqual(['unreachable store']);
    expect(await round()).toEqual([]);
    store.isDown = false;
    expect(await round()).toEqual(['recovered 500.00 1000.00', 'reachable store']);
  });
});

describe('the runway', () => {
  it('is what is spendable at the rate of what all processes captured', async () => {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    const [one, other] = [watch({}, { wallet, guard: { store } }), wallet.guard({ store, reconcileEveryMs: 0 })];
    expect((await one.monitor.check()).wallets[0]?.runway).toBeUndefined();
    await other.withHold({ amount: '300.00', reference: 'a', settles: 'onReturn' }, async () => {});
    wallet.balance = { available: '700.00', currency: 'KES' };
    wallet.clock.advance(3 * 3_600_000);
    const { wallets } = await one.monitor.check();
    const emptyAt = new Date(wallet.clock.now() + 7 * 3_600_000).toISOString();
    expect(wallets[0]?.runway).toEqual({ perHour: '100.00', watchedMs: 3 * 3_600_000, emptyAt });
    await one.round('350.00');
    expect(one.alerts[0]).toMatchObject({ kind: 'low_balance', runway: { perHour: '99.90' } });
    await other.close();
  });

  it('forgets what is longer ago than it looks back', async () => {
    const { wallet, guard, monitor } = watch({ runwayLookBackMs: 3_600_000 });
    await monitor.check();
    await guard.withHold({ amount: '100.00', reference: 'a', settles: 'onReturn' }, async () => {});
    const rates: (string | undefined)[] = [];
    for (let half = 0; half < 4; half++) {
      wallet.clock.advance(1_800_000);
      rates.push((await monitor.check()).wallets[0]?.runway?.perHour);
    }
    expect(rates).toEqual(['200.00', '100.00', undefined, undefined]);
  });
});
