// Stripe beyond the contract: its units, connected accounts, parts of a balance, and payouts on several pages.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PayoutAnswer } from 'payout-guard';
import { type StripeOptions, stripe } from 'payout-guard/providers/stripe';
import { closeAll, failureOf, guardOf, quick, type RawServer, send, startServer } from './support.js';

afterEach(closeAll);

const secretKey = 'sk_live_0123';
const sentAtMs = 1_764_061_200_000;
const { signal } = new AbortController();
const open = (options: Partial<StripeOptions> = {}) => stripe({ secretKey, ...quick, ...options });

/** A server that answers each request with the next of these bodies, and the last one again. */
function answering(...bodies: readonly unknown[]): Promise<RawServer> {
  let next = 0;
  return startServer((response) => {
    send(response, JSON.stringify(bodies[Math.min(next, bodies.length - 1)]));
    next += 1;
  });
}

const balance = (currency: string, amount: number, source_types?: Record<string, number>) => ({
  object: 'balance',
  available: [{ amount, currency, source_types }],
  livemode: true,
});

describe('the balance of Stripe', () => {
  it.each([
    ['USD', '1250.50'],
    ['KES', '1250.50'],
    ['UGX', '1250.50'],
    ['ISK', '1250.50'],
    ['HUF', '1250.50'],
    ['TWD', '1250.50'],
    ...['BHD', 'JOD', 'KWD', 'OMR', 'TND'].map((code) => [code, '125.050']),
    ...'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' ').map((code) => [code, '125050']),
  ])('counts %s in its unit: 125050 is %s', async (currency = '', available) => {
    const server = await answering(balance(currency.toLowerCase(), 125_050));
    const read = await open({ baseUrl: server.url }).fetchBalance({ currency, signal });
    expect(read).toEqual({ available, currency });
  });

  it('covers whole shillings only, although Stripe counts hundredths of UGX', async () => {
    const server = await answering(balance('ugx', 150_099));
    const guard = guardOf(open({ baseUrl: server.url }), { currency: 'UGX' });
    expect(await guard.checkFunds('1500')).toMatchObject({ sufficient: true, available: '1500' });
    expect(await guard.checkFunds('1501')).toMatchObject({ sufficient: false, available: '1500' });
  });

  it('settles a payout of hundredths that the currency does not have, by a debit that is rounded up', async () => {
    const payout = { object: 'payout', id: 'po_1', status: 'paid', amount: 125_001, currency: 'ugx', livemode: true };
    const row = { ...payout, metadata: { guard_reference: 'p-1' } };
    const server = await answering(balance('ugx', 150_000), { object: 'list', data: [row], has_more: false });
    const guard = guardOf(open({ baseUrl: server.url, product: 'payouts' }), { currency: 'UGX' });
    const hold = await guard.hold({ amount: '1250', reference: 'p-1' });
    await hold.sent();
    await guard.reconcile({ reference: 'p-1' });
    expect(await guard.getHold('p-1')).toMatchObject({ state: 'captured', captured: '1251' });
  });

  it('asks for the connected account with a pinned version of the API', async () => {
    const headers: unknown[] = [];
    const server = await startServer((response, request) => {
      const { authorization, 'stripe-account': account, 'stripe-version': version } = request.headers;
      headers.push({ authorization, account, version });
      send(response, JSON.stringify(balance('usd', 1)));
    });
    for (const account of [undefined, 'acct_1ABC']) {
      await open({ baseUrl: server.url, account }).fetchBalance({ currency: 'USD', signal });
    }
    const version = '2025-10-29.clover';
    expect(headers).toEqual([
      { authorization: 'Bearer sk_live_0123', account: undefined, version },
      { authorization: 'Bearer sk_live_0123', account: 'acct_1ABC', version },
    ]);
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/balance', '/v1/balance']);
  });

  it.each([
    [100, { card: 60, bank_account: 40 }, '0.60'],
    [30, { card: 60, bank_account: -30 }, '0.30'],
    [-10, { card: 60, bank_account: -70 }, '-0.10'],
    [60, { card: -5, bank_account: 65 }, '-0.05'],
  ])('of %i with the parts %j covers %s in payments from cards', async (amount, parts, available) => {
    const server = await answering(balance('usd', amount, parts));
    const provider = open({ baseUrl: server.url, sourceType: 'card' });
    expect(await provider.fetchBalance({ currency: 'USD', signal })).toEqual({ available, currency: 'USD' });
  });

  it.each([undefined, { bank_account: 100 }])('without the part of cards in %j is refused', async (parts) => {
    const server = await answering(balance('usd', 100, parts));
    const reading = open({ baseUrl: server.url, sourceType: 'card' }).fetchBalance({ currency: 'USD', signal });
    expect(await failureOf(reading)).toMatchObject({ reason: 'malformed' });
  });
});

