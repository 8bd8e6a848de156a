// Refusals of an adapter at creation: URLs that must not receive credentials, and options that can never work.
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type HttpProviderOptions, httpProvider } from 'payout-guard/providers/http';
import { type InterswitchOptions, interswitch } from 'payout-guard/providers/interswitch';
import { type JpayOptions, jpay } from 'payout-guard/providers/jpay';
import { type PhoenixOptions, phoenix } from 'payout-guard/providers/phoenix';
import { phoenixCredentials } from '../support/phoenix.js';
import { app, makers, problemsOf, schema, secret, select } from './options-support.js';
import { closeAll } from './support.js';

afterEach(closeAll);

const lookup = {
  url: 'https://h/payouts',
  schema,
  rows: () => [],
  referenceOf: () => undefined,
  statusOf: () => '',
  statuses: { completed: [], pending: [], failed: [] },
};
const callback = { schema, referenceOf: () => undefined };
const webhook = { ...callback, secret, header: 'x-signature', algorithm: 'sha256' };

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
      'a body without POST': [{ body: {} }, /^body: needs method: 'POST'/],
      'a body with a float': [{ method: 'POST', body: { least: 0.1 } }, /^body: must be a function, or a JSON value/],
      'a body that is a promise': [{ method: 'POST', body: Promise.resolve({}) }, /^body/],
      'another method': [{ method: 'PUT' }, /^method/],
      'no function for failures': [{ failureOf: 'unauthorized' }, /^failureOf/],
      'a look-up without rows': [{ lookup: { ...lookup, rows: undefined } }, /^lookup.rows/],
      'a look-up at a public address without https': [
        { lookup: { ...lookup, url: `http://user:${secret}@evil.com` } },
        /^lookup.url: must not contain credentials/,
      ],
      'a look-up whose body needs POST': [{ lookup: { ...lookup, body: {} } }, /^lookup.body: needs method: 'POST'/],
      'a status in two lists': [
        { lookup: { ...lookup, statuses: { completed: ['done'], pending: [], failed: ['done'] } } },
        /^lookup.statuses: must have each word in one list/,
      ],
      'a verdict that is none': [
        { lookup: { ...lookup, statuses: { completed: [], pending: [], failed: [], odd: [] } } },
        /^lookup.statuses/,
      ],
      'a webhook without a look-up': [{ webhook }, /^webhook: needs lookup/],
      'a callback without a look-up': [{ callback }, /^callback: needs lookup/],
      'a webhook beside a callback': [{ lookup, webhook, callback }, /^callback: goes without webhook/],
      'a webhook without a secret': [{ lookup, webhook: { ...webhook, secret: '' } }, /^webhook.secret/],
      'a webhook of another algorithm': [{ lookup, webhook: { ...webhook, algorithm: 'md5' } }, /^webhook.algorithm/],
      'a webhook whose header is none': [{ lookup, webhook: { ...webhook, header: 'x signature' } }, /^webhook.header/],
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
