// MTN MoMo beyond the contract: tokens, hosts, wrong settings, payouts that are not found.
import { afterEach, describe, expect, it } from '@jest/globals';
import { type MtnMomoOptions, mtnMomo } from 'payout-guard/providers/mtn-momo';
import { stoppedClock } from '../support/clock.js';
import { closeAll, failureOf, quick, send, startServer } from './support.js';

afterEach(closeAll);

const minuteMs = 60_000;
const credentials = {
  subscriptionKey: 'key-1',
  apiUser: '6b0a4a0e-0000-4000-8000-000000000001',
  apiKey: 'api-key-1',
  targetEnvironment: 'mtnuganda',
};
const balance = '{"availableBalance":"125000","currency":"UGX"}';

interface Answers {
  /** The answer to the request for the token of this number, 1 at first. */
  readonly token?: (number: number) => readonly [body: string, status?: number];
  readonly other?: (authorization: string | undefined) => readonly [body: string, status?: number];
}

const tokenOf = (number: number, more = ',"expires_in":3600') => `{"access_token":"token-${number}"${more}}`;

/** An adapter on a clock that the test moves, and the requests that its API received. */
async function opened({ token = (number) => [tokenOf(number)], other = () => [balance] }: Answers = {}) {
  const clock = stoppedClock();
  const asked = { token: 0, other: 0 };
  const { url: baseUrl } = await startServer((response, { url, headers }) => {
    const isToken = url === '/disbursement/token/';
    asked[isToken ? 'token' : 'other'] += 1;
    const [body, status] = isToken ? token(asked.token) : other(headers.authorization);
    send(response, body, status);
  });
  const provider = mtnMomo({ ...credentials, ...quick, baseUrl: `${baseUrl}/`, clock });
  const question = () => ({ currency: 'UGX', signal: new AbortController().signal });
  return {
    clock,
    asked,
    balance: () => provider.fetchBalance(question()),
    lookup: () => provider.lookup?.({ reference: 'po_1001', sentAtMs: 0, ...question() }),
  };
}

describe('a token of MTN MoMo', () => {
  it('is requested once for a hundred balances and look-ups at once', async () => {
    const notFound = ['{"code":"RESOURCE_NOT_FOUND"}', 404] as const;
    const api = await opened({ other: () => notFound });
    await Promise.all(Array.from({ length: 100 }, () => [api.lookup(), failureOf(api.balance())]).flat());
    expect(api.asked).toEqual({ token: 1, other: 200 });
  });

  it.each([
    ['of an hour', ',"expires_in":3600', 50],
    ['of an hour, in text', ',"expires_in":"3600"', 50],
    ['without an end', '', 50],
    ['of ten minutes', ',"expires_in":600', 5],
  ])('%s is renewed in time', async (_, more, minutes) => {
    const api = await opened({ token: (number) => [tokenOf(number, more)] });
    await api.balance();
    api.clock.advance(minutes * minuteMs - 1);
    await api.balance();
    expect(api.asked.token).toBe(1);
    api.clock.advance(1);
    await api.balance();
    expect(api.asked.token).toBe(2);
  });

  it('that is refused is renewed once, for all who were refused with it', async () => {
    const api = await opened({
      other: (authorization) => (authorization === 'Bearer token-1' ? ['', 401] : [balance]),
    });
    const balances = await Promise.all(Array.from({ length: 20 }, api.balance));
    expect(balances).toEqual(Array.from({ length: 20 }, () => ({ available: '125000', currency: 'UGX' })));
    expect(api.asked).toEqual({ token: 2, other: 40 });
  });

  it('is not renewed in a loop when every one is refused', async () => {
    const api = await opened({ other: () => ['', 401] });
    expect(await failureOf(api.balance())).toMatchObject({ reason: 'unauthorized' });
    expect(api.asked).toEqual({ token: 2, other: 2 });
  });

  it.each([
    ['an invalid subscription key', ['{"message":"Access denied"}', 401] as const, 'unauthorized', 1],
    ['another target environment', ['{"code":"NOT_ALLOWED_TARGET_ENVIRONMENT"}', 500] as const, 'forbidden', 1],
    ['an outage', ['', 503] as const, 'provider_error', 3],
    ['no token', ['{"expires_in":3600}'] as const, 'malformed', 1],
    ['a token with a line break', ['{"access_token":"a\\nb","expires_in":3600}'] as const, 'malformed', 1],
    ['an end that is no number', ['{"access_token":"a","expires_in":"soon"}'] as const, 'malformed', 1],
  ])('is not had after %s', async (_, answer, reason, requests) => {
    const api = await opened({ token: () => answer });
    expect(await failureOf(api.balance())).toMatchObject({ reason });
    expect(api.asked).toEqual({ token: requests, other: 0 });
  });
});

