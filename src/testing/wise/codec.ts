// The wire format of Wise: amounts, ids and errors.
import { LosslessNumber } from 'lossless-json';
import * as z from 'zod';
import type { Currency } from '../../core/currency.js';
import { formatMinorUnits } from '../../core/money.js';
import type { Answer } from '../simulator/faults.js';
import { readBody } from '../simulator/json-body.js';
import { Refusal } from '../simulator/server.js';

/** The texts are not those of the provider. */
export function refused(status: number, code: string, message: string, path?: string): Refusal {
  return new Refusal({ status, body: { errors: [{ code, message, ...(path && { path }), arguments: [] }] } });
}

export function ok(body: Answer['body'], status = 200): Answer {
  return { status, body };
}

export function amountNumber(minor: bigint, currency: Currency): LosslessNumber {
  return new LosslessNumber(formatMinorUnits(minor, currency));
}

/** The id of an object: a JSON number, as its text. */
export const idNumber: z.ZodType<string> = z.unknown().transform((value, context) => {
  const text = value instanceof LosslessNumber ? value.toString() : '';
  if (/^\d{1,15}$/.test(text)) return text;
  context.addIssue({ code: 'custom', message: 'pass an id' });
  return z.NEVER;
});

export function readOrRefuse<T>(schema: z.ZodType<T>, text: string): T {
  const read = readBody(schema, text);
  if (read === undefined) throw refused(422, 'NOT_VALID', 'The body has not the form of this request');
  return read;
}
