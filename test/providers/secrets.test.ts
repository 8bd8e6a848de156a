// No error shows a credential, a body or a balance at any depth, and each still names its cause.
import { afterEach, describe, expect, it } from '@jest/globals';
import { type BalanceProvider, type BalanceUnavailableReason, isPayoutGuardError } from 'payout-guard';
import { type HttpProviderOptions, httpProvider } from 'payout-guard/providers/http';
import { interswitch } from 'payout-guard/providers/interswitch';
import { type JpayOptions, jpay } from 'payout-guard/providers/jpay';
import { z } from 'zod';
import { everySight, isSeen } from '../support/secret-scan.js';
import { closeAll, failureOf, guardOf, quick, send, startJpay, startServer } from './support.js';

afterEach(closeAll);

const appKey = 'key_7Qm2vX9sLp';
const appSecret = 'secret_Zk4tR8wN1c';
const access = 'access_Jd6yB3hUe0';
const refresh = 'refresh_Ga5oT2iMf7';
const balance = '7771234.56';
const secrets = [appKey, appSecret, access, refresh, balance, '777123456', '7,771,234'];
const everything = `${secrets.join(' ')} Bearer ${access}`;

function expectNoSecret(value: unknown): void {
  const sight = everySight(value);
  expect(secrets.filter((secret) => isSeen(secret, sight))).toEqual([]);
}

it('finds what it looks for', () => {
  const hidden = new Error('x', {
    cause: Object.assign(new Error('y'), { deep: { er: Buffer.from(access).toString('hex') } }),
  });
  expect(() => expectNoSecret(hidden)).toThrow(access);
  for (const prefix of ['', 'B', 'Be', 'Bea']) {
    expect(() => expectNoSecret({ text: Buffer.from(`${prefix}${appKey}!`).toString('base64') })).toThrow(appKey);
  }
  expect(() => expectNoSecret(Object.defineProperty({}, 'x', { value: balance }))).toThrow(balance);
});

/** The rejections of a check through a guard and of the adapter itself. Both must contain no secrets. */
async function failuresOf(make: () => BalanceProvider): Promise<Error[]> {
  const guard = guardOf(make());
  const signal = new AbortController().signal;
  const failures = [
    await failureOf(guard.assertSufficientFunds('1')),
    await failureOf(make().fetchBalance({ currency: 'UGX', signal })),
  ];
  for (const seen of [...failures, guard, make()]) expectNoSecret(seen);
  return failures;
}

/** A server that repeats everything it received, and an adapter for it. */
async function gossip(status: number, how: 'as a body' | 'as headers' | 'as HTML', only = ''): Promise<string> {
  const { url } = await startServer((response, request) => {
    if (!request.url?.includes(only)) return send(response, JSON.stringify({ access, refresh }));
    const heard = `${JSON.stringify(request.headers)} ${request.text} ${everything}`;
    if (how === 'as a body')
      return send(response, JSON.stringify({ detail: heard, access: `${access} ${heard}` }), status);
    if (how === 'as HTML') return send(response, `<pre>${heard}</pre>`, status, { 'content-type': 'text/html' });
    return send(response, '{', status, { 'x-heard': heard, 'set-cookie': access, location: `https://h/?t=${access}` });
  });
  return url;
}

const withApp = (baseUrl: string) => jpay({ baseUrl, appKey, appSecret, ...quick });
const withToken = (baseUrl: string) => jpay({ baseUrl, accessToken: access, ...quick });
const shop = (url: string, options: Partial<HttpProviderOptions<unknown>> = {}) =>
  httpProvider({
    name: 'shop',
    url,
    headers: { authorization: `Bearer ${access}`, 'x-key': appKey },
    schema: z.object({ amount: z.string() }),
    select: () => ({ available: balance, currency: 'KES' }),
    ...quick,
    ...options,
  });

