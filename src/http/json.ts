// JSON from providers. Numbers keep their text: a float would lose digits of a large balance.
import { LosslessNumber, parse } from 'lossless-json';
import { z } from 'zod';
import { plainDecimalText } from '../core/money.js';
import { HttpFailure } from './failure.js';

/**
 * Parses JSON; every number becomes what `readNumber` makes of its text. Two different values for one key are refused.
 */
export function parseJson(text: string, readNumber: (text: string) => unknown = exactNumber): unknown {
  try {
    return parse(text, undefined, readNumber);
  } catch (error) {
    // A syntax error, a doubled key, or nesting too deep for the stack: in each case not an answer to rely on.
    throw new HttpFailure({ kind: 'not_json' }, error);
  }
}

function exactNumber(text: string): LosslessNumber {
  return new LosslessNumber(text);
}

/** A JSON number, read as exact plain decimal text. */
export const jsonNumber: z.ZodType<string> = z
  .instanceof(LosslessNumber)
  .transform((number) => plainDecimalText(number.value));

/** Returns the body if it has the shape. @throws `HttpFailure` that repeats nothing of the body. */
export function readShape<T>(schema: { parse(input: unknown): T }, body: unknown, detail: string): T {
  try {
    return schema.parse(body);
  } catch (error) {
    throw new HttpFailure({ kind: 'shape', detail }, error);
  }
}

/** Returns the body of an answer if it is JSON of the shape; undefined of any other text. */
export function readIfShaped<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(parseJson(text)).data;
  } catch (error) {
    // Not JSON: the page of a gateway.
    if (error instanceof HttpFailure) return undefined;
    throw error;
  }
}

/** Returns a value of the application if it has the shape of an object; undefined if not, or if reading it throws. */
export function ifShaped<T extends object>(schema: z.ZodType<T>, value: unknown): T | undefined {
  // Most applications return something of their own, and zod makes an error of it for each payout.
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    return schema.safeParse(value).data;
  } catch {
    // A getter, or a proxy. Its error proves nothing of a payout.
    return undefined;
  }
}
