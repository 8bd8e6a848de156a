// What became of a payment through the Interswitch service.
// Source: the service's `GET /isw/payments/checkStatus`; `responseCode` is the state of the payment asked about.
import type { PayoutAnswer } from '../../core/provider.js';
import { type Exchange, expectSuccess } from '../shared/http-client.js';
import { parseJson, readShape } from '../shared/json.js';
import { balanceMeaning, payoutOutcome, refusalOf } from '../shared/response-codes.js';
import { statusAnswer } from './schema.js';

// The service puts the reference into a second URL, with or without escaping it; with other characters than these we
// might be told about another payment.
const askable = /^[\w.:@/-]+$/;

/**
 * Believes the few codes that can only be about the payment. `debited` is left out: nothing says whether the amounts of
 * the answer include `surcharge` and `excise`, so the hold is captured as it was taken.
 */
export async function lookUp(exchange: Exchange, baseUrl: string, reference: string): Promise<PayoutAnswer> {
  if (!askable.test(reference)) return { outcome: 'unknown' };
  const query = `requestReference=${encodeURIComponent(reference)}`;
  const answer = await exchange.send({ url: `${baseUrl}/isw/payments/checkStatus?${query}` });
  expectSuccess(answer);
  const body = readShape(statusAnswer, parseJson(answer.text), 'no responseCode, or a field of another type');
  const { responseCode: code, requestReference: answered } = body;
  const outcome = payoutOutcome(code);
  // Somebody has to do something before there can be an answer, and should hear of it.
  if (outcome === 'unknown' && ['unauthorized', 'operator'].includes(balanceMeaning(code))) throw refusalOf(code);
  // An answer that names another payment is about another payment.
  return { outcome: answered == null || answered === reference ? outcome : 'unknown' };
}
