// JPay as a row of the provider contract.
import { jpay } from 'payout-guard/providers/jpay';
import type { ProviderTarget, ReportedPayout } from 'payout-guard/testing';

const accessToken = 'jpay-access-token-0123456789';

const payout = ({ reference, status, amount }: ReportedPayout) => ({
  id: 'PAYOUT-1',
  payto: '+254712345678',
  amount,
  ref_no: reference,
  status,
  category: 'salary',
  created_at: '26/11/2026 11:00:00',
});

export const jpayTarget: ProviderTarget = {
  name: 'jpay',
  currency: 'KES',
  open: (baseUrl, network) => jpay({ baseUrl, accessToken, ...network }),
  secrets: [accessToken],
  balance: {
    // The total has to be the sum, so a collection wallet of nothing leaves every amount readable.
    answer: (available) => ({
      body:
        `{"collection_wallet_balance":"0.00","payout_wallet_balance":"${available}",` +
        `"total_balance":"${available}"}`,
    }),
    otherFigures: ['collection_wallet_balance', 'total_balance'],
    refused: [
      {
        name: 'a total that is not the sum',
        body: '{"collection_wallet_balance":"1.00","payout_wallet_balance":"1.00","total_balance":"3.00"}',
      },
      {
        name: 'cents',
        body: '{"collection_wallet_balance":"0","payout_wallet_balance":"120050","total_balance":"120050"}',
      },
    ],
  },
  lookup: {
    answer: (reported) => ({ body: JSON.stringify({ results: [payout(reported)], next: null }) }),
    statuses: { completed: ['completed'], pending: ['pending', 'processing'], failed: ['failed'] },
    notFound: { body: '{"results":[],"next":null}' },
  },
  result: { answer: payout },
};
