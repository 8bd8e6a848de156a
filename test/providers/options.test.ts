// Refusals of an adapter at creation: URLs that must not receive credentials, and options that can never work.
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from 'payout-guard';
import { type HttpProviderOptions, httpProvider } from 'payout-guard/providers/http';
import { type InterswitchOptions, interswitch } from 'payout-guard/providers/interswitch';
import { type JpayOptions, jpay } from 'payout-guard/providers/jpay';
import { type PhoenixOptions, phoenix } from 'payout-guard/providers/phoenix';
import { phoenixCredentials } from '../support/phoenix.js';
import { closeAll, failureOf, guardOf, quick, send, startServer } from './support.js';

afterEach(closeAll);

const secret = 's3cr3t';
const schema = { parse: (body: unknown) => body };
const select = () => ({ available: '1.00', currency: 'KES' });
const app = { appKey: 'key', appSecret: secret };

/** Creates each adapter for a URL. */
const makers: [string, (url: string, more?: object) => unknown][] = [
  ['jpay', (baseUrl, more) => jpay({ baseUrl, ...app, ...more })],
  ['interswitch', (baseUrl, more) => interswitch({ baseUrl, ...more })],
  ['phoenix', (baseUrl, more) => phoenix({ baseUrl, ...phoenixCredentials, ...more })],
  ['httpProvider', (url, more) => httpProvider({ name: 'shop', url, schema, select, ...more })],
];

function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
    return (error as ConfigurationError).problems;
  }
  return [];
}

describe.each(makers)('the URL of %s', (_, make) => {
  it.each([
    'https://api.jpay.africa/api/v1',
    'https://10.0.0.1:8443/',
    'http://localhost',
    'http://localhost:8081/isw/',
    'http://LOCALHOST',
    'http://127.0.0.1:1',
    'http://127.0.0.2',
    'http://127.255.255.255',
    'http://[::1]:8081',
    'http://[0:0:0:0:0:0:0:1]',
    'http://[::ffff:127.0.0.1]',
    // URL parsing turns these into 127.0.0.1, which is the address that is called.
    'http://0x7f.1',
    'http://127.1',
    'http://2130706433',
    'http://017700000001',
    'http://１２７.0.0.1',
  ])('may be %s', (url) => {
    expect(problemsOf(() => make(url))).toEqual([]);
  });

  it.each([
    'http://api.jpay.africa/api/v1',
    'http://localhost.evil.com',
    'http://127.0.0.1.nip.io',
    'http://localhost.',
    'http://evil.com/localhost',
    'http://evil.com:80/@127.0.0.1',
    'http://0.0.0.0',
    'http://0',
    'http://[::]',
    'http://[::2]',
    'http://128.0.0.1',
    'http://126.255.255.255',
    'http://0x80.1',
    'http://2147483649',
    'http://10.0.0.1',
    'http://192.168.0.1',
    'http://[::ffff:10.0.0.1]',
    'http://[fe80::1]',
    'http://payments',
    'http://payments.internal',
    'http:\\\\evil.com',
    'ftp://127.0.0.1',
    'file:///etc/passwd',
    'data:application/json,{}',
    'javascript:1',
    'ws://localhost',
  ])('may not be %s', (url) => {
    const problems = problemsOf(() => make(url));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^(baseUrl|url): must begin with https:\/\//);
  });

  it.each([
    'http://payments:8081',
    'http://payments.internal',
    'http://payments.lan',
    'http://payments.local',
    'http://payments.home.arpa',
    'http://10.255.255.255',
    'http://172.16.0.1',
    'http://172.31.255.255',
    'http://192.168.255.255',
    'http://169.254.1.1',
    'http://[fd00::1]',
    'http://[fe80::1]',
  ])('may be %s with dangerouslyAllowHttp only', (url) => {
    expect(problemsOf(() => make(url))).toHaveLength(1);
    expect(problemsOf(() => make(url, { dangerouslyAllowHttp: true }))).toEqual([]);
  });

  it.each([
    'http://api.jpay.africa',
    'http://172.15.255.255',
    'http://172.32.0.1',
    'http://192.169.0.1',
    'http://11.0.0.1',
    'http://8.8.8.8',
    'http://0.0.0.0',
    'http://[2001:db8::1]',
    'http://internal.evil.com',
    'http://local.',
    'http://payments.internal.evil.com',
    'http://evilinternal.com',
    'http://134744072',
    'ftp://10.0.0.1',
  ])('may not be %s even so', (url) => {
    expect(problemsOf(() => make(url, { dangerouslyAllowHttp: true }))).toHaveLength(1);
  });

  it.each([`https://user:${secret}@api.jpay.africa`, `https://${secret}@h`, `http://:${secret}@localhost`])(
    'carries no credentials (%#), and they are not repeated',
    (url) => {
      expect(problemsOf(() => make(url, { dangerouslyAllowHttp: true }))).toEqual([
        expect.stringMatching(/^(baseUrl|url): must not contain credentials$/),
      ]);
    },
  );

  it.each([
    '',
    ' ',
    'localhost',
    'api.jpay.africa/api/v1',
    '/api/v1',
    '//api.jpay.africa',
    `${secret}`,
    'https://',
    'http://[::1',
  ])('is absolute, unlike %j', (url) => {
    expect(problemsOf(() => make(url))).toEqual([expect.stringMatching(/must (be an absolute URL|begin with https)/)]);
  });
});

