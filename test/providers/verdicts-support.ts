// Answers of the adapters that judge results.
import type { BalanceProvider, PayoutVerdict } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { phoenix } from 'payout-guard/providers/phoenix';
import { phoenixCredentials } from '../support/phoenix.js';

export const reference = 'payout-1';

export const adapters: readonly [string, BalanceProvider, (changes?: object) => Record<string, unknown>][] = [
  ['interswitch', interswitch({ baseUrl: 'https://h' }), interswitchAnswer],
  ['phoenix', phoenix({ baseUrl: 'https://h', ...phoenixCredentials }), interswitchAnswer],
  ['jpay', jpay({ baseUrl: 'https://h', accessToken: 'token' }), jpayAnswer],
];

/** The answer to an approved payment, as its client parses it. */
export function interswitchAnswer(changes: object = {}): Record<string, unknown> {
  return {
    responseCode: '90000',
    responseMessage: 'TRANSACTION APPROVED',
    requestReference: reference,
    response: {
      transactionReference: 'T-1',
      receiptNumber: '1',
      amount: 600,
      surcharge: 0,
      totalAmount: 600,
      token: null,
    },
    ...changes,
  };
}

/** The answer of page "Initiate payout", as its client parses it, with a final status. */
export function jpayAnswer(changes: object = {}): Record<string, unknown> {
  return {
    id: 'PAYOUT-2024-001-ABC123',
    payto: '+254712345678',
    amount: '1000.00',
    ref_no: reference,
    status: 'completed',
    category: 'other',
    created_at: '15/01/2024 10:30:00',
    channel: 63_902,
    channel_name: 'M-Pesa',
    channel_type: 'Mobile Money',
    ...changes,
  };
}

export function verdictOf(
  provider: BalanceProvider,
  result: unknown,
  of: string = reference,
): PayoutVerdict | undefined {
  return provider.verdictOfResult?.(result, { reference: of });
}
