// Monnify as a row of the provider contract.
import { createHash } from 'node:crypto';
import { monnify } from 'payout-guard/providers/monnify';
import type { ProviderTarget, ReportedPayout } from 'payout-guard/testing';
import { hmac } from '../../../src/providers/shared/webhook-signature.js';

const apiKey = 'MK_PROD_0123456789';
const secretKey = 'SECRET0123456789ABCDEFGHIJKLMNOP';
const accountNumber = '8000000001';
const accessToken = 'monnify-access-token-0123456789';

const envelope = (responseBody: string) =>
  `{"requestSuccessful":true,"responseMessage":"success","responseCode":"0","responseBody":${responseBody}}`;

const refusal = (responseCode: string, responseMessage = '...') =>
  JSON.stringify({ requestSuccessful: false, responseMessage, responseCode });

const disbursement = ({ reference, status, amount, fee }: ReportedPayout) => ({
  amount: Number(amount),
  reference,
  narration: 'Week 47',
  currency: 'NGN',
  status,
  transactionReference: 'MFDS|20261125090000|000001',
  ...(fee === undefined ? {} : { fee: Number(fee) }),
});

const reference = 'payout-1001-lagos-000001';
const event = (type: string, data: string) =>
  Buffer.from(`{"eventType":"${type}","eventData":{"amount":375.0,${data}}}`);
const signed = (rawBody: Uint8Array, key = secretKey) => ({ 'monnify-signature': hmac('sha512', key, [rawBody]) });
const [made, failed, reversed] = ['SUCCESSFUL', 'FAILED', 'REVERSED'].map((word) =>
  event(`${word}_DISBURSEMENT`, `"reference":"${reference}"`),
) as [Buffer, Buffer, Buffer];
const [low, activity] = [
  event('LOW_BALANCE_ALERT', '"walletBalance":1'),
  event('ACCOUNT_ACTIVITY', '"reference":"x","currency":"566"'),
];

export const monnifyTarget: ProviderTarget = {
  name: 'monnify',
  currency: 'NGN',
  open: (baseUrl, network) => monnify({ apiKey, secretKey, accountNumber, baseUrl, ...network }),
  secrets: [secretKey, accessToken, `${apiKey}:${secretKey}`],
  before: ({ method, path }) =>
    method === 'POST' && path === '/api/v1/auth/login'
      ? { body: envelope(`{"accessToken":"${accessToken}","expiresIn":3567}`) }
      : undefined,
  balance: {
    answer: (available) => ({ body: envelope(`{"availableBalance":${available},"ledgerBalance":900000.00}`) }),
    otherFigures: ['responseBody.ledgerBalance'],
    refused: [
      { name: 'a ledger alone', body: envelope('{"ledgerBalance":5}') },
      { name: 'text that is no amount', body: envelope('{"availableBalance":"1,200.50"}') },
      {
        name: 'a balance with the code of an error',
        body: '{"requestSuccessful":true,"responseCode":"99","responseBody":{"availableBalance":1200.50}}',
      },
      {
        name: 'a balance of a request that did not succeed',
        body: '{"requestSuccessful":false,"responseCode":"0","responseBody":{"availableBalance":1200.50}}',
        reason: 'provider_error',
      },
      {
        name: 'a wallet that does not exist, with status 200',
        body: refusal('99', 'Could not find specified wallet'),
        reason: 'provider_error',
      },
      { name: 'an address that is not on the list', status: 400, body: refusal('D06'), reason: 'forbidden' },
      {
        name: 'a token that has ended',
        status: 401,
        body: '{"error":"invalid_token","error_description":"Access token expired"}',
        reason: 'unauthorized',
      },
    ],
  },
  lookup: {
    answer: (payout) => ({ body: envelope(JSON.stringify(disbursement(payout))) }),
    statuses: {
      completed: ['SUCCESS', 'COMPLETED'],
      pending: [
        'PENDING',
        'AWAITING_PROCESSING',
        'IN_PROGRESS',
        'PENDING_AUTHORIZATION',
        'PENDING_BATCH_AUTHORIZATION',
        'OTP_EMAIL_DISPATCH_FAILED',
      ],
      failed: ['FAILED', 'REVERSED', 'EXPIRED'],
    },
    notFound: { status: 404, body: refusal('D02', 'Could not find disbursement transaction for given reference') },
    reportsDebit: true,
    refused: [
      { name: 'the code of a transfer that does not exist, with status 200', body: refusal('D02') },
      { name: 'an unexpected error', body: refusal('99') },
      { name: 'a body without a reference', body: envelope('{"status":"FAILED","amount":375}') },
      {
        name: 'a request that did not succeed',
        body: envelope(JSON.stringify({ reference, status: 'FAILED', amount: 375 })).replace('true', 'false'),
      },
    ],
  },
  result: {
    answer: ({ reference: sent, status, amount }) => ({
      requestSuccessful: true,
      responseMessage: 'success',
      responseCode: '0',
      responseBody: {
        amount: Number(amount),
        reference: sent,
        status,
        dateCreated: '2026-11-26T08:00:00.000+0000',
        totalFee: 25,
      },
    }),
  },
  webhook: {
    valid: [
      { name: 'of a transfer', rawBody: made, headers: signed(made), reference },
      { name: 'of a failed transfer', rawBody: failed, headers: signed(failed), reference },
      { name: 'of a returned transfer', rawBody: reversed, headers: signed(reversed), reference },
      { name: 'of a low balance', rawBody: low, headers: signed(low), reference: undefined },
      { name: 'of a wallet', rawBody: activity, headers: signed(activity), reference: undefined },
    ],
    invalid: [
      { name: 'signed with another key', rawBody: made, headers: signed(made, 'SECRET9876543210') },
      {
        name: 'with a hash of key and body',
        rawBody: made,
        headers: { 'monnify-signature': createHash('sha512').update(secretKey).update(made).digest('hex') },
      },
    ],
    signedBy: ['monnify-signature'],
  },
};