describe('a base URL', () => {
  it.each([`https://h/?token=${secret}`, 'https://h?', 'https://h/#a', 'https://h/v1#'])(
    'has no query or fragment: %j',
    (url) => {
      for (const [, make] of makers.slice(0, 3)) {
        expect(problemsOf(() => make(url))).toEqual(['baseUrl: must have no query or fragment']);
      }
    },
  );

  it('may end with slashes', async () => {
    const body = '{"responseCode":"90000","availableBalance":5,"currencyCode":"UGX"}';
    const server = await startServer((response) => send(response, body));
    for (const end of ['', '/', '///', '/api', '/api/']) {
      expect((await guardOf(interswitch({ baseUrl: server.url + end, ...quick })).checkFunds('5')).sufficient).toBe(
        true,
      );
    }
    const paths = server.requests.map(({ path }) => path);
    const [root, api] = ['/isw/payments/balance', '/api/isw/payments/balance'];
    expect(paths).toEqual([root, root, root, api, api]);
  });
});

describe('a URL that a function returns', () => {
  it.each<[unknown, string]>([
    ['http://evil.com', 'must begin with https'],
    [`https://user:${secret}@h`, 'must not contain credentials'],
    ['balance', 'must be an absolute URL'],
    [undefined, 'must be an absolute URL'],
    [5, 'must be an absolute URL'],
  ])('is held to the same rules: %j', async (returned, message) => {
    let fetched = 0;
    const fetch = async () => {
      fetched += 1;
      return new Response('{}');
    };
    const url = () => returned as string;
    const error = await failureOf(guardOf(httpProvider({ name: 'shop', url, schema, select, fetch })).checkFunds('1'));
    expect(error).toMatchObject({ code: 'balance_unavailable', message: expect.stringContaining(`url ${message}`) });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
    expect(fetched).toBe(0);
  });
});

