// Any other HTTP API: its balance in about ten lines, the look-up of its payouts in about ten more.
import { BalanceUnavailableError, isPayoutGuardError } from '../../core/errors.js';
import { answerOf, isThenable } from '../../core/functions.js';
import { plainDecimalText } from '../../core/money.js';
import { readOptions } from '../../core/problems.js';
import type { BalanceProvider, ProviderBalance } from '../../core/provider.js';
import { redactedCause } from '../../core/redact.js';
import { expectSuccess } from '../../http/client.js';
import { parseJson, readShape } from '../../http/json.js';
import { resolveNetwork } from '../../http/options.js';
import { ProviderClient } from '../shared/provider-client.js';
import { send } from './calls.js';
import type { HttpBalanceRequest, HttpProviderOptions } from './description.js';
import { callbackOf, webhookOf } from './events.js';
import { outcomeIn } from './lookup.js';
import { optionsSchema } from './rules.js';

export type { NetworkOptions } from '../../http/options.js';
export type { VerdictTable } from '../shared/verdict-table.js';
export type {
  HttpBalanceRequest,
  HttpCall,
  HttpCallback,
  HttpDebit,
  HttpFailureReason,
  HttpLookup,
  HttpPayoutQuestion,
  HttpProviderOptions,
  HttpWebhook,
} from './description.js';

/**
 * A provider made of a URL, headers, a schema and a selection; with `lookup`, the guard settles its payouts. Deadlines,
 * retries, the size limit and the rest behave as in every adapter. A function that returns nothing, or a promise where
 * none is allowed, is a `ConfigurationError` of its own, and proves nothing.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function httpProvider<Body, Found = unknown, Row = unknown, Event = unknown>(
  options: HttpProviderOptions<Body, Found, Row, Event>,
): BalanceProvider {
  readOptions(optionsSchema, options);
  const { name, url, schema, debitVisibleAt = 'unknown', lookup, webhook, callback } = options;

  const network = resolveNetwork(options);
  const client = new ProviderClient(network);
  // A client of its own: look-ups that fail in a row must not open the circuit for balances.
  const lookups = new ProviderClient(network);
  return {
    name,
    accountId: options.accountId ?? (typeof url === 'string' ? addressOf(url) : undefined),
    debitVisibleAt,
    visibleAfterMs: options.visibleAfterMs,
    maxReferenceLength: options.maxReferenceLength,
    lookupConcurrency: options.lookupConcurrency,
    fetchBalance: ({ currency, signal }) =>
      client.run(signal, async (exchange) => {
        const answer = await send(exchange, options, { part: '', call: options, request: { currency } });
        expectSuccess(answer);
        const body = parseJson(answer.text, plainDecimalText);
        return select(options, readShape(schema, body, 'the answer does not fit the schema'), { currency });
      }),
    ...(lookup && {
      lookup: ({ reference, currency, sentAtMs, signal }) =>
        lookups.run(signal, async (exchange) => {
          const question = { reference, currency, sentAtMs };
          const answer = await send(exchange, options, { part: 'lookup.', call: lookup, request: question });
          return outcomeIn(answer, lookup, question);
        }),
    }),
    ...(webhook && { webhook: webhookOf(webhook) }),
    ...(callback && { callback: callbackOf(callback) }),
  };
}

/** Without the query, which may hold a secret. */
function addressOf(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}

function select<Body>(
  options: Pick<HttpProviderOptions<Body>, 'select'>,
  body: Body,
  request: HttpBalanceRequest,
): ProviderBalance {
  let selected: ProviderBalance;
  try {
    selected = options.select(body, request);
  } catch (error) {
    if (isPayoutGuardError(error)) throw error;
    throw new BalanceUnavailableError('malformed', { detail: 'select() threw', cause: redactedCause(error) });
  }
  return answerOf('select', 'the balance', isNoPromise, selected);
}

function isNoPromise(value: unknown): value is ProviderBalance {
  return !isThenable(value);
}
