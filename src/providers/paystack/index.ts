// Balance, transfers and webhooks of a Paystack integration.
// Source: the provider's OpenAPI description (paths /balance and /transfer) and its pages "Managing transfers", "How
// transfers work" and "Webhooks".
import type { BalanceProvider } from '../../core/provider.js';
import type { PayoutVerdict } from '../../core/verdict.js';
import { ifShaped } from '../../http/json.js';
import { majorUnits } from '../shared/amounts.js';
import { ProviderApi } from '../shared/api.js';
import { majorDebitOf } from '../shared/major-debit.js';
import { assertMode, type Mode } from '../shared/mode.js';
import { type HostedApiOptions, readHostedOptions } from '../shared/options.js';
import { onlyRow } from '../shared/rows.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { balances, secretKey, type TransferFound, transferAnswer, transferFound, transferNotFound } from './schema.js';
import { paystackWebhook } from './webhook.js';

export type { NetworkOptions } from '../../http/options.js';

/** Access to a Paystack integration. */
export interface PaystackOptions extends HostedApiOptions {
  /** The secret key, `sk_live_...` or `sk_test_...`. It chooses the mode, and signs the webhooks. */
  secretKey: string;
}

/** Paystack counts all currencies in hundredths. */
const exponent = 2;

const verdictOf = verdictsOf({
  completed: ['success'],
  pending: ['pending', 'otp', 'received', 'queued'],
  failed: ['failed', 'reversed', 'abandoned', 'blocked', 'rejected'],
});

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
    maxReferenceLength: 50,
    verdictOfResult: (result, { reference }) => verdictOfResult(result, reference, mode),
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

function debitOf({ amount, fee_charged, currency }: TransferFound['data'], ofWallet: string) {
  if (currency !== ofWallet || fee_charged == null) return {};
  return majorDebitOf(majorUnits(amount, exponent), majorUnits(fee_charged, exponent), ofWallet);
}

/** The verdict of the answer to POST /transfer, or of its `data`. */
function verdictOfResult(result: unknown, reference: string, mode: Mode): PayoutVerdict | undefined {
  const transfer = ifShaped(transferAnswer, result);
  if (transfer?.reference !== reference) return undefined;
  return (transfer.domain ?? mode) === mode ? verdictOf(transfer.status) : 'unknown';
}
