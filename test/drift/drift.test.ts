// Drift of a wallet: over real HTTP, and where each rule of the watch matters.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  createPayoutGuard,
  type GuardOptions,
  memoryStore,
  observing,
  type PayoutGuard,
  type WalletSettings,
} from 'payout-guard';
import {
  type DriftEvent,
  type DriftOptions,
  type DriftWatch,
  type VisibilityLagEvent,
  watchDrift,
} from 'payout-guard/drift';
import { memoryHistory } from 'payout-guard/history';
import { jpay } from 'payout-guard/providers/jpay';
import { type JpaySimulator, type JpaySimulatorOptions, jpaySimulator } from 'payout-guard/testing';
import { type ScriptedWallet, scriptedWallet, stoppedClock } from '../support/wallet.js';

const running: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((party) => party.close()));
});

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

describe('a watch', () => {
  it('reports the window in which it happened', async () => {
    const { wallet, check, events } = await watched();
    const from = new Date(wallet.clock.now());
    wallet.clock.advance(30_000);
    wallet.balance = { available: '875.50', currency: 'KES' };
    await check();
    const to = new Date(wallet.clock.now());
    const event = { wallet: 'default', currency: 'KES', direction: 'debit', amount: '124.50', from, to };
    expect(events).toEqual([{ ...event, expected: '1000.00', actual: '875.50' }]);
  });

  it('reports money that came in only when the application has not reported it within the tolerance', async () => {
    const { wallet, watch, check, events } = await watched({ creditToleranceMs: 10_000 });
    wallet.clock.advance(60_000);
    wallet.balance = { available: '1300.00', currency: 'KES' };
    await check();
    wallet.clock.advance(9_999);
    watch.credit({ amount: '100.00' });
    await check();
    wallet.clock.advance(9_999);
    await check();
    // Before this time, the first balance may or may not have had the credit.
    expect(events).toEqual([]);
    wallet.clock.advance(1);
    await check();
    expect(events).toMatchObject([{ direction: 'credit', amount: '200.00', expected: '1100.00', actual: '1300.00' }]);
  });

  it('reports a credit that never arrives as a debit', async () => {
    const { wallet, watch, check, events } = await watched({ creditToleranceMs: 10_000 });
    wallet.clock.advance(60_000);
    watch.credit({ amount: '250.00' });
    await check();
    wallet.clock.advance(10_000);
    await check();
    expect(events).toMatchObject([{ direction: 'debit', amount: '250.00', expected: '1250.00', actual: '1000.00' }]);
  });

  it('takes the real debit of a payout, and reports a debit that was not counted', async () => {
    const { wallet, guard, check, events } = await watched();
    const counted = await guard.hold({ amount: '100.00', reference: 'counted', state: 'sent' });
    const uncounted = await guard.hold({ amount: '100.00', reference: 'uncounted', state: 'sent' });
    wallet.balance = { available: '790.00', currency: 'KES' };
    await counted.capture('105.00');
    await uncounted.capture();
    await check();
    expect(events).toMatchObject([{ direction: 'debit', amount: '5.00' }]);
  });

  it('does not take a capture that the balance does not show yet for money that came in', async () => {
    const { wallet, guard, check, events } = await watched({}, { visibilityLagMs: 5_000 });
    const hold = await guard.hold({ amount: '100.00', reference: 'late', state: 'sent' });
    await hold.capture();
    await check();
    wallet.balance = { available: '900.00', currency: 'KES' };
    wallet.clock.advance(4_999);
    await check();
    wallet.clock.advance(200_000);
    await check();
    expect(events).toEqual([]);
  });

  it('finds captures that are not visible yet though a hold comes and goes while the store is read', async () => {
    const store = memoryStore();
    const { wallet, guard, check, events } = await watched({}, { visibilityLagMs: 5_000, store });
    await (await guard.hold({ amount: '100.00', reference: 'late', state: 'sent' })).capture();
    const brief = await guard.hold({ amount: '100.00', reference: 'before', state: 'sent' });
    await brief.release();
    const list = store.list.bind(store);
    const { epoch } = await store.totals('default');
    const hold = {
      wallet: 'default',
      reference: 'brief',
      attempt: 'b',
      amountMinor: 10_000n,
      currency: { code: 'KES', exponent: 2 },
      expiresInMs: 1,
      sendsForMs: 1,
      metadata: {},
    };
    jest.spyOn(store, 'list').mockImplementation(async (filter) => {
      if (filter.state === 'reserved') await store.hold({ ...hold, state: 'sent', epoch, limitMinor: 1_000_000n });
      const page = await list(filter);
      if (filter.state === 'sent') await store.settle({ reference: 'brief', to: 'released' });
      return page;
    });
    // It shows the capture early.
    wallet.balance = { available: '900.00', currency: 'KES' };
    await check();
    jest.restoreAllMocks();
    await check();
    expect(events).toEqual([]);
  });

  it('starts again when the store has lost its data', async () => {
    const stores = [memoryStore(), memoryStore()];
    const seen = new Proxy(stores[0] as object, {
      get: (_, name) => Reflect.get(stores[0] as object, name).bind?.(stores[0]) ?? 'two',
    }) as ReturnType<typeof memoryStore>;
    const { wallet, guard, check, events } = await watched({}, { store: seen });
    const hold = await guard.hold({ amount: '100.00', reference: 'forgotten', state: 'sent' });
    wallet.balance = { available: '900.00', currency: 'KES' };
    await hold.capture();
    await check();
    stores.shift();
    await check();
    expect(events).toEqual([]);
    wallet.clock.advance(1_000);
    wallet.balance = { available: '899.00', currency: 'KES' };
    await check();
    expect(events).toMatchObject([{ direction: 'debit', amount: '1.00' }]);
  });

  it('waits for a second balance where the provider may show payouts that fail', async () => {
    const { wallet, check, events } = await watched({}, {}, 'unknown');
    await check();
    wallet.balance = { available: '900.00', currency: 'KES' };
    await check();
    wallet.balance = { available: '1000.00', currency: 'KES' };
    await check();
    expect(events).toEqual([]);
    wallet.balance = { available: '900.00', currency: 'KES' };
    await check();
    expect(events).toEqual([]);
    await check();
    expect(events).toMatchObject([{ direction: 'debit', amount: '100.00' }]);
  });

  it('passes over balances that came while a payout failed', async () => {
    const { wallet, guard, check, events } = await watched({}, { cache: { maxAgeMs: 60_000 } }, 'unknown');
    await check();
    for (const reference of ['a', 'b']) {
      // Debited, failed and given back while the balance is on its way; the next payout of the same amount as well.
      wallet.answer = async () => {
        await (await guard.hold({ amount: '100.00', reference, state: 'sent' })).release();
        return { available: '900.00', currency: 'KES' };
      };
      await check();
    }
    wallet.answer = undefined;
    wallet.clock.advance(1);
    await check();
    await check();
    expect(events).toEqual([]);
  });

  it('expects the refund of a payout that failed after the provider had debited it', async () => {
    const history = memoryHistory();
    const { wallet, guard, check, events } = await watched(
      { history },
      {
        debitVisibleAt: 'acceptance',
        verdictOfResult: () => 'pending',
        lookup: async () => ({ outcome: 'failed' }),
      },
    );
    await check();
    wallet.clock.advance(120_001);
    await guard.withHold({ amount: '100.00', reference: 'refunded' }, () => 'accepted');
    expect(await guard.getHold('refunded')).toMatchObject({ state: 'captured', awaitsOutcome: true });
    wallet.balance = { available: '900.00', currency: 'KES' };
    await check();
    wallet.clock.advance(30_000);
    wallet.balance = { available: '1000.00', currency: 'KES' };
    await check();
    await guard.reconcile({ reference: 'refunded' });
    for (let minute = 0; minute < 5; minute++) {
      wallet.clock.advance(60_000);
      await check();
    }
    expect(events).toEqual([]);
    expect(history.query().entries).toMatchObject([
      { kind: 'credit', reference: 'refunded', amount: '100.00', data: { currency: 'KES' } },
    ]);
  });

  it('reports a refund that never comes as a debit', async () => {
    const { wallet, guard, check, events } = await watched(
      {},
      {
        debitVisibleAt: 'acceptance',
        verdictOfResult: () => 'pending',
        lookup: async () => ({ outcome: 'failed' }),
      },
    );
    await check();
    // A credit within the tolerance of the first balance would make that one uncertain.
    wallet.clock.advance(120_001);
    await guard.withHold({ amount: '100.00', reference: 'kept' }, () => 'accepted');
    wallet.balance = { available: '900.00', currency: 'KES' };
    await check();
    await check();
    await guard.reconcile({ reference: 'kept' });
    for (let minute = 0; minute < 5; minute++) {
      wallet.clock.advance(60_000);
      await check();
    }
    expect(events).toMatchObject([{ direction: 'debit', amount: '100.00' }]);
  });

  it('reports a payout without a hold as a debit, and its late capture as nothing', async () => {
    const { wallet, guard, check, events } = await watched();
    const hold = await guard.hold({ amount: '100.00', reference: 'forgotten' });
    wallet.clock.advance(60_000);
    wallet.balance = { available: '900.00', currency: 'KES' };
    await check();
    expect(events).toMatchObject([{ direction: 'debit', amount: '100.00' }]);
    await hold.capture();
    for (let minute = 0; minute < 5; minute++) {
      wallet.clock.advance(60_000);
      await check();
    }
    expect(events).toHaveLength(1);
    // Later movements are found as before.
    wallet.balance = { available: '899.00', currency: 'KES' };
    await check();
    expect(events).toMatchObject([{ amount: '100.00' }, { direction: 'debit', amount: '1.00' }]);
  });

  it('reports the debit of a payout that was perhaps made twice, of which the store records one', async () => {
    const { wallet, guard, check, events } = await watched();
    const first = await guard.hold({ amount: '100.00', reference: 'twice' });
    wallet.clock.advance(60_000);
    const second = await guard.hold({ amount: '100.00', reference: 'twice', state: 'sent' });
    wallet.balance = { available: '800.00', currency: 'KES' };
    await second.capture();
    await expect(first.capture()).rejects.toMatchObject({ code: 'hold_state' });
    await check();
    expect(events).toMatchObject([{ direction: 'debit', amount: '100.00' }]);
  });

  it('continues when onDrift throws, and warns', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { wallet, check } = await watched({
      onDrift: () => {
        throw new Error('mistake');
      },
    });
    for (const available of ['999.00', '998.00']) {
      wallet.balance = { available, currency: 'KES' };
      await check();
    }
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      'onDrift threw (wallet default).',
      'onDrift threw (wallet default).',
    ]);
  });

  it('warns once that the store does not respond, and continues when it does', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const store = memoryStore();
    const { wallet, check, events } = await watched({}, { store });
    const list = jest.spyOn(store, 'list').mockImplementation(() => Promise.reject(new Error('down')));
    await check();
    await check();
    expect(warned).toHaveBeenCalledTimes(1);
    list.mockRestore();
    wallet.balance = { available: '999.00', currency: 'KES' };
    await check();
    expect(events).toMatchObject([{ amount: '1.00' }]);
  });

  it('refuses invalid options', async () => {
    const wallet = scriptedWallet();
    const guard = wallet.guard();
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const observed = observing(guard);
    running.push(guard);
    const attempt =
      (options: unknown, of = guard) =>
      () =>
        watchDrift(of, options as DriftOptions);
    const onDrift = () => {};
    expect(attempt({})).toThrow(/onDrift: must be a function/);
    expect(attempt({ onDrift, wallet: 'other' })).toThrow(/unknown wallet "other"/);
    expect(attempt({ onDrift, onLag: 1 })).toThrow(/onLag: must be a function/);
    expect(attempt({ onDrift, freezeAbove: '-1' })).toThrow(/freezeAbove: .*negative/);
    expect(attempt({ onDrift, creditToleranceMs: -1 })).toThrow(/creditToleranceMs/);
    expect(attempt({ onDrift, freezeAt: '1' })).toThrow(/freezeAt/);
    expect(attempt({ onDrift }, observed)).toThrow(/guard: it only observes/);
    const watch = watchDrift(guard, { onDrift });
    running.push(watch);
    expect(() => watch.credit({ amount: '0' })).toThrow(expect.objectContaining({ code: 'invalid_amount' }));
    expect(() => watch.credit({ amount: '1', at: new Date(Number.NaN) })).toThrow(/at: must be a valid date/);
    await expect(watch.report({ day: '2024-01-01' })).rejects.toMatchObject({ code: 'configuration' });
  });
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

interface Watched {
  readonly wallet: ScriptedWallet;
  readonly guard: PayoutGuard;
  readonly watch: DriftWatch;
  readonly events: DriftEvent[];
  readonly lags: VisibilityLagEvent[];
  check(): Promise<void>;
}

/** A watched wallet of 1,000.00 that was seen once. */
async function watched(
  options: Partial<DriftOptions> = {},
  ofGuard: Partial<GuardOptions & WalletSettings> = {},
  debitVisibleAt: 'completion' | 'unknown' = 'completion',
): Promise<Watched> {
  const wallet = scriptedWallet('1000.00', { debitVisibleAt });
  const guard = wallet.guard({ reconcileEveryMs: 0, ...ofGuard });
  const [events, lags]: [DriftEvent[], VisibilityLagEvent[]] = [[], []];
  const watch = watchDrift(guard, {
    onDrift: (event) => events.push(event),
    onLag: (event) => lags.push(event),
    ...options,
  });
  running.push(watch, guard);
  await watch.check();
  return { wallet, guard, watch, events, lags, check: watch.check };
}

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
