import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  BalanceUnavailableError,
  CurrencyMismatchError,
  InsufficientFundsError,
  type ProviderBalance,
  type WalletTotals,
} from 'payout-guard';
import { scriptedWallet } from '../support/wallet.js';
import { storeWith } from './guard-support.js';

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
