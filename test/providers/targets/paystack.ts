// Paystack as a row of the provider contract.
import { paystack } from 'payout-guard/providers/paystack';
import type { ProviderTarget, ReportedPayout } from 'payout-guard/testing';
import { hmac } from '../../../src/providers/shared/webhook-signature.js';

const secretKey = 'sk_live_0123456789abcdef';
const subunits = (amount: string) => amount.replace(/\.(\d\d)$/, '$1').replace(/^(-?)0+(?=\d)/, '$1');

const data = ({ reference, status, amount, fee }: ReportedPayout, domain = 'live') => ({
  amount: Number(subunits(amount)),
  currency: 'NGN',
  domain,
  reference,
  status,
  transfer_code: 'TRF_0123456789',
  ...(fee === undefined ? {} : { fee_charged: Number(subunits(fee)) }),
});

const made: ReportedPayout = {
  reference: 'payout-1001-lagos-000001',
  status: 'success',
  amount: '375.00',
  fee: '10.00',
};

const event = (type: string, reference: string) =>
  Buffer.from(`{"event":"${type}","data":{"amount":37500.0,"reference":"${reference}","status":"success"}}`);
const signed = (rawBody: Uint8Array) => ({ 'x-paystack-signature': hmac('sha512', secretKey, [rawBody]) });
const [success, charge] = [event('transfer.success', 'payout-1001-lagos-000001'), event('charge.success', 'order-1')];

export const paystackTarget: ProviderTarget = {
  name: 'paystack',
  currency: 'NGN',
  open: (baseUrl, network) => paystack({ secretKey, baseUrl, ...network }),
  secrets: [secretKey],
  balance: {
    answer: (available) => ({
      body:
        '{"status":true,"message":"Balances retrieved","data":[{"currency":"GHS","balance":1},' +
        `{"currency":"NGN","balance":${subunits(available)}}]}`,
    }),
    otherFigures: ['data.0.balance'],
    refused: [],
  },
  lookup: {
    answer: (payout) => ({ body: JSON.stringify({ status: true, message: 'Transfer retrieved', data: data(payout) }) }),
    statuses: {
      completed: ['success'],
      pending: ['pending', 'otp', 'received', 'queued'],
      failed: ['failed', 'reversed', 'abandoned', 'blocked', 'rejected'],
    },
    notFound: { status: 404, body: '{"status":false,"message":"Transfer not found"}' },
    reportsDebit: true,
    refused: [
      {
        name: 'a transfer of the test mode',
        body: JSON.stringify({ status: true, message: 'Transfer retrieved', data: data(made, 'test') }),
      },
    ],
  },
  result: {
    answer: (payout) => ({ status: true, message: 'Transfer has been queued', data: data(payout) }),
    unproved: (reference) => [data({ ...made, reference }, 'test')],
  },
  webhook: {
    valid: [
      { name: 'of a transfer', rawBody: success, headers: signed(success), reference: 'payout-1001-lagos-000001' },
      { name: 'of a charge', rawBody: charge, headers: signed(charge), reference: undefined },
    ],
    invalid: [
      {
        name: 'signed with another key',
        rawBody: success,
        headers: { 'x-paystack-signature': hmac('sha512', 'sk_live_other', [success]) },
      },
    ],
    signedBy: ['x-paystack-signature'],
  },
};
