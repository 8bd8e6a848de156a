// The outcome of a payout, by the description of a look-up.

import { plainDecimalText } from '../../core/money.js';
import type { PayoutAnswer } from '../../core/provider.js';
import { expectSuccess, type HttpAnswer } from '../../http/client.js';
import { parseJson, readShape } from '../../http/json.js';
import { majorDebitOf } from '../shared/major-debit.js';
import { answerOfAll } from '../shared/several-outcomes.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { ask, isText, jsonOf } from './calls.js';
import type { HttpDebit, HttpLookup, HttpPayoutQuestion } from './description.js';

/**
 * Reads the answer to a look-up.
 *
 * @throws `HttpFailure` of an answer that is none. `ConfigurationError` a function of the user did not answer.
 */
export function outcomeIn<Found, Row>(
  answer: HttpAnswer,
  lookup: HttpLookup<Found, Row>,
  question: HttpPayoutQuestion,
): PayoutAnswer {
  if (isNotFound(answer, lookup)) return { outcome: 'unknown', absent: true };
  // Of a payout that was never sent, or of a gateway. As a failure, some of them would open the circuit.
  if (answer.status === 404) return { outcome: 'unknown' };
  expectSuccess(answer);
  const json = parseJson(answer.text, plainDecimalText);
  const body = readShape(lookup.schema, json, 'the answer does not fit the schema of the look-up');
  return outcomeOfRows(body, lookup, question);
}

function isNotFound(
  { status, text }: HttpAnswer,
  { notFound }: Pick<HttpLookup<unknown, unknown>, 'notFound'>,
): boolean {
  // Credentials, permission, time and rate mean the same with any body.
  if (!notFound || status >= 500 || [401, 403, 408, 429].includes(status)) return false;
  try {
    notFound.parse(jsonOf(text));
    return true;
  } catch {
    // Any other answer.
    return false;
  }
}

function outcomeOfRows<Found, Row>(
  body: Found,
  lookup: HttpLookup<Found, Row>,
  { reference, currency }: HttpPayoutQuestion,
): PayoutAnswer {
  const verdictOf = verdictsOf(lookup.statuses);
  const rows = ask('lookup.rows', 'an array', Array.isArray, () => lookup.rows(body));
  const hasMore = ask('lookup.hasMore', 'a boolean', isBoolean, () => (lookup.hasMore ? lookup.hasMore(body) : false));
  const ours = rows.filter((row) => referenceOf(lookup, row) === reference);
  const outcomes = ours.map((row) => verdictOf(ask('lookup.statusOf', 'a text', isText, () => lookup.statusOf(row))));
  const [made, another] = ours.filter((_, index) => outcomes[index] === 'completed');
  const answer = answerOfAll(outcomes, hasMore);
  // Of a payout that was made twice, the debits may differ.
  if (made === undefined || another !== undefined) return answer;
  return { ...answer, ...debited(lookup, made, currency) };
}

function referenceOf<Row>(lookup: Pick<HttpLookup<unknown, Row>, 'referenceOf'>, row: Row): string | null | undefined {
  const isAllowed = (value: unknown) => value == null || isText(value);
  return ask('lookup.referenceOf', 'a text or undefined', isAllowed, () => lookup.referenceOf(row));
}

function debited<Row>(
  lookup: Pick<HttpLookup<unknown, Row>, 'debitOf'>,
  row: Row,
  currency: string,
): Pick<PayoutAnswer, 'debited'> {
  const rule = '{ amount, fee, currency } with decimal texts, or undefined';
  const debit = ask('lookup.debitOf', rule, isDebit, () => lookup.debitOf?.(row));
  return debit?.currency === currency ? majorDebitOf(debit.amount, debit.fee, currency) : {};
}

function isDebit(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { amount, fee, currency } = value as Partial<HttpDebit>;
  return isDecimal(amount) && (fee == null || isDecimal(fee)) && isText(currency);
}

function isDecimal(value: unknown): boolean {
  return typeof value === 'string' && /^\d{1,18}(\.\d{1,12})?$/.test(value);
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}
