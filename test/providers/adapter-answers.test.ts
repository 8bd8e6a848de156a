// Odd answers specific to one adapter: the sum of JPay, and the functions of a user of httpProvider.
import { afterEach, describe, expect, it } from '@jest/globals';
import { LosslessNumber } from 'lossless-json';
import { BalanceUnavailableError, type ProviderBalance } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { jpay } from 'payout-guard/providers/jpay';
import { z } from 'zod';
import { closeAll, failureOf, guardOf, quick, send, startJpay, startServer } from './support.js';

afterEach(closeAll);

const malformed = { code: 'balance_unavailable', reason: 'malformed', status: 503 };

describe('jpay', () => {
  const simulated = async () => {
    const simulator = await startJpay({ payout: '1000.00', collection: '500.00' });
    const { url: baseUrl, appKey, appSecret } = simulator;
    return { simulator, ...guardOf(jpay({ baseUrl, appKey, appSecret, ...quick })) };
  };
  const [payout, collection, total] = ['payout_wallet_balance', 'collection_wallet_balance', 'total_balance'] as const;
  const number = (text: string) => new LosslessNumber(text);
  const wrong: [string, Record<string, unknown>][] = [
    ['a total one cent too small', { [total]: '1499.99' }],
    ['a total one cent too large', { [total]: '1500.01' }],
    ['a total of zero', { [total]: '0.00' }],
    ['a total that is the payout wallet', { [total]: '1000.00' }],
    ['wallets that were exchanged for the total', { [payout]: '1500.00', [total]: '1000.00' }],
    ['a total beyond 64 bits', { [payout]: '92233720368547758.07', [total]: '92233720368548258.07' }],
    ['a total that lost its last digit', { [payout]: '90071992547409930.07', [total]: '90071992547410430.08' }],
    ['no payout wallet', { [payout]: undefined }],
    ['no collection wallet', { [collection]: undefined }],
    ['no total', { [total]: undefined }],
    ['a total of null', { [total]: null }],
    ['a negative collection wallet that does not add up', { [collection]: '-500.00' }],
    ['a negative payout wallet that does not add up', { [payout]: '-1000.00' }],
    ['a negative payout wallet that adds up without its sign', { [payout]: '-1000.00', [total]: '1500.00' }],
    ['a collection wallet of null that adds up', { [collection]: null, [total]: '1000.00' }],
    ['a collection wallet as an empty text', { [collection]: '', [total]: '1000.00' }],
    ['a collection wallet as an object', { [collection]: { amount: '500.00' } }],
    ['cents', { [payout]: '100000', [collection]: '50000', [total]: '150000' }],
    ['one decimal', { [payout]: '1000.0', [collection]: '500.0', [total]: '1500.0' }],
    ['three decimals', { [payout]: '1000.000', [collection]: '500.000', [total]: '1500.000' }],
    ['three decimals that matter', { [payout]: '1000.009', [total]: '1500.009' }],
    ['a number of three decimals', { [payout]: number('1000.009'), [total]: number('1500.009') }],
    ['18 digits', { [payout]: '000000000000001000.00' }],
  ];

  it.each(wrong)('approves nothing on %s, and accepts the next correct answer', async (_, fields) => {
    const { simulator, checkFunds } = await simulated();
    simulator.fault({ kind: 'fields', fields }, { times: 1 });
    const error = await failureOf(checkFunds('0.01'));
    expect(error).toBeInstanceOf(BalanceUnavailableError);
    expect(error).toMatchObject(malformed);
    expect(simulator.count('/wallets/balance')).toBe(1);
    expect((await checkFunds('1000.00')).sufficient).toBe(true);
    expect((await checkFunds('1000.01')).sufficient).toBe(false);
  });

  it('shows the other figures and reports the currency as KES for any currency in the answer', async () => {
    const { simulator, funds } = await simulated();
    simulator.fault({ kind: 'fields', fields: { currency: 'UGX', currencyCode: 404, available: '7.00' } });
    expect(await funds()).toMatchObject({
      currency: 'KES',
      available: '1000.00',
      details: { collection_wallet_balance: '500.00', total_balance: '1500.00' },
    });
  });

  it('adds up text and numbers alike', async () => {
    const { simulator, funds } = await simulated();
    simulator.fault({ kind: 'fields', fields: { [payout]: number('1e3'), [total]: number('1500.0') } });
    expect((await funds()).available).toBe('1000.00');
  });

  it('is no balance for a guard of another currency', async () => {
    const { url: baseUrl } = await startJpay();
    const { checkFunds } = guardOf(jpay({ baseUrl, appKey: 'simulated-app-key', appSecret: 'simulated-app-secret' }), {
      currency: 'UGX',
    });
    await expect(checkFunds('1')).rejects.toMatchObject({ code: 'currency_mismatch', source: 'provider', status: 503 });
  });
});

