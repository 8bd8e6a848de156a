// The repetition of alerts over hours and days: few while a balance hovers at a threshold, one a day while it stays
// low.
import { describe, expect, it } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import type { MonitorOptions } from 'payout-guard/monitor';
import { scriptedWallet } from '../support/wallet.js';
import { short, type Watch } from './support.js';
import { watch } from './watches.js';

const aMinuteMs = 60_000;
const anHourMs = 3_600_000;
const aDayMs = 86_400_000;

/** A monitor with the defaults, of one wallet with one threshold. */
const defaults: Partial<MonitorOptions> = {
  wallets: [{ thresholds: ['500'] }],
  minBetweenMs: undefined,
  remindEveryMs: undefined,
};

/** Runs a round every 20 minutes for a time. Resolves to the alerts, each with its hour since the beginning. */
async function rounds(watches: readonly Watch[], lastsMs: number, available: (atMs: number) => string) {
  const [{ wallet }] = watches as [Watch];
  const startMs = wallet.clock.now();
  const alerts: string[] = [];
  for (let atMs = 0; atMs <= lastsMs; atMs += 20 * aMinuteMs) {
    wallet.clock.advance(startMs + atMs - wallet.clock.now());
    wallet.balance = { available: available(atMs), currency: 'KES' };
    const results = await Promise.all(watches.map(({ monitor }) => monitor.check()));
    for (const alert of results.flatMap((result) => result.alerts)) {
      alerts.push(`${Number((atMs / anHourMs).toFixed(2))} h ${short(alert)}`);
    }
  }
  return alerts;
}

/** Above and below the threshold of 500.00 and its hysteresis in turn, each for 2 hours and 20 minutes. */
const hovering = (atMs: number) => (Math.floor(atMs / (140 * aMinuteMs)) % 2 === 0 ? '490.00' : '530.00');

describe('a balance that hovers at a threshold', () => {
  it('raises 3 alerts in 16 hours, where each crossing would have raised 7', async () => {
    expect(await rounds([watch({ ...defaults, minBetweenMs: 0 })], 16 * anHourMs, hovering)).toHaveLength(7);
    expect(await rounds([watch(defaults)], 16 * anHourMs, hovering)).toEqual([
      '0 h low_balance 500.00 490.00',
      '7 h recovered 500.00 530.00',
      '9.33 h low_balance 500.00 490.00',
    ]);
  });

  it('raises each of them once between three processes', async () => {
    const wallet = scriptedWallet();
    const store = memoryStore({ clock: wallet.clock });
    const three = [1, 2, 3].map(() => watch(defaults, { wallet, guard: { store } }));
    expect(await rounds(three, 16 * anHourMs, hovering)).toEqual([
      '0 h low_balance 500.00 490.00',
      '7 h recovered 500.00 530.00',
      '9.33 h low_balance 500.00 490.00',
    ]);
  });

  it('is never low without an alert: a recovery is held back, the next fall is not', async () => {
    const { round, wallet } = watch({ ...defaults, minBetweenMs: anHourMs });
    expect(await round('490.00')).toEqual(['low_balance 500.00 490.00']);
    expect(await round('530.00')).toEqual([]);
    wallet.clock.advance(anHourMs - 20_001);
    expect(await round('530.00')).toEqual([]);
    wallet.clock.advance(1 - 10_000);
    expect(await round('530.00')).toEqual(['recovered 500.00 530.00']);
    expect(await round('499.99')).toEqual(['low_balance 500.00 499.99']);
  });
});

describe('a balance that stays low', () => {
  it('raises a reminder a day for five days, with the time since when', async () => {
    const one = watch(defaults);
    expect(await rounds([one], 5 * aDayMs, () => '490.00')).toEqual([
      '0 h low_balance 500.00 490.00',
      '24 h low_balance 500.00 490.00 reminder',
      '48 h low_balance 500.00 490.00 reminder',
      '72 h low_balance 500.00 490.00 reminder',
      '96 h low_balance 500.00 490.00 reminder',
      '120 h low_balance 500.00 490.00 reminder',
    ]);
    const [first, ...reminders] = one.alerts;
    expect(first).not.toHaveProperty('since');
    expect(new Set(one.alerts.map(({ id }) => id)).size).toBe(6);
    for (const reminder of reminders) expect(reminder).toMatchObject({ kind: 'low_balance', since: first?.at });
    expect(reminders[0]?.message).toBe(
      'Wallet default can spend 490.00 KES, which is below 500.00 KES (low since 2023-11-14T22:13:20.000Z). Top it up.',
    );
  });

  it('raises each reminder once between three processes', async () => {
    const wallet = scriptedWallet();
    const store = memoryStore({ clock: wallet.clock });
    const three = [1, 2, 3].map(() =>
      watch({ ...defaults, minBetweenMs: 0, remindEveryMs: anHourMs }, { wallet, guard: { store } }),
    );
    expect(await rounds(three, 3 * anHourMs, () => '490.00')).toEqual([
      '0 h low_balance 500.00 490.00',
      '1 h low_balance 500.00 490.00 reminder',
      '2 h low_balance 500.00 490.00 reminder',
      '3 h low_balance 500.00 490.00 reminder',
    ]);
  });

  it('raises none with remindEveryMs: false', async () => {
    const alerts = await rounds([watch({ ...defaults, remindEveryMs: false })], 5 * aDayMs, () => '490.00');
    expect(alerts).toEqual(['0 h low_balance 500.00 490.00']);
  });

  it('reminds of the lowest threshold that it is below, and of none within the hysteresis of a threshold', async () => {
    const { round, wallet } = watch({ ...defaults, wallets: [{ thresholds: ['500', '100'] }], minBetweenMs: 0 });
    expect(await round('90.00')).toEqual(['low_balance 500.00 90.00', 'low_balance 100.00 90.00']);
    wallet.clock.advance(aDayMs);
    expect(await round('90.00')).toEqual(['low_balance 100.00 90.00 reminder']);
    expect(await round('490.00')).toEqual(['low_balance 500.00 490.00 reminder', 'recovered 100.00 490.00']);
    wallet.clock.advance(aDayMs);
    expect(await round('510.00')).toEqual([]);
    expect(await round('499.00')).toEqual(['low_balance 500.00 499.00 reminder']);
  });

  it('raises reminders again after a process whose clock was a month ahead', async () => {
    const store = memoryStore();
    const account = { accountId: 'read by both' };
    const [right, fast] = [scriptedWallet('490.00', account), scriptedWallet('490.00', account)];
    fast.clock.advance(30 * aDayMs);
    const ahead = watch(defaults, { wallet: fast, guard: { store } });
    const one = watch(defaults, { wallet: right, guard: { store } });
    expect(await ahead.round()).toEqual(['low_balance 500.00 490.00']);
    expect(await one.round()).toEqual(['low_balance 500.00 490.00 reminder']);
    expect(await one.round()).toEqual([]);
  });
});
