// Wallet balances, payouts and signed callbacks of a pawaPay merchant, by version 2 of its API.
// Source: the provider's OpenAPI description and its pages "Payouts", "Failure codes" and "Signatures in API".
import * as z from 'zod';
import type { BalanceProvider } from '../../core/provider.js';
import type { PayoutVerdict } from '../../core/verdict.js';
import { ifShaped } from '../../http/json.js';
import { majorText } from '../shared/amounts.js';
import { ProviderApi } from '../shared/api.js';
import { type HostedApiOptions, readHostedOptions, routeAddress, secretText } from '../shared/options.js';
import { onlyRow } from '../shared/rows.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { callbackKeys } from './callback-keys.js';
import { pawapayPayoutId } from './payout-id.js';
import { pawapayWebhook } from './webhook.js';

export type { NetworkOptions } from '../../http/options.js';
export { pawapayPayoutId } from './payout-id.js';

/** Access to a wallet of a pawaPay merchant. */
export interface PawapayOptions extends HostedApiOptions {
  /** API token from the dashboard. The sandbox, `https://api.sandbox.pawapay.io`, has tokens of its own. */
  apiToken: string;
  /** Country of the wallet, ISO 3166-1 alpha-3: `UGA`. XOF and XAF wallets exist in many countries. */
  country: string;
  /**
   * Operator that alone can spend the wallet, such as `MTN_MOMO_UGA`.
   * @defaultValue the wallet of the country, which every operator can spend
   */
  provider?: string | undefined;
  /**
   * Public address of the route for callbacks, as it is set in the dashboard. Needs signed callbacks, which are
   * switched on there.
   * @defaultValue no webhook: without a signature a callback proves nothing
   */
  callbackUrl?: string | undefined;
}

const country = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 3166 code such as "UGA"');

const provider = z
  .string()
  .regex(/^[A-Z0-9_]{1,64}$/, 'must be the code of an operator, such as "MTN_MOMO_UGA"')
  .optional();

const walletBalances = z.object({
  balances: z.array(
    z.object({
      country: z.string(),
      currency: z.string(),
      balance: majorText,
      // The operator that alone can spend this wallet; empty or absent for the wallet of the country.
      provider: z.string().nullish(),
    }),
  ),
});

const payoutStatus = z.discriminatedUnion('status', [
  z.object({ status: z.literal('NOT_FOUND') }),
  z.object({
    status: z.literal('FOUND'),
    data: z.object({
      payoutId: z.string(),
      status: z.unknown(),
      country: z.string().optional(),
      currency: z.string().optional(),
      clientReferenceId: z.string().nullish(),
    }),
  }),
]);

/** The answer to the payment call: a rejection has its reason, anything else its time. */
const initiatedPayout = z.union([
  z.object({
    payoutId: z.string(),
    status: z.literal('REJECTED'),
    failureReason: z.object({ failureCode: z.string() }),
  }),
  z.object({ payoutId: z.string(), status: z.enum(['ACCEPTED', 'DUPLICATE_IGNORED']), created: z.string() }),
]);

const verdictOf = verdictsOf({
  completed: ['COMPLETED'],
  pending: ['ACCEPTED', 'ENQUEUED', 'PROCESSING', 'IN_RECONCILIATION'],
  failed: ['FAILED'],
});

/** Of the payment call. `DUPLICATE_IGNORED` leaves open what became of the first payout with this id. */
const verdictOfInitiation = verdictsOf({ completed: [], pending: ['ACCEPTED'], failed: ['REJECTED'] });

/**
 * One wallet of a pawaPay merchant. Accepted payouts are reserved, but no page states that the balance shows that, and
 * the fee is taken at the end, so `debitVisibleAt` is `unknown`. Send payouts with `payoutId:
 * pawapayPayoutId(hold.reference)` and `clientReferenceId: hold.reference`: `lookup` asks by the first, and callbacks
 * name both. A rejected payout leaves no record, so its answer alone proves that it was not made: return it, with
 * `returns: 'providerAnswer'`. Fees are not reported, so captures count the amount of the hold.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function pawapay(options: PawapayOptions): BalanceProvider {
  const shape = { apiToken: secretText, country, provider, callbackUrl: routeAddress };
  const given = readHostedOptions<PawapayOptions>(shape, options, 'https://api.pawapay.io');
  const { apiToken, callbackUrl } = given;
  const api = new ProviderApi(given, { credentials: { authorization: `Bearer ${apiToken}` } });
  return {
    name: 'pawapay',
    accountId: api.accountId(given.country, given.provider),
    debitVisibleAt: 'unknown',
    verdictOfResult: (result, { reference }) => verdictOfResult(result, reference),
    fetchBalance: ({ currency, signal }) =>
      api.balance(signal, async (call) => {
        const { balances } = await call.read(`/v2/wallet-balances?country=${given.country}`, walletBalances);
        const isMeant = (row: (typeof balances)[number]) =>
          row.country === given.country && row.currency === currency && (row.provider || undefined) === given.provider;
        const row = onlyRow(balances, isMeant, `wallet in ${currency} of this country and provider`);
        return { available: row.balance, currency };
      }),
    lookup: ({ reference, currency, signal }) =>
      api.lookup(signal, async (call) => {
        const payoutId = pawapayPayoutId(reference);
        const found = await call.read(`/v2/payouts/${payoutId}`, payoutStatus);
        if (found.status === 'NOT_FOUND') return { outcome: 'unknown', absent: true };
        const { data } = found;
        // A reference that is a UUID may be the id that was derived from another reference.
        const isOurs = data.payoutId === payoutId && (data.clientReferenceId ?? reference) === reference;
        // A payout in another country or currency was paid from another wallet.
        const isOfWallet =
          (data.country ?? given.country) === given.country && (data.currency ?? currency) === currency;
        return { outcome: isOurs && isOfWallet ? verdictOf(data.status) : 'unknown' };
      }),
    ...(callbackUrl === undefined
      ? {}
      : { webhook: pawapayWebhook(callbackUrl, api.network.clock, callbackKeys(api)) }),
  };
}

/** The verdict of the answer to POST /v2/payouts. */
function verdictOfResult(result: unknown, reference: string): PayoutVerdict | undefined {
  const payout = ifShaped(initiatedPayout, result);
  return payout?.payoutId === pawapayPayoutId(reference) ? verdictOfInitiation(payout.status) : undefined;
}
