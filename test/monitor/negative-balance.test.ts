// A negative available balance, from the provider's answer over HTTP to the alert: a balance, and no outage.
import { afterEach, expect, it } from '@jest/globals';
import { createPayoutGuard } from 'payout-guard';
import { type Alert, createMonitor } from 'payout-guard/monitor';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { interswitchSimulator, jpaySimulator } from 'payout-guard/testing';
import { stoppedClock } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { short } from './support.js';

collectWarnings();
const running: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const party of running.splice(0)) await party.close();
});

it('raises low_balance and never unreachable, refuses payouts for lack of funds, and recovers', async () => {
  const [kes, ugx] = [await jpaySimulator({ payout: '1000.00' }), await interswitchSimulator({ available: '900' })];
  const { url: baseUrl, appKey, appSecret } = kes;
  const clock = stoppedClock();
  const guard = createPayoutGuard({
    wallets: {
      'jpay-kes': { provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES', floor: '100.00' },
      'isw-ugx': { provider: interswitch({ baseUrl: ugx.url }), currency: 'UGX' },
    },
    clock,
    reconcileEveryMs: 0,
  });
  const alerts: Alert[] = [];
  const monitor = createMonitor(guard, {
    wallets: [
      { wallet: 'jpay-kes', thresholds: ['500', '0'] },
      { wallet: 'isw-ugx', thresholds: ['500'] },
    ],
    schedule: { everyMs: 60_000 },
    minBetweenMs: 0,
    unreachableAfter: 1,
    onAlert: (alert) => void alerts.push(alert),
  });
  running.push(monitor, guard, kes, ugx);
  const round = async (payout: string, available: string) => {
    kes.setBalance({ payout });
    ugx.setBalance({ available });
    clock.advance(60_000);
    const { wallets } = await monitor.check();
    expect(wallets.map(({ error }) => error)).toEqual([undefined, undefined]);
    return alerts
      .splice(0)
      .map((alert) => `${alert.wallet} ${short(alert)}`)
      .sort();
  };

  expect(await round('1000.00', '900')).toEqual([]);
  expect(await round('-250.01', '-7')).toEqual([
    'isw-ugx low_balance 500 -7',
    'jpay-kes low_balance 0.00 -350.01',
    'jpay-kes low_balance 500.00 -350.01',
  ]);
  expect(await guard.funds({ wallet: 'jpay-kes' })).toMatchObject({ available: '-250.01', spendable: '-350.01' });
  for (const [wallet, amount, shortfall] of [
    ['jpay-kes', '0.01', '350.02'],
    ['isw-ugx', '1', '8'],
  ] as const) {
    await expect(guard.hold({ wallet, amount, reference: wallet })).rejects.toMatchObject({
      code: 'insufficient_funds',
      status: 422,
      temporary: false,
      decision: { shortfall },
    });
  }
  expect(await round('700.00', '600')).toEqual([
    'isw-ugx recovered 500 600',
    'jpay-kes recovered 0.00 600.00',
    'jpay-kes recovered 500.00 600.00',
  ]);
});
