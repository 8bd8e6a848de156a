// Interswitch Uganda, through its service and directly, as rows of the provider contract.
import { interswitch } from 'payout-guard/providers/interswitch';
import { phoenix } from 'payout-guard/providers/phoenix';
import type { ProviderTarget, ReportedPayout } from 'payout-guard/testing';
import { exchangedKeys, phoenixCredentials } from '../../support/phoenix.js';

const envelope = ({ reference, status }: Pick<ReportedPayout, 'reference' | 'status'>) => ({
  responseCode: status,
  responseMessage: 'IN THE WORDS OF INTERSWITCH',
  requestReference: reference,
});

const shared: Pick<ProviderTarget, 'currency' | 'balance' | 'lookup' | 'result'> = {
  currency: 'UGX',
  balance: {
    answer: (available) => ({
      body:
        '{"responseCode":"90000","responseMessage":"TRANSACTION APPROVED","response":{"availableBalance":' +
        `${available},"ledgerBalance":7,"currencyCode":"UGX","accountName":"A BUSINESS"}}`,
    }),
    readable: ['0', '1', '1250', '90071992547409930', '-25'],
    otherFigures: ['response.ledgerBalance', 'response.accountName'],
    refused: [
      { name: 'no currency', body: '{"responseCode":"90000","response":{"availableBalance":1250}}' },
      {
        name: 'two balances',
        body: '{"responseCode":"90000","availableBalance":1,"response":{"availableBalance":1250,"currencyCode":"UGX"}}',
      },
      { name: 'a ledger alone', body: '{"responseCode":"90000","response":{"ledgerBalance":7,"currencyCode":"UGX"}}' },
      { name: 'a terminal that is not set up', body: '{"responseCode":"90026"}', reason: 'provider_error' },
    ],
  },
  lookup: {
    answer: (reported) => ({ body: JSON.stringify(envelope(reported)) }),
    statuses: { completed: ['90000'], pending: ['90009'], failed: ['90051'] },
    notFound: { body: '{"responseCode":"90025","responseMessage":"UNABLE TO LOCATE RECORD"}' },
  },
  result: { answer: envelope },
};

export const interswitchTarget: ProviderTarget = {
  ...shared,
  name: 'interswitch',
  open: (baseUrl, network) => interswitch({ baseUrl, ...network }),
  secrets: [],
};

const { clientSecret, password, privateKey } = phoenixCredentials;

export const phoenixTarget: ProviderTarget = {
  ...shared,
  name: 'phoenix',
  open: (baseUrl, network) => phoenix({ baseUrl, ...phoenixCredentials, ...network }),
  secrets: [clientSecret, password, privateKey.split('\n')[1] ?? ''],
  before: ({ path, body }) =>
    path.endsWith('/client/doKeyExchange') ? { body: exchangedKeys(body).answer } : undefined,
};
