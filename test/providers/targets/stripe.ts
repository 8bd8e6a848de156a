// Stripe as two rows of the provider contract: transfers in USD and payouts in UGX, which it counts in hundredths.
import { type StripeOptions, stripe } from 'payout-guard/providers/stripe';
import type { ProviderTarget, ReportedPayout } from 'payout-guard/testing';
import { hmac } from '../../../src/providers/shared/webhook-signature.js';

const secretKey = 'sk_live_0123456789abcdef';
const webhookSecret = 'whsec_0123456789abcdef';
const account = 'acct_0123456789';
const nowSeconds = 1_795_680_000;
const clock = { now: () => nowSeconds * 1_000, elapsed: () => performance.now() };
const hundredths = (amount: string) => amount.replace(/\.(\d\d)$/, '$1').replace(/^(-?)0+(?=\d)/, '$1');

const balance = (currency: string): ProviderTarget['balance'] => ({
  answer: (available) => ({
    body:
      '{"object":"balance","available":[{"amount":7,"currency":"eur","source_types":{"card":7}},' +
      `{"amount":${hundredths(available)},"currency":"${currency}","source_types":{"card":8}}],"connect_reserved":` +
      `[{"amount":9,"currency":"${currency}"}],"instant_available":[{"amount":6,"currency":"${currency}"}],` +
      `"livemode":true,"pending":[{"amount":5,"currency":"${currency}"}]}`,
  }),
  otherFigures: [
    'available.0.amount',
    'available.1.source_types.card',
    'connect_reserved.0.amount',
    'instant_available.0.amount',
    'pending.0.amount',
  ],
  refused: [
    ...Object.entries({
      'no row of the currency': `[{"amount":7,"currency":"eur"}]`,
      'two rows of the currency': `[{"amount":7,"currency":"${currency}"},{"amount":7,"currency":"${currency}"}]`,
      'a currency in capitals': `[{"amount":7,"currency":"${currency.toUpperCase()}"}]`,
      'a fraction of the smallest unit': `[{"amount":7.5,"currency":"${currency}"}]`,
      'an amount as text': `[{"amount":"7","currency":"${currency}"}]`,
    }).map(([name, available]) => ({ name, body: `{"object":"balance","available":${available},"livemode":true}` })),
    { name: 'no mode', body: `{"object":"balance","available":[{"amount":7,"currency":"${currency}"}]}` },
    {
      name: 'the test mode',
      body: `{"object":"balance","available":[{"amount":7,"currency":"${currency}"}],"livemode":false}`,
      reason: 'forbidden',
    },
    {
      name: 'the limit of requests as a code',
      status: 400,
      body: '{"error":{"type":"invalid_request_error","code":"rate_limit"}}',
      reason: 'rate_limited',
    },
  ],
});

const transfer = ({ reference, status, amount }: ReportedPayout) => ({
  id: 'tr_0123456789',
  object: status,
  amount: Number(hundredths(amount)),
  currency: 'usd',
  livemode: true,
  metadata: {},
  reversed: false,
  transfer_group: reference,
});

const payout = ({ reference, status, amount }: ReportedPayout) => ({
  id: 'po_0123456789',
  object: 'payout',
  amount: Number(hundredths(amount)),
  currency: 'ugx',
  livemode: true,
  metadata: { guard_reference: reference },
  method: 'standard',
  status,
});

const listOf = (row: object, has_more = false) => ({
  body: JSON.stringify({ object: 'list', data: [{ ...row }], has_more, url: '/v1/...' }),
});
const none = { body: '{"object":"list","data":[],"has_more":false}' };
const paid = { reference: 'payout-1001-lagos-000001', amount: '375.00' };

const event = (type: string, object: object, more: object = { account }) =>
  Buffer.from(JSON.stringify({ object: 'event', type, livemode: true, ...more, data: { object } }, null, 2));
