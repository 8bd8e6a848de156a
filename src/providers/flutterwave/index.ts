// Balance, transfers and webhooks of a Flutterwave account, by API v3.
// Source: the provider's pages "Get wallet balances", "Transfers: Overview", "Webhooks" and "Handling error timeouts",
// and the samples of its Node.js library.
import * as z from 'zod';
import type { BalanceProvider, PayoutAnswer, PayoutQuestion, ProviderWebhook } from '../../core/provider.js';
import { jsonNumber } from '../../http/json.js';
import { majorNumber } from '../shared/amounts.js';
import { ProviderApi } from '../shared/api.js';
import { majorDebitOf } from '../shared/major-debit.js';
import type { Mode } from '../shared/mode.js';
import { type HostedApiOptions, readHostedOptions, secretText } from '../shared/options.js';
import { refusalsOf } from '../shared/refusals.js';
import { judgeResult } from '../shared/result-verdict.js';
import { onlyRow } from '../shared/rows.js';
import { answerOfAll } from '../shared/several-outcomes.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { headerOf, hmac, isSameText, signedWebhook } from '../shared/webhook-signature.js';

export type { NetworkOptions } from '../../http/options.js';

/** Access to a Flutterwave account. */
export interface FlutterwaveOptions extends HostedApiOptions {
  /** The secret key of API v3, `FLWSECK-...` or `FLWSECK_TEST-...`. It chooses the mode. */
  secretKey: string;
  /**
   * The secret hash of the dashboard, for webhooks.
   * @defaultValue none: webhooks are not read
   */
  webhookSecret?: string | undefined;
}

const secretKey = z
  .string()
  .regex(/^FLWSECK(_TEST)?-[\x21-\x7e]{1,200}$/, 'must be a secret key of API v3: FLWSECK-... or FLWSECK_TEST-...');

const balance = z.object({ currency: z.string(), available_balance: majorNumber });

// One currency is asked for, and answered with an object. All currencies come as a list.
const balances = z
  .object({ status: z.literal('success'), data: z.union([z.array(balance), balance.transform((one) => [one])]) })
  .transform(({ data }) => data);

const transfer = { reference: z.string(), status: z.unknown() };

const transferList = z.object({
  status: z.literal('success'),
  meta: z.object({ page_info: z.object({ total_pages: jsonNumber.optional() }).optional() }).optional(),
  data: z.array(
    z.object({
      ...transfer,
      amount: majorNumber,
      fee: majorNumber.nullish(),
      currency: z.string(),
      // Null or absent in samples of transfers that were paid from the wallet of the same currency.
      debit_currency: z.string().nullish(),
    }),
  ),
});

// The answer to POST /v3/transfers as the application passes it on: all of it, or its `data`.
const createdTransfer = z.object({
  ...transfer,
  complete_message: z.string(),
  is_approved: z.union([z.number(), jsonNumber]),
});

const transferAnswer = z.union([
  createdTransfer,
  z.object({ status: z.literal('success'), data: createdTransfer }).transform(({ data }) => data),
]);

const named = z.object({ reference: z.string() });

// The second shape is that of older events and of the test button in the dashboard.
const transferEvent = z.union([
  z.object({ event: z.string().startsWith('transfer.'), data: named }).transform(({ data }) => data),
  z.object({ 'event.type': z.literal('Transfer'), transfer: named }).transform(({ transfer }) => transfer),
]);

const refusal = z.object({ status: z.literal('error'), message: z.string() });

const verdictOf = verdictsOf({ completed: ['SUCCESSFUL'], pending: ['NEW', 'PENDING'], failed: ['FAILED'] });

/** Both texts concern the account, and come with a status that other refusals have too. */
const failureOf = refusalsOf(refusal, ({ message }) =>
  /enable ip whitelisting|contact your account administrator/i.test(message)
    ? 'Flutterwave refuses this account or address: check API access and the list of IP addresses in the dashboard'
    : undefined,
);

/**
 * A Flutterwave account: one instance serves its wallets in all currencies. Only `available_balance` counts; the ledger
 * balance may be larger or smaller. A transfer is accepted before its money is looked for, and its debit is not
 * documented, so `debitVisibleAt` is `unknown`. `lookup` asks by `reference`: send transfers with the reference of
 * their hold. A transfer that was tried again has several rows, all under that reference.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function flutterwave(options: FlutterwaveOptions): BalanceProvider {
  const shape = { secretKey, webhookSecret: secretText.optional() };
  const given = readHostedOptions<FlutterwaveOptions>(shape, options, 'https://api.flutterwave.com');
  const { secretKey: key, webhookSecret } = given;
  const mode: Mode = key.startsWith('FLWSECK_TEST-') ? 'test' : 'live';
  const api = new ProviderApi(given, { credentials: { authorization: `Bearer ${key}` }, failureOf });
  return {
    name: 'flutterwave',
    accountId: api.accountId(mode),
    debitVisibleAt: 'unknown',
    verdictOfResult: judgeResult(transferAnswer, verdictOf),
    fetchBalance: ({ currency, signal }) =>
      api.balance(signal, async (call) => {
        const rows = await call.read(`/v3/balances/${encodeURIComponent(currency)}`, balances);
        const row = onlyRow(rows, (candidate) => candidate.currency === currency, `balance in ${currency}`);
        return { available: row.available_balance, currency };
      }),
    lookup: (question) =>
      api.lookup(question.signal, async (call) => {
        const path = `/v3/transfers?reference=${encodeURIComponent(question.reference)}`;
        return outcomeIn(await call.read(path, transferList), question);
      }),
    ...(webhookSecret === undefined ? {} : { webhook: flutterwaveWebhook(webhookSecret) }),
  };
}

function outcomeIn(
  { data, meta }: z.infer<typeof transferList>,
  { reference, currency }: PayoutQuestion,
): PayoutAnswer {
  const pages = meta?.page_info?.total_pages;
  const isWhole = pages === '0' || pages === '1';
  const rows = data.filter((row) => row.reference === reference);
  if (rows.length === 0) return { outcome: 'unknown', ...(isWhole && data.length === 0 ? { absent: true } : {}) };
  const outcomes = rows.map(({ status }) => verdictOf(status));
  const answer = answerOfAll(outcomes, !isWhole);
  const [made, another] = rows.filter((_, index) => outcomes[index] === 'completed');
  // Of a transfer that was made twice, and of one that another wallet paid, the debit is not known.
  const isPaidHere = made && !another && made.currency === currency && (made.debit_currency ?? currency) === currency;
  return { ...answer, ...(isPaidHere ? majorDebitOf(made.amount, made.fee, currency) : {}) };
}

const signature = 'flutterwave-signature';

/**
 * Events with the secret hash of the dashboard in `verif-hash`, which proves nothing of the body, or with a signature:
 * HMAC-SHA256 over the raw body, in base64. An event that has a signature needs a correct one.
 */
function flutterwaveWebhook(secretHash: string): ProviderWebhook {
  return signedWebhook({
    verify: (rawBody, headers) =>
      headers[signature] === undefined
        ? isSameText(headerOf(headers, 'verif-hash'), secretHash)
        : isSameText(headerOf(headers, signature), hmac('sha256', secretHash, [rawBody], 'base64')),
    schema: transferEvent,
    referenceOf: ({ reference }) => reference,
  });
}
