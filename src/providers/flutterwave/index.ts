// Balance, transfers and webhooks of a Flutterwave account, by API v3.
// Source: the provider's pages "Get wallet balances", "Transfers: Overview", "Webhooks" and "Handling error timeouts",
// and the samples of its Node.js library.
import type { BalanceProvider, PayoutAnswer, PayoutQuestion } from '../../core/provider.js';
import { ProviderApi } from '../shared/api.js';
import { majorDebitOf } from '../shared/major-debit.js';
import type { Mode } from '../shared/mode.js';
import { type HostedApiOptions, readHostedOptions, secretText } from '../shared/options.js';
import { refusalsOf } from '../shared/refusals.js';
import { judgeResult } from '../shared/result-verdict.js';
import { onlyRow } from '../shared/rows.js';
import { outcomeOfAll } from '../shared/several-outcomes.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { balances, refusal, secretKey, type TransferList, transferAnswer, transferList } from './schema.js';
import { flutterwaveWebhook } from './webhook.js';

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

function outcomeIn({ data, meta }: TransferList, { reference, currency }: PayoutQuestion): PayoutAnswer {
  const pages = meta?.page_info?.total_pages;
  const isWhole = pages === '0' || pages === '1';
  const rows = data.filter((row) => row.reference === reference);
  if (rows.length === 0) return { outcome: 'unknown', ...(isWhole && data.length === 0 ? { absent: true } : {}) };
  const outcomes = rows.map(({ status }) => verdictOf(status));
  const outcome = outcomeOfAll(outcomes, !isWhole);
  const [made, another] = rows.filter((_, index) => outcomes[index] === 'completed');
  // Of a transfer that was made twice, and of one that another wallet paid, the debit is not known.
  const isPaidHere = made && !another && made.currency === currency && (made.debit_currency ?? currency) === currency;
  return { outcome, ...(isPaidHere ? majorDebitOf(made.amount, made.fee, currency) : {}) };
}
