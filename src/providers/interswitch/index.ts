// Balance and payouts of an Interswitch Uganda wallet (UGX), through the service that speaks to Interswitch for you.
// Source: the service's `GET /isw/payments/balance`, which passes the answer of Interswitch through unchanged.
import { z } from 'zod';
import { alphabeticCode } from '../../core/currency.js';
import { readOptions } from '../../core/problems.js';
import type { BalanceProvider, ProviderBalance } from '../../core/provider.js';
import { OutsideFailure } from '../shared/failure.js';
import { expectSuccess, HttpClient } from '../shared/http-client.js';
import { parseJson, readShape } from '../shared/json.js';
import {
  callable,
  evenSo,
  type NetworkOptions,
  networkShape,
  resolveNetwork,
  withoutTrailingSlashes,
} from '../shared/network-options.js';
import { balanceMeaning, refusalOf } from '../shared/response-codes.js';
import { lookUp } from './lookup.js';
import { type Envelope, envelope, type Figures } from './schema.js';

export type { NetworkOptions } from '../shared/network-options.js';

/** How to reach the service in front of Interswitch Uganda. */
export interface InterswitchOptions extends NetworkOptions {
  /** Root of the service, such as `https://payments.example.com`; `/isw/payments/balance` and the like are appended. */
  baseUrl: string;
}

const optionsSchema: z.ZodType<InterswitchOptions> = z
  .strictObject({ baseUrl: z.string(), ...networkShape })
  .superRefine(callable('baseUrl'), evenSo);

/**
 * The wallet behind an Interswitch Uganda service. Only `availableBalance` counts. Nothing documents when a payout
 * leaves the balance, so `debitVisibleAt` is `unknown`. `lookup` asks by `requestReference`: send payouts with the
 * reference of their hold.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function interswitch(options: InterswitchOptions): BalanceProvider {
  const given = readOptions(optionsSchema, options);
  const baseUrl = withoutTrailingSlashes(given.baseUrl);

  const network = resolveNetwork(given);
  const client = new HttpClient(network);
  // One of its own: a status call that fails again and again must not open the circuit for balances.
  const lookups = new HttpClient(network);
  return {
    name: 'interswitch',
    debitVisibleAt: 'unknown',
    settles: 'onReturn',
    wallets: 'one',
    fetchBalance: ({ signal }) =>
      client.run(signal, async (exchange) => {
        const answer = await exchange.send({ url: `${baseUrl}/isw/payments/balance` });
        expectSuccess(answer);
        return readBalance(answer.text);
      }),
    lookup: ({ reference, signal }) => lookups.run(signal, (exchange) => lookUp(exchange, baseUrl, reference)),
  };
}

function readBalance(text: string): ProviderBalance {
  const body = readShape(envelope, parseJson(text), 'no responseCode, or a field of another type');
  if (balanceMeaning(body.responseCode) !== 'ok') throw refusalOf(body.responseCode);
  const figures = figuresOf(body);
  const { availableBalance } = figures;
  if (typeof availableBalance !== 'string') throw shape('unrecognised balance shape');
  return { available: availableBalance, currency: currencyOf(figures) };
}

/** The balance is in `response` (the usual envelope) or beside it. In both places at once, nobody can tell which holds. */
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

function shape(detail: string): OutsideFailure {
  return new OutsideFailure({ kind: 'shape', detail });
}
