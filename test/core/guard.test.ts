import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  BalanceUnavailableError,
  ConfigurationError,
  CurrencyMismatchError,
  createPayoutGuard,
  type HoldStore,
  InsufficientFundsError,
  isPayoutGuardError,
  memoryStore,
  type PayoutGuardOptions,
  type ProviderBalance,
  type WalletTotals,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { deferred, scriptedWallet } from '../support/wallet.js';

/** A store with totals supplied by the test. */
function storeWith(totals: () => WalletTotals | Promise<WalletTotals>): HoldStore {
  return Object.assign(memoryStore(), { totals });
}

/** Wallets of a guard, and the number of requests to each provider. */
function manyWallets(keys: readonly string[], available: Record<string, string> = {}) {
  const scripted = keys.map((key) => [key, scriptedWallet(available[key])] as const);
  const settings = Object.fromEntries(
    scripted.map(([key, { provider }]) => [key, { provider, currency: 'KES' }] as const),
  );
  return { settings, asked: () => scripted.reduce((sum, [, { asked }]) => sum + asked, 0) };
}

const nothingHeld: WalletTotals = { epoch: 'e1', active: 0n, captured: 0n };

describe('a check', () => {
  it('approves up to the last cent and refuses one cent more', async () => {
    const { guard } = scriptedWallet('1000.00');
    const { checkFunds } = guard();
    expect((await checkFunds('1000.00')).sufficient).toBe(true);
    expect((await checkFunds('1000.01')).sufficient).toBe(false);
  });

  it('rejects with every number of the decision when funds are insufficient', async () => {
    const wallet = scriptedWallet('1000.00');
    const { assertSufficientFunds } = wallet.guard({ floor: '100.00' });
    const error = await assertSufficientFunds('950.00', { fee: '15.50' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InsufficientFundsError);
    expect((error as InsufficientFundsError).decision.toData()).toEqual({
      sufficient: false,
      temporary: false,
      wallet: 'default',
      currency: 'KES',
      required: '965.50',
      available: '1000.00',
      floor: '100.00',
      held: '0.00',
      capturedSince: '0.00',
      spendable: '900.00',
      shortfall: '65.50',
      asOf: '2023-11-14T22:13:20.000Z',
    });
    const {
      required,
      available,
      held,
      spendable,
      shortfall,
      currency,
      wallet: key,
      asOf,
    } = error as InsufficientFundsError;
    expect([required, available, held, spendable, shortfall, currency, key, asOf.getTime()]).toEqual([
      '965.50',
      '1000.00',
      '0.00',
      '900.00',
      '65.50',
      'KES',
      'default',
      wallet.clock.now(),
    ]);
  });

  it('resolves with the decision when funds are sufficient', async () => {
    const decision = await scriptedWallet('1000.00').guard().assertSufficientFunds('999.99');
    expect([decision.sufficient, decision.required, decision.spendable, decision.shortfall]).toEqual([
      true,
      '999.99',
      '1000.00',
      '0.00',
    ]);
  });

  it('subtracts open holds and what was captured since the mark', async () => {
    let totals: WalletTotals = { epoch: 'e1', active: 200_00n, captured: 50_00n };
    const { guard } = scriptedWallet('1000.00');
    const { checkFunds } = guard({ store: storeWith(() => totals) });
    expect((await checkFunds('800.00')).spendable).toBe('800.00');
    totals = { epoch: 'e1', active: 0n, captured: 250_00n };
    const decision = await checkFunds('800.00');
    expect([decision.sufficient, decision.held, decision.capturedSince]).toEqual([true, '0.00', '200.00']);
    expect((await checkFunds('800.01')).sufficient).toBe(false);
  });

  it('reads the mark before it requests the balance', async () => {
    const wallet = scriptedWallet('1000.00');
    let captured = 0n;
    const { checkFunds } = wallet.guard({ store: storeWith(() => ({ epoch: 'e1', active: 0n, captured })) });
    wallet.answer = async () => {
      captured = 400_00n;
      return { available: '1000.00', currency: 'KES' };
    };
    const decision = await checkFunds('700.00');
    expect([decision.sufficient, decision.capturedSince, decision.spendable]).toEqual([false, '400.00', '600.00']);
  });

  it('calls a refusal temporary when only open holds are in the way', async () => {
    const { guard } = scriptedWallet('1000.00');
    const { checkFunds } = guard({ store: storeWith(() => ({ epoch: 'e1', active: 600_00n, captured: 0n })) });
    expect((await checkFunds('1000.00')).temporary).toBe(true);
    expect((await checkFunds('1000.01')).temporary).toBe(false);
    expect((await checkFunds('400.00')).temporary).toBe(false);
  });

  it('calls a refusal temporary when a capture during the balance request may already be in the balance', async () => {
    const wallet = scriptedWallet('6.00');
    let captured = 0n;
    const { checkFunds } = wallet.guard({ store: storeWith(() => ({ epoch: 'e1', active: 0n, captured })) });
    wallet.answer = async () => {
      captured = 9_00n;
      return wallet.balance;
    };
    const decision = await checkFunds('4.00');
    expect([decision.sufficient, decision.temporary, decision.capturedSince]).toEqual([false, true, '9.00']);
  });

  it('follows the rule for all numbers', async () => {
    const cents = fc.bigInt(0n, 10n ** 15n);
    await fc.assert(
      fc.asyncProperty(
        cents,
        cents,
        cents,
        cents,
        cents,
        fc.bigInt(1n, 10n ** 15n),
        async (a, f, active, mark, more, x) => {
          const text = (minor: bigint) => `${minor / 100n}.${String(minor % 100n).padStart(2, '0')}`;
          let captured = mark;
          const wallet = scriptedWallet(text(a));
          wallet.answer = async () => {
            captured = mark + more;
            return wallet.balance;
          };
          const store = storeWith(() => ({ epoch: 'e1', active, captured }));
          const decision = await wallet.guard({ floor: text(f), store }).checkFunds(text(x));
          expect(decision.sufficient).toBe(x <= a - f - active - more);
        },
      ),
    );
  });

  it('refuses a caller with another currency, with 422', async () => {
    const { guard, provider } = scriptedWallet();
    const error = await guard()
      .checkFunds('1.00', { currency: 'UGX' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CurrencyMismatchError);
    expect(error).toMatchObject({ status: 422, expose: true, source: 'caller', expected: 'KES', actual: 'UGX' });
    expect(provider.name).toBe('scripted');
  });

  it('never approves when amount and fee together leave 64 bits', async () => {
    const { checkFunds } = scriptedWallet('92233720368547758.07').guard();
    expect((await checkFunds('92233720368547758.07')).sufficient).toBe(true);
    await expect(checkFunds('92233720368547758.07', { fee: '0.01' })).rejects.toMatchObject({ code: 'invalid_amount' });
  });

  it('works without its guard as `this`', async () => {
    const { assertSufficientFunds, checkFunds, funds, close } = scriptedWallet().guard();
    await assertSufficientFunds('1.00');
    await checkFunds('1.00');
    await funds();
    await close();
  });
});

describe("a provider's answer", () => {
  const odd: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['text', '1000.00'],
    ['a number', { available: 1000, currency: 'KES' }],
    ['a float', { available: 1000.5, currency: 'KES' }],
    ['a bigint', { available: 1000n, currency: 'KES' }],
    ['NaN', { available: Number.NaN, currency: 'KES' }],
    ['the text NaN', { available: 'NaN', currency: 'KES' }],
    ['infinity', { available: 'Infinity', currency: 'KES' }],
    ['an exponent', { available: '1e5', currency: 'KES' }],
    ['separators', { available: '12,000.00', currency: 'KES' }],
    ['no balance', { currency: 'KES' }],
    ['a null balance', { available: null, currency: 'KES' }],
    ['an empty balance', { available: '', currency: 'KES' }],
    ['more than 64 bits', { available: '92233720368547758.08', currency: 'KES' }],
    ['no currency', { available: '1000.00' }],
    ['a null currency', { available: '1000.00', currency: null }],
    ['an old figure', { available: '1000.00', currency: 'KES', asOfMs: 1_600_000_000_000 }],
    ['a figure of the future', { available: '1000.00', currency: 'KES', asOfMs: 1_700_003_600_000 }],
    ['a figure of no time', { available: '1000.00', currency: 'KES', asOfMs: Number.NaN }],
  ];

  it.each(odd)('%s approves nothing', async (_, answer) => {
    const wallet = scriptedWallet();
    wallet.answer = async () => answer as ProviderBalance;
    await expect(wallet.guard().checkFunds('0.01')).rejects.toBeInstanceOf(BalanceUnavailableError);
  });

  it('in another currency is a provider mismatch, with 503', async () => {
    const wallet = scriptedWallet();
    wallet.balance = { available: '1000.00', currency: 'UGX' };
    await expect(wallet.guard().checkFunds('0.01')).rejects.toMatchObject({
      name: 'CurrencyMismatchError',
      status: 503,
      expose: false,
      source: 'provider',
    });
  });

  it('is stale when it was computed before what visibilityLagMs allows for, to the millisecond', async () => {
    const wallet = scriptedWallet();
    const { checkFunds } = wallet.guard({ visibilityLagMs: 30_000, cache: { maxAgeMs: 0 } });
    wallet.balance = { available: '1000.00', currency: 'KES', asOfMs: wallet.clock.now() - 30_000 };
    expect((await checkFunds('1.00')).sufficient).toBe(true);
    wallet.balance = { available: '1000.00', currency: 'KES', asOfMs: wallet.clock.now() - 30_001 };
    await expect(checkFunds('1.00')).rejects.toMatchObject({ reason: 'stale' });
  });

  it('never lets another field change a decision', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.string()), fc.object(), async (details, extra) => {
        const wallet = scriptedWallet();
        wallet.balance = { ...extra, available: '10.00', currency: 'KES', details } as unknown as ProviderBalance;
        delete (wallet.balance as { asOfMs?: unknown }).asOfMs;
        const { checkFunds } = wallet.guard();
        expect((await checkFunds('10.00')).sufficient).toBe(true);
        expect((await checkFunds('10.01')).sufficient).toBe(false);
      }),
    );
  });

  it('with an error of an unknown kind becomes provider_error, without its message', async () => {
    const wallet = scriptedWallet();
    wallet.answer = async () => {
      throw Object.assign(new TypeError('Bearer s3cret at https://user:pw@host'), { code: 'E_ODD', token: 's3cret' });
    };
    const error = await wallet
      .guard()
      .checkFunds('1.00')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: 'provider_error', cause: { name: 'TypeError', code: 'E_ODD' } });
    expect(`${inspect(error, { depth: 9 })}${JSON.stringify(error)}${(error as Error).stack}`).not.toMatch(
      /s3cret|user:pw/,
    );
    expect(((error as Error).cause as Error).stack).toMatch(/guard\.test/);
  });
});

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