describe('wrong settings at MTN MoMo', () => {
  it.each(['NOT_ALLOWED', 'NOT_ALLOWED_TARGET_ENVIRONMENT', 'INVALID_CALLBACK_URL_HOST', 'INVALID_CURRENCY'])(
    'are asked about once, although %s comes as a fault of the server',
    async (code) => {
      const api = await opened({ other: () => [`{"code":"${code}","message":"..."}`, 500] });
      const error = await failureOf(api.balance());
      expect(error).toMatchObject({ reason: 'forbidden' });
      expect(error.message).toContain(code);
      expect(api.asked.other).toBe(1);
    },
  );
});

describe('a transfer that MTN MoMo does not have', () => {
  it('is absent only in the words of MTN', async () => {
    const words = await opened({ other: () => ['{"code":"RESOURCE_NOT_FOUND","message":"..."}', 404] });
    expect(await words.lookup()).toEqual({ outcome: 'unknown', absent: true });
    const gateway = await opened({ other: () => ['{"code":"FAILED"}', 404] });
    expect(await failureOf(gateway.lookup() as Promise<unknown>)).toMatchObject({ reason: 'provider_error' });
  });
});

describe('the options of mtnMomo', () => {
  const account = (options: Partial<MtnMomoOptions>) => mtnMomo({ ...credentials, ...options }).accountId;

  it('choose the host of the target environment', () => {
    expect(account({})).toBe(`proxy.momoapi.mtn.com/mtnuganda/${credentials.apiUser}`);
    expect(account({ targetEnvironment: 'sandbox' })).toBe(
      `sandbox.momodeveloper.mtn.com/sandbox/${credentials.apiUser}`,
    );
  });

  it('name one account whatever its keys are, and another one for another user or environment', () => {
    expect(account({ apiKey: 'other', subscriptionKey: 'other' })).toBe(account({}));
    expect(account({ apiUser: '6b0a4a0e-0000-4000-8000-000000000002' })).not.toBe(account({}));
    expect(account({ targetEnvironment: 'mtnghana' })).not.toBe(account({}));
  });

  it.each([
    ['sandbox', 'https://proxy.momoapi.mtn.com', 'https://sandbox.momodeveloper.mtn.com'],
    ['mtnuganda', 'https://sandbox.momodeveloper.mtn.com/', 'https://proxy.momoapi.mtn.com'],
  ])('refuse the target environment %s at %s', (targetEnvironment, baseUrl, other) => {
    const problem = new RegExp(`targetEnvironment: a (test|live) key works at ${other}; pass that as baseUrl`);
    expect(() => account({ targetEnvironment, baseUrl })).toThrow(problem);
  });

  it.each([
    ['subscriptionKey', { subscriptionKey: 'with space' }],
    ['apiUser', { apiUser: 'user' }],
    ['apiKey', { apiKey: '' }],
    ['targetEnvironment', { targetEnvironment: 'Sandbox' }],
    ['baseUrl', { baseUrl: 'http://proxy.momoapi.mtn.com' }],
  ])('name %s when it is wrong, and no value', (name, options) => {
    expect(() => account(options)).toThrow(new RegExp(`${name}: must`));
  });
});