interface Payment {
  readonly status?: string;
  readonly reference?: string;
  readonly currency?: string;
  readonly method?: string;
}

let payments = 0;
const payout = ({ status = 'paid', reference = 'po_1001', currency = 'usd', method = 'standard' }: Payment) => {
  payments += 1;
  const metadata = { guard_reference: reference };
  return { id: `po_${payments}`, object: 'payout', amount: 37_500, currency, livemode: true, metadata, method, status };
};
const page = (data: readonly object[], has_more = false) => ({ object: 'list', data, has_more });

async function lookUp(
  server: RawServer,
  options: Partial<StripeOptions> = {},
  reference = 'po_1001',
): Promise<PayoutAnswer | undefined> {
  const provider = open({ baseUrl: server.url, product: 'payouts', ...options });
  return provider.lookup?.({ reference, currency: 'USD', sentAtMs, signal });
}

const queriesOf = ({ requests }: RawServer) =>
  requests.map(({ path }) => Object.fromEntries(new URL(path, 'http://x').searchParams));

describe('a look-up at Stripe', () => {
  it('reads payouts from an hour before to an hour after, page by page, until it finds one that was paid', async () => {
    const [first, second] = [payout({ reference: 'other' }), payout({ status: 'failed' })];
    const server = await answering(page([first], true), page([second], true), page([payout({})], true), page([]));
    expect(await lookUp(server)).toEqual({ outcome: 'completed', debited: '375.00' });
    const window = { 'created[gte]': '1764057600', 'created[lte]': '1764064800', limit: '25' };
    expect(queriesOf(server)).toEqual([
      window,
      { ...window, starting_after: first.id },
      { ...window, starting_after: second.id },
    ]);
    expect(server.requests.every(({ method, path }) => method === 'GET' && path.startsWith('/v1/payouts?'))).toBe(true);
  });

  it('takes the window from its option', async () => {
    const server = await answering(page([]));
    expect(await lookUp(server, { windowMs: 60_000 })).toEqual({ outcome: 'unknown' });
    expect(queriesOf(server)).toEqual([{ 'created[gte]': '1764061140', 'created[lte]': '1764061260', limit: '25' }]);
  });

  it.each([
    [['failed'], ['canceled'], 'failed'],
    [['failed'], ['pending'], 'pending'],
    [['failed'], ['brand_new'], 'pending'],
    [['brand_new'], ['brand_new'], 'unknown'],
    [['paid'], ['failed'], 'completed'],
  ])('of payouts that are %j and %j is %s (S3)', async (first, second, outcome) => {
    const [one, two] = [first, second].map((statuses) => statuses.map((status) => payout({ status })));
    const server = await answering(page(one ?? [], true), page(two ?? []));
    expect(await lookUp(server)).toMatchObject({ outcome });
  });

  it('gives up after 20 pages: a failed payout proves nothing while others are unread', async () => {
    const server = await answering(page([payout({ status: 'failed' })], true));
    expect(await lookUp(server)).toEqual({ outcome: 'unknown' });
    expect(server.requests).toHaveLength(20);
  });

  it('ends at an empty page, whatever it claims about more', async () => {
    const server = await answering(page([], true));
    expect(await lookUp(server)).toEqual({ outcome: 'unknown' });
    expect(server.requests).toHaveLength(1);
  });

  it('reports no debit of an instant payout, whose fee is elsewhere, or of one in another currency', async () => {
    for (const more of [{ method: 'instant' }, { currency: 'eur' }]) {
      expect(await lookUp(await answering(page([payout(more)])))).toEqual({ outcome: 'completed' });
    }
  });

  it('asks for transfers by their group, and takes an empty answer for an absence', async () => {
    const server = await answering(page([]));
    expect(await lookUp(server, { product: 'transfers' }, 'A/b:c#1&x')).toEqual({ outcome: 'unknown', absent: true });
    expect(queriesOf(server)).toEqual([{ transfer_group: 'A/b:c#1&x', limit: '25' }]);
  });

  it('takes no absence from transfers of that group that are not ours', async () => {
    const metadata = { guard_reference: 'other' };
    const transfer = { id: 'tr_1', object: 'transfer', amount: 1, currency: 'usd', livemode: true };
    const server = await answering(page([{ ...transfer, transfer_group: 'po_1001', metadata }]));
    expect(await lookUp(server, { product: 'transfers' })).toEqual({ outcome: 'unknown' });
  });
});