describe('funds', () => {
  it("shows the wallet, and the provider's other fields beside the balance", async () => {
    const wallet = scriptedWallet();
    wallet.balance = { available: '1000.00', currency: 'KES', details: { ledger: '9999.00' } };
    const store = storeWith(() => ({ epoch: 'e1', active: 100_00n, captured: 0n }));
    const { funds } = wallet.guard({ floor: '50.00', store });
    await funds();
    wallet.clock.advance(1_234);
    expect(await funds()).toEqual({
      wallet: 'default',
      currency: 'KES',
      available: '1000.00',
      held: '100.00',
      spendable: '850.00',
      floor: '50.00',
      asOf: new Date(wallet.clock.now() - 1_234),
      ageMs: 1_234,
      details: { ledger: '9999.00' },
    });
    expect(wallet.asked).toBe(1);
    await funds({ refresh: true });
    expect(wallet.asked).toBe(2);
  });
});

describe('log output', () => {
  it('shows no balance of a decision or an error unless its property is read', async () => {
    const wallet = scriptedWallet('7771.11');
    const { checkFunds, assertSufficientFunds } = wallet.guard();
    const decision = await checkFunds('1.00');
    const error = await assertSufficientFunds('99999.00').catch((thrown: unknown) => thrown);
    expect(isPayoutGuardError(error)).toBe(true);
    const written = [decision, error].map(
      (value) => `${inspect(value, { depth: 9, showHidden: false })}${JSON.stringify(value)}`,
    );
    expect(written.join()).not.toMatch(/7771|92227|99999/);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'InsufficientFundsError',
      code: 'insufficient_funds',
      status: 422,
      message: 'The wallet cannot cover this payout.',
      temporary: false,
    });
    expect(inspect(wallet.guard())).not.toMatch(/scripted|KES/);
  });
});

