// Odd answers specific to one adapter: the sum of JPay, the codes and currencies of Interswitch, and the functions of a
// user of httpProvider.
import { afterEach, describe, expect, it } from '@jest/globals';
import { LosslessNumber } from 'lossless-json';
import { BalanceUnavailableError, type ProviderBalance } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { z } from 'zod';
import { closeAll, failureOf, guardOf, quick, send, startInterswitch, startJpay, startServer } from './support.js';

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

describe('interswitch', () => {
  const simulated = async (shape: 'wrapped' | 'flat' = 'wrapped') => {
    const simulator = await startInterswitch({ shape, available: '1000' });
    return { simulator, ...guardOf(interswitch({ baseUrl: simulator.url, ...quick })) };
  };
  async function expectBelieved({ simulator, checkFunds }: Awaited<ReturnType<typeof simulated>>): Promise<void> {
    simulator.clearFaults();
    expect((await checkFunds('1000')).sufficient).toBe(true);
    expect((await checkFunds('1001')).sufficient).toBe(false);
  }

  const codes: [reason: string, requests: number, codes: (string | number)[]][] = [
    ['provider_error', 3, ['90006', '90009', '90091', '90092', '90096', 90_096]],
    ['unauthorized', 1, ['90054', '90055', '90063', '700A5', '700A6', 90_063]],
    ['forbidden', 1, ['70026', '70027', '70028', '70029', '70030', '70031', '70037']],
    [
      'provider_error',
      1,
      ['90001', '90051', '90020', '90026', '90025', '70010', '70038', '90013', '00', '0', '200', ''],
    ],
    [
      'provider_error',
      1,
      ['90000 ', ' 90000', '900000', '090000', '90000.0', '9e4', '９００００', 'OK', 'APPROVED', 'true'],
    ],
    ['provider_error', 1, ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '700a5', -90_000, 0]],
  ];

  it.each(codes)(
    'reports %s after %i requests for the codes %j, and approves nothing',
    async (reason, requests, all) => {
      for (const code of all) {
        const simulation = await simulated(all.indexOf(code) % 2 === 0 ? 'wrapped' : 'flat');
        const balance = { availableBalance: 1_000, currencyCode: 'UGX' };
        const fields = { responseCode: code, ...(all.indexOf(code) % 2 === 0 ? { response: balance } : balance) };
        simulation.simulator.fault({ kind: 'fields', fields });
        const error = await failureOf(simulation.checkFunds('1'));
        expect([code, error]).toMatchObject([code, { code: 'balance_unavailable', reason, status: 503 }]);
        expect(error.message).toContain(/^[0-9A-Z]{1,8}$/.test(`${code}`) ? `(code ${code})` : '(unknown code)');
        expect(simulation.simulator.count()).toBe(requests);
        await expectBelieved(simulation);
      }
    },
  );

  it.each([['90000'], [90_000], ['9000'], [9_000]])('takes the code %j for an approval', async (code) => {
    const { simulator, checkFunds } = await simulated();
    simulator.fault({ kind: 'fields', fields: { responseCode: code } });
    expect((await checkFunds('1000')).sufficient).toBe(true);
  });

  const currencies: [string, unknown, unknown][] = [
    ['KES', 'KES', undefined],
    ['404', '404', undefined],
    ['404', 404, undefined],
    ['ugx', 'ugx', undefined],
    ['Ugx', 'Ugx', undefined],
    ['UGX ', 'UGX ', undefined],
    ['0800', '0800', undefined],
    ['8000', '800.0', undefined],
    ['none', '', undefined],
    ['none', 'ＵＧＸ', undefined],
    ['USh', 'USh', undefined],
    ['KES', undefined, 'KES'],
    ['KES', null, '404'],
  ];
  it.each(currencies)(
    'calls currency %s a mismatch (currencyCode %j, currency %j)',
    async (_, currencyCode, currency) => {
      for (const shape of ['wrapped', 'flat'] as const) {
        const simulation = await simulated(shape);
        const named = { currencyCode, currency };
        simulation.simulator.fault({ kind: 'fields', fields: shape === 'wrapped' ? { response: named } : named });
        const error = await failureOf(simulation.checkFunds('1'));
        expect(error).toMatchObject({ code: 'currency_mismatch', source: 'provider', expected: 'UGX', status: 503 });
        await expectBelieved(simulation);
      }
    },
  );

  it.each([
    ['UGX', undefined],
    ['800', undefined],
    [800, undefined],
    [undefined, 'UGX'],
    [null, 800],
    ['UGX', '800'],
    [800, 'UGX'],
  ])('knows the shilling as currencyCode %j, currency %j', async (currencyCode, currency) => {
    const { simulator, checkFunds } = await simulated('flat');
    simulator.fault({ kind: 'fields', fields: { currencyCode, currency } });
    expect((await checkFunds('1000')).sufficient).toBe(true);
  });

  const balance = { availableBalance: '1000', currencyCode: 'UGX' };
  const shapes: [string, unknown][] = [
    ['no code', { response: balance }],
    ['a code of null', { responseCode: null, response: balance }],
    ['a code of true', { responseCode: true, response: balance }],
    ['a code in a list', { responseCode: ['90000'], response: balance }],
    ['a code in the wrong place', { response: { ...balance, responseCode: '90000' } }],
    ['a code of 129 characters', { responseCode: '9'.repeat(129), response: balance }],
    ['two balances', { responseCode: '90000', response: balance, ...balance }],
    ['two different balances', { responseCode: '90000', response: balance, ...balance, availableBalance: '1' }],
    ['two currencies', { responseCode: '90000', response: { ...balance, currency: 'KES' } }],
    ['an empty second currency', { responseCode: '90000', response: { ...balance, currency: '' } }],
    ['no currency', { responseCode: '90000', response: { availableBalance: '1000' } }],
    [
      'a currency beside the envelope only',
      { responseCode: '90000', currency: 'UGX', response: { availableBalance: 1 } },
    ],
    ['a currency that is no text', { responseCode: '90000', response: { ...balance, currencyCode: ['UGX'] } }],
    ['a response of null', { responseCode: '90000', response: null }],
    ['an empty response', { responseCode: '90000', response: {} }],
    ['a response in a list', { responseCode: '90000', response: [balance] }],
    ['a response in text', { responseCode: '90000', response: JSON.stringify(balance) }],
    ['a response within the response', { responseCode: '90000', response: { response: balance } }],
    ['a ledger balance only', { responseCode: '90000', response: { ledgerBalance: 1_000, currencyCode: 'UGX' } }],
    ['a balance of another name', { responseCode: '90000', response: { balance: '1000', currencyCode: 'UGX' } }],
    ['an empty available beside a ledger', { responseCode: '90000', response: { ...balance, availableBalance: '' } }],
  ];
  it.each(shapes)('approves nothing on %s', async (_, answer) => {
    const simulation = await simulated();
    simulation.simulator.fault({ kind: 'body', body: JSON.stringify(answer) });
    expect(await failureOf(simulation.checkFunds('1'))).toMatchObject(malformed);
    expect(simulation.simulator.count()).toBe(1);
    await expectBelieved(simulation);
  });

  it('reports the problem of an envelope', async () => {
    const { simulator, checkFunds } = await simulated();
    for (const odd of [{ status: 500 }, { responseCode: '90000', response: [balance] }]) {
      simulator.fault({ kind: 'body', body: JSON.stringify(odd) });
      const { message } = await failureOf(checkFunds('1'));
      expect(message).toContain('(no responseCode, or a field of another type)');
    }
  });

  it('approves nothing on the sentence of a failed key exchange, or on the error of the service itself', async () => {
    const simulation = await simulated();
    simulation.simulator.plainText({ times: 1 });
    simulation.simulator.springError();
    const { message } = await failureOf(simulation.checkFunds('1'));
    expect(message).toBe(
      'Balance unavailable: the provider rejected the credentials; check the key, secret or token ' +
        '(Cannot Continue with balance Check,Key Exchange failed). The payout was not approved.',
    );
    const error = await failureOf(simulation.checkFunds('1'));
    expect(error).toMatchObject({ reason: 'provider_error', message: expect.stringContaining('HTTP 500') });
    expect(simulation.simulator.count()).toBe(4);
    await expectBelieved(simulation);
  });

  const sentence = 'Cannot Continue with balance Check,Key Exchange failed';

  it.each<[string, string, string]>([
    [sentence, 'unauthorized', sentence],
    [`${sentence}\r\n`, 'unauthorized', sentence],
    ['Cannot Continue with Check Status, Key Exchange failed', 'unauthorized', 'Key Exchange failed'],
    ['Cannot Continue with balance Check', 'malformed', 'the answer is not JSON'],
    [`${sentence} for terminal 3SIM0001`, 'malformed', 'the answer is not JSON'],
    [`Please note: ${sentence}`, 'malformed', 'the answer is not JSON'],
    ['Cannot Continue with key AbC123, Key Exchange failed', 'malformed', 'the answer is not JSON'],
    [`${sentence}\n{"responseCode":"90000"}`, 'malformed', 'the answer is not JSON'],
    [JSON.stringify(sentence), 'malformed', 'no responseCode, or a field of another type'],
  ])('takes the text %j as %s (%s)', async (text, reason, detail) => {
    const { simulator, checkFunds } = await simulated();
    simulator.fault({ kind: 'body', body: text, contentType: 'text/plain' });
    expect(await failureOf(checkFunds('1'))).toMatchObject({
      code: 'balance_unavailable',
      reason,
      detail,
      status: 503,
    });
    expect(simulator.count()).toBe(1);
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
