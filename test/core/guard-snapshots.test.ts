// Cached balances of a guard, its store, and waiting callers.
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  BalanceUnavailableError,
  createPayoutGuard,
  memoryStore,
  type ProviderBalance,
  type WalletTotals,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { storeWith } from './guard-support.js';

/** Wallets of a guard, and the number of requests to each provider. */
function manyWallets(keys: readonly string[], available: Record<string, string> = {}) {
  const scripted = keys.map((key) => [key, scriptedWallet(available[key])] as const);
  const settings = Object.fromEntries(
    scripted.map(([key, { provider }]) => [key, { provider, currency: 'KES' }] as const),
  );
  return { settings, asked: () => scripted.reduce((sum, [, { asked }]) => sum + asked, 0) };
}

const nothingHeld: WalletTotals = { epoch: 'e1', active: 0n, captured: 0n };

describe('cached balances', () => {
  it('are used while younger than maxAgeMs, counted from the request', async () => {
    const wallet = scriptedWallet();
    const { checkFunds } = wallet.guard({ cache: { maxAgeMs: 5_000 } });
    wallet.answer = async () => {
      wallet.clock.advance(2_000);
      return wallet.balance;
    };
    await checkFunds('1.00');
    wallet.clock.advance(2_999);
    await checkFunds('1.00');
    expect(wallet.asked).toBe(1);
    wallet.clock.advance(1);
    await checkFunds('1.00');
    expect(wallet.asked).toBe(2);
  });

  it('are not used when maxAgeMs is 0', async () => {
    const wallet = scriptedWallet();
    const { checkFunds } = wallet.guard({ cache: { maxAgeMs: 0 } });
    await checkFunds('1.00');
    await checkFunds('1.00');
    expect(wallet.asked).toBe(2);
  });

  it('count as stale when the clock was set back', async () => {
    const wallet = scriptedWallet();
    const { checkFunds } = wallet.guard();
    await checkFunds('1.00');
    wallet.clock.advance(-3_600_000);
    await checkFunds('1.00');
    expect(wallet.asked).toBe(2);
  });

  it('are fetched once for concurrent checks', async () => {
    const wallet = scriptedWallet('1000.00');
    const gate = deferred<ProviderBalance>();
    wallet.answer = () => gate.promise;
    const { checkFunds } = wallet.guard();
    const checks = Array.from({ length: 1_000 }, () => checkFunds('1000.00'));
    gate.resolve({ available: '1000.00', currency: 'KES' });
    expect((await Promise.all(checks)).every((decision) => decision.sufficient)).toBe(true);
    expect(wallet.asked).toBe(1);
  });

  it('are requested again before a refusal, so that a top-up counts', async () => {
    const wallet = scriptedWallet('100.00');
    const { checkFunds } = wallet.guard({ minRefreshMs: 1_000 });
    await checkFunds('1.00');
    wallet.clock.advance(1_000);
    wallet.balance = { available: '500.00', currency: 'KES' };
    expect((await checkFunds('500.00')).sufficient).toBe(true);
    expect(wallet.asked).toBe(2);
  });

  it('are requested again at most once per minRefreshMs, for any number of refusals', async () => {
    const wallet = scriptedWallet('100.00');
    const { checkFunds } = wallet.guard({ minRefreshMs: 1_000 });
    await checkFunds('500.00');
    expect(wallet.asked).toBe(1);
    for (let elapsedMs = 0; elapsedMs < 10_000; elapsedMs += 100) {
      wallet.clock.advance(100);
      expect((await checkFunds('500.00')).sufficient).toBe(false);
    }
    expect(wallet.asked).toBe(11);
  });

  it('report the outage, not insufficient funds, when the second request fails', async () => {
    const wallet = scriptedWallet('100.00');
    const { checkFunds } = wallet.guard();
    await checkFunds('1.00');
    wallet.clock.advance(1_500);
    wallet.answer = async () => {
      throw new BalanceUnavailableError('network');
    };
    await expect(checkFunds('500.00')).rejects.toMatchObject({ reason: 'network' });
    await expect(checkFunds('500.00')).rejects.toMatchObject({ reason: 'network' });
    expect(wallet.asked).toBe(2);
    expect((await checkFunds('1.00')).sufficient).toBe(true);
  });

  it('are skipped by refresh, which never uses an answer to an earlier request', async () => {
    const wallet = scriptedWallet('100.00');
    const { checkFunds } = wallet.guard();
    const early = deferred<ProviderBalance>();
    wallet.answer = () => early.promise;
    const first = checkFunds('1.00');
    while (wallet.asked === 0) await Promise.resolve();
    wallet.clock.advance(10);
    const refreshed = [checkFunds('1.00', { refresh: true }), checkFunds('1.00', { refresh: true })];
    wallet.answer = async () => ({ available: '0.50', currency: 'KES' });
    early.resolve({ available: '100.00', currency: 'KES' });
    expect((await first).sufficient).toBe(true);
    expect((await Promise.all(refreshed)).map((decision) => decision.sufficient)).toEqual([false, false]);
    expect(wallet.asked).toBe(2);
  });

  it('are skipped by amounts above alwaysRefreshAbove, fee included', async () => {
    const wallet = scriptedWallet('1000.00');
    const { checkFunds } = wallet.guard({ alwaysRefreshAbove: '100.00' });
    await checkFunds('100.00');
    await checkFunds('100.00');
    expect(wallet.asked).toBe(1);
    await checkFunds('99.99', { fee: '0.02' });
    expect(wallet.asked).toBe(2);
  });

  it('are evicted beyond maxWallets, least recently used first', async () => {
    const wallets = manyWallets(['a', 'b', 'c']);
    const { checkFunds } = createPayoutGuard({ wallets: wallets.settings, cache: { maxWallets: 2 } });
    for (const key of ['a', 'b', 'a', 'c', 'a']) await checkFunds('1.00', { wallet: key });
    expect(wallets.asked()).toBe(3);
    await checkFunds('1.00', { wallet: 'b' });
    expect(wallets.asked()).toBe(4);
  });

  it('are kept apart by wallet', async () => {
    const { settings } = manyWallets(['rich', 'poor'], { rich: '9.00', poor: '1.00' });
    const { checkFunds } = createPayoutGuard({ wallets: settings });
    expect((await checkFunds('5.00', { wallet: 'rich' })).sufficient).toBe(true);
    expect((await checkFunds('5.00', { wallet: 'poor' })).sufficient).toBe(false);
  });

  it('age on the monotonic clock: setting the clock back makes none of them fresh again', async () => {
    const wallet = scriptedWallet();
    const { checkFunds } = wallet.guard({ cache: { maxAgeMs: 120_000 } });
    await checkFunds('1.00');
    wallet.clock.advance(119_000);
    wallet.clock.step(-119_000);
    await checkFunds('1.00');
    expect(wallet.asked).toBe(1);
    wallet.clock.advance(119_000);
    wallet.clock.step(-119_000);
    await checkFunds('1.00');
    expect(wallet.asked).toBe(2);
  });
});

