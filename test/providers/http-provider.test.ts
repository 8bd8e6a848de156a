// Descriptions of `httpProvider`: requests, failures in bodies, look-ups, and functions that do not answer. The
// provider contract has the rest.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { BalanceProvider, PayoutAnswer } from 'payout-guard';
import { type HttpProviderOptions, httpProvider } from 'payout-guard/providers/http';
import { z } from 'zod';
import { hmac } from '../../src/providers/shared/webhook-signature.js';
import { closeAll, failureOf, quick, type RawServer, send, startServer } from './support.js';

afterEach(closeAll);

interface Answer {
  readonly status?: number;
  readonly body: string;
}

interface Acme {
  readonly provider: BalanceProvider;
  readonly server: RawServer;
  /** The `authorization` of each request. */
  readonly tokens: (string | undefined)[];
  balance(): ReturnType<BalanceProvider['fetchBalance']>;
  lookup(reference?: string): Promise<PayoutAnswer>;
}

const row = z.object({ ref: z.string().optional(), state: z.string(), amount: z.string().optional() });
const list = z.object({ rows: z.array(row), next: z.string().nullable() });
type List = z.infer<typeof list>;
type Row = z.infer<typeof row>;
type Options = HttpProviderOptions<{ spendable: string }, List, Row, { ref?: string | undefined }>;

const description = (url: string): Options => ({
  name: 'acme',
  url: `${url}/balance`,
  schema: z.object({ spendable: z.string() }),
  select: ({ spendable }) => ({ available: spendable, currency: 'KES' }),
  lookup: {
    url: ({ reference }) => `${url}/payouts?ref=${encodeURIComponent(reference)}`,
    schema: list,
    rows: (body) => body.rows,
    referenceOf: ({ ref }) => ref,
    statusOf: ({ state }) => state,
    statuses: { completed: ['PAID'], pending: ['QUEUED'], failed: ['REJECTED'] },
    hasMore: ({ next }) => next !== null,
    debitOf: ({ amount }) => (amount === undefined ? undefined : { amount, fee: '0.005', currency: 'KES' }),
  },
  ...quick,
});

async function acme(change: (given: Options) => Partial<Options>, answers: readonly Answer[]): Promise<Acme> {
  const left = [...answers];
  const tokens: (string | undefined)[] = [];
  const server = await startServer((response, request) => {
    tokens.push(request.headers.authorization);
    const { status, body } = (left.length > 1 ? left.shift() : left[0]) ?? { body: '' };
    send(response, body, status);
  });
  const given = description(server.url);
  const provider = httpProvider({ ...given, ...change(given) });
  const { signal } = new AbortController();
  return {
    provider,
    server,
    tokens,
    balance: () => provider.fetchBalance({ currency: 'KES', signal }),
    lookup: async (reference = 'p-1') =>
      (await provider.lookup?.({ reference, currency: 'KES', sentAtMs: 0, signal })) ?? { outcome: 'unknown' },
  };
}

const unchanged = () => ({});
const balanceOf = (spendable: string): Answer => ({ body: `{"spendable":${spendable}}` });
const rowsOf = (states: string, next: string | null = null): Answer => {
  const rows = states.split(' ').map((state) => ({ ref: 'p-1', state, amount: '10' }));
  return { body: JSON.stringify({ rows, next }) };
};

describe('the request', () => {
  it('is a POST with a JSON body, whose amounts and numbers are exact', async () => {
    const body = { currency: 'KES', account: 90_071_992_547_409_931n, least: '0.10', page: 1, none: undefined };
    const fixed = await acme(() => ({ method: 'POST', body }), [balanceOf('1.50')]);
    const asked = await acme(() => ({ method: 'POST', body: () => body }), [balanceOf('1.50')]);
    for (const { balance, server } of [fixed, asked]) {
      expect(await balance()).toEqual({ available: '1.50', currency: 'KES' });
      expect(server.requests).toEqual([
        {
          method: 'POST',
          path: '/balance',
          body: '{"currency":"KES","account":90071992547409931,"least":"0.10","page":1}',
        },
      ]);
    }
  });

  it('of a look-up carries the reference, in the address or in the body', async () => {
    const inAddress = await acme(unchanged, [rowsOf('PAID')]);
    await inAddress.lookup('a/b&c');
    expect(inAddress.server.requests[0]).toEqual({ method: 'GET', path: '/payouts?ref=a%2Fb%26c', body: '' });
    const inBody = await acme(
      ({ lookup }) => ({ lookup: lookup && { ...lookup, method: 'POST', body: (question: object) => question } }),
      [rowsOf('PAID')],
    );
    await inBody.lookup('a"b');
    const body = '{"reference":"a\\"b","currency":"KES","sentAtMs":0}';
    expect(inBody.server.requests[0]).toMatchObject({ method: 'POST', body });
  });
});

