// Alerts of payouts that stay open, and of look-ups that find nothing.
import { describe, expect, it, jest } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import { conditionOf } from '../../src/monitor/event-rules.js';
import { deferred, orphanWallet, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { failing, two } from './event-alerts-support.js';
import { quiet, short } from './support.js';
import { watch } from './watches.js';

const warnings = collectWarnings();

describe('a verdict that the store cannot take', () => {
  it('raises nothing while the guard retries it', async () => {
    const wallet = scriptedWallet();
    const store = failing(memoryStore({ clock: wallet.clock }));
    const one = watch({}, { wallet, guard: { store, settles: 'onReturn' } });
    const retried: boolean[] = [];
    one.guard.on('settlementFailed', (event) => retried.push(event.retried));
    await one.guard.withHold({ amount: '5.00', reference: 'a' }, () => {
      store.isDown = true;
    });
    store.isDown = false;
    await wallet.clock.pass(1_000);
    expect((await one.guard.getHold('a'))?.state).toBe('captured');
    expect([retried, one.alerts, warnings]).toEqual([[true], [], []]);
  });

  it('raises settlement_failed when the guard no longer retries it, also while the store is down', async () => {
    const wallet = scriptedWallet();
    const store = failing(memoryStore({ clock: wallet.clock }));
    const one = watch({}, { wallet, guard: { store, settles: 'onReturn' } });
    const payment = deferred<void>();
    const paying = one.guard.withHold({ amount: '5.00', reference: 'a' }, () => payment.promise);
    await quiet();
    await one.guard.close({ waitMs: 0 });
    store.isDown = true;
    payment.resolve();
    await paying;
    await quiet();
    expect(one.alerts.map(short)).toEqual(['left_open a paying', 'settlement_failed a balance_unavailable']);
    expect(one.alerts[1]?.message).toBe(
      'Payout a of wallet default has an outcome that could not be recorded (balance_unavailable) and is not tried ' +
        'again. Its money stays held. Look it up, then call guard.capture("a") or guard.release("a").',
    );
    expect(warnings).toEqual([]);
  });
});

describe('a payout that is left open at close', () => {
  it('is raised by the process that closed, though the store is down', async () => {
    const wallet = scriptedWallet();
    const store = failing(memoryStore({ clock: wallet.clock }));
    const one = watch({}, { wallet, guard: { store, settles: 'onReturn' } });
    await one.guard.withHold({ amount: '5.00', reference: 'a' }, () => {
      store.isDown = true;
    });
    store.isDown = false;
    const payment = deferred<void>();
    const paying = one.guard.withHold({ amount: '5.00', reference: 'b' }, () => payment.promise);
    await quiet();
    store.isDown = true;
    await one.guard.close({ waitMs: 0 });
    await one.monitor.close();
    expect(one.alerts.map(short).sort()).toEqual(['left_open a captured', 'left_open b paying']);
    const attempts = one.alerts.map((alert) => (alert.kind === 'left_open' ? [alert.reference, alert.attempt] : []));
    const { a, b } = Object.fromEntries(attempts);
    expect(one.alerts.map(({ message }) => message).sort()).toEqual([
      'A process closed and left payout a of wallet default open: it was made, and the store did not record that. ' +
        `When the store responds, call guard.capture("a", undefined, { attempt: "${a}" }). Its money stays held ` +
        'until then.',
      'A process closed and left payout b of wallet default open: its payment had not ended. If no other process ' +
        `looks it up, ask the provider, then call guard.capture("b", undefined, { attempt: "${b}" }) or ` +
        `guard.release("b", { attempt: "${b}" }). Its money stays held until then.`,
    ]);
    expect(warnings).toEqual([]);
    payment.resolve();
    await paying;
  });
});

it('a payout that is left open leaves no note in the store: it concerns the process that closed alone', async () => {
  const { one, other, store, raised } = two();
  const swapNote = jest.spyOn(store, 'swapNote');
  const payment = deferred<void>();
  const paying = one.guard.withHold({ amount: '5.00', reference: 'a' }, () => payment.promise);
  await quiet();
  await one.guard.close({ waitMs: 0 });
  expect(await raised()).toEqual(['left_open a paying']);
  expect(swapNote.mock.calls.filter(([key]) => key.includes('left_open'))).toEqual([]);
  expect(other.alerts).toEqual([]);
  payment.resolve();
  await paying;
});

describe('a wallet that no process serves', () => {
  it('is raised once a day as long as it has undecided payouts', async () => {
    const { wallet, store, one, other, raised } = two();
    await (await orphanWallet(store, wallet.clock)).close();
    for (let hour = 0; hour < 48; hour++) {
      wallet.clock.advance(3_600_000);
      await (hour % 2 ? one : other).guard.reconcile();
    }
    expect(await raised()).toEqual(['orphan_wallet gone', 'orphan_wallet gone']);
    expect(warnings).toEqual([]);
  });
});

it('an alert that comes once a day is not silenced by a process whose clock is a year ahead', () => {
  const aYearMs = 31_536_000_000;
  const isRaised = (seenAtMs: number, nowMs: number) =>
    conditionOf.orphanWallet({ wallet: 'w' }, nowMs)?.decide({ state: 'raised', seenAtMs })?.alert !== undefined;
  expect([isRaised(aYearMs, 0), isRaised(0, 86_399_999), isRaised(0, 86_400_000)]).toEqual([true, false, true]);
  // Clocks differ by a little: what was raised a moment from now was raised.
  expect(isRaised(100_000, 0)).toBe(false);
});

describe('a look-up that finds nothing', () => {
  it('is raised once a day and wallet, whichever process notices it', async () => {
    const { wallet, one, other, raised } = two({
      lookup: async () => ({ outcome: 'unknown', absent: true }),
      lookupsPerSecond: 1_000,
      overdueAfterMs: 86_400_000,
    });
    for (let index = 0; index < 20; index++) {
      await one.guard.hold({ amount: '1.00', reference: `p-${index}`, state: 'sent' });
    }
    for (const { guard } of [one, other]) {
      wallet.clock.advance(61_000);
      await guard.reconcile({ olderThanMs: 0 });
    }
    expect(await raised()).toEqual(['lookup_finds_nothing default 20']);
    expect(one.alerts[0]?.message).toBe(
      'The provider had no record of the last 20 payouts of wallet default that were looked up. Check that they ' +
        'are sent with the reference of their hold. Until then settle them in your callback.',
    );
  });
});
