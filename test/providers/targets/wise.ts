// Wise as a row of the provider contract.
import { generateKeyPairSync, sign } from 'node:crypto';
import { wise, wiseCustomerTransactionId } from 'payout-guard/providers/wise';
import type { ProviderTarget, ReportedPayout } from 'payout-guard/testing';

const apiToken = 'wise-token-0123456789abcdef';
const profileId = '500';
const uuid = '3f1c2a52-6a0e-4c0b-9d3e-5f9a1b2c3d4e';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = String(publicKey.export({ type: 'spki', format: 'pem' }));

const row = (value: string, more = '') =>
  `{"id":700,"currency":"GBP","type":"STANDARD","investmentState":"NOT_INVESTED","amount":{"value":${value},` +
  '"currency":"GBP"},"reservedAmount":{"value":5,"currency":"GBP"},"cashAmount":{"value":6,"currency":"GBP"},' +
  `"totalWorth":{"value":7,"currency":"GBP"},"visible":true${more}}`;
const jar = row('8').replace('STANDARD', 'SAVINGS');
const euros = row('9').replaceAll('GBP', 'EUR');

const transfer = ({ reference, status, amount }: ReportedPayout) => ({
  id: 90010001,
  targetAccount: 2,
  status,
  created: '2026-11-26 08:00:00',
  sourceCurrency: 'GBP',
  sourceValue: Number(amount),
  targetCurrency: 'EUR',
  targetValue: 117.5,
  customerTransactionId: wiseCustomerTransactionId(reference),
});

const paid = { reference: 'payout-1001-lagos-000001', amount: '375.00', status: 'outgoing_payment_sent' };
const rows = (...transfers: readonly object[]) => ({ body: JSON.stringify(transfers) });

const event = (event_type: string, data: object) => Buffer.from(JSON.stringify({ event_type, data }, null, 1));
const resource = (profile_id: number) => ({ resource: { id: 90010001, profile_id, type: 'transfer' } });
const signed = (rawBody: Uint8Array) => ({
  'x-signature-sha256': sign('RSA-SHA256', rawBody, privateKey).toString('base64'),
});
const delivery = (name: string, rawBody: Buffer) => ({ name, rawBody, headers: signed(rawBody) });
const stateChange = event('transfers#state-change', resource(500));
const otherKey = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;

export const wiseTarget: ProviderTarget = {
  name: 'wise',
  currency: 'GBP',
  open: (baseUrl, network) => wise({ apiToken, profileId, publicKey: pem, baseUrl, ...network }),
  secrets: [apiToken],
  // The transfer of the webhooks. Look-ups ask for a list.
  before: ({ path }) =>
    path === '/v1/transfers/90010001'
      ? { body: JSON.stringify({ ...transfer(paid), customerTransactionId: uuid }) }
      : undefined,
  balance: {
    answer: (available) => ({ body: `[${euros},${jar},${row(available)}]` }),
    otherFigures: [
      '0.amount.value',
      '1.amount.value',
      '2.reservedAmount.value',
      '2.cashAmount.value',
      '2.totalWorth.value',
    ],
    refused: [
      { name: 'no row of the currency', body: `[${euros}]` },
      { name: 'a jar alone', body: `[${jar}]` },
      { name: 'two rows of the currency', body: `[${row('1')},${row('2')}]` },
      {
        name: 'an amount in another currency',
        body: `[${row('1').replace('1,"currency":"GBP"', '1,"currency":"EUR"')}]`,
      },
      { name: 'an invested balance', body: `[${row('1').replace('NOT_INVESTED', 'INVESTED')}]` },
      { name: 'what a float makes of 925', body: `[${row('925.0000000000001')}]` },
      { name: 'a tenth of a penny', body: `[${row('925.001')}]` },
      { name: 'an amount as text', body: `[${row('"1.00"')}]` },
      {
        name: 'an error',
        status: 422,
        body: '{"errors":[{"code":"ERROR","message":"..."}]}',
        reason: 'provider_error',
      },
    ],
  },
  lookup: {
    answer: (reported) => rows(transfer(reported)),
    statuses: {
      completed: ['outgoing_payment_sent'],
      pending: ['incoming_payment_initiated', 'processing', 'funds_converted', 'bounced_back'],
      failed: ['funds_refunded', 'cancelled'],
    },
    notFound: rows(),
    reportsDebit: 'amount',
    refused: [
      ...['incoming_payment_waiting', 'charged_back', 'unknown'].map((status) => ({
        name: `a transfer that is ${status}`,
        ...rows(transfer({ ...paid, status })),
      })),
      { name: 'a transfer without our id', ...rows({ ...transfer(paid), customerTransactionId: undefined }) },
      {
        name: 'a transfer whose id is our reference',
        ...rows({ ...transfer(paid), customerTransactionId: paid.reference }),
      },
      {
        name: 'a cancelled transfer among pages without an end',
        ...rows(...Array(25).fill(transfer({ ...paid, status: 'cancelled' }))),
      },
    ],
  },
  result: { answer: transfer },
  webhook: {
    valid: [
      { ...delivery('of a change', stateChange), reference: uuid },
      { ...delivery('of a refund', event('transfers#refund', resource(500))), reference: uuid },
      {
        ...delivery('of a failure', event('transfers#payout-failure', { transfer_id: 90010001, profile_id: 500 })),
        reference: uuid,
      },
      { ...delivery('of another profile', event('transfers#state-change', resource(501))), reference: undefined },
      { ...delivery('of a balance', event('balances#update', { resource: { id: 1 } })), reference: undefined },
    ],
    invalid: [
      {
        name: 'signed with another key',
        rawBody: stateChange,
        headers: { 'x-signature-sha256': sign('RSA-SHA256', stateChange, otherKey).toString('base64') },
      },
    ],
    signedBy: ['x-signature-sha256'],
  },
};
