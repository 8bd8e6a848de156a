// MTN MoMo as a row of the provider contract.
import { mtnMomo, mtnMomoReferenceId } from 'payout-guard/providers/mtn-momo';
import type { ApiAnswer, ProviderTarget, ReportedPayout } from 'payout-guard/testing';

const credentials = {
  subscriptionKey: 'subscription-key-0123456789',
  apiUser: '6b0a4a0e-0000-4000-8000-000000000001',
  apiKey: 'api-key-0123456789',
};
const accessToken = 'mtn-access-token-0123456789';
const token = { access_token: accessToken, token_type: 'access_token', expires_in: 3600 };

const transfer = ({ reference, status, amount, fee }: ReportedPayout, more = {}) => ({
  body: JSON.stringify({
    amount,
    currency: 'UGX',
    fee,
    externalId: reference,
    payee: { partyIdType: 'MSISDN', partyId: '256770000001' },
    status,
    ...more,
  }),
});

const completed = { reference: 'payout-1001-lagos-000001', status: 'SUCCESSFUL', amount: '375.00' };
const fault = (code: string, status = 500): ApiAnswer => ({ status, body: JSON.stringify({ code, message: '...' }) });

export const mtnMomoTarget: ProviderTarget = {
  name: 'mtn-momo',
  currency: 'UGX',
  open: (baseUrl, network) => mtnMomo({ ...credentials, targetEnvironment: 'mtnuganda', baseUrl, ...network }),
  secrets: [credentials.subscriptionKey, credentials.apiKey, accessToken],
  before: ({ method, path }) =>
    method === 'POST' && path === '/disbursement/token/' ? { body: JSON.stringify(token) } : undefined,
  balance: {
    answer: (available) => ({ body: JSON.stringify({ availableBalance: available, currency: 'UGX' }) }),
    otherFigures: [],
    refused: [
      { name: 'the currency of the sandbox', body: '{"availableBalance":"1000","currency":"EUR"}' },
      { name: 'no currency', body: '{"availableBalance":"1000"}' },
      { name: 'no figure', body: '{"currency":"UGX"}' },
      { name: 'a figure of another name', body: '{"balance":"125000","currency":"UGX"}' },
      { name: 'an empty figure', body: '{"availableBalance":"","currency":"UGX"}' },
      { name: 'a figure with commas', body: '{"availableBalance":"125,000","currency":"UGX"}' },
      { name: 'a token', body: JSON.stringify(token) },
      { name: 'another target environment', ...fault('NOT_ALLOWED_TARGET_ENVIRONMENT'), reason: 'forbidden' },
      { name: 'an operation that is not allowed', ...fault('NOT_ALLOWED'), reason: 'forbidden' },
      { name: 'a fault of MTN', ...fault('INTERNAL_PROCESSING_ERROR'), reason: 'provider_error' },
    ],
  },
  lookup: {
    answer: (payout) => transfer(payout),
    statuses: { completed: ['SUCCESSFUL'], pending: ['PENDING'], failed: ['FAILED'] },
    notFound: fault('RESOURCE_NOT_FOUND', 404),
    refused: [
      { name: 'a transfer in another currency', ...transfer(completed, { currency: 'EUR' }) },
      { name: 'a transfer without an external id', ...transfer(completed, { externalId: undefined }) },
      {
        name: 'a transfer whose external id is its reference id',
        ...transfer(completed, { externalId: mtnMomoReferenceId(completed.reference) }),
      },
      { name: 'another target environment', ...fault('NOT_ALLOWED_TARGET_ENVIRONMENT') },
      { name: 'another code of 404', ...fault('FAILED', 404) },
    ],
  },
};