describe('failureOf', () => {
  const failureIn = (_status: number, body: unknown) =>
    z.object({ error: z.enum(['unauthorized', 'forbidden', 'rate_limited', 'provider_error']) }).safeParse(body).data
      ?.error;
  const error = (reason: string, status: number): Answer => ({ status, body: `{"error":"${reason}"}` });

  it.each([404, 200, 401])('renews the headers once after a void token that is answered with %i', async (status) => {
    let token = 0;
    const headers = () => ({ authorization: `token-${++token}` });
    const change = () => ({ headers, failureOf: failureIn });
    const once = await acme(change, [error('unauthorized', status), balanceOf('1.50')]);
    expect(await once.balance()).toMatchObject({ available: '1.50' });
    expect(once.tokens).toEqual(['token-1', 'token-2']);
    const lookedUp = await acme(change, [error('unauthorized', status), rowsOf('PAID')]);
    expect(await lookedUp.lookup()).toMatchObject({ outcome: 'completed' });
    const always = await acme(change, [error('unauthorized', status)]);
    expect(await failureOf(always.balance())).toMatchObject({ reason: 'unauthorized' });
    expect(always.tokens).toHaveLength(2);
    expect(await failureOf(always.lookup())).toMatchObject({ reason: 'unauthorized' });
  });

  it.each([
    ['forbidden', 1],
    ['provider_error', 1],
    ['rate_limited', 3],
  ])('reports %s, after %i attempts', async (reason, attempts) => {
    const { balance, server } = await acme(() => ({ failureOf: failureIn }), [error(reason, 200)]);
    expect(await failureOf(balance())).toMatchObject({ reason });
    expect(server.requests).toHaveLength(attempts);
  });

  it('leaves the status to decide when it returns undefined, and is given no body that is no JSON', async () => {
    const given: unknown[] = [];
    const failureOfNone = (...seen: unknown[]) => void given.push(seen);
    const page = await acme(() => ({ failureOf: failureOfNone }), [{ status: 404, body: '<html>' }]);
    expect(await failureOf(page.balance())).toMatchObject({ reason: 'provider_error' });
    expect(new Set(given.map((seen) => JSON.stringify(seen)))).toEqual(new Set(['[404,null]']));
  });
});

describe('a look-up', () => {
  it.each<[string, string | null, PayoutAnswer]>([
    ['REJECTED PAID QUEUED', null, { outcome: 'completed', debited: '10.01' }],
    ['PAID QUEUED', 'page-2', { outcome: 'completed', debited: '10.01' }],
    ['PAID PAID', null, { outcome: 'completed', timesPaid: 2 }],
    ['REJECTED REJECTED', null, { outcome: 'failed' }],
    ['REJECTED', 'page-2', { outcome: 'unknown' }],
    ['REJECTED QUEUED', null, { outcome: 'pending' }],
    ['REJECTED odd', null, { outcome: 'pending' }],
    ['odd', null, { outcome: 'unknown' }],
  ])('S3. reads the rows %s with the next page %s as %j', async (states, next, expected) => {
    expect(await (await acme(unchanged, [rowsOf(states, next)])).lookup()).toEqual(expected);
  });

  it('reads no row of another reference, and an absence only where it is described', async () => {
    const { lookup } = await acme(unchanged, [rowsOf('PAID'), { body: '{"rows":[],"next":null}' }]);
    expect([await lookup('p-2'), await lookup('p-1')]).toEqual([{ outcome: 'unknown' }, { outcome: 'unknown' }]);
    const described = await acme(
      (given) => ({ lookup: given.lookup && { ...given.lookup, notFound: z.object({ rows: z.tuple([]) }) } }),
      [{ body: '{"rows":[],"next":null}' }, { status: 503, body: '{"rows":[]}' }],
    );
    expect(await described.lookup()).toEqual({ outcome: 'unknown', absent: true });
    expect(await failureOf(described.lookup())).toMatchObject({ reason: 'provider_error' });
  });

  it('takes any number of 404 for unknown, without opening the circuit', async () => {
    const { lookup, server } = await acme(unchanged, [{ status: 404, body: '<html>Not Found</html>' }]);
    for (let asked = 0; asked < 10; asked += 1) expect(await lookup()).toEqual({ outcome: 'unknown' });
    expect(server.requests).toHaveLength(10);
  });

  it('that fails leaves balances alone', async () => {
    const broken = { status: 400, body: '' };
    const { lookup, balance } = await acme(unchanged, [...Array(6).fill(broken), balanceOf('1.50')]);
    for (let asked = 0; asked < 6; asked += 1) await failureOf(lookup());
    expect(await failureOf(lookup())).toMatchObject({ reason: 'circuit_open' });
    expect(await failureOf(balance())).toMatchObject({ reason: 'provider_error' });
    expect(await balance()).toMatchObject({ available: '1.50' });
  });
});