describe.each(['as a body', 'as headers', 'as HTML'] as const)('a provider that repeats everything %s', (how) => {
  const reasons: [number, BalanceUnavailableReason][] = [
    [200, 'malformed'],
    [302, 'provider_error'],
    [400, 'provider_error'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [429, 'rate_limited'],
    [500, 'provider_error'],
  ];
  it.each(reasons)('with status %i is reported without its content', async (status, reason) => {
    const makers = [
      withApp,
      withToken,
      (url: string) => interswitch({ baseUrl: url, ...quick }),
      (url: string) => shop(url),
      (url: string) => shop(url, { headers: () => ({ authorization: `Bearer ${access}` }) }),
    ];
    for (const make of makers) {
      for (const only of make === withApp ? ['', '/wallets/balance'] : ['']) {
        const url = await gossip(status, how, only);
        for (const error of await failuresOf(() => make(url))) {
          expect(error).toMatchObject({ code: 'balance_unavailable', reason, status: 503 });
          if (status !== 200) expect(error.message).toContain(`HTTP ${status}`);
        }
      }
    }
  });
});

describe('credentials that are wrong', () => {
  it('are not repeated when the real API refuses them', async () => {
    const simulator = await startJpay({ appKey, appSecret: 'another' });
    for (const error of await failuresOf(() => withApp(simulator.url)))
      expect(error).toMatchObject({ reason: 'unauthorized' });
    for (const error of await failuresOf(() => withToken(simulator.url)))
      expect(error).toMatchObject({ reason: 'unauthorized' });
    simulator.refuseIp(true);
    const right = () => jpay({ baseUrl: simulator.url, appKey, appSecret: 'another', ...quick });
    for (const error of await failuresOf(right)) expect(error).toMatchObject({ reason: 'forbidden' });
  });

  it('are not repeated when renewing them fails', async () => {
    for (const answer of [everything, JSON.stringify({ access: everything, refresh }), JSON.stringify({ access })]) {
      let tokens = 0;
      const { url } = await startServer((response, request) => {
        if (request.url === '/wallets/balance') send(response, everything, 401);
        else send(response, tokens++ % 2 === 0 ? JSON.stringify({ access, refresh }) : answer);
      });
      for (const error of await failuresOf(() => withApp(url))) expect(error).toMatchObject({ reason: 'malformed' });
    }
  });

  it('are not repeated when they cannot be sent', async () => {
    const { url } = await startServer((response) => send(response, '{}'));
    const broken = [`Bearer ${access}\r\nx-injected: ${appSecret}`, `“${access}”`, `${access}\0`];
    for (const authorization of broken) {
      const makers = [
        () => jpay({ baseUrl: url, accessToken: authorization, ...quick }),
        () => jpay({ baseUrl: url, accessToken: async () => authorization, ...quick }),
        () => shop(url, { headers: () => ({ authorization }) }),
        () => shop(url, { headers: async () => ({ [authorization]: 'x' }) }),
      ];
      for (const make of makers) {
        for (const error of await failuresOf(make)) {
          expect(error).toMatchObject({
            reason: 'unauthorized',
            message: expect.stringMatching(/not a token|cannot be sent/),
          });
        }
      }
    }
  });

  it('are not repeated when nothing answers, or half of it', async () => {
    const gone = await startServer(() => {});
    await gone.close();
    const { url } = await startServer((response) => {
      response.writeHead(200, { 'content-length': 10_000 }).write(everything, () => response.destroy());
    });
    for (const [baseUrl, make] of [gone.url, url].flatMap((u) =>
      [withApp, withToken, shop].map((m) => [u, m] as const),
    )) {
      for (const error of await failuresOf(() => make(baseUrl))) {
        expect(error).toMatchObject({ reason: 'network', message: expect.stringContaining('could not be reached') });
      }
    }
  });

  it('are not repeated by options that are refused', () => {
    const bad: unknown[] = [
      { baseUrl: `https://${appKey}:${appSecret}@h`, accessToken: access },
      { baseUrl: `https://h/?token=${access}`, accessToken: access },
      { baseUrl: access, appKey, appSecret, accessToken: access },
      { baseUrl: 'https://h', appKey, timeoutMs: appSecret, fetch: access, circuitBreaker: refresh },
      { baseUrl: 'https://h', accessToken: { access } },
    ];
    for (const options of bad) {
      let thrown: unknown;
      try {
        jpay(options as JpayOptions);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: 'configuration' });
      expectNoSecret(thrown);
    }
  });
});

