// The answers of Interswitch Uganda about one payment: to the call that makes it, and to a question about it. One
// reading for the adapter that speaks Phoenix and for the one that speaks to a service in front of it.
import * as z from 'zod';
import type { PayoutAnswer } from '../../core/provider.js';
import type { PayoutVerdict } from '../../core/verdict.js';
import { ifShaped } from '../../http/json.js';
import { balanceMeaning, isAbsent, paymentOutcome, payoutOutcome, refusalOf } from './response-codes.js';

/** The envelope of an answer as any JSON parser reads it. A code has been seen as a number; a reference has not. */
const paymentAnswer = z.looseObject({
  responseCode: z.union([z.string(), z.int().transform(String)]),
  responseMessage: z.string(),
  requestReference: z.string(),
  response: z.record(z.string(), z.unknown()).nullish(),
});

/** Members of the answer to a validation, which has the reference and the code of a payment and pays nothing. */
const validated = ['customerName', 'biller', 'paymentItem'];

/** The verdict of a value, if it is the answer to the payment call with this reference; undefined otherwise. */
export function verdictOfPayment(result: unknown, reference: string): PayoutVerdict | undefined {
  const answer = ifShaped(paymentAnswer, result);
  if (answer?.requestReference !== reference) return undefined;
  const isValidation = validated.some((name) => answer[name] != null || answer.response?.[name] != null);
  return isValidation ? 'unknown' : paymentOutcome(answer.responseCode);
}

/**
 * Reads the answer to a question about a payment. `debited` is left out: nothing documents whether the amounts of the
 * answer include `surcharge` and `excise`, so the hold is captured as it was taken.
 *
 * @param isOurs - Whether the answer is about the payment in question. One about another payment proves nothing.
 * @throws `HttpFailure` when an operator has to act before there can be an answer.
 */
export function readStatus(code: string, isOurs: boolean): PayoutAnswer {
  const outcome = payoutOutcome(code);
  if (outcome === 'unknown' && ['unauthorized', 'operator'].includes(balanceMeaning(code))) throw refusalOf(code);
  if (!isOurs) return { outcome: 'unknown' };
  return isAbsent(code) ? { outcome, absent: true } : { outcome };
}
