// Odd answers of Interswitch: codes, currencies, envelopes and sentences.
import { afterEach, describe, expect, it } from '@jest/globals';
import { interswitch } from 'payout-guard/providers/interswitch';
import { closeAll, failureOf, guardOf, quick, startInterswitch } from './support.js';

afterEach(closeAll);

const malformed = { code: 'balance_unavailable', reason: 'malformed', status: 503 };

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
