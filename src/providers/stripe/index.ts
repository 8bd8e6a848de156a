// Balance, transfers, payouts and webhooks of a Stripe account.
// Source: the provider's API reference (balance, transfers, payouts, errors) and the types of its Node.js library.
import * as z from 'zod';
import type { BalanceProvider } from '../../core/provider.js';
import type { HttpAnswer } from '../../http/client.js';
import { type Failure, HttpFailure } from '../../http/failure.js';
import { ifShaped, readIfShaped } from '../../http/json.js';
import { majorUnits } from '../shared/amounts.js';
import { ProviderApi } from '../shared/api.js';
import { assertMode, type Mode } from '../shared/mode.js';
import { type HostedApiOptions, readHostedOptions } from '../shared/options.js';
import { onlyRow } from '../shared/rows.js';
import { searchPages, windowAround, windowMs } from '../shared/search.js';
import { stripeExponent } from './currency.js';
import { debitOf, isOf, modeOf, type Product, referenceOf, verdictOf } from './payment.js';
import { type Amount, balance, createdPayment, list, type Row, rateLimited } from './schema.js';
import { stripeWebhook } from './webhook.js';

export type { NetworkOptions } from '../../http/options.js';

/** Access to a Stripe account. */
export interface StripeOptions extends HostedApiOptions {
  /** A secret or restricted key, such as `sk_live_...`. It chooses the mode. */
  secretKey: string;
  /**
   * The connected account with the balance, `acct_...`.
   * @defaultValue the account of the key
   */
  account?: string | undefined;
  /**
   * The payments that spend the balance: transfers to connected accounts, or payouts to a bank.
   * @defaultValue 'transfers'
   */
  product?: Product | undefined;
  /**
   * The `source_type` of the payments, if they have one: they spend that part of the balance.
   * @defaultValue the whole balance
   */
  sourceType?: 'card' | 'bank_account' | 'fpx' | undefined;
  /** The secret of the webhook endpoint, `whsec_...`. Without it no webhook is read. */
  webhookSecret?: string | undefined;
  /**
   * Time around the moment at which a payout was sent in which look-ups search for it, on either side, in
   * milliseconds. 1 minute to 14 days, and not shorter than the `payWithinMs` of the guard: a payout outside of it is
   * not found, and an earlier one with its reference would decide.
   * @defaultValue an hour
   */
  windowMs?: number | undefined;
}

const shape = {
  secretKey: z.string().regex(/^[sr]k_(test|live)_[\x21-\x7e]{1,250}$/, 'must be a secret key, such as sk_live_...'),
  account: z
    .string()
    .regex(/^acct_\w{1,60}$/, 'must be the id of an account: acct_...')
    .optional(),
  product: z.enum(['transfers', 'payouts']).optional(),
  sourceType: z.enum(['card', 'bank_account', 'fpx']).optional(),
  webhookSecret: z
    .string()
    .regex(/^whsec_[\x21-\x7e]{1,250}$/, 'must be the secret of an endpoint: whsec_...')
    .optional(),
  windowMs,
};

/**
 * The balance of a Stripe account: one instance serves its wallets in all currencies. A transfer or payout has its
 * balance transaction when it is created, so `debitVisibleAt` is `acceptance`. Transfers and payouts spend one balance:
 * two wallets, one for each, would promise it twice.
 *
 * Create payments with the reference of their hold as `metadata[guard_reference]`, transfers also as `transfer_group`.
 * `lookup` asks for the transfers of that group. There is no such filter for payouts, so it reads those that were
 * created around the time of the hold. A transfer with `source_transaction` may spend money that is not available yet:
 * send it without a hold.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function stripe(options: StripeOptions): BalanceProvider {
  const given = readHostedOptions<StripeOptions>(shape, options, 'https://api.stripe.com');
  const { secretKey, account, product = 'transfers', webhookSecret: secret } = given;
  const mode: Mode = /^.k_test_/.test(secretKey) ? 'test' : 'live';
  const headers = { authorization: `Bearer ${secretKey}`, 'stripe-version': '2025-10-29.clover' };
  const credentials = account === undefined ? headers : { ...headers, 'stripe-account': account };
  const api = new ProviderApi(given, { credentials, failureOf });
  return {
    name: 'stripe',
    accountId: api.accountId(mode, account),
    debitVisibleAt: 'acceptance',
    verdictOfResult: (result, { reference }) => {
      const payment = ifShaped(createdPayment, result);
      if (!payment || !isOf(product, payment) || referenceOf(payment) !== reference) return undefined;
      return (modeOf(payment) ?? mode) === mode ? verdictOf(payment) : 'unknown';
    },
    fetchBalance: ({ currency, signal }) =>
      api.balance(signal, async (call) => {
        const answer = await call.read('/v1/balance', balance);
        assertMode(modeOf(answer), mode);
        const isMeant = (row: Amount) => row.currency === currency.toLowerCase();
        const row = onlyRow(answer.available, isMeant, `balance in ${currency}`);
        return { available: majorUnits(spendable(row, given.sourceType), stripeExponent(currency)), currency };
      }),
    lookup: ({ reference, currency, sentAtMs, signal }) =>
      api.lookup(signal, async (call) => {
        const filter =
          product === 'transfers' ? { transfer_group: reference } : createdIn(windowAround(sentAtMs, given.windowMs));
        const { paid, isEmpty, ...answer } = await searchPages<Row>({
          readPage: async (earlier) => {
            const { data, has_more } = await call.read(`/v1/${product}?${pageAfter(earlier.at(-1), filter)}`, list);
            for (const row of data) assertMode(modeOf(row), mode);
            return { rows: data, isLast: !has_more || data.length === 0 };
          },
          isMeant: (row) => isOf(product, row) && referenceOf(row) === reference,
          verdictOf,
        });
        // A window proves no absence: the payout may have been created at another time.
        if (isEmpty && product === 'transfers') return { ...answer, absent: true };
        return { ...answer, ...(paid && debitOf(paid, currency)) };
      }),
    webhook:
      secret === undefined
        ? undefined
        : stripeWebhook({
            secret,
            clock: api.network.clock,
            isMeant: (event) => event.account === account && modeOf(event) === mode && isOf(product, event.data.object),
          }),
  };
}

/** The limit for requests at the same time is reported as a status of its own, or as a code. */
function failureOf({ status, text, retryAfterMs }: HttpAnswer): Failure | undefined {
  return status === 400 && readIfShaped(rateLimited, text) ? { kind: 'status', status: 429, retryAfterMs } : undefined;
}

/** A payment spends one source, and no more than the whole balance: another source may be negative. */
function spendable({ amount, source_types }: Amount, sourceType: string | undefined): bigint {
  if (sourceType === undefined) return amount;
  const part = source_types?.[sourceType];
  if (part === undefined) throw new HttpFailure({ kind: 'shape', detail: `no balance of source type ${sourceType}` });
  return part < amount ? part : amount;
}

function createdIn({ fromMs, toMs }: ReturnType<typeof windowAround>): Record<string, string> {
  return { 'created[gte]': `${Math.floor(fromMs / 1_000)}`, 'created[lte]': `${Math.ceil(toMs / 1_000)}` };
}

/** The query of a page. 25 rows with all their texts fit an answer. */
function pageAfter(last: Row | undefined, filter: Record<string, string>): URLSearchParams {
  return new URLSearchParams({ ...filter, limit: '25', ...(last && { starting_after: last.id }) });
}
