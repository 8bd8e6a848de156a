// Tokens of the JPay simulator.
import { describe, expect, it } from '@jest/globals';
import { signToken, verifiedClaims } from '../../src/testing/jpay/tokens.js';
import { balance, correct, login, post, start } from './jpay-simulator-support.js';

function claims(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

const unauthorized = { status: 401, body: { detail: 'Invalid or expired token' } };

describe('tokens', () => {
  // The vectors of the protocol notes.
  const key = 'vector-signing-key-not-a-real-secret';
  const products = ['collections', 'payouts'];
  const times = { iat: 1_732_204_800, exp: 1_732_205_700 };
  const vectors: [string, Record<string, unknown>, string][] = [
    [
      'access',
      { user_id: 123, app_code: 12_345, products, token_type: 'access', ...times },
      'eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.' +
        'eyJ1c2VyX2lkIjoxMjMsImFwcF9jb2RlIjoxMjM0NSwicHJvZHVjdHMiOlsiY29sbGVjdGlvbnMiLCJwYXlvdXRzIl0sInRva2Vu' +
        'X3R5cGUiOiJhY2Nlc3MiLCJpYXQiOjE3MzIyMDQ4MDAsImV4cCI6MTczMjIwNTcwMH0.' +
        'Yvz4t5KaPPFNkD7WGkv2np9hCA7CF1dWE59-NmFZHgA',
    ],
    [
      'access without exp',
      { user_id: 123, app_code: 12_345, products },
      'eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.' +
        'eyJ1c2VyX2lkIjoxMjMsImFwcF9jb2RlIjoxMjM0NSwicHJvZHVjdHMiOlsiY29sbGVjdGlvbnMiLCJwYXlvdXRzIl19.' +
        'FnIw-i0M8YXVTQqV8qv9iCU860OO26Bz6QsIuRN1-K0',
    ],
    [
      'refresh',
      { user_id: 123, refresh: true, token_type: 'refresh', iat: 1_732_204_800, exp: 1_732_809_600 },
      'eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.' +
        'eyJ1c2VyX2lkIjoxMjMsInJlZnJlc2giOnRydWUsInRva2VuX3R5cGUiOiJyZWZyZXNoIiwiaWF0IjoxNzMyMjA0ODAwLCJleHAi' +
        'OjE3MzI4MDk2MDB9.nlNzaoUux1CKJv_60oW_-tpwg4SY9uKiqFEpiceUIfY',
    ],
  ];

  it.each(vectors)('are signed as the vectors are: %s', (_name, vectorClaims, token) => {
    expect(signToken(vectorClaims, key)).toBe(token);
    expect(verifiedClaims(token, key)).toEqual(vectorClaims);
  });

  it('are invalid with another key, signature, algorithm or number of parts', () => {
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

  it('carry no exp on request, and still expire', async () => {
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
  it('answers tokens and the permissions of the app', async () => {
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

  it('accepts only the configured credentials', async () => {
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
  it('answers two new tokens and uses up the old refresh token', async () => {
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

  it('lets a refresh token be used again on request', async () => {
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

  it('uses up the refresh token even when the answer is lost', async () => {
    const simulator = await start();
    const { refresh } = await login(simulator);
    simulator.fault({ kind: 'reset' }, { times: 1, path: '/auth/refresh' });
    await expect(post(simulator, '/auth/refresh', { refresh })).rejects.toThrow('fetch failed');
    simulator.fault({ kind: 'reset_midway' }, { times: 1, path: '/auth/refresh' });
    await expect(post(simulator, '/auth/refresh', { refresh })).rejects.toThrow('terminated');
    expect(await post(simulator, '/auth/refresh', { refresh })).toEqual(unauthorized);
  });
});
