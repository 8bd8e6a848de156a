import { afterEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from 'payout-guard';
import { type JpaySimulator, type JpaySimulatorOptions, jpaySimulator } from 'payout-guard/testing';
import { signToken, verifiedClaims } from '../../src/testing/jpay/tokens.js';

const running: JpaySimulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

async function start(options?: JpaySimulatorOptions): Promise<JpaySimulator> {
  const simulator = await jpaySimulator(options);
  running.push(simulator);
  return simulator;
}

interface Reply {
  status: number;
  body: Record<string, unknown>;
}

async function reply(response: Response): Promise<Reply> {
  expect(response.headers.get('content-type')).toBe('application/json');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function post(simulator: JpaySimulator, path: string, body: unknown): Promise<Reply> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return reply(await fetch(simulator.url + path, { method: 'POST', body: text }));
}

async function balance(simulator: JpaySimulator, authorization?: string): Promise<Reply> {
  const headers = authorization === undefined ? {} : { authorization };
  return reply(await fetch(`${simulator.url}/wallets/balance`, { headers }));
}

async function login(simulator: JpaySimulator): Promise<{ access: string; refresh: string }> {
  const { appKey, appSecret } = simulator;
  const { body } = await post(simulator, '/auth/app/token', { app_key: appKey, app_secret: appSecret });
  return body as { access: string; refresh: string };
}

function claims(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

const correct = {
  status: 200,
  body: { collection_wallet_balance: '45000.00', payout_wallet_balance: '12000.00', total_balance: '57000.00' },
};
const unauthorized = { status: 401, body: { detail: 'Invalid or expired token' } };
const refusedIp = { status: 403, body: { detail: 'Access denied: IP address not allowed' } };

describe('tokens', () => {
  // The vectors of the protocol notes.
  const key = 'vector-signing-key-not-a-real-secret';
  const products = ['collections', 'payouts'];
  const times = { iat: 1_732_204_800, exp: 1_732_205_700 };
  const vectors: [string, Record<string, unknown>, string][] = [
    [
      'access',
      { user_id: 123, app_code: 12_345, products, token_type: 'access', ...times },
      'eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxMjMsImFwcF9jb2RlIjoxMjM0NSwicHJvZHVjdHMiOlsiY29sbGVjdGlvbnMiLCJwYXlvdXRzIl0sInRva2VuX3R5cGUiOiJhY2Nlc3MiLCJpYXQiOjE3MzIyMDQ4MDAsImV4cCI6MTczMjIwNTcwMH0.Yvz4t5KaPPFNkD7WGkv2np9hCA7CF1dWE59-NmFZHgA',
    ],
    [
      'access without exp',
      { user_id: 123, app_code: 12_345, products },
      'eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxMjMsImFwcF9jb2RlIjoxMjM0NSwicHJvZHVjdHMiOlsiY29sbGVjdGlvbnMiLCJwYXlvdXRzIl19.FnIw-i0M8YXVTQqV8qv9iCU860OO26Bz6QsIuRN1-K0',
    ],
    [
      'refresh',
      { user_id: 123, refresh: true, token_type: 'refresh', iat: 1_732_204_800, exp: 1_732_809_600 },
      'eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxMjMsInJlZnJlc2giOnRydWUsInRva2VuX3R5cGUiOiJyZWZyZXNoIiwiaWF0IjoxNzMyMjA0ODAwLCJleHAiOjE3MzI4MDk2MDB9.nlNzaoUux1CKJv_60oW_-tpwg4SY9uKiqFEpiceUIfY',
    ],
  ];

  it.each(vectors)('are signed as the vectors are: %s', (_name, vectorClaims, token) => {
    expect(signToken(vectorClaims, key)).toBe(token);
    expect(verifiedClaims(token, key)).toEqual(vectorClaims);
  });

  it('are nothing with another key, another signature, another algorithm or another number of parts', () => {
    const [head, payload, signature] = (vectors[0]?.[2] ?? '').split('.');
    const unsigned = Buffer.from('{"typ":"JWT","alg":"none"}').toString('base64url');
    expect(verifiedClaims(`${head}.${payload}.${signature}`, 'another key')).toBeUndefined();
    for (const forged of [
      `${head}.${payload}.`,
      `${head}.${payload}`,
      `${head}.${payload}.${signature}.`,
      `${head}.${payload}.A${signature?.slice(1)}`,
      `${unsigned}.${payload}.${signature}`,
      `${unsigned}.${payload}.`,
      '',
    ]) {
      expect(verifiedClaims(forged, key)).toBeUndefined();
    }
  });

  it('carry the claims of the vectors, 15 minutes and 7 days', async () => {
    const simulator = await start({ clock: { now: () => 1_732_204_800_999 } });
    const { access, refresh } = await login(simulator);
    expect(claims(access)).toEqual({ ...vectors[0]?.[1], jti: '1' });
    expect(claims(refresh)).toEqual({ ...vectors[2]?.[1], jti: '2' });
    expect(claims(simulator.accessToken())).toEqual({ ...vectors[0]?.[1], jti: '3' });
  });

  it('carry no exp if asked to, and expire all the same', async () => {
    let now = 1_732_204_800_000;
    const simulator = await start({ withExp: false, clock: { now: () => now } });
    const { access, refresh } = await login(simulator);
    expect(claims(access)).toEqual({ ...vectors[1]?.[1], jti: '1' });
    expect(claims(refresh)).toEqual({ user_id: 123, refresh: true, jti: '2' });
    now += 900_000;
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(unauthorized);
  });

  it('of another simulator are not accepted', async () => {
    const [one, two] = [await start(), await start()];
    expect(await balance(one, `Bearer ${two.accessToken()}`)).toEqual(unauthorized);
  });
});

describe('POST /auth/app/token', () => {
  it('answers tokens and what the app may do', async () => {
    const simulator = await start({ appCode: 7, products: ['collections'] });
    const { appKey, appSecret } = simulator;
    expect([appKey, appSecret]).toEqual(['simulated-app-key', 'simulated-app-secret']);
    const { status, body } = await post(simulator, '/auth/app/token', { app_key: appKey, app_secret: appSecret });
    expect(status).toBe(200);
    expect(body).toEqual({
      access: expect.any(String),
      refresh: expect.any(String),
      merchant_id: 123,
      app_code: 7,
      products: ['collections'],
    });
    expect(claims(String(body.access))).toMatchObject({ app_code: 7, products: ['collections'] });
    expect(await balance(simulator, `Bearer ${body.access}`)).toEqual(correct);
  });

  it('accepts the credentials it was given and no others', async () => {
    const simulator = await start({ appKey: 'k', appSecret: 's' });
    const attempt = (app_key: string, app_secret: string) =>
      post(simulator, '/auth/app/token', { app_key, app_secret });
    expect((await attempt('k', 's')).status).toBe(200);
    const refused = { status: 401, body: { detail: 'Invalid app credentials' } };
    expect(await attempt('k', 'S')).toEqual(refused);
    expect(await attempt('K', 's')).toEqual(refused);
    expect(await attempt('simulated-app-key', 'simulated-app-secret')).toEqual(refused);
  });

  it.each([
    ['', 'JSON parse error - Expecting value: line 1 column 1 (char 0)'],
    ['{"app_key":', 'JSON parse error - Expecting value: line 1 column 1 (char 0)'],
    ['null', 'JSON parse error - Expecting value: line 1 column 1 (char 0)'],
    ['{}', 'app_key field is required'],
    ['{"app_key":"a"}', 'app_secret field is required'],
    ['{"app_key":"","app_secret":"b"}', 'app_key field is required'],
    ['{"app_key":"a","app_secret":5}', 'app_secret field is required'],
  ])('answers 400 to the body %j', async (body, detail) => {
    expect(await post(await start(), '/auth/app/token', body)).toEqual({ status: 400, body: { detail } });
  });
});

describe('POST /auth/refresh', () => {
  it('answers two new tokens and uses the old refresh token up', async () => {
    const simulator = await start({ clock: { now: () => 1_732_204_800_000 } });
    const first = await login(simulator);
    const { status, body } = await post(simulator, '/auth/refresh', { refresh: first.refresh });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['access', 'refresh']);
    expect(new Set([first.access, first.refresh, body.access, body.refresh]).size).toBe(4);
    expect(await balance(simulator, `Bearer ${body.access}`)).toEqual(correct);
    expect(await balance(simulator, `Bearer ${first.access}`)).toEqual(correct);
    expect(await post(simulator, '/auth/refresh', { refresh: first.refresh })).toEqual(unauthorized);
    expect((await post(simulator, '/auth/refresh', { refresh: body.refresh })).status).toBe(200);
  });

  it('lets a refresh token be used again if asked to', async () => {
    const simulator = await start({ oldRefreshTokenStaysValid: true });
    const { refresh } = await login(simulator);
    expect((await post(simulator, '/auth/refresh', { refresh })).status).toBe(200);
    expect((await post(simulator, '/auth/refresh', { refresh })).status).toBe(200);
  });

  it('refuses anything but a live refresh token', async () => {
    const simulator = await start();
    const { access, refresh } = await login(simulator);
    expect(await post(simulator, '/auth/refresh', { refresh: access })).toEqual(unauthorized);
    expect(await post(simulator, '/auth/refresh', { refresh: 'nonsense' })).toEqual(unauthorized);
    expect(await post(simulator, '/auth/refresh', {})).toEqual({
      status: 400,
      body: { detail: 'refresh field is required' },
    });
    simulator.expireRefreshTokens();
    expect(await post(simulator, '/auth/refresh', { refresh })).toEqual(unauthorized);
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(correct);
    expect((await post(simulator, '/auth/refresh', { refresh: (await login(simulator)).refresh })).status).toBe(200);
  });

  it('uses the refresh token up even when the answer is lost on the way', async () => {
    const simulator = await start();
    const { refresh } = await login(simulator);
    simulator.fault({ kind: 'reset' }, { times: 1, path: '/auth/refresh' });
    await expect(post(simulator, '/auth/refresh', { refresh })).rejects.toThrow('fetch failed');
    simulator.fault({ kind: 'reset_midway' }, { times: 1, path: '/auth/refresh' });
    await expect(post(simulator, '/auth/refresh', { refresh })).rejects.toThrow('terminated');
    expect(await post(simulator, '/auth/refresh', { refresh })).toEqual(unauthorized);
  });
});

describe('GET /wallets/balance', () => {
  it('answers both wallets and their sum as text with two decimals', async () => {
    const simulator = await start();
    expect(await balance(simulator, `Bearer ${simulator.accessToken()}`)).toEqual(correct);
  });

  it('follows credit, debit and setBalance, exactly', async () => {
    const simulator = await start({ payout: '0.10', collection: '90071992547409.93' });
    simulator.credit('payout', '0.20');
    expect(simulator.balances()).toEqual({
      payout: '0.30',
      collection: '90071992547409.93',
      total: '90071992547410.23',
    });
    simulator.debit('payout', '0.30');
    simulator.debit('collection', '0.93');
    expect(simulator.balances()).toEqual({
      payout: '0.00',
      collection: '90071992547409.00',
      total: '90071992547409.00',
    });
    simulator.setBalance({ payout: '5', collection: undefined });
    expect((await balance(simulator, `Bearer ${simulator.accessToken()}`)).body).toEqual({
      collection_wallet_balance: '90071992547409.00',
      payout_wallet_balance: '5.00',
      total_balance: '90071992547414.00',
    });
    simulator.setBalance({ collection: '1.00' });
    expect(simulator.balances()).toEqual({ payout: '5.00', collection: '1.00', total: '6.00' });
    simulator.setBalance({ payout: '-1.50' });
    expect((await balance(simulator, `Bearer ${simulator.accessToken()}`)).body).toEqual({
      collection_wallet_balance: '1.00',
      payout_wallet_balance: '-1.50',
      total_balance: '-0.50',
    });
  });

  it('refuses amounts that are none, wallets that are none, and more than there is', async () => {
    const simulator = await start({ payout: '10.00' });
    for (const attempt of [
      () => simulator.debit('payout', '10.01'),
      () => simulator.credit('payout', '-1.00'),
      () => simulator.credit('payout', '1.001'),
      () => simulator.credit('savings' as 'payout', '1.00'),
      () => simulator.debit('toString' as 'payout', '1.00'),
      () => simulator.setBalance({ payout: 5 as unknown as string }),
      () => simulator.setBalance({ payout: '--5.00' }),
      () => simulator.setBalance({ payout: '-5.001' }),
      () => simulator.setBalance({ total: '5.00' } as object),
    ]) {
      expect(attempt).toThrow(ConfigurationError);
    }
    expect(simulator.balances()).toEqual({ payout: '10.00', collection: '45000.00', total: '45010.00' });
    simulator.debit('payout', '10.00');
    expect(simulator.balances().payout).toBe('0.00');
  });

  it('wants a live access token', async () => {
    const simulator = await start();
    const { access, refresh } = await login(simulator);
    expect(await balance(simulator)).toEqual({
      status: 401,
      body: { detail: 'Authentication credentials were not provided' },
    });
    for (const malformed of [access, `Token ${access}`, 'Bearer', `Bearer ${access} more`]) {
      expect(await balance(simulator, malformed)).toEqual({
        status: 401,
        body: { detail: 'Invalid authorization header' },
      });
    }
    expect(await balance(simulator, `Bearer ${refresh}`)).toEqual(unauthorized);
    expect(await balance(simulator, `Bearer ${access.slice(0, -1)}`)).toEqual(unauthorized);
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(correct);
  });

  it('accepts an access token for 15 minutes and a refresh token for 7 days, to the millisecond', async () => {
    const issuedAt = 1_732_204_800_000;
    let now = issuedAt;
    const simulator = await start({ clock: { now: () => now }, oldRefreshTokenStaysValid: true });
    const { access, refresh } = await login(simulator);
    now = issuedAt + 15 * 60_000 - 1;
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(correct);
    now += 1;
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(unauthorized);
    now = issuedAt + 7 * 86_400_000 - 1;
    expect((await post(simulator, '/auth/refresh', { refresh })).status).toBe(200);
    now += 1;
    expect(await post(simulator, '/auth/refresh', { refresh })).toEqual(unauthorized);
  });

  it('ends all access tokens on request, and only those issued so far', async () => {
    const simulator = await start();
    const { access, refresh } = await login(simulator);
    const minted = simulator.accessToken();
    simulator.expireAccessTokens();
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(unauthorized);
    expect(await balance(simulator, `Bearer ${minted}`)).toEqual(unauthorized);
    expect(await balance(simulator, `Bearer ${simulator.accessToken()}`)).toEqual(correct);
    expect((await post(simulator, '/auth/refresh', { refresh })).status).toBe(200);
  });
});

describe('everything else', () => {
  it('answers 403 to a refused address once the app is known, until it is allowed again', async () => {
    const simulator = await start();
    const { access, refresh } = await login(simulator);
    simulator.refuseIp(true);
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(refusedIp);
    expect((await balance(simulator, 'Bearer nonsense')).status).toBe(401);
    expect(await post(simulator, '/auth/refresh', { refresh })).toEqual(refusedIp);
    const { appKey, appSecret } = simulator;
    expect(await post(simulator, '/auth/app/token', { app_key: appKey, app_secret: appSecret })).toEqual(refusedIp);
    simulator.refuseIp(false);
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(correct);
    expect((await post(simulator, '/auth/refresh', { refresh })).status).toBe(200);
  });

  it.each(['/wallets/balance/', '/wallets', '/api/v1/wallets/balance', ''])('has no path %j', async (path) => {
    const simulator = await start();
    expect(await reply(await fetch(simulator.url + path))).toEqual({ status: 404, body: { detail: 'Not found.' } });
  });

  it('answers 405 and what is allowed to another method', async () => {
    const simulator = await start();
    const response = await fetch(`${simulator.url}/auth/refresh`);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await reply(response)).toEqual({ status: 405, body: { detail: 'Method "GET" not allowed.' } });
  });

  it.each([
    [{ payout: '-1' }, 'payout: Invalid amount: it is negative'],
    [{ payout: 12_000 }, 'payout: pass decimal text such as "500.00"'],
    [{ port: 70_000 }, 'port: Too big'],
    [{ clock: {} }, 'clock: pass an object with a now() function'],
    [{ appKey: '' }, 'appKey: Too small'],
    [{ paid: '1' }, 'Unrecognized key: "paid"'],
    [null, 'expected object'],
  ])('refuses the options %j', async (options, problem) => {
    const attempt = jpaySimulator(options as JpaySimulatorOptions);
    await expect(attempt).rejects.toBeInstanceOf(ConfigurationError);
    await expect(attempt).rejects.toThrow(problem);
  });

  it('names every wrong option at once', async () => {
    await expect(jpaySimulator({ payout: 'x', collection: '1.001' })).rejects.toMatchObject({
      problems: [expect.stringMatching(/^payout: .*not plain/), expect.stringMatching(/^collection: .*more decimals/)],
    });
  });
});
