// Schemas that the options of the simulators share.
import * as z from 'zod';
import { type Clock, systemClock } from '../../core/clock.js';
import type { Currency } from '../../core/currency.js';
import { ConfigurationError } from '../../core/errors.js';
import { parseNonNegative } from '../../core/money.js';

/** Decimal text in major units to minor units. */
export function amountSchema(currency: Currency): z.ZodType<bigint, string> {
  return minorUnitsSchema((text) => parseNonNegative(text, currency));
}

/** As {@link amountSchema}; a balance may be negative. */
export function balanceSchema(currency: Currency): z.ZodType<bigint, string> {
  return minorUnitsSchema((text) =>
    text.startsWith('-') ? -parseNonNegative(text.slice(1), currency) : parseNonNegative(text, currency),
  );
}

function minorUnitsSchema(parse: (text: string) => bigint): z.ZodType<bigint, string> {
  return z.string('pass decimal text such as "500.00"').transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message.replace(/\.$/, '') });
      return z.NEVER;
    }
  });
}

/** A balance less an amount. Only `setBalance` and payouts that are debited late overdraw a wallet. */
export function debited(balanceMinor: bigint, amountMinor: bigint): bigint {
  if (amountMinor > balanceMinor) throw new ConfigurationError(['debit: the wallet has less than that']);
  return balanceMinor - amountMinor;
}

export const portSchema: z.ZodType<number, number | undefined> = z.int().min(0).max(65_535).default(0);

export const clockSchema: z.ZodType<Clock, Clock | undefined> = z
  .custom<Clock>((value) => typeof (value as Clock | null)?.now === 'function', 'pass an object with a now() function')
  .default(systemClock);

/** Milliseconds. setTimeout takes no more than 31 bits. */
export const delaySchema: z.ZodType<number, number> = z.number().min(0).max(0x7fff_ffff);

export function functionSchema<T>(): z.ZodType<T, T> {
  return z.custom<T>((value) => typeof value === 'function', 'pass a function');
}

/** A schema for each key of some options, and what it makes of the value. */
export type Shape<Options, Settings> = {
  readonly [Key in keyof Options & keyof Settings]: z.ZodType<Settings[Key], Options[Key]>;
};

/** Options with their defaults. */
export type Filled<Options> = { readonly [Key in keyof Options]-?: Exclude<Options[Key], undefined> };
