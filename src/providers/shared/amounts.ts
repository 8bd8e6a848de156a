// Amounts of providers as exact decimal text in major units.
import * as z from 'zod';
import { formatMinorUnits } from '../../core/money.js';
import { HttpFailure } from '../../http/failure.js';
import { jsonNumber } from '../../http/json.js';

/** A JSON integer in the smallest unit of its currency, such as kobo or cents. */
export const minorInteger: z.ZodType<bigint> = jsonNumber
  .pipe(z.string().regex(/^-?\d{1,18}$/))
  .transform((text) => BigInt(text));

/** A JSON number in major units, as exact text. */
export const majorNumber: z.ZodType<string> = jsonNumber.pipe(z.string().regex(/^-?\d{1,18}(\.\d{1,12})?$/));

/** Decimal text in major units. */
export const majorText: z.ZodType<string> = z.string().regex(/^-?\d{1,18}(\.\d{1,12})?$/);

/** Integer minor units, which may be negative, as text in major units. */
export function majorUnits(minor: bigint, exponent: number): string {
  return formatMinorUnits(minor, { code: '', exponent });
}

/**
 * Returns an amount that its currency can express, as it is.
 *
 * @throws `HttpFailure` when it has more decimals: which amount was meant is not known.
 */
export function exactUnits(text: string, exponent: number): string {
  const excess = (text.split('.')[1] ?? '').slice(exponent);
  if (/^0*$/.test(excess)) return text;
  throw new HttpFailure({ kind: 'shape', detail: 'an amount has more decimals than its currency' });
}
