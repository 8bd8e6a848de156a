// URLs that adapters accept.
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { httpProvider } from 'payout-guard/providers/http';
import { interswitch } from 'payout-guard/providers/interswitch';
import { makers, problemsOf, schema, secret, select } from './options-support.js';
import { closeAll, failureOf, guardOf, quick, send, startServer } from './support.js';

afterEach(closeAll);

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
