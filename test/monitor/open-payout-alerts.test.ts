// Alerts of payouts that stay open, because they are overdue, their outcome could not be stored, their process closed,
// no process serves their wallet, or look-ups find nothing.
import { describe, expect, it, jest } from '@jest/globals';
import { createPayoutGuard, memoryStore } from 'payout-guard';
import { conditionOf } from '../../src/monitor/event-rules.js';
import { deferred, orphanWallet, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { failing, two } from './event-alerts-support.js';
import { quiet, short } from './support.js';
import { watch } from './watches.js';

const warnings = collectWarnings();

describe('an overdue hold', () => {
  it('is raised once, whichever process the guard reports it to, and again as another hold', async () => {
    const { wallet, one, other, raised } = two();
    const check = async () => {
      // Two hours, which is longer than the note of a hold that has ended is kept.
      for (let round = 0; round < 9; round++) {
        // Longer than overdueAfterMs, and than the lease of a reconciliation: each is given the hold in its turn.
        wallet.clock.advance(400_000);
        await Promise.all([one, other].map(({ guard }) => guard.reconcile()));
        await Promise.all([one, other].map(({ monitor }) => monitor.check()));
        wallet.clock.advance(400_000);
        for (const { guard } of [one, other]) await guard.reconcile();
      }
      return raised();
    };
    const hold = await one.guard.hold({ amount: '5.00', reference: 'a', state: 'sent' });
    expect(await check()).toEqual(['overdue_hold a 5.00 unknown']);
    await hold.release({ notSent: true });
    await one.guard.hold({ amount: '5.00', reference: 'a', state: 'sent' });
    expect(await check()).toEqual(['overdue_hold a 5.00 unknown', 'overdue_hold a 5.00 unknown']);
  });

  it('has the age that the event gives, measured on the clock of the store', async () => {
    const wallet = scriptedWallet();
    const behind = scriptedWallet('1000.00', { accountId: wallet.provider.accountId ?? '' });
    // The clock of this process is an hour behind that of the store.
    behind.clock.step(-3_600_000);
    const one = watch({}, { wallet: behind, guard: { store: memoryStore({ clock: wallet.clock }) } });
    await one.guard.hold({ amount: '5.00', reference: 'a', state: 'sent' });
    wallet.clock.advance(300_000);
    await one.guard.reconcile();
    await quiet();
    expect(one.alerts).toMatchObject([{ kind: 'overdue_hold', ageMs: 300_000, reference: 'a' }]);
    expect(one.alerts[0]?.message).toContain('was sent 5 minutes ago');
  });

  it('is not raised when it has ended while the provider was asked', async () => {
    const wallet = scriptedWallet();
    const store = memoryStore({ clock: wallet.clock });
    const lookup = async ({ reference }: { reference: string }) => {
      await store.settle({ reference, to: 'released' });
      return { outcome: 'pending' as const };
    };
    const one = watch({}, { wallet, guard: { store, lookup } });
    let events = 0;
    one.guard.on('overdue', () => {
      events += 1;
    });
    await one.guard.hold({ amount: '7.00', reference: 'd', state: 'sent' });
    wallet.clock.advance(400_000);
    await one.guard.reconcile();
    await one.monitor.close();
    expect([events, one.alerts]).toEqual([1, []]);
  });

  it('is raised for wallets that are not watched, too, each in its currency', async () => {
    const [kes, ugx] = [scriptedWallet(), scriptedWallet()];
    ugx.balance = { available: '1000', currency: 'UGX' };
    const made = createPayoutGuard({
      wallets: {
        kes: { provider: kes.provider, currency: 'KES' },
        ugx: { provider: ugx.provider, currency: 'UGX' },
      },
      clock: kes.clock,
      reconcileEveryMs: 0,
      overdueAfterMs: 1_000,
    });
    const one = watch({ wallets: [{ wallet: 'kes', thresholds: ['1'] }] }, { wallet: kes, made });
    await made.hold({ amount: '7', reference: 'b', wallet: 'ugx', state: 'sent' });
    kes.clock.advance(2_000);
    await made.reconcile({ olderThanMs: 0 });
    await quiet();
    expect(one.alerts).toMatchObject([
      { kind: 'overdue_hold', wallet: 'ugx', currency: 'UGX', amount: '7', ageMs: 2_000 },
    ]);
  });

  it('leaves no note behind an hour after it has ended', async () => {
    const { wallet, store, one, raised } = two({ overdueAfterMs: 1_000 });
    const hold = await one.guard.hold({ amount: '7.00', reference: 'c', state: 'sent' });
    const report = async () => {
      wallet.clock.advance(2_000);
      await one.guard.reconcile({ olderThanMs: 0 });
      return raised();
    };
    expect(await report()).toEqual(['overdue_hold c 7.00 unknown']);
    // As long as it is open its note stays, whichever process looks it up.
    wallet.clock.advance(7_200_000);
    await one.round();
    expect(await store.note('monitor/hold/c/overdue')).toBeDefined();
    await hold.release({ notSent: true });
    wallet.clock.advance(3_590_000);
    await one.round();
    expect(await store.note('monitor/hold/c/overdue')).toBeDefined();
    wallet.clock.advance(1);
    await one.monitor.check();
    expect(await store.note('monitor/hold/c/overdue')).toBeUndefined();
    await one.guard.hold({ amount: '7.00', reference: 'c', state: 'sent' });
    expect(await report()).toEqual(['overdue_hold c 7.00 unknown', 'overdue_hold c 7.00 unknown']);
  });

  it('is raised at the next reconciliation when the store was down', async () => {
    const wallet = scriptedWallet();
    const store = failing(memoryStore({ clock: wallet.clock }));
    const lines: unknown[] = [];
    const log = (fields: object, message: string) => void lines.push([message, fields]);
    const one = watch({ logger: { info: log, warn: log, error: log } }, { wallet, guard: { store } });
    await one.guard.hold({ amount: '5.00', reference: 'a', state: 'sent' });
    wallet.clock.advance(300_000);
    const stop = one.guard.on('overdue', () => {
      store.isDown = true;
    });
    await expect(one.guard.reconcile()).rejects.toMatchObject({ reason: 'store' });
    await quiet();
    expect(one.alerts).toEqual([]);
    expect(lines).toEqual([
      [
        'Could not raise an alert; will retry.',
        { wallet: 'default', reference: 'a', code: 'balance_unavailable', reason: 'store' },
      ],
    ]);
    stop();
    store.isDown = false;
    await one.guard.reconcile();
    await quiet();
    expect(one.alerts.map(short)).toEqual(['overdue_hold a 5.00 unknown']);
  });
});

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
