// `httpProvider` with all its options as rows of the provider contract: an API with one payout for each reference, and
// one that answers lists.
import { httpProvider } from 'payout-guard/providers/http';
import type { ProviderTarget, ReportedPayout } from 'payout-guard/testing';
import { z } from 'zod';
import { hmac } from '../../../src/providers/shared/webhook-signature.js';

const apiKey = 'acme-api-key-0123456789';
const secret = 'acme-webhook-secret-0123456789';

const transfer = z.object({
  ref: z.string(),
  state: z.string(),
  amount: z.string(),
  fee: z.string().nullish(),
  ccy: z.string(),
});

const transferOf = ({ reference, status, amount, fee }: ReportedPayout) =>
  `{"ref":"${reference}","state":${JSON.stringify(status)},"amount":${amount},"fee":${fee ?? null},"ccy":"KES"}`;

const event = (reference: string) =>
  Buffer.from(`{"type":"transfer",  "transfer":{"ref":"${reference}","amount":1.50}}`);
const signed = (rawBody: Uint8Array, key = secret) => ({
  'x-acme-signature': `sha256=${hmac('sha256', key, [rawBody], 'base64')}`,
});
const transferEvent = event('payout-1001-lagos-000001');
const otherEvent = Buffer.from('{"type":"login"}');

const balance: ProviderTarget['balance'] = {
  answer: (available) => ({ body: `{"spendable":${available},"ledger":1,"ccy":"KES"}` }),
  otherFigures: ['ledger'],
  refused: [
    { name: 'no figure', body: '{"ledger":1,"ccy":"KES"}' },
    { name: 'an error with the status of a success', body: '{"error":"no_access"}', reason: 'forbidden' },
    { name: 'a void token with the status of a success', body: '{"error":"bad_token"}', reason: 'unauthorized' },
  ],
};

const statuses = { completed: ['PAID', '0'], pending: ['QUEUED', 'SENT'], failed: ['REJECTED'] };

/** Reports failures in its bodies, and answers one payout. */
export const httpTarget: ProviderTarget = {
  name: 'httpProvider',
  currency: 'KES',
  open: (baseUrl, network) =>
    httpProvider({
      name: 'acme',
      accountId: 'merchant-1',
      url: `${baseUrl}/balance`,
      method: 'POST',
      body: ({ currency }: { currency: string }) => ({ currency, account: 90_071_992_547_409_931n }),
      headers: () => ({ authorization: `Bearer ${apiKey}` }),
      schema: z.object({ spendable: z.string(), ledger: z.unknown(), ccy: z.string() }),
      select: ({ spendable, ccy }) => ({ available: spendable, currency: ccy }),
      failureOf: (_status, body) => {
        const { data } = z.object({ error: z.string() }).safeParse(body);
        return data && (data.error === 'bad_token' ? 'unauthorized' : 'forbidden');
      },
      lookup: {
        url: ({ reference }) => `${baseUrl}/transfers/${encodeURIComponent(reference)}`,
        schema: transfer,
        rows: (found) => [found],
        referenceOf: ({ ref }) => ref,
        statusOf: ({ state }) => state,
        statuses,
        debitOf: ({ amount, fee, ccy }) => ({ amount, fee, currency: ccy }),
        notFound: z.object({ message: z.literal('no such transfer') }),
      },
      webhook: {
        secret: ['a newer secret', secret],
        header: 'X-Acme-Signature',
        algorithm: 'sha256',
        encoding: 'base64',
        prefix: 'sha256=',
        schema: z.object({ transfer: z.object({ ref: z.string(), amount: z.literal('1.50') }) }),
        referenceOf: (posted) => posted.transfer.ref,
      },
      ...network,
    }),
  secrets: [apiKey, secret],
  balance,
  lookup: {
    answer: (payout) => ({ body: transferOf(payout) }),
    statuses,
    notFound: { status: 404, body: '{"message":"no such transfer"}' },
    reportsDebit: true,
    refused: [
      { name: 'a void token', status: 404, body: '{"error":"bad_token"}' },
      { name: 'a payout without a status', body: '{"ref":"payout-1001-lagos-000001","amount":1,"ccy":"KES"}' },
    ],
  },
  webhook: {
    valid: [
      {
        name: 'of a transfer',
        rawBody: transferEvent,
        headers: signed(transferEvent),
        reference: 'payout-1001-lagos-000001',
      },
      { name: 'of something else', rawBody: otherEvent, headers: signed(otherEvent), reference: undefined },
    ],
    invalid: [
      { name: 'signed with another key', rawBody: transferEvent, headers: signed(transferEvent, 'another') },
      {
        name: 'signed without the prefix',
        rawBody: transferEvent,
        headers: { 'x-acme-signature': hmac('sha256', secret, [transferEvent], 'base64') },
      },
    ],
    signedBy: ['x-acme-signature'],
  },
};

/** Answers lists, of which an empty one means that there is no such payout. Asked by POST. */
export const httpListTarget: ProviderTarget = {
  name: 'httpProvider with lists of payouts',
  currency: 'KES',
  open: (baseUrl, network) =>
    httpProvider({
      name: 'acme',
      url: `${baseUrl}/balance`,
      headers: { authorization: `Bearer ${apiKey}` },
      schema: z.object({ spendable: z.string(), ccy: z.string() }),
      select: ({ spendable, ccy }) => ({ available: spendable, currency: ccy }),
      lookup: {
        url: `${baseUrl}/transfers/search`,
        method: 'POST',
        body: ({ reference }: { reference: string }) => ({ reference }),
        schema: z.object({ transfers: z.array(transfer), total: z.string() }),
        rows: ({ transfers }) => transfers,
        hasMore: ({ transfers, total }) => total !== String(transfers.length),
        referenceOf: ({ ref }) => ref,
        statusOf: ({ state }) => state,
        statuses,
        notFound: z.object({ transfers: z.tuple([]), total: z.literal('0') }),
      },
      ...network,
    }),
  secrets: [apiKey],
  balance: { ...balance, refused: balance.refused.slice(0, 1) },
  lookup: {
    answer: (payout) => ({ body: `{"total":1,"transfers":[${transferOf(payout)}]}` }),
    statuses,
    notFound: { body: '{"total":0,"transfers":[]}' },
  },
};