describe('the store', () => {
  it('that fails is reported as such, and nothing is approved', async () => {
    const failing = [
      () => Promise.reject(new Error('redis://:pw@host is gone')),
      () => {
        throw new Error('redis://:pw@host is gone');
      },
    ];
    for (const totals of failing) {
      const error = await scriptedWallet()
        .guard({ store: storeWith(totals) })
        .checkFunds('1.00')
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'balance_unavailable', reason: 'store', status: 503 });
      expect(inspect(error, { depth: 9 })).not.toMatch(/:pw@/);
    }
  });

  it('that never responds blocks no caller for ever, and is used again when it is back', async () => {
    const wallet = scriptedWallet();
    let totals: () => WalletTotals | Promise<WalletTotals> = () => new Promise(() => {});
    const { checkFunds } = wallet.guard({ fetchTimeoutMs: 100, store: storeWith(() => totals()) });
    const checking = thrownBy(checkFunds('1.00'));
    await wallet.clock.pass(100);
    expect(await checking).toMatchObject({ reason: 'timeout' });
    totals = () => nothingHeld;
    expect((await checkFunds('1.00')).sufficient).toBe(true);
  });

  it('that lost data voids the mark, and the balance is requested again', async () => {
    const wallet = scriptedWallet();
    let totals = { ...nothingHeld, captured: 100_00n };
    const { checkFunds } = wallet.guard({ store: storeWith(async () => totals) });
    await checkFunds('1.00');
    totals = { ...nothingHeld, epoch: 'e2' };
    const decision = await checkFunds('1000.00');
    expect([decision.sufficient, decision.capturedSince, wallet.asked]).toEqual([true, '0.00', 2]);
  });

  it('that keeps losing data approves nothing', async () => {
    let epoch = 0;
    const { checkFunds, funds } = scriptedWallet().guard({
      store: storeWith(() => ({ ...nothingHeld, epoch: `e${epoch++}` })),
    });
    await expect(checkFunds('1.00')).rejects.toMatchObject({ reason: 'store' });
    await expect(funds()).rejects.toMatchObject({ reason: 'store' });
  });

  it('that is restoring holds approves nothing, and reports for how long', async () => {
    const { checkFunds } = scriptedWallet().guard({
      store: storeWith(() => ({ ...nothingHeld, recoveringForMs: 2_500 })),
    });
    await expect(checkFunds('1.00')).rejects.toMatchObject({ reason: 'store', retryAfterMs: 2_500 });
  });

  it('that was passed in is not closed with the guard', async () => {
    let closed = 0;
    const store = Object.assign(memoryStore(), { close: async () => void closed++ });
    await scriptedWallet().guard({ store }).close();
    expect(closed).toBe(0);
  });
});

