// Features of Monnify alone: tokens by a login, a wallet by its number, keys and hosts of two modes.
import { afterEach, describe, expect, it } from '@jest/globals';
import { type MonnifyOptions, monnify } from 'payout-guard/providers/monnify';
import { stoppedClock } from '../support/wallet.js';
import { closeAll, failureOf, quick, send, startServer } from './support.js';

afterEach(closeAll);

const { signal } = new AbortController();
const keys = { apiKey: 'MK_PROD_0123', secretKey: 'secret-0123', accountNumber: '8000000001' };
const body = (fields: object) => JSON.stringify({ requestSuccessful: true, responseCode: '0', responseBody: fields });

/** A server that takes the token of the last login only. */
async function api(login: (logins: number) => string, lookup: object = {}) {
  let logins = 0;
  const clock = stoppedClock();
  const authorizations: (string | undefined)[] = [];
  const server = await startServer((response, { method, url = '', headers }) => {
    if (method === 'POST') {
      authorizations.push(headers.authorization);
      logins += 1;
      send(response, login(logins));
    } else if (headers.authorization !== `Bearer token-${logins}`) send(response, '{}', 401);
    else send(response, body(url.includes('summary') ? lookup : { availableBalance: '1.00' }));
  });
  const provider = monnify({ ...keys, baseUrl: server.url, ...quick, clock });
  return {
    ...server,
    provider,
    clock,
    authorizations,
    balance: () => provider.fetchBalance({ currency: 'NGN', signal: new AbortController().signal }),
  };
}

const token = (count: number) => body({ accessToken: `token-${count}`, expiresIn: 3_600 });

describe('a login', () => {
  it('happens once for a hundred balances at once, with the keys', async () => {
    const { balance, requests, authorizations } = await api(token);
    await Promise.all(Array.from({ length: 100 }, balance));
    expect(authorizations).toEqual([`Basic ${Buffer.from('MK_PROD_0123:secret-0123').toString('base64')}`]);
    expect(requests).toHaveLength(101);
    expect(requests.at(-1)?.path).toBe('/api/v2/disbursements/wallet-balance?accountNumber=8000000001');
  });

  it('happens again a minute before the token ends', async () => {
    const { balance, clock, authorizations } = await api(token);
    await balance();
    clock.advance(3_540_000 - 1);
    await balance();
    expect(authorizations).toHaveLength(1);
    clock.advance(1);
    await balance();
    expect(authorizations).toHaveLength(2);
  });

  it('happens once more after a token was refused, for all who wait', async () => {
    const { balance, authorizations } = await api((count) => token(count === 1 ? 0 : count));
    await Promise.all(Array.from({ length: 20 }, balance));
    expect(authorizations).toHaveLength(2);
  });

  it.each([
    [
      'that is refused with status 200 is unauthorized',
      '{"requestSuccessful":false,"responseMessage":"Invalid credentials","responseCode":"99"}',
      'unauthorized',
    ],
    ['without a life is malformed', body({ accessToken: 'token-1' }), 'malformed'],
    ['with a token that no header takes is malformed', body({ accessToken: 'a b', expiresIn: 3_600 }), 'malformed'],
  ])('%s', async (_, answer, reason) => {
    const { balance } = await api(() => answer);
    expect(await failureOf(balance())).toMatchObject({ code: 'balance_unavailable', reason });
  });
});

describe('a look-up', () => {
  const paid = { reference: 'MFDS|1', status: 'SUCCESS', amount: 375, fee: 20 };

  it.each([
    ['as text', { ...paid, amount: '375.00', fee: '20.00' }, { outcome: 'completed', debited: '395.00' }],
    ['as totalFee', { ...paid, fee: undefined, totalFee: 20 }, { outcome: 'completed', debited: '395.00' }],
    ['with three decimals', { ...paid, fee: 10.751 }, { outcome: 'completed', debited: '385.76' }],
    ['in another currency', { ...paid, currency: 'USD' }, { outcome: 'completed' }],
  ])('reads a fee %s', async (_, found, expected) => {
    const { provider, requests } = await api(token, found);
    expect(await provider.lookup?.({ reference: 'MFDS|1', currency: 'NGN', sentAtMs: 0, signal })).toEqual(expected);
    expect(requests.at(-1)?.path).toBe('/api/v2/disbursements/single/summary?reference=MFDS%7C1');
  });
});

describe('a Monnify wallet', () => {
  const sandbox = 'https://sandbox.monnify.com';

  it.each<[Partial<MonnifyOptions>, string]>([
    [{}, 'api.monnify.com/live/8000000001'],
    [{ apiKey: 'MK_PROD_4567', secretKey: 'secret-4567' }, 'api.monnify.com/live/8000000001'],
    [{ accountNumber: '8000000002' }, 'api.monnify.com/live/8000000002'],
    [{ apiKey: 'MK_TEST_0123', baseUrl: sandbox }, 'sandbox.monnify.com/test/8000000001'],
    [{ apiKey: 'MK_TEST_0123', baseUrl: 'http://localhost:8080' }, 'localhost:8080/test/8000000001'],
  ])('is named by its number, and the same after a rotation of keys: %j', (options, accountId) => {
    expect(monnify({ ...keys, ...options }).accountId).toBe(accountId);
  });

  it.each<[Partial<MonnifyOptions>, string]>([
    [{ apiKey: 'MK_TEST_0123' }, 'apiKey: a test key works at https://sandbox.monnify.com; pass that as baseUrl'],
    [{ baseUrl: sandbox }, 'apiKey: a live key works at https://api.monnify.com; pass that as baseUrl'],
    [{ apiKey: 'secret-0123' }, 'apiKey: must be an API key: MK_PROD_... or MK_TEST_...'],
    [{ accountNumber: '800000000' }, 'accountNumber: must be the 10 digits of the wallet'],
    [{ secretKey: 'a b' }, 'secretKey: must be text without spaces, as the provider shows it'],
  ])('is refused with the options %j', async (options, problem) => {
    const error = await failureOf(Promise.resolve().then(() => monnify({ ...keys, ...options })));
    expect(error.message).toContain(problem);
    expect(error).toMatchObject({ code: 'configuration' });
  });
});