describe('the answer to a payment call of Stripe', () => {
  const transfer = { id: 'tr_1', object: 'transfer', livemode: true, metadata: {}, transfer_group: 'po_1001' };
  const about = { reference: 'po_1001' };

  it('carries the reference as metadata or as the group', () => {
    const { verdictOfResult } = open();
    expect(verdictOfResult?.(transfer, about)).toBe('completed');
    const metadata = { guard_reference: 'po_1001' };
    expect(verdictOfResult?.({ ...transfer, metadata, transfer_group: null }, about)).toBe('completed');
    expect(verdictOfResult?.({ ...transfer, metadata: { guard_reference: 'po_2' } }, about)).toBeUndefined();
    expect(verdictOfResult?.({ ...transfer, id: 'py_1' }, about)).toBeUndefined();
  });

  it('is no verdict in the other mode or of the other product', () => {
    expect(open({ secretKey: 'rk_test_0123' }).verdictOfResult?.(transfer, about)).toBe('unknown');
    expect(open({ product: 'payouts' }).verdictOfResult?.(transfer, about)).toBeUndefined();
  });
});

describe('an adapter for Stripe', () => {
  it.each([
    [{}, 'api.stripe.com/live'],
    [{ secretKey: 'rk_live_new' }, 'api.stripe.com/live'],
    [{ product: 'payouts', sourceType: 'card', webhookSecret: 'whsec_x' }, 'api.stripe.com/live'],
    [{ secretKey: 'sk_test_0123' }, 'api.stripe.com/test'],
    [{ account: 'acct_1ABC' }, 'api.stripe.com/live/acct_1ABC'],
  ] as const)('with %j has the account %s', (options, accountId) => {
    expect(open(options).accountId).toBe(accountId);
  });

  it('reads no webhook without the secret of its endpoint', () => {
    expect(open().webhook).toBeUndefined();
  });

  it.each([
    ['secretKey', 'pk_live_0123'],
    ['account', '1ABC'],
    ['product', 'charges'],
    ['sourceType', 'cards'],
    ['webhookSecret', 'secret-of-mine'],
    ['windowMs', 1_000],
    ['baseUrl', 'http://api.stripe.com'],
  ])('refuses a wrong %s', (name, value) => {
    expect(() => open({ [name]: value })).toThrow(new RegExp(`not configured correctly: ${name}: .`));
  });
});