describe('waiting', () => {
  it('ends when the signal aborts, and the shared request continues', async () => {
    const wallet = scriptedWallet();
    const gate = deferred<ProviderBalance>();
    wallet.answer = () => gate.promise;
    const { checkFunds } = wallet.guard();
    const controller = new AbortController();
    const leaving = checkFunds('1.00', { signal: controller.signal });
    const staying = checkFunds('1.00');
    controller.abort(new Error('the client left'));
    await expect(leaving).rejects.toThrow('the client left');
    gate.resolve(wallet.balance);
    expect((await staying).sufficient).toBe(true);
    expect(wallet.asked).toBe(1);
  });

  it('does not begin when the signal has already aborted and no balance is cached', async () => {
    const wallet = scriptedWallet();
    wallet.answer = () => new Promise(() => {});
    const signal = AbortSignal.abort(new Error('too late'));
    const guard = wallet.guard();
    await expect(guard.checkFunds('1.00', { signal })).rejects.toThrow('too late');
    await guard.close();
  });

  it('ends after fetchTimeoutMs even if the provider ignores its signal', async () => {
    const wallet = scriptedWallet();
    wallet.answer = () => new Promise(() => {});
    const checking = thrownBy(wallet.guard({ fetchTimeoutMs: 100 }).checkFunds('1.00'));
    await wallet.clock.pass(99);
    expect(wallet.clock.timers).toBe(2);
    await wallet.clock.pass(1);
    expect(await checking).toMatchObject({ reason: 'timeout' });
    expect(wallet.clock.timers).toBe(1);
  });

  it('ends when the guard is closed, and later calls are refused', async () => {
    const wallet = scriptedWallet();
    wallet.answer = () => new Promise(() => {});
    const guard = wallet.guard();
    const waiting = guard.checkFunds('1.00');
    await guard.close();
    await expect(waiting).rejects.toMatchObject({ reason: 'closed' });
    await expect(guard.checkFunds('1.00')).rejects.toMatchObject({ reason: 'closed' });
    await expect(guard.funds()).rejects.toMatchObject({ reason: 'closed' });
    await guard[Symbol.asyncDispose]();
  });
});
