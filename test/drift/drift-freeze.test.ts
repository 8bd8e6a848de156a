// Drift over HTTP, the freeze of a drained wallet, and the report of a day.
import { describe, expect, it, jest } from '@jest/globals';
import { createPayoutGuard, memoryStore, type PayoutGuard } from 'payout-guard';
import { type DriftEvent, watchDrift } from 'payout-guard/drift';
import { memoryHistory } from 'payout-guard/history';
import { jpay } from 'payout-guard/providers/jpay';
import { type JpaySimulator, type JpaySimulatorOptions, jpaySimulator } from 'payout-guard/testing';
import { stoppedClock } from '../support/wallet.js';
import { running, watched } from './drift-support.js';

describe('over HTTP, with JPay', () => {
  it('reports 1.00 that left a wallet of millions while 50 payouts were under way', async () => {
    // One wallet debits payouts when they are accepted, the other when they complete. The guard has no setting for it.
    for (const debitAt of ['initiation', 'completion'] as const) {
      const { simulator, guard, other, events, check, clock } = await jpayWallet({ payout: '7654321.09', debitAt });
      await check();
      await check();
      const references = Array.from({ length: 50 }, (_, index) => `${debitAt}-${index}`);
      // Two processes pay.
      await Promise.all(
        references.map((reference, index) => pay(simulator, index % 2 ? guard : other, reference, index)),
      );
      await check();
      simulator.debit('payout', '1.00');
      await check();
      expect((await guard.listHolds({ state: 'sent' })).holds).toHaveLength(50);

      for (const [index, reference] of references.entries()) {
        const isFailed = index % 10 === 9;
        simulator.advance(reference, isFailed ? 'failed' : 'completed');
        if (isFailed) await other.release(reference);
        else await other.capture(reference);
        if (index % 7 === 0) await check();
      }
      expect(events).toEqual([]);
      // The last payout failed just now: a balance of the same millisecond would be skipped.
      clock.advance(1);
      await check();
      await check();
      const { payout: actual } = simulator.balances();
      const expected = (Number(actual) + 1).toFixed(2);
      expect(events).toMatchObject([
        { wallet: 'default', currency: 'KES', direction: 'debit', amount: '1.00', expected, actual },
      ]);
      await check();
      expect(events).toHaveLength(1);
    }
  }, 30_000);
});

describe('freezeAbove', () => {
  it('freezes above the limit and not at it, and not again for a reported movement', async () => {
    const { wallet, guard, check } = await watched({ freezeAbove: '100.00' });
    wallet.balance = { available: '900.00', currency: 'KES' };
    await check();
    expect((await guard.funds()).frozen).toBeUndefined();
    wallet.balance = { available: '799.99', currency: 'KES' };
    await check();
    expect((await guard.funds()).frozen?.reason).toMatch(/without explanation/);
    await guard.unfreeze('default');
    await check();
    expect((await guard.funds()).frozen).toBeUndefined();
  });

  it('freezes while a payout is stuck, if payouts debit no more than was held', async () => {
    for (const debitsWithinHolds of [true, false]) {
      const { wallet, guard, check, events } = await watched({ freezeAbove: '100.00', debitsWithinHolds });
      await guard.hold({ amount: '300.00', reference: 'stuck', state: 'sent' });
      wallet.balance = { available: '600.00', currency: 'KES' };
      await check();
      expect((await guard.funds()).frozen).toBeUndefined();
      wallet.balance = { available: '599.99', currency: 'KES' };
      await check();
      expect((await guard.funds()).frozen !== undefined).toBe(debitsWithinHolds);
      expect(events).toEqual([]);
      // Once it has ended, the amount is known: reported, and no reason to freeze again.
      await guard.unfreeze('default');
      await guard.capture('stuck');
      await check();
      expect(events).toMatchObject([{ direction: 'debit', amount: '100.01' }]);
      expect((await guard.funds()).frozen !== undefined).toBe(!debitsWithinHolds);
    }
  });

  it('does not freeze for a payout that cost more than was held', async () => {
    const { wallet, guard, check } = await watched({ freezeAbove: '1.00' });
    const dear = await guard.hold({ amount: '100.00', reference: 'dear', state: 'sent' });
    wallet.balance = { available: '895.00', currency: 'KES' };
    await check();
    await guard.hold({ amount: '50.00', reference: 'open', state: 'sent' });
    await dear.capture('105.00');
    await check();
    expect((await guard.funds()).frozen).toBeUndefined();
  });

  it('tries again when the wallet could not be frozen', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const store = memoryStore();
    const { wallet, guard, check } = await watched({ freezeAbove: '1.00' }, { store });
    const freeze = jest.spyOn(store, 'freeze').mockImplementation(() => Promise.reject(new Error('down')));
    wallet.balance = { available: '900.00', currency: 'KES' };
    await check();
    freeze.mockRestore();
    expect((await guard.funds()).frozen).toBeUndefined();
    await check();
    expect((await guard.funds()).frozen).toBeDefined();
  });
});

it('a report of the day has what the watch found', async () => {
  const history = memoryHistory();
  const { wallet, watch, check } = await watched({ history });
  wallet.clock.advance(60_001);
  watch.credit({ amount: '50.00' });
  wallet.clock.advance(60_001);
  wallet.balance = { available: '1049.00', currency: 'KES' };
  await check();
  const day = new Date(wallet.clock.now()).toISOString().slice(0, 10);
  expect(await watch.report({ day })).toMatchObject({
    credits: '50.00',
    unexplained: '1.00',
    counts: { credit: 1, drift: 1 },
  });
});

/** A JPay wallet that two processes pay from; one of them watches. */
async function jpayWallet(options: JpaySimulatorOptions) {
  const simulator = await jpaySimulator(options);
  const { url: baseUrl, appKey, appSecret } = simulator;
  const clock = stoppedClock();
  const store = memoryStore({ clock });
  // A balance of JPay shows every payout that it counts as completed.
  const wallet = { currency: 'KES', visibilityLagMs: 0 };
  const open = () =>
    createPayoutGuard({
      provider: jpay({ baseUrl, appKey, appSecret }),
      ...wallet,
      store,
      clock,
      reconcileEveryMs: 0,
    });
  const [guard, other] = [open(), open()];
  const events: DriftEvent[] = [];
  const watch = watchDrift(guard, { onDrift: (event) => events.push(event) });
  running.push(watch, guard, other, simulator);
  const check = () => {
    clock.advance(1);
    return watch.check();
  };
  return { simulator, guard, other, events, check, clock };
}

async function pay(simulator: JpaySimulator, guard: PayoutGuard, reference: string, index: number): Promise<void> {
  const amount = `${100 + 37 * index}.${10 + index}`;
  await guard.withHold({ amount, reference }, async () => {
    const response = await fetch(`${simulator.url}/payments/payouts/initiate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${simulator.accessToken()}` },
      body: JSON.stringify({
        payto: '+254712345678',
        amount,
        ref_no: reference,
        callback_url: 'http://127.0.0.1:9/none',
        app_code: 12_345,
      }),
    });
    expect(response.status).toBe(200);
  });
}
