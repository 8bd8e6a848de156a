// The identity of the account behind an adapter: unchanged by a rotation of keys, different for another account, and
// never a secret.
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type BalanceProvider, createPayoutGuard, memoryStore } from 'payout-guard';
import { type HttpProviderOptions, httpProvider } from 'payout-guard/providers/http';
import { interswitch } from 'payout-guard/providers/interswitch';
import { type JpayOptions, jpay } from 'payout-guard/providers/jpay';
import { paystack } from 'payout-guard/providers/paystack';
import { type PhoenixOptions, phoenix } from 'payout-guard/providers/phoenix';
import { phoenixCredentials } from '../support/phoenix.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { closeAll, failureOf, guardOf, quick, send, startInterswitch, startJpay, startServer } from './support.js';

afterEach(closeAll);
const warnings = collectWarnings();

const schema = { parse: (body: unknown) => body };
const select = () => ({ available: '1.00', currency: 'KES' });

function jpayAt(baseUrl: string, options: Partial<JpayOptions> = {}): BalanceProvider {
  return jpay({ baseUrl, appKey: 'key', appSecret: 'secret', ...options } as JpayOptions);
}

function phoenixAt(baseUrl: string, options: Partial<PhoenixOptions> = {}): BalanceProvider {
  return phoenix({ baseUrl, ...phoenixCredentials, ...options });
}

function shopAt(url: HttpProviderOptions<unknown>['url'], options: object = {}): BalanceProvider {
  return httpProvider({ name: 'shop', url, schema, select, ...options });
}

const api = 'https://api.jpay.africa/api/v1';
const service = 'https://payments.example.com';
const phoenixApi = 'https://services.interswitchug.com/api/v1/phoenix';

describe('an account', () => {
  it.each<[string, BalanceProvider, string | undefined]>([
    ['of jpay', jpayAt(api), 'api.jpay.africa'],
    ['of jpay, behind a slash', jpayAt(`${api}//`), 'api.jpay.africa'],
    ['of jpay, in capitals', jpayAt('https://API.JPAY.AFRICA/api/v1'), 'api.jpay.africa'],
    ['of the sandbox', jpayAt('https://sandbox.api.jpay.africa/api/v1'), 'sandbox.api.jpay.africa'],
    ['of a merchant', jpayAt(api, { merchantId: '123' }), 'api.jpay.africa/123'],
    ['of another merchant', jpayAt(api, { merchantId: '124' }), 'api.jpay.africa/124'],
    ['of interswitch', interswitch({ baseUrl: service }), 'payments.example.com'],
    ['of interswitch, behind a slash', interswitch({ baseUrl: `${service}/` }), 'payments.example.com'],
    ['of a service on a path', interswitch({ baseUrl: `${service}/ug/` }), 'payments.example.com/ug'],
    ['of a service on a port', interswitch({ baseUrl: 'http://localhost:8081' }), 'localhost:8081'],
    ['of phoenix', phoenixAt(phoenixApi), 'services.interswitchug.com/3TST0001'],
    ['of another terminal', phoenixAt(phoenixApi, { terminalId: '3TST0002' }), 'services.interswitchug.com/3TST0002'],
    ['of the test system', phoenixAt('https://dev.interswitch.io/api/v1/phoenix'), 'dev.interswitch.io/3TST0001'],
    ['of paystack', paystack({ secretKey: 'sk_live_1' }), 'api.paystack.co/live'],
    ['of paystack, by name', paystack({ secretKey: 'sk_test_1', accountId: 'shop' }), 'api.paystack.co/test/shop'],
    ['of a shop', shopAt('https://shop.example.com/v1/balance'), 'shop.example.com/v1/balance'],
    ['of a shop, by name', shopAt('https://shop.example.com/v1/balance', { accountId: 'M-7' }), 'M-7'],
    ['of a shop at no fixed address', shopAt(() => 'https://shop.example.com'), undefined],
    ['of such a shop, by name', shopAt(() => 'https://shop.example.com', { accountId: 'M-7' }), 'M-7'],
  ])('%s is named', (_, { accountId }, expected) => {
    expect(accountId).toBe(expected);
  });

  it('leaves out the query and the fragment of a URL, which may hold a secret', () => {
    const { accountId } = shopAt('https://shop.example.com/balance?key=s3cr3t&merchant=7#s3cr3t');
    expect(accountId).toBe('shop.example.com/balance');
  });

  it('stays the same after a rotation of keys', () => {
    const before = jpayAt(api, { merchantId: '123' });
    for (const after of [
      jpayAt(api, { merchantId: '123', appKey: 'new key', appSecret: 'new secret' }),
      jpay({ baseUrl: api, merchantId: '123', accessToken: 'token' }),
      jpay({ baseUrl: api, merchantId: '123', accessToken: () => 'token' }),
    ]) {
      expect(after.accountId).toBe(before.accountId);
    }
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const rotated = { clientId: 'IKIANEW', clientSecret: 'new secret', password: 'new password', privateKey };
    expect(phoenixAt(phoenixApi, rotated).accountId).toBe(phoenixAt(phoenixApi).accountId);
    const shop = (authorization: string) => shopAt('https://shop.example.com/', { headers: { authorization } });
    expect(shop('new').accountId).toBe(shop('old').accountId);
  });

  it('contains no credential', () => {
    const secrets = [...Object.entries(phoenixCredentials)].filter(([name]) => name !== 'terminalId');
    for (const [, secret] of secrets) expect(phoenixAt(phoenixApi).accountId).not.toContain(secret);
    const headers = { authorization: 'Bearer s3cr3t' };
    for (const { accountId } of [
      jpayAt(api, { appKey: 's3cr3t', appSecret: 's3cr3t' }),
      jpay({ baseUrl: api, accessToken: 's3cr3t' }),
      shopAt('https://shop.example.com/?token=s3cr3t', { headers }),
    ]) {
      expect(accountId).not.toContain('s3cr3t');
    }
  });
});

