// Balance, transfers and webhooks of a Paystack integration.
// Source: the provider's OpenAPI description (paths /balance and /transfer) and its pages "Managing transfers" and "How
// transfers work".
import * as z from 'zod';
import type { BalanceProvider } from '../../core/provider.js';
import { ifShaped } from '../../http/json.js';
import { majorUnits, minorInteger } from '../shared/amounts.js';
import { ProviderApi } from '../shared/api.js';
import { majorDebitOf } from '../shared/major-debit.js';
import { assertMode, type Mode } from '../shared/mode.js';
import { type HostedApiOptions, readHostedOptions } from '../shared/options.js';
import { onlyRow } from '../shared/rows.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { paystackWebhook } from './webhook.js';

export type { NetworkOptions } from '../../http/options.js';

/** Access to a Paystack integration. */
export interface PaystackOptions extends HostedApiOptions {
  /** The secret key, `sk_live_...` or `sk_test_...`. It chooses the mode, and signs the webhooks. */
  secretKey: string;
}

const secretKey = z
  .string()
  .regex(/^sk_(test|live)_[\x21-\x7e]{1,200}$/, 'must be a secret key: sk_live_... or sk_test_...');

/** Paystack counts all currencies in hundredths. */
const exponent = 2;

const verdictOf = verdictsOf({
  completed: ['success'],
  pending: ['pending', 'otp', 'received', 'queued'],
  failed: ['failed', 'reversed', 'abandoned', 'blocked', 'rejected'],
});

// Rows of the ledger, at /balance/ledger, have the same two fields and others beside them.
const ledgerFields = { difference: z.never().optional(), model_responsible: z.never().optional() };

const balances = z.object({
  status: z.literal(true),
  data: z.array(z.object({ currency: z.string(), balance: minorInteger, ...ledgerFields })),
});

const transfer = { reference: z.string(), status: z.unknown(), domain: z.enum(['test', 'live']).optional() };

const transferFound = z.object({
  status: z.literal(true),
  data: z.object({
    ...transfer,
    amount: minorInteger,
    currency: z.string(),
    fee_charged: minorInteger.nullish(),
  }),
});

const transferNotFound = z.object({ status: z.literal(false), message: z.literal('Transfer not found') });

// The answer to POST /transfer as the application passes it on: all of it, or its `data`.
const createdTransfer = z.object({ ...transfer, transfer_code: z.string().regex(/^TRF_/) });

const transferAnswer = z.union([
  createdTransfer,
  z.object({ status: z.literal(true), data: createdTransfer }).transform(({ data }) => data),
]);

/**
 * A Paystack integration: one instance serves its wallets in all currencies. Paystack documents no moment at which a
 * transfer leaves the balance, so `debitVisibleAt` is `unknown`. `lookup` asks by `reference`: send transfers with the
 * reference of their hold, 16 to 50 characters of `a-z 0-9 - _`.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function paystack(options: PaystackOptions): BalanceProvider {
  const given = readHostedOptions<PaystackOptions>({ secretKey }, options, 'https://api.paystack.co');
  const key = given.secretKey;
  const mode: Mode = key.startsWith('sk_test_') ? 'test' : 'live';
  const api = new ProviderApi(given, { credentials: { authorization: `Bearer ${key}` } });
  return {
    name: 'paystack',
    accountId: api.accountId(mode),
    debitVisibleAt: 'unknown',
    referenceForm: { pattern: /^[a-z0-9_-]{16,50}$/, words: '16 to 50 characters of a-z 0-9 - _' },
    verdictOfResult: (result, { reference }) => {
      const answer = ifShaped(transferAnswer, result);
      if (answer?.reference !== reference) return undefined;
      return (answer.domain ?? mode) === mode ? verdictOf(answer.status) : 'unknown';
    },
    fetchBalance: ({ currency, signal }) =>
      api.balance(signal, async (call) => {
        const { data } = await call.read('/balance', balances);
        const row = onlyRow(data, (candidate) => candidate.currency === currency, `balance in ${currency}`);
        return { available: majorUnits(row.balance, exponent), currency };
      }),
    lookup: ({ reference, currency, signal }) =>
      api.lookup(signal, async (call) => {
        const path = `/transfer/verify/${encodeURIComponent(reference)}`;
        const found = await call.find(path, transferFound, transferNotFound);
        if (!found) return { outcome: 'unknown', absent: true };
        const { data } = found;
        if (data.reference !== reference) return { outcome: 'unknown' };
        assertMode(data.domain, mode);
        return { outcome: verdictOf(data.status), ...debitOf(data, currency) };
      }),
    webhook: paystackWebhook(key),
  };
}

function debitOf({ amount, fee_charged, currency }: z.infer<typeof transferFound>['data'], ofWallet: string) {
  if (currency !== ofWallet || fee_charged == null) return {};
  return majorDebitOf(majorUnits(amount, exponent), majorUnits(fee_charged, exponent), ofWallet);
}
