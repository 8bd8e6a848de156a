// Features of Flutterwave alone: several rows of one reference, pages, another wallet's debit, keys of two modes.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PayoutAnswer } from 'payout-guard';
import { type FlutterwaveOptions, flutterwave } from 'payout-guard/providers/flutterwave';
import { closeAll, failureOf, quick, send, startServer } from './support.js';

afterEach(closeAll);

const { signal } = new AbortController();
const reference = 'po_1006';
const secretKey = 'FLWSECK-0123-X';

interface Row {
  readonly status: string;
  readonly amount?: number;
  readonly fee?: number | null;
  readonly currency?: string;
  readonly debit_currency?: string | null;
}

async function lookUp(rows: readonly Row[], pages = 1, currency = 'NGN'): Promise<PayoutAnswer | undefined> {
  const server = await startServer((response) =>
    send(
      response,
      JSON.stringify({
        status: 'success',
        meta: { page_info: { total: rows.length, current_page: 1, total_pages: pages } },
        data: rows.map((row) => ({ reference, amount: 10, fee: 1, currency: 'NGN', ...row })),
      }),
    ),
  );
  const provider = flutterwave({ secretKey, baseUrl: server.url, ...quick });
  const answer = await provider.lookup?.({ reference, currency, sentAtMs: 0, signal });
  expect(server.requests.map(({ path }) => path)).toEqual([`/v3/transfers?reference=${reference}`]);
  return answer;
}

describe('the rows of one reference', () => {
  it.each([
    ['made, after a failure', ['FAILED', 'SUCCESSFUL'], 1, { outcome: 'completed', debited: '11.00' }],
    ['all failed', ['FAILED', 'FAILED'], 1, { outcome: 'failed' }],
    ['one failed and one open', ['FAILED', 'NEW'], 1, { outcome: 'pending' }],
    ['one failed and one with a new word', ['FAILED', 'RETRYING'], 1, { outcome: 'pending' }],
    ['failed, with another page', ['FAILED'], 2, { outcome: 'unknown' }],
    ['made, with another page', ['SUCCESSFUL'], 2, { outcome: 'completed', debited: '11.00' }],
    ['none, with another page', [], 2, { outcome: 'unknown' }],
    ['none', [], 1, { outcome: 'unknown', absent: true }],
    ['made twice, which has no one debit', ['SUCCESSFUL', 'SUCCESSFUL'], 1, { outcome: 'completed', timesPaid: 2 }],
  ])('that are %s are one outcome', async (_, statuses, pages, expected) => {
    const rows = statuses.map((status) => ({ status }));
    expect(await lookUp(rows, pages)).toEqual(expected);
  });

  it.each([
    ['a fee that is not known', { fee: null }],
    ['an amount in another currency', { currency: 'KES' }],
    ['an amount that the wallet of another currency paid', { debit_currency: 'USD' }],
  ])('have no debit with %s', async (_, difference) => {
    expect(await lookUp([{ status: 'SUCCESSFUL', ...difference }])).toEqual({ outcome: 'completed' });
  });

  it('have no debit in a currency whose decimals are not known', async () => {
    expect(await lookUp([{ status: 'SUCCESSFUL', currency: 'USDC' }], 1, 'USDC')).toEqual({ outcome: 'completed' });
  });

  it.each([
    ['NGN', 5_500, 26.875, '5526.88'],
    ['NGN', 5_500, 26.871, '5526.88'],
    ['NGN', 5_500, 26.87, '5526.87'],
    ['UGX', 20_000, 500.01, '20501'],
    ['UGX', 20_000, 500, '20500'],
  ])('are debited in %s with the fee rounded up: %d and %d', async (currency, amount, fee, debited) => {
    const row = { status: 'SUCCESSFUL', amount, fee, currency, debit_currency: currency };
    expect(await lookUp([row], 1, currency)).toEqual({ outcome: 'completed', debited });
  });
});

describe('a Flutterwave account', () => {
  it.each([
    ['FLWSECK-0123-X', 'api.flutterwave.com/live'],
    ['FLWSECK-4567-X', 'api.flutterwave.com/live'],
    ['FLWSECK_TEST-0123-X', 'api.flutterwave.com/test'],
  ])('is the same after a rotation of keys, and another one in test mode: %s', (key, accountId) => {
    expect(flutterwave({ secretKey: key }).accountId).toBe(accountId);
  });

  it('has webhooks only with the secret hash', () => {
    expect(flutterwave({ secretKey }).webhook).toBeUndefined();
    expect(flutterwave({ secretKey, webhookSecret: 'hash' }).webhook).toBeDefined();
  });

  it.each([
    [{ secretKey: 'FLWPUBK-0123-X' }, 'secretKey: must be a secret key of API v3: FLWSECK-... or FLWSECK_TEST-...'],
    [{ secretKey, webhookSecret: '' }, 'webhookSecret: must be text without spaces, as the provider shows it'],
    [{ secretKey, secretHash: 'hash' }, 'Unrecognized key: "secretHash"'],
    [{ secretKey, baseUrl: 'http://api.flutterwave.com' }, 'baseUrl: '],
  ])('is refused with the options %j', async (options, problem) => {
    const error = await failureOf(Promise.resolve().then(() => flutterwave(options as FlutterwaveOptions)));
    expect(error.message).toContain(problem);
    expect(error).toMatchObject({ code: 'configuration' });
  });
});
