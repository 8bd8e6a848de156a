// The outcome of a payment through the Interswitch service.
// Source: the service's `GET /isw/payments/checkStatus`; `responseCode` is the state of the payment in question.
import type { PayoutAnswer } from '../../core/provider.js';
import { type Exchange, expectSuccess } from '../../http/client.js';
import { readShape } from '../../http/json.js';
import { readStatus } from './payment-answer.js';
import { statusAnswer } from './schema.js';
import { parseServiceAnswer } from './sentences.js';

// The service puts the reference into a second URL, with or without escaping it. Other characters than these might turn
// it into the reference of another payment.
const askable = /^[\w.:@/-]+$/;

/** Asks for the state of a payment by its reference. */
export async function lookUp(exchange: Exchange, baseUrl: string, reference: string): Promise<PayoutAnswer> {
  if (!askable.test(reference)) return { outcome: 'unknown' };
  const query = `requestReference=${encodeURIComponent(reference)}`;
  const answer = await exchange.send({ url: `${baseUrl}/isw/payments/checkStatus?${query}` });
  expectSuccess(answer);
  const body = readShape(statusAnswer, parseServiceAnswer(answer.text), 'no responseCode, or a field of another type');
  const { responseCode, requestReference: answered } = body;
  return readStatus(responseCode, answered == null || answered === reference);
}