describe('a store', () => {
  it('accepts a wallet with other credentials for the same account, and refuses those of another one', async () => {
    const { url: baseUrl, appKey, appSecret, accessToken } = await startJpay();
    const store = memoryStore();
    const approves = async (provider: BalanceProvider) =>
      (await guardOf(provider, { store }).checkFunds('12000.00')).sufficient;
    expect(await approves(jpay({ baseUrl, appKey, appSecret, merchantId: '123', ...quick }))).toBe(true);
    expect(await approves(jpay({ baseUrl, accessToken, merchantId: '123', ...quick }))).toBe(true);
    expect(await failureOf(approves(jpay({ baseUrl, accessToken, merchantId: '124', ...quick })))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('in the store this key is another balance'),
    });
  });

  it('refuses two keys for one account, and takes two merchants at one address', async () => {
    const { url: baseUrl, appKey, appSecret } = await startJpay();
    const wallet = (merchantId?: string) => {
      const provider = jpay({ baseUrl, appKey, appSecret, merchantId, ...quick });
      // The simulator has one merchant. This test is about the identity only.
      return { provider: { ...provider, fetchBalance: async () => select() }, currency: 'KES' };
    };
    const guardWith = (one?: string, two?: string) =>
      createPayoutGuard({ wallets: { one: wallet(one), two: wallet(two) }, store: memoryStore() });

    const clash = guardWith('123', '123');
    await clash.checkFunds('1.00', { wallet: 'one' });
    expect(await failureOf(clash.checkFunds('1.00', { wallet: 'two' }))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('this balance is wallet "one" in the store already'),
    });
    const apart = guardWith('123', '124');
    for (const key of ['one', 'two']) {
      expect((await apart.checkFunds('1.00', { wallet: key })).sufficient).toBe(true);
    }
    await Promise.all([clash.close(), apart.close()]);
  });

  it('takes two accounts of one hosted API once they have an accountId each', async () => {
    const wallet = (secretKey: string, accountId?: string) => ({
      // This test is about the identity only.
      provider: { ...paystack({ secretKey, accountId }), fetchBalance: async () => select() },
      currency: 'KES',
    });
    const guardWith = (one?: string, two?: string) =>
      createPayoutGuard({ wallets: { one: wallet('sk_live_1', one), two: wallet('sk_live_2', two) } });
    const clash = guardWith();
    await clash.checkFunds('1.00', { wallet: 'one' });
    expect(await failureOf(clash.checkFunds('1.00', { wallet: 'two' }))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('accountId'),
    });
    const apart = guardWith('shop', 'payroll');
    for (const key of ['one', 'two']) {
      expect((await apart.checkFunds('1.00', { wallet: key })).sufficient).toBe(true);
    }
    await Promise.all([clash.close(), apart.close()]);
  });

  it('warns of a balance at no fixed address, and of no other', async () => {
    const server = await startServer((response) => send(response, '{}'));
    guardOf(shopAt(() => server.url));
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_ACCOUNT']);
    guardOf(shopAt(() => server.url, { accountId: 'M-7' }));
    guardOf(shopAt(server.url));
    guardOf(interswitch({ baseUrl: (await startInterswitch()).url }));
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_ACCOUNT']);
  });
});

describe('the merchant of a token', () => {
  // The simulator's merchant is 123.
  const jpayOf = async (merchantId: string | undefined, fields: object = {}) => {
    const simulator = await startJpay();
    simulator.fault({ kind: 'fields', fields: fields as Record<string, unknown> }, { path: '/auth/app/token' });
    const { url: baseUrl, appKey, appSecret } = simulator;
    return { simulator, ...guardOf(jpay({ baseUrl, appKey, appSecret, merchantId, ...quick })) };
  };

  it.each<[string, string | undefined, object]>([
    ['the same', '123', {}],
    ['the same in text', '123', { merchant_id: '123' }],
    ['left out', '123', { merchant_id: undefined }],
    ['null', '123', { merchant_id: null }],
    ['not asked for', undefined, {}],
    ['null and not asked for', undefined, { merchant_id: null }],
  ])('is accepted when it is %s', async (_, merchantId, fields) => {
    const { checkFunds } = await jpayOf(merchantId, fields);
    expect((await checkFunds('12000.00')).sufficient).toBe(true);
  });

  it.each<[string, string, object]>([
    ['another number', '124', {}],
    ['another text', '123', { merchant_id: '0123' }],
    ['a number with a fraction', '123', { merchant_id: 123.5 }],
  ])('is refused when it is %s, before any balance is read', async (_, merchantId, fields) => {
    const { simulator, checkFunds } = await jpayOf(merchantId, fields);
    const error = await failureOf(checkFunds('1.00'));
    expect(error).toMatchObject({ code: 'balance_unavailable', reason: 'forbidden', status: 503 });
    expect(error.message).toContain('another merchant than merchantId');
    expect([simulator.count('/auth/app/token'), simulator.count('/wallets/balance')]).toEqual([1, 0]);
  });

  it('is checked with each new token, and not missed in a renewed one', async () => {
    const { simulator, checkFunds } = await jpayOf('123');
    await checkFunds('1.00');
    simulator.expireAccessTokens();
    expect((await checkFunds('12000.00')).sufficient).toBe(true);
    expect(simulator.count('/auth/refresh')).toBe(1);
    simulator.expireAccessTokens();
    simulator.expireRefreshTokens();
    simulator.fault({ kind: 'fields', fields: { merchant_id: 999 } }, { path: '/auth/app/token' });
    expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason: 'forbidden' });
  });
});