const signed = (rawBody: Uint8Array, seconds = nowSeconds - 300, secret = webhookSecret) => ({
  'stripe-signature': `t=${seconds},v1=${hmac('sha256', secret, [`${seconds}.`, rawBody])}`,
});
const delivery = (name: string, rawBody: Buffer, headers = signed(rawBody)) => ({ name, rawBody, headers });

const webhookOf = (type: string, object: object, foreign: object): NonNullable<ProviderTarget['webhook']> => {
  const rawBody = event(type, object);
  const signature = signed(rawBody)['stripe-signature'];
  return {
    valid: [
      { ...delivery(`of ${type}`, rawBody), reference: paid.reference },
      { ...delivery('of another product', event('other', foreign)), reference: undefined },
      { ...delivery('of the test mode', event(type, object, { account, livemode: false })), reference: undefined },
      { ...delivery('of another account', event(type, object, { account: 'acct_1' })), reference: undefined },
      { ...delivery('of the platform', event(type, object, {})), reference: undefined },
    ],
    invalid: [
      delivery('that is older than 5 minutes', rawBody, signed(rawBody, nowSeconds - 301)),
      delivery('signed with another secret', rawBody, signed(rawBody, nowSeconds, 'whsec_other')),
      delivery('of another scheme', rawBody, { 'stripe-signature': signature.replace('v1', 'v0') }),
      delivery('of another time', rawBody, { 'stripe-signature': signature.replace(/\d,/, '1,') }),
      delivery('without a time', rawBody, { 'stripe-signature': signature.replace(/^t=\d+,/, '') }),
    ],
    signedBy: ['stripe-signature'],
  };
};

const target = (options: Partial<StripeOptions>): Pick<ProviderTarget, 'open' | 'secrets'> => ({
  open: (baseUrl, network) => stripe({ secretKey, account, webhookSecret, clock, baseUrl, ...options, ...network }),
  secrets: [secretKey, webhookSecret],
});

const made = { ...paid, status: 'transfer' };

export const stripeTransfersTarget: ProviderTarget = {
  ...target({}),
  name: 'stripe, transfers',
  currency: 'USD',
  balance: balance('usd'),
  lookup: {
    answer: (reported) => listOf(transfer(reported)),
    // A transfer has no status: its existence is the word.
    statuses: { completed: ['transfer'], pending: [], failed: [] },
    notFound: none,
    reportsDebit: 'amount',
    refused: [
      { name: 'a transfer of the test mode', ...listOf({ ...transfer(made), livemode: false }) },
      { name: 'a transfer for another hold', ...listOf({ ...transfer(made), metadata: { guard_reference: 'x' } }) },
      { name: 'a payout', ...listOf(payout({ ...paid, status: 'paid' })) },
    ],
  },
  result: {
    answer: transfer,
    unproved: (reference) => [{ ...transfer({ ...made, reference }), livemode: false }],
  },
  webhook: webhookOf('transfer.created', transfer(made), payout({ ...paid, status: 'paid' })),
};

export const stripePayoutsTarget: ProviderTarget = {
  ...target({ product: 'payouts' }),
  name: 'stripe, payouts',
  currency: 'UGX',
  balance: balance('ugx'),
  lookup: {
    answer: (reported) => listOf(payout(reported)),
    statuses: { completed: ['paid'], pending: ['pending', 'in_transit'], failed: ['failed', 'canceled'] },
    notFound: none,
    reportsDebit: 'amount',
    refused: [
      { name: 'a payout of the test mode', ...listOf({ ...payout({ ...paid, status: 'paid' }), livemode: false }) },
      { name: 'a payout without our reference', ...listOf({ ...payout({ ...paid, status: 'paid' }), metadata: {} }) },
      { name: 'a failed payout before pages without an end', ...listOf(payout({ ...paid, status: 'failed' }), true) },
      { name: 'a transfer', ...listOf(transfer(made)) },
    ],
  },
  result: {
    answer: payout,
    unproved: (reference) => [{ ...payout({ ...paid, reference, status: 'paid' }), livemode: false }],
  },
  webhook: webhookOf('payout.paid', payout({ ...paid, status: 'paid' }), transfer(made)),
};
