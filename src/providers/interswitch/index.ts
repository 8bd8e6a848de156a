// Balance and payouts of an Interswitch Uganda wallet (UGX), through the service that speaks to Interswitch for you.
// Source: the service's `GET /isw/payments/balance`, which passes the answer of Interswitch through unchanged.
import * as z from 'zod';
import { alphabeticCode } from '../../core/currency.js';
import { untilAborted } from '../../core/deadline.js';
import { readOptions } from '../../core/problems.js';
import type { BalanceProvider, ProviderBalance } from '../../core/provider.js';
import { expectSuccess } from '../../http/client.js';
import { HttpFailure } from '../../http/failure.js';
import { readShape } from '../../http/json.js';
import {
  alwaysCheck,
  type NetworkOptions,
  networkShape,
  resolveNetwork,
  urlRule,
  withoutTrailingSlashes,
} from '../../http/options.js';
import { ProviderClient } from '../shared/provider-client.js';
import { displayedDetails } from './display.js';
import { lookUp } from './lookup.js';
import { verdictOfPayment } from './payment-answer.js';
import { balanceMeaning, refusalOf } from './response-codes.js';
import { type Envelope, envelope, type Figures } from './schema.js';
import { parseServiceAnswer } from './sentences.js';

export type { NetworkOptions } from '../../http/options.js';

/** Access to the service in front of Interswitch Uganda. */
export interface InterswitchOptions extends NetworkOptions {
  /** Root of the service, such as `https://payments.example.com`; `/isw/payments/balance` and the like are appended. */
  baseUrl: string;
}

const optionsSchema: z.ZodType<InterswitchOptions> = z
  .strictObject({ baseUrl: z.string(), ...networkShape })
  .superRefine(urlRule('baseUrl'), alwaysCheck);

/**
 * The wallet behind an Interswitch Uganda service. Only `availableBalance` counts; ledger balance and account name are
 * for display. Nothing documents when a payout
 * leaves the balance, so `debitVisibleAt` is `unknown`. `lookup` asks by `requestReference`: send payouts with the
 * reference of their hold, made of letters, digits and `. _ : @ / -`.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function interswitch(options: InterswitchOptions): BalanceProvider {
  const given = readOptions(optionsSchema, options);
  const baseUrl = withoutTrailingSlashes(given.baseUrl);

  const network = resolveNetwork(given);
  const client = new ProviderClient(network);
  // A client of its own: status calls that fail in a row must not open the circuit for balances.
  const lookups = new ProviderClient(network);
  let balance: Promise<unknown> | undefined;
  return {
    name: 'interswitch',
    accountId: accountOf(baseUrl),
    debitVisibleAt: 'unknown',
    referenceForm: { pattern: /^[\w.:@/-]+$/, words: 'letters, digits and . _ : @ / -' },
    // The service begins a session for each call and ends the one before: of several status calls at once, one is
    // answered.
    lookupConcurrency: 1,
    verdictOfResult: (result, { reference }) => verdictOfPayment(result, reference),
    fetchBalance: ({ signal }) => {
      const reading = client.run(signal, async (exchange) => {
        const answer = await exchange.send({ url: `${baseUrl}/isw/payments/balance` });
        expectSuccess(answer);
        return readBalance(answer.text);
      });
      balance = reading;
      return reading;
    },
    lookup: async ({ reference, signal }) => {
      // A look-up that is cut off is repeated later; a balance that is cut off refuses a payout.
      await untilAborted(Promise.allSettled([balance]), signal);
      return lookups.run(signal, (exchange) => lookUp(exchange, baseUrl, reference));
    },
  };
}

/** The service has one account behind it. */
function accountOf(baseUrl: string): string {
  const { host, pathname } = new URL(baseUrl);
  return host + withoutTrailingSlashes(pathname);
}

function readBalance(text: string): ProviderBalance {
  const answer = parseServiceAnswer(text);
  const body = readShape(envelope, answer, 'no responseCode, or a field of another type');
  if (balanceMeaning(body.responseCode) !== 'ok') throw refusalOf(body.responseCode);
  const figures = figuresOf(body);
  const { availableBalance } = figures;
  if (typeof availableBalance !== 'string') throw shape('unrecognised balance shape');
  const currency = currencyOf(figures);
  const members = figures === body ? answer : (answer as { response?: unknown }).response;
  return { available: availableBalance, currency, details: displayedDetails(members, currency) };
}

/** The balance is in `response` (the usual envelope) or beside it. In both places at once it is ambiguous. */
function figuresOf(body: Envelope): Figures {
  const wrapped = body.response?.availableBalance != null;
  if (wrapped && body.availableBalance != null) throw shape('two balances in one answer');
  return wrapped && body.response ? body.response : body;
}

function currencyOf(figures: Figures): string {
  const codes = [figures.currencyCode, figures.currency].filter((code) => code != null).map(alphabeticCode);
  const [code, other = code] = codes;
  if (code === undefined) throw shape('no currency');
  if (other !== code) throw shape('two currencies in one answer');
  return code;
}

function shape(detail: string): HttpFailure {
  return new HttpFailure({ kind: 'shape', detail });
}