describe('what functions of the application throw', () => {
  const thrown: [string, () => unknown][] = [
    ['an error', () => new Error(everything)],
    [
      'an error with fields',
      () => Object.assign(new TypeError(everything), { headers: { access }, body: balance, code: balance }),
    ],
    ['an error with a cause', () => new Error('x', { cause: new Error(everything) })],
    ['several errors', () => new AggregateError([new Error(everything)], everything)],
    ['an error named like a secret', () => Object.assign(new Error('x'), { name: `${balance} ${access}` })],
    ['a text', () => everything],
    ['an object', () => ({ message: everything, stack: everything, name: 'Error' })],
    ['a zod error', () => z.literal(access).safeParse(everything).error],
  ];
  const answering = async () => (await startServer((response) => send(response, `{"amount":"${balance}"}`))).url;
  const fail = (make: () => unknown) => () => {
    throw make();
  };

  it.each(thrown)('%s stays behind', async (_, make) => {
    const url = await answering();
    const throwing = fail(make);
    const cases: [() => BalanceProvider, BalanceUnavailableReason, string][] = [
      [
        () => jpay({ baseUrl: url, accessToken: throwing as () => string, ...quick }),
        'unauthorized',
        'accessToken() threw',
      ],
      [() => shop(url, { headers: throwing as () => never }), 'unauthorized', 'headers() threw'],
      [() => shop(url, { url: throwing as () => string }), 'malformed', 'url() threw'],
      [() => shop(url, { schema: { parse: throwing } }), 'malformed', 'does not fit the schema'],
      [() => shop(url, { select: throwing as () => never }), 'malformed', 'select() threw'],
    ];
    for (const [maker, reason, message] of cases) {
      for (const error of await failuresOf(maker)) {
        expect(isPayoutGuardError(error)).toBe(true);
        expect(error).toMatchObject({ reason, message: expect.stringContaining(message) });
      }
    }
  });

  it('leaves its name, code and frames, by which it can be found', async () => {
    const url = await answering();
    const select = fail(() => Object.assign(new RangeError(everything), { code: 'E_ODD' })) as () => never;
    for (const error of await failuresOf(() => shop(url, { select }))) {
      expect(error.cause).toMatchObject({ name: 'RangeError', code: 'E_ODD' });
      expect((error.cause as Error).stack).toMatch(/^RangeError \[E_ODD\].*\n {4}at .*secrets\.test/);
    }
  });

  // redactedCause in src/core/redact.ts keeps lines of a message that look like frames.
  it('stays behind even if its message looks like a stack', async () => {
    const url = await answering();
    const select = fail(() => new Error(`a body\n    at ${everything}\n    at x`)) as () => never;
    await failuresOf(() => shop(url, { select }));
  });
});

describe('a wallet that cannot cover the payout', () => {
  it('is reported without its balance', async () => {
    const simulator = await startJpay({ payout: balance, collection: '777123456.00' });
    const { url: baseUrl, appKey: key, appSecret: secret } = simulator;
    const guard = guardOf(jpay({ baseUrl, appKey: key, appSecret: secret, ...quick }));
    const error = await failureOf(guard.assertSufficientFunds('7771234.57'));
    expect(error).toMatchObject({ code: 'insufficient_funds', available: balance });
    expectNoSecret(error);
    expectNoSecret(await guard.checkFunds('1.00'));
    expectNoSecret(guard);
  });

  // A balance in the currency field: CurrencyMismatchError shows up to eight of its letters and digits.
  it('is reported without its balance even if currency and balance were exchanged', async () => {
    const url = (await startServer((response) => send(response, '{"amount":"1"}'))).url;
    const select = () => ({ available: 'KES', currency: '7771234' });
    const error = await failureOf(guardOf(shop(url, { select })).checkFunds('1'));
    expect(error.message).not.toContain('7771234');
  });
});
