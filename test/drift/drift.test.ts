// Drift of a wallet: over real HTTP, and where each rule of the watch matters.
import { describe, expect, it, jest } from '@jest/globals';
import { memoryStore, observing } from 'payout-guard';
import { type DriftOptions, watchDrift } from 'payout-guard/drift';
import { memoryHistory } from 'payout-guard/history';
import { scriptedWallet } from '../support/wallet.js';
import { running, watched } from './drift-support.js';

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