describe('the options', () => {
  const { provider } = scriptedWallet();
  const bad: [string, object, RegExp][] = [
    ['no provider', { provider: undefined }, /provider: must be a provider/],
    ['a provider that is none', { provider: {} }, /provider: must be a provider/],
    ['a currency that is none', { currency: 'KSH' }, /currency: "KSH" is not an ISO 4217/],
    ['a number for a currency', { currency: 404 }, /currency/],
    ['an odd exponent', { currency: { code: 'KES', exponent: 1.5 } }, /exponent/],
    ['a typo', { flor: '5' }, /flor/],
    ['a typo inside', { cache: { maxAge: 5 } }, /maxAge/],
    ['a negative floor', { floor: '-1' }, /floor: Invalid amount: it is negative/],
    ['a floor too precise', { floor: '0.001' }, /floor: .*decimals/],
    ['a bigint floor', { floor: 5n }, /floor: .*fromMinorUnits/],
    ['a balance older than two minutes', { cache: { maxAgeMs: 120_001 } }, /cache\.maxAgeMs/],
    ['a negative age', { cache: { maxAgeMs: -1 } }, /cache\.maxAgeMs/],
    ['half a millisecond', { cache: { maxAgeMs: 0.5 } }, /cache\.maxAgeMs/],
    ['no wallets to remember', { cache: { maxWallets: 0 } }, /cache\.maxWallets/],
    ['a refresh without pause', { minRefreshMs: 0 }, /minRefreshMs/],
    ['a lag beyond ten minutes', { visibilityLagMs: 600_001 }, /visibilityLagMs/],
    ['an end of payouts that is none', { settles: 'later' }, /settles/],
    ['a provider without a name', { provider: { ...provider, name: '' } }, /provider\.name/],
    ['a time to pay of nothing', { payWithinMs: 0 }, /payWithinMs/],
    ['an absence of less than an hour', { absentIsFailedAfterMs: 3_599_999 }, /absentIsFailedAfterMs/],
    ['the default wallet of before', { wallet: 'main' }, /wallet/],
    ['the mode of before', { mode: 'observe' }, /mode/],
    ['another status', { insufficientFundsStatus: 400 }, /insufficientFundsStatus/],
    ['a store that is none', { store: {} }, /store: must be a store/],
    ['a clock that is none', { clock: {} }, /clock/],
    ['a time limit of nothing', { fetchTimeoutMs: 0 }, /fetchTimeoutMs/],
    ['an amount that is none', { alwaysRefreshAbove: 'much' }, /alwaysRefreshAbove/],
  ];

  it.each(bad)('refuse %s', (_, option, message) => {
    const act = () => createPayoutGuard({ provider, currency: 'KES', ...option } as PayoutGuardOptions);
    expect(act).toThrow(ConfigurationError);
    expect(act).toThrow(message);
  });

  it('report every problem at once', () => {
    const act = () => createPayoutGuard({ provider, currency: 'KES', floor: '-1', alwaysRefreshAbove: 'x' });
    expect(act).toThrow(/floor.*alwaysRefreshAbove/s);
  });

  it('accept values at the limits', () => {
    const act = () =>
      createPayoutGuard({
        provider,
        currency: 'KES',
        floor: '0',
        cache: { maxAgeMs: 120_000, maxWallets: 1_000_000 },
        minRefreshMs: 100,
        fetchTimeoutMs: 60_000,
        insufficientFundsStatus: 402,
      });
    expect(act).not.toThrow();
  });

  it('set the status of insufficient funds', async () => {
    const guard = scriptedWallet('0.00').guard({ insufficientFundsStatus: 409 });
    await expect(guard.assertSufficientFunds('1.00')).rejects.toMatchObject({ status: 409 });
  });
});
