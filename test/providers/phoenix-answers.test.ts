// Answers of Phoenix to a question for a balance, and how the adapter reads them.
import { afterEach, describe, expect, it } from '@jest/globals';
import { phoenix } from 'payout-guard/providers/phoenix';
import type { Fault, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { type BalanceMeaning, responseCodes } from '../../src/providers/interswitch/response-codes.js';
import { stoppedClock } from '../support/clock.js';
import { answeringKeyExchanges, phoenixCredentials } from '../support/phoenix.js';
import { closeAll, failureOf, guardOf, quick, send, startPhoenix, startServer, timeOut } from './support.js';

afterEach(closeAll);

type Options = Partial<Parameters<typeof phoenix>[0]>;

async function simulated(simulation: PhoenixSimulatorOptions = {}, options: Options = {}) {
  const simulator = await startPhoenix({ available: '1000', ...simulation });
  const provider = phoenix({ baseUrl: simulator.url, ...simulator.credentials(), ...quick, ...options });
  return { simulator, ...guardOf(provider) };
}

type World = Awaited<ReturnType<typeof simulated>>;

/** How often keys were exchanged, and a balance asked for. */
function asked({ simulator }: World): [exchanges: number, balances: number] {
  return [simulator.count('/client/doKeyExchange'), simulator.count('/sente/accountBalance')];
}

async function expectBelieved({ simulator, checkFunds }: World): Promise<void> {
  simulator.clearFaults();
  expect((await checkFunds('1000')).sufficient).toBe(true);
  expect((await checkFunds('1001')).sufficient).toBe(false);
}

/** A guard at a provider that answers each balance with this text. */
async function answering(body: string, status = 200, options: Options = {}, headers: object = {}) {
  const server = await startServer((response) => send(response, body, status, headers));
  const fetch = answeringKeyExchanges;
  return guardOf(phoenix({ baseUrl: server.url, ...phoenixCredentials, fetch, ...quick, ...options }));
}

const malformed = { code: 'balance_unavailable', reason: 'malformed', status: 503 };

describe('a code', () => {
  const reasons: Record<Exclude<BalanceMeaning, 'ok'>, string> = {
    busy: 'provider_error',
    unauthorized: 'unauthorized',
    operator: 'forbidden',
    no: 'provider_error',
  };

  const rows = Object.entries(responseCodes).filter(([, { balance }]) => balance !== 'ok');
  it.each(rows)('%s is no balance, even beside one', async (code, { balance, retry }) => {
    const world = await simulated();
    world.simulator.fault({ kind: 'fields', fields: { responseCode: code } });
    const error = await failureOf(world.checkFunds('1'));
    const reason = reasons[balance as Exclude<BalanceMeaning, 'ok'>];
    expect(error).toMatchObject({ code: 'balance_unavailable', reason, status: 503 });
    expect(error.message).toContain(`(code ${code})`);
    const attempts = { later: [1, 3], renew: [2, 2], no: [1, 1] }[retry];
    expect(asked(world)).toEqual(attempts);
    await expectBelieved(world);
  });

  it.each(['90000', 90_000, '9000', 9_000])('%j comes with a balance', async (code) => {
    const world = await simulated();
    world.simulator.fault({ kind: 'fields', fields: { responseCode: code } });
    expect((await world.checkFunds('1000')).sufficient).toBe(true);
    expect((await world.checkFunds('1001')).sufficient).toBe(false);
  });

  it.each([90_063, 90_054])('%j as a number renews the session as well', async (code) => {
    const world = await simulated();
    world.simulator.respondWith({ code }, { times: 1 });
    expect((await world.checkFunds('1000')).sufficient).toBe(true);
    expect(asked(world)).toEqual([2, 2]);
  });

  it.each(['', '0', '00', '200', '90000 ', '090000', '900000', 'OK', 'true', '__proto__', 'constructor', -90_000])(
    '%j is none',
    async (code) => {
      const world = await simulated();
      world.simulator.fault({ kind: 'fields', fields: { responseCode: code } });
      expect(await failureOf(world.checkFunds('1'))).toMatchObject({ reason: 'provider_error' });
      expect(asked(world)).toEqual([1, 1]);
    },
  );
});

describe('an HTTP status other than 2xx', () => {
  const balance = { availableBalance: 1_000, currencyCode: 'UGX' };
  const body = (responseCode: unknown) => JSON.stringify({ responseCode, response: balance });
  const unauthorized = ['unauthorized', 2, 2];
  const statusOnly = (reason: string, balances: number, exchanges = 1) => [reason, exchanges, balances];

  it.each<[number, string, (string | number)[]]>([
    [400, body('90063'), unauthorized],
    [401, body('90063'), unauthorized],
    [403, body(90_054), unauthorized],
    [500, body('90063'), unauthorized],
    [401, body('90055'), ['unauthorized', 1, 1]],
    [404, body('70030'), ['forbidden', 1, 1]],
    [500, body('90096'), ['provider_error', 1, 3]],
    [400, body('90091'), ['provider_error', 1, 3]],
    [500, body('90030'), ['provider_error', 1, 1]],
    // An approval that is an error is nothing.
    [500, body('90000'), statusOnly('provider_error', 3)],
    [400, body('90000'), statusOnly('provider_error', 1)],
    [401, body('90000'), statusOnly('unauthorized', 1)],
    [403, body('9000'), statusOnly('forbidden', 1)],
    // An unknown code is worth less than the status.
    [500, body('500'), statusOnly('provider_error', 3)],
    [429, body('90063'), ['rate_limited', 2, 4]],
    [429, body('90091'), statusOnly('rate_limited', 3)],
    [302, body('90096'), statusOnly('provider_error', 1)],
    // Something in front of Phoenix.
    [401, '<html></html>', statusOnly('unauthorized', 2, 2)],
    [401, '{"error":"x"}', statusOnly('unauthorized', 2, 2)],
    [403, '<html></html>', statusOnly('forbidden', 1)],
    [502, '<html></html>', statusOnly('provider_error', 3)],
    [503, '', statusOnly('provider_error', 3)],
    [500, `[${body('90063')}]`, statusOnly('provider_error', 3)],
  ])('%i with %s', async (status, text, [reason, exchanges, balances]) => {
    const world = await simulated();
    world.simulator.fault({ kind: 'status', status, body: text });
    expect(await failureOf(world.checkFunds('1'))).toMatchObject({ reason, status: 503 });
    expect(asked(world)).toEqual([exchanges, balances]);
    await expectBelieved(world);
  });
});

describe('a currency', () => {
  it.each<[unknown, unknown]>([
    ['UGX', undefined],
    ['800', undefined],
    [800, undefined],
    [undefined, 'UGX'],
    [null, 800],
    ['UGX', '800'],
    [800, 'UGX'],
  ])('named %j and %j is the shilling', async (currencyCode, currency) => {
    for (const shape of ['wrapped', 'flat'] as const) {
      const world = await simulated({ shape });
      const named = { currencyCode, currency };
      world.simulator.fault({ kind: 'fields', fields: shape === 'wrapped' ? { response: named } : named });
      expect((await world.checkFunds('1000')).sufficient).toBe(true);
    }
  });

  it.each<[unknown, unknown]>([
    ['KES', undefined],
    ['404', undefined],
    [404, undefined],
    ['ugx', undefined],
    ['UGX ', undefined],
    ['0800', undefined],
    ['', undefined],
    [undefined, 'KES'],
  ])('named %j and %j is a mismatch', async (currencyCode, currency) => {
    const world = await simulated();
    world.simulator.fault({ kind: 'fields', fields: { response: { currencyCode, currency } } });
    const mismatch = { code: 'currency_mismatch', source: 'provider', expected: 'UGX', status: 503 };
    expect(await failureOf(world.checkFunds('1'))).toMatchObject(mismatch);
    await expectBelieved(world);
  });

  it('that is not named is refused, unless the options name one', async () => {
    const body = '{"responseCode":"90000","response":{"availableBalance":1000}}';
    expect(await failureOf((await answering(body)).checkFunds('1'))).toMatchObject(malformed);
    const assuming = await answering(body, 200, { assumedCurrency: 'UGX' });
    expect((await assuming.checkFunds('1000')).sufficient).toBe(true);
    const other = await answering(body.replace('1000', '1000,"currency":"KES"'), 200, { assumedCurrency: 'UGX' });
    expect(await failureOf(other.checkFunds('1'))).toMatchObject({ code: 'currency_mismatch' });
  });
});

describe('a balance', () => {
  const ugx = { currencyCode: 'UGX' };
  const of = (response: unknown, beside: object = {}) =>
    JSON.stringify({ responseCode: '90000', responseMessage: 'X', requestReference: null, response, ...beside });

  it.each<[string, string]>([
    ['in the envelope', of({ availableBalance: 1_000, ...ugx })],
    ['beside it', of(null, { availableBalance: '1000', ...ugx })],
    ['beside an empty envelope', of({}, { availableBalance: '1000', ...ugx })],
    ['beside an envelope that has none', of({ availableBalance: null }, { availableBalance: '1000', ...ugx })],
    ['of the second name', of({ available_balance: '1000', ...ugx })],
    ['of the third name', of({ balance: '1000', ...ugx })],
    ['of the third name beside it', of(null, { balance: 1_000, ...ugx })],
    ['of the first name before the others', of({ balance: 7, available_balance: 8, availableBalance: 1_000, ...ugx })],
    ['of the second name before the third', of({ balance: 9_999, available_balance: 1_000, ...ugx })],
    ['far below its ledger', of({ ledgerBalance: 9_000_000, availableBalance: 1_000, ...ugx })],
    ['above its ledger', of({ ledgerBalance: 1, availableBalance: 1_000, ...ugx })],
    ['beside an odd ledger', of({ ledgerBalance: ['x'], availableBalance: 1_000, ...ugx })],
  ])('%s counts', async (_, body) => {
    const { checkFunds } = await answering(body);
    expect((await checkFunds('1000')).sufficient).toBe(true);
    expect((await checkFunds('1001')).sufficient).toBe(false);
  });

  it.each<[string, string]>([
    ['in two places', of({ availableBalance: 1_000, ...ugx }, { availableBalance: 1_000, ...ugx })],
    ['in two places under two names', of({ balance: 1_000, ...ugx }, { availableBalance: 1_000, ...ugx })],
    ['that is null before another name', of({ availableBalance: null, balance: 1_000, ...ugx })],
    ['that is empty before another name', of({ availableBalance: '', balance: 1_000, ...ugx })],
    ['that is a bare one beside an available one', of({ balance: 9_000, available: 1_000, ...ugx })],
    ['that is a bare one beside a null available one', of({ balance: 9_000, AvailableFunds: null, ...ugx })],
    ['of the ledger', of({ ledgerBalance: 1_000, ...ugx })],
    ['of another name', of({ amount: 1_000, ...ugx })],
    ['in an object', of({ balance: { availableBalance: 1_000 }, ...ugx })],
    ['within the response within the response', of({ response: { availableBalance: 1_000, ...ugx } })],
    ['in text', of(JSON.stringify({ availableBalance: 1_000, ...ugx }))],
    ['in a list', of([{ availableBalance: 1_000, ...ugx }])],
    ['of two currencies', of({ availableBalance: 1_000, ...ugx, currency: 'KES' })],
    ['whose currency is in the other place', of({ availableBalance: 1_000 }, ugx)],
    ['whose currency is a list', of({ availableBalance: 1_000, currencyCode: ['UGX'] })],
    [
      'as a prototype',
      '{"responseCode":"90000","response":{"__proto__":{"availableBalance":1000,"currencyCode":"UGX"}}}',
    ],
    ['without a number', of(null)],
    ['without a code', '{"response":{"availableBalance":1000,"currencyCode":"UGX"}}'],
    ['with a code of true', '{"responseCode":true,"response":{"availableBalance":1000,"currencyCode":"UGX"}}'],
    ['in a sentence', 'Cannot Continue with Account Balance, Key Exchange failed'],
    ['in HTML', '<html><body>1000 UGX</body></html>'],
  ])('%s does not', async (_, body) => {
    expect(await failureOf((await answering(body)).checkFunds('1'))).toMatchObject(malformed);
  });

  it('is looked for under the names of the options only', async () => {
    const options = { balanceFields: ['floatBalance'] };
    const { checkFunds } = await answering(of({ floatBalance: '1000', ...ugx }), 200, options);
    expect((await checkFunds('1000')).sufficient).toBe(true);
    for (const other of [{ availableBalance: 1_000 }, { floatBalance: 1_000, availableBalance: 1_000 }]) {
      const refused = await answering(of({ ...other, ...ugx }), 200, options);
      expect(await failureOf(refused.checkFunds('1'))).toMatchObject(malformed);
    }
  });

  it.each(['number', 'text', 'javaDouble'] as const)('of more than a double holds survives as %s', async (amounts) => {
    const { funds } = await simulated({ amounts, available: '9007199254740993' });
    expect((await funds()).available).toBe('9007199254740993');
  });
});

describe('a fault on the way', () => {
  it.each<[string, Fault, string, number]>([
    ['silence', { kind: 'hang' }, 'timeout', 3],
    ['a reset', { kind: 'reset' }, 'network', 3],
    ['half an answer', { kind: 'reset_midway' }, 'network', 3],
    ['a lost answer', { kind: 'lost' }, 'network', 3],
    ['a gateway', { kind: 'html_500' }, 'provider_error', 3],
    ['too much', { kind: 'huge', bytes: 70_000 }, 'malformed', 1],
  ])('%s is reported as it is', async (_, fault, reason, balances) => {
    const clock = stoppedClock();
    const world = await simulated({}, { clock });
    world.simulator.fault(fault);
    const checking = failureOf(world.checkFunds('1'));
    if (fault.kind === 'hang') await timeOut(clock, () => world.simulator.count('/sente/accountBalance'), balances);
    expect(await checking).toMatchObject({ reason, status: 503 });
    expect(asked(world)).toEqual([1, balances]);
    await expectBelieved(world);
  });
});