describe('F1. a function that does not answer is an error of its own', () => {
  const rejected = () => Promise.reject(new Error('never shown'));
  const nothing = () => undefined;
  const withLookup = (part: object) => (given: Options) =>
    ({ lookup: { ...given.lookup, ...part } }) as unknown as Partial<Options>;
  const withOption = (part: object) => () => part as Partial<Options>;

  it.each<[string, (given: Options) => Partial<Options>, 'balance' | 'lookup', string]>([
    ['url', withOption({ url: nothing }), 'balance', 'url: returned nothing; it must return an absolute URL'],
    ['url', withOption({ url: rejected }), 'balance', 'url: returned a promise; it must return an absolute URL'],
    ['headers', withOption({ headers: nothing }), 'balance', 'headers: returned nothing'],
    ['headers', withOption({ headers: async () => undefined }), 'lookup', 'headers: returned nothing'],
    ['headers', withOption({ headers: () => ({ a: 5 }) }), 'balance', 'headers: returned a value of type'],
    ['body', withOption({ method: 'POST', body: nothing }), 'balance', 'body: returned nothing'],
    ['body', withOption({ method: 'POST', body: rejected }), 'balance', 'body: returned a promise'],
    [
      'body',
      withOption({ method: 'POST', body: () => ({ amount: 0.1 }) }),
      'balance',
      'body: returned a value of type',
    ],
    ['select', withOption({ select: rejected }), 'balance', 'select: returned a promise; it must return the balance'],
    ['failureOf', withOption({ failureOf: rejected }), 'balance', 'failureOf: returned a promise'],
    ['failureOf', withOption({ failureOf: () => 'odd' }), 'lookup', 'failureOf: returned a value of type string'],
    ['lookup.url', withLookup({ url: rejected }), 'lookup', 'lookup.url: returned a promise'],
    ['lookup.rows', withLookup({ rows: nothing }), 'lookup', 'lookup.rows: returned nothing; it must return an array'],
    ['lookup.rows', withLookup({ rows: rejected }), 'lookup', 'lookup.rows: returned a promise'],
    ['lookup.referenceOf', withLookup({ referenceOf: rejected }), 'lookup', 'lookup.referenceOf: returned a promise'],
    ['lookup.statusOf', withLookup({ statusOf: nothing }), 'lookup', 'lookup.statusOf: returned nothing'],
    ['lookup.statusOf', withLookup({ statusOf: rejected }), 'lookup', 'lookup.statusOf: returned a promise'],
    ['lookup.hasMore', withLookup({ hasMore: nothing }), 'lookup', 'lookup.hasMore: returned nothing'],
    ['lookup.hasMore', withLookup({ hasMore: rejected }), 'lookup', 'lookup.hasMore: returned a promise'],
    ['lookup.debitOf', withLookup({ debitOf: rejected }), 'lookup', 'lookup.debitOf: returned a promise'],
    ['lookup.debitOf', withLookup({ debitOf: () => ({ amount: 1.5 }) }), 'lookup', 'lookup.debitOf: returned a value'],
  ])('%s', async (_name, change, question, message) => {
    const { balance, lookup } = await acme(change, [question === 'balance' ? balanceOf('1.50') : rowsOf('PAID')]);
    const error = await failureOf(question === 'balance' ? balance() : lookup());
    expect(error).toMatchObject({ code: 'configuration', message: expect.stringContaining(message) });
    expect(error.message).not.toContain('never shown');
  });

  it.each([rejected, () => null, () => 5])('referenceOf of an event: %s', async (referenceOf) => {
    const rawBody = Buffer.from('{"ref":"p-1"}');
    const headers = { 'x-signature': hmac('sha512', 'secret', [rawBody]) };
    const events = { schema: z.object({ ref: z.string() }), referenceOf: referenceOf as never };
    const webhook = { secret: 'secret', header: 'x-signature', algorithm: 'sha512' as const, ...events };
    const { provider: signed } = await acme(() => ({ webhook }), []);
    const { provider: unsigned } = await acme(() => ({ callback: events }), []);
    await expect(async () => signed.webhook?.read(rawBody, headers)).rejects.toThrow(/webhook\.referenceOf: returned/);
    expect(await signed.webhook?.read(rawBody, {})).toBeUndefined();
    expect(() => unsigned.callback?.referenceOf(rawBody)).toThrow(/callback\.referenceOf: returned/);
  });
});

describe('a callback', () => {
  it('names the reference in its body, and none in any other body', async () => {
    const callback = {
      schema: z.object({ ref: z.string().optional() }),
      referenceOf: ({ ref }: { ref?: string | undefined }) => ref,
    };
    const { provider } = await acme(() => ({ callback }), []);
    const read = (body: string) => provider.callback?.referenceOf(Buffer.from(body));
    expect(['{"ref":"p-1"}', '{}', '{"ref":5}', '[]', 'ref=p-1', ''].map(read)).toEqual([
      'p-1',
      undefined,
      '5',
      undefined,
      undefined,
      undefined,
    ]);
  });
});