describe('the options', () => {
  const baseUrl = 'https://api.jpay.africa';
  const forAll: [string, object, RegExp][] = [
    ['a typo', { appKye: secret }, /appKye/],
    ['a typo inside', { circuitBreaker: { fails: 5 } }, /fails/],
    ['no time for an attempt', { attemptTimeoutMs: 49 }, /^attemptTimeoutMs/],
    ['half a minute and more', { attemptTimeoutMs: 30_001 }, /^attemptTimeoutMs/],
    ['half a millisecond', { timeoutMs: 100.5 }, /^timeoutMs/],
    ['a time as text', { timeoutMs: secret }, /^timeoutMs/],
    ['more than a minute', { timeoutMs: 60_001 }, /^timeoutMs/],
    ['no attempt', { maxAttempts: 0 }, /^maxAttempts/],
    ['attempts without end', { maxAttempts: Number.POSITIVE_INFINITY }, /^maxAttempts/],
    ['eleven attempts', { maxAttempts: 11 }, /^maxAttempts/],
    ['a circuit that opens at once', { circuitBreaker: { failures: 0 } }, /^circuitBreaker\.failures/],
    ['a circuit that never closes', { circuitBreaker: { openMs: 600_001 } }, /^circuitBreaker\.openMs/],
    ['a circuit of text', { circuitBreaker: secret }, /^circuitBreaker/],
    ['a yes in text', { dangerouslyAllowHttp: 'true' }, /^dangerouslyAllowHttp/],
    ['a fetch that is none', { fetch: {} }, /^fetch: must be a function/],
    ['a clock that is none', { clock: () => 0 }, /^clock: must be an object with now\(\)/],
    ['randomness that is none', { random: 0.5 }, /^random: must be a function/],
  ];
  const cases: [adapter: string, what: string, make: () => unknown, problem: RegExp][] = [
    ...makers.flatMap(([name, make]) =>
      forAll.map(([what, more, problem]): (typeof cases)[number] => [name, what, () => make(baseUrl, more), problem]),
    ),
    ...Object.entries<[object, RegExp]>({
      'no credentials': [{}, /^pass either appKey and appSecret, or accessToken/],
      'a key without a secret': [{ appKey: 'key' }, /^pass either/],
      'a secret without a key': [{ appSecret: secret }, /^pass either/],
      'both kinds': [{ ...app, accessToken: secret }, /^pass either/],
      'a key beside a token': [{ appKey: secret, accessToken: 't' }, /^pass either/],
      'an empty key': [{ appKey: '', appSecret: secret }, /^appKey/],
      'an empty secret': [{ appKey: 'key', appSecret: '' }, /^appSecret/],
      'an empty token': [{ accessToken: '' }, /^accessToken/],
      'a token that is no text': [{ accessToken: { secret } }, /^accessToken: must be a token or a function/],
      'a key that is no text': [{ appKey: 5, appSecret: secret }, /^appKey/],
      'a merchant that is a number': [{ ...app, merchantId: 123 }, /^merchantId/],
      'a merchant with letters': [{ ...app, merchantId: 'M-1' }, /^merchantId: must be the digits of the merchant_id/],
      'a merchant without digits': [{ ...app, merchantId: '' }, /^merchantId/],
    }).map(([what, [given, problem]]): (typeof cases)[number] => [
      'jpay',
      what,
      () => jpay({ baseUrl, ...given } as JpayOptions),
      problem,
    ]),
    ...Object.entries<[object, RegExp]>({
      'no client': [{ clientId: '' }, /^clientId/],
      'no secret': [{ clientSecret: undefined }, /^clientSecret/],
      'a terminal with a blank': [{ terminalId: `${secret} 1` }, /^terminalId: must be letters/],
      'a terminal that changes the query': [{ terminalId: 'a&b=c' }, /^terminalId/],
      'no device': [{ serialId: '' }, /^serialId/],
      'a password of blanks': [{ password: '  ' }, /^password: must not be empty/],
      'a key that is none': [{ privateKey: secret }, /^privateKey: must be an RSA private key/],
      'a key in half': [{ privateKey: phoenixCredentials.privateKey.slice(0, 400) }, /^privateKey: must be an RSA/],
      'a public key': [{ privateKey: createPublicKey(phoenixCredentials.privateKey) }, /^privateKey/],
      'a key of another kind': [{ privateKey: generateKeyPairSync('ed25519').privateKey }, /^privateKey/],
      'no key': [{ privateKey: undefined }, /^privateKey/],
      'a null key': [{ privateKey: null }, /^privateKey/],
      'a session of a moment': [{ sessionMaxMs: 9_999 }, /^sessionMaxMs/],
      'a session of days': [{ sessionMaxMs: 86_400_001 }, /^sessionMaxMs/],
      'no balance': [{ balanceFields: [] }, /^balanceFields/],
      'a balance of an odd name': [{ balanceFields: [`${secret} x`] }, /^balanceFields/],
      'a currency in words': [{ assumedCurrency: 'shilling' }, /^assumedCurrency/],
      'another timestamp': [{ timestamp: secret }, /^timestamp/],
      'another password': [{ passwordForm: secret }, /^passwordForm/],
      'another point': [{ pointForm: 'hybrid' }, /^pointForm/],
      'another initialisation vector': [{ tokenIv: 'none' }, /^tokenIv/],
      'another scheme': [{ signedScheme: 'http' }, /^signedScheme/],
      'another amount': [{ amountForm: 'float' }, /^amountForm/],
    }).map(([what, [given, problem]]): (typeof cases)[number] => [
      'phoenix',
      what,
      () => phoenix({ baseUrl, ...phoenixCredentials, ...given } as PhoenixOptions),
      problem,
    ]),
    ...Object.entries<[object, RegExp]>({
      'no name': [{ name: '' }, /^name/],
      'a name with a line break': [{ name: 'a\nb' }, /^name/],
      'a name of 41 letters': [{ name: 'a'.repeat(41) }, /^name/],
      'no schema': [{ schema: {} }, /^schema: must have a method parse/],
      'no select': [{ select: undefined }, /^select: must be a function/],
      'headers in a list': [{ headers: [secret] }, /^headers/],
      'a header that is no text': [{ headers: { authorization: { secret } } }, /^headers/],
      'a URL that is none': [{ url: 5 }, /^url: must be a URL or a function/],
      'a header with a line break': [{ headers: { authorization: `a\r\nb: ${secret}` } }, /^headers/],
      'a header of another script': [{ headers: { authorization: `“${secret}”` } }, /^headers/],
      'a header without a name': [{ headers: { '': secret } }, /^headers/],
      'another moment of the debit': [{ debitVisibleAt: 'now' }, /^debitVisibleAt/],
      'more than ten minutes': [{ visibleAfterMs: 600_001 }, /^visibleAfterMs/],
      'a time before the payout': [{ visibleAfterMs: -1 }, /^visibleAfterMs/],
      'an account without a name': [{ accountId: '' }, /^accountId/],
      'an account that is no text': [{ accountId: 5 }, /^accountId/],
    }).map(([what, [given, problem]]): (typeof cases)[number] => [
      'httpProvider',
      what,
      () => httpProvider({ name: 'shop', url: baseUrl, schema, select, ...given } as HttpProviderOptions<unknown>),
      problem,
    ]),
  ];

  it.each(cases)('of %s: %s is refused', (_, __, make, problem) => {
    const problems = problemsOf(make);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it('are refused when they are no object', () => {
    for (const given of [undefined, null, 'https://h', 5, []]) {
      for (const make of [jpay, interswitch, phoenix, httpProvider] as ((options: never) => unknown)[]) {
        expect(problemsOf(() => make(given as never))).not.toEqual([]);
      }
    }
  });

  it('are refused with every problem at once, and with no value of theirs', () => {
    const bad = { attemptTimeoutMs: secret, maxAttempts: 0, typo: secret };
    const common = [/^attemptTimeoutMs/, /^maxAttempts/, /typo/];
    const evil = `http://user:${secret}@evil.com`;
    const [onlyKey, both] = [{ appKey: secret }, { ...app, accessToken: secret }];
    const made: [() => unknown, RegExp[]][] = [
      [() => jpay({ baseUrl: evil, ...onlyKey, ...bad } as unknown as JpayOptions), [/^baseUrl/, /^pass either/]],
      [() => jpay({ baseUrl: evil, ...both, ...bad } as unknown as JpayOptions), [/^baseUrl/, /^pass either/]],
      [() => interswitch({ baseUrl: evil, ...bad } as unknown as InterswitchOptions), [/^baseUrl/]],
      [
        () =>
          phoenix({ baseUrl: evil, ...phoenixCredentials, privateKey: secret, ...bad } as unknown as PhoenixOptions),
        [/^baseUrl/, /^privateKey/],
      ],
      [() => httpProvider({ name: '', url: evil, schema, select, ...bad } as never), [/^url/, /^name/]],
    ];
    for (const [make, further] of made) {
      const problems = problemsOf(make);
      expect(problems).toHaveLength(common.length + further.length);
      for (const problem of [...common, ...further]) expect(problems).toContainEqual(expect.stringMatching(problem));
    }
  });
});
