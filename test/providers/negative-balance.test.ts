// A negative available balance is a balance: insufficient for any payout, and no outage.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { phoenix } from 'payout-guard/providers/phoenix';
import { formatMinorUnits } from '../../src/core/money.js';
import { byBudget } from '../support/budget.js';
import {
  closeAll,
  failureOf,
  families,
  guardOf,
  quick,
  type RawServer,
  send,
  startInterswitch,
  startJpay,
  startPhoenix,
  startServer,
} from './support.js';

let server: RawServer;
let body: string;

beforeAll(async () => {
  server = await startServer((response) => send(response, body));
});
afterAll(closeAll);

describe.each(families)('$name', (family) => {
  const { currency } = family;
  const exponent = currency === 'UGX' ? 0 : 2;
  const guard = () => guardOf(family.provider(server.url));

  // JSON text, then the available balance in KES and in UGX.
  it.each([
    ['"-1000.00"', '-1000.00', '-1000'],
    ['-1000.00', '-1000.00', '-1000'],
    ['-1000', '-1000.00', '-1000'],
    ['-1e3', '-1000.00', '-1000'],
    ['"-0.50"', '-0.50', '-1'],
    ['-0.5', '-0.50', '-1'],
    ['"-0.01"', '-0.01', '-1'],
    ['-0.01', '-0.01', '-1'],
    ['"-7.99"', '-7.99', '-8'],
    ['"-90071992547409930.07"', '-90071992547409930.07', '-90071992547409931'],
    ['"-92233720368547758.07"', '-92233720368547758.07', '-92233720368547759'],
    ['"-0.00"', '0.00', '0'],
    ['-0.00', '0.00', '0'],
    ['-0', '0.00', '0'],
  ])('reads %s exactly', async (json, inKes, inUgx) => {
    body = family.answer(json);
    const available = currency === 'UGX' ? inUgx : inKes;
    const { checkFunds, assertSufficientFunds, funds } = guard();
    expect(await funds()).toMatchObject({ available, spendable: available });
    const smallest = currency === 'UGX' ? '1' : '0.01';
    expect(await checkFunds(smallest)).toMatchObject({ sufficient: false, available });
    expect(await failureOf(assertSufficientFunds(smallest))).toMatchObject({ code: 'insufficient_funds', status: 422 });
  });

  it('rounds decimals that the currency does not have away from zero', async () => {
    const decimals = family.name === 'jpay' ? 2 : 20;
    const digits = fc
      .integer({ min: 1, max: decimals })
      .chain((length) => fc.stringMatching(new RegExp(`^\\d{${length}}$`)));
    const { funds } = guard();
    await fc.assert(
      fc.asyncProperty(fc.bigInt(0n, 10n ** 15n), digits, async (whole, fraction) => {
        const text = `-${whole}.${family.name === 'jpay' ? fraction.padEnd(2, '0') : fraction}`;
        body = family.answer(`"${text}"`);
        const kept = BigInt(whole + fraction.slice(0, exponent).padEnd(exponent, '0'));
        const isCut = /[1-9]/.test(fraction.slice(exponent));
        const expected = formatMinorUnits(-(isCut ? kept + 1n : kept), { code: currency, exponent });
        expect([text, (await funds({ refresh: true })).available]).toEqual([text, expected]);
      }),
      { numRuns: byBudget({ small: 20, large: 200 }) },
    );
  });
});

describe('jpay', () => {
  it.each([
    ['a negative payout wallet', { payout: '-1000.00', collection: '500.00' }, '-1000.00', '-500.00'],
    ['a negative collection wallet', { payout: '1000.00', collection: '-500.00' }, '1000.00', '500.00'],
    ['two negative wallets', { payout: '-0.50', collection: '-0.50' }, '-0.50', '-1.00'],
  ])('adds up %s', async (_, balances, available, total) => {
    const simulator = await startJpay();
    simulator.setBalance(balances);
    const { url: baseUrl, appKey, appSecret } = simulator;
    expect(await guardOf(jpay({ baseUrl, appKey, appSecret, ...quick })).funds()).toMatchObject({
      available,
      details: { collection_wallet_balance: balances.collection, total_balance: total },
    });
  });
});

describe('a wallet that a late debit overdraws', () => {
  it.each([
    [
      'interswitch',
      async () => {
        const simulator = await startInterswitch({ available: '100' });
        return { simulator, provider: interswitch({ baseUrl: simulator.url, ...quick }) };
      },
    ],
    [
      'phoenix',
      async () => {
        const simulator = await startPhoenix({ available: '100' });
        return { simulator, provider: phoenix({ baseUrl: simulator.url, ...simulator.credentials(), ...quick }) };
      },
    ],
  ])('is not enough at %s, and enough again after a credit', async (_, start) => {
    const { simulator, provider } = await start();
    simulator.setBalance({ available: '-0.5', ledger: '9000' });
    const { checkFunds } = guardOf(provider);
    expect(await checkFunds('1')).toMatchObject({ sufficient: false, available: '-1', spendable: '-1' });
    simulator.credit('2.5');
    expect(await checkFunds('2')).toMatchObject({ sufficient: true, available: '2' });
  });
});
