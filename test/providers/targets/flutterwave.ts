// Flutterwave as a row of the provider contract.
import { flutterwave } from 'payout-guard/providers/flutterwave';
import type { ProviderTarget, ReportedPayout } from 'payout-guard/testing';
import { hmac } from '../../../src/providers/shared/webhook-signature.js';

const secretKey = 'FLWSECK-0123456789abcdef-X';
const webhookSecret = 'secret-hash-0123456789';

const row = ({ reference, status, amount, fee }: ReportedPayout) => ({
  id: 33286,
  reference,
  status,
  amount: Number(amount),
  currency: 'NGN',
  debit_currency: null,
  complete_message: '',
  requires_approval: 0,
  is_approved: 1,
  ...(fee === undefined ? {} : { fee: Number(fee) }),
});

const list = (rows: readonly object[], totalPages = 1) =>
  JSON.stringify({
    status: 'success',
    message: 'Transfers fetched',
    meta: { page_info: { total: rows.length, current_page: 1, total_pages: totalPages } },
    data: rows,
  });

const balance = (fields: string) => `{"status":"success","message":"Wallet balances fetched","data":${fields}}`;
const naira = '"available_balance":1200.50,"ledger_balance":1200.50';

const reference = 'payout-1001-lagos-000001';
const failed = row({ reference, status: 'FAILED', amount: '375.00', fee: '25.00' });
const event = Buffer.from(
  `{"event":"transfer.completed","event.type":"Transfer","data":{"amount":375.0,"reference":"${reference}"}}`,
);
const legacy = Buffer.from(`{"event.type":"Transfer","transfer":{"amount":375.0,"reference":"${reference}"}}`);
const charge = Buffer.from('{"event":"charge.completed","data":{"amount":375.0,"tx_ref":"order-1","reference":"x"}}');
const signed = (rawBody: Uint8Array, key = webhookSecret) => ({
  'flutterwave-signature': hmac('sha256', key, [rawBody], 'base64'),
});
const secret = { 'verif-hash': webhookSecret };
const shared = { signedBy: ['verif-hash'], isBodySigned: false };

export const flutterwaveTarget: ProviderTarget = {
  name: 'flutterwave',
  currency: 'NGN',
  open: (baseUrl, network) => flutterwave({ secretKey, webhookSecret, baseUrl, ...network }),
  secrets: [secretKey, webhookSecret],
  balance: {
    answer: (available) => ({
      body: balance(`{"currency":"NGN","available_balance":${available},"ledger_balance":253125.82}`),
    }),
    otherFigures: ['data.ledger_balance'],
    refused: [
      { name: 'another currency', body: balance(`{"currency":"USD",${naira}}`) },
      { name: 'a list without the currency', body: balance(`[{"currency":"USD",${naira}}]`) },
      { name: 'two rows of the currency', body: balance(`[{"currency":"NGN",${naira}},{"currency":"NGN",${naira}}]`) },
      { name: 'no currency', body: balance(`{${naira}}`) },
      { name: 'a ledger alone', body: balance('{"currency":"NGN","ledger_balance":1200.50}') },
      { name: 'text for a number', body: balance('{"currency":"NGN","available_balance":"1200.50"}') },
      { name: 'a balance without success', body: `{"status":"error","data":{"currency":"NGN",${naira}}}` },
      {
        name: 'an error with status 200',
        body: `{"status":"error","message":"Something went wrong","data":{"currency":"NGN",${naira}}}`,
        reason: 'provider_error',
      },
      {
        name: 'an address that is not on the list',
        status: 400,
        body: '{"status":"error","message":"Please enable IP Whitelisting to access this service","data":null}',
        reason: 'forbidden',
      },
      {
        name: 'an account without the service',
        status: 400,
        body:
          '{"status":"error",' +
          '"message":"This request cannot be processed. Please contact your account administrator"}',
        reason: 'forbidden',
      },
      {
        name: 'a wrong key',
        status: 401,
        body: '{"status":"error","message":"Invalid authorization key"}',
        reason: 'unauthorized',
      },
    ],
  },
  lookup: {
    answer: (payout) => ({ body: list([row(payout)]) }),
    statuses: { completed: ['SUCCESSFUL'], pending: ['NEW', 'PENDING'], failed: ['FAILED'] },
    notFound: { body: list([], 0) },
    reportsDebit: true,
    refused: [
      { name: 'a failed row of several pages', body: list([failed], 2) },
      {
        name: 'a failed row without the number of pages',
        body: `{"status":"success","data":[${JSON.stringify(failed)}]}`,
      },
      { name: 'rows of other references', body: list([{ ...failed, reference: reference.toUpperCase() }]) },
      { name: 'an error with status 200', body: '{"status":"error","message":"Something went wrong","data":[]}' },
      { name: 'the shape of version 2', body: '{"status":"success","data":{"transfers":[]}}' },
    ],
  },
  result: { answer: (payout) => ({ status: 'success', message: 'Transfer Queued Successfully', data: row(payout) }) },
  webhook: {
    valid: [
      { name: 'of a transfer, signed', rawBody: event, headers: signed(event), reference },
      { name: 'of a transfer, with the secret hash', rawBody: event, headers: secret, reference, ...shared },
      { name: 'of a transfer, in the older shape', rawBody: legacy, headers: secret, reference, ...shared },
      { name: 'of a charge', rawBody: charge, headers: signed(charge), reference: undefined },
    ],
    invalid: [
      { name: 'signed with another secret', rawBody: event, headers: signed(event, 'secret-hash-9876543210') },
      { name: 'with another secret hash', rawBody: event, headers: { 'verif-hash': `${webhookSecret}x` } },
      {
        name: 'with a wrong signature beside the secret hash',
        rawBody: event,
        headers: { ...secret, ...signed(legacy) },
      },
      { name: 'with two secret hashes', rawBody: event, headers: { 'verif-hash': [webhookSecret, webhookSecret] } },
    ],
    signedBy: ['flutterwave-signature'],
  },
};