describe('httpProvider', () => {
  type Select = Parameters<typeof httpProvider>[0]['select'];
  const guardWith = async (options: Partial<Parameters<typeof httpProvider>[0]>, body = '{"n":1000.50}') => {
    const server = await startServer((response) => send(response, body));
    const schema = z.object({ n: z.string() });
    const select: Select = () => ({ available: '1000.50', currency: 'KES' });
    return {
      server,
      ...guardOf(httpProvider({ name: 'shop', url: server.url, schema, select, ...quick, ...options })),
    };
  };

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', '1000.50'],
    ['a float', { available: 1000.5, currency: 'KES' }],
    ['a bigint', { available: 1_000n, currency: 'KES' }],
    ['an exact number of another library', { available: new LosslessNumber('1000.50'), currency: 'KES' }],
    ['a negative float', { available: -1.5, currency: 'KES' }],
    ['no currency', { available: '1000.50' }],
    ['an array', ['1000.50', 'KES']],
  ])('approves nothing when select returns %s', async (_, selected) => {
    const { checkFunds } = await guardWith({ select: () => selected as ProviderBalance });
    expect(await failureOf(checkFunds('0.01'))).toMatchObject(malformed);
  });

  it.each<[string, object, object]>([
    ['another currency', { currency: 'UGX' }, { code: 'currency_mismatch', source: 'provider' }],
    ['a figure of two minutes ago', { asOfMs: Date.now() - 180_000 }, { reason: 'stale' }],
    ['a figure of no time', { asOfMs: Number.NaN }, { reason: 'stale' }],
  ])('approves nothing when select returns %s', async (_, selected, expected) => {
    const select: Select = () => ({ available: '1000.50', currency: 'KES', ...selected });
    expect(await failureOf((await guardWith({ select })).checkFunds('0.01'))).toMatchObject({
      status: 503,
      ...expected,
    });
  });

  it('approves nothing when the schema or select throws any value', async () => {
    for (const thrown of [new Error('x'), new TypeError('x'), 'text', null, undefined, 5, { reason: 'malformed' }]) {
      const fail = () => {
        throw thrown;
      };
      expect(await failureOf((await guardWith({ select: fail })).checkFunds('0.01'))).toMatchObject(malformed);
      expect(await failureOf((await guardWith({ schema: { parse: fail } })).checkFunds('0.01'))).toMatchObject(
        malformed,
      );
    }
  });

  it('passes numbers to the schema as exact text, at any depth', async () => {
    const seen: unknown[] = [];
    const schema = { parse: (body: unknown) => seen.push(body) };
    const { checkFunds } = await guardWith({ schema }, '{"a":[9007199254740993.10,{"b":1.5E7}],"c":-0,"d":1e400}');
    await checkFunds('0.01');
    expect(seen).toEqual([{ a: ['9007199254740993.10', { b: '15000000' }], c: '-0', d: '1e400' }]);
  });
});
