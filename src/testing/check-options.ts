// What the options of the simulators have in common.
import { z } from 'zod';
import { type Clock, systemClock } from '../core/clock.js';
import type { Currency } from '../core/currency.js';
import { ConfigurationError } from '../core/errors.js';
import { parseNonNegative } from '../core/money.js';

/** Decimal text in major units to minor units. */
export function amountSchema(currency: Currency): z.ZodType<bigint, string> {
  return z.string('pass decimal text such as "500.00"').transform((text, context) => {
    try {
      return parseNonNegative(text, currency);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message.replace(/\.$/, '') });
      return z.NEVER;
    }
  });
}

/** A wallet of a simulator is never overdrawn: a negative balance is sent with the fault `fields`. */
export function debited(balanceMinor: bigint, amountMinor: bigint): bigint {
  if (amountMinor > balanceMinor) throw new ConfigurationError(['debit: the wallet has less than that']);
  return balanceMinor - amountMinor;
}

export const portSchema: z.ZodType<number, number | undefined> = z.int().min(0).max(65_535).default(0);

export const clockSchema: z.ZodType<Clock, Clock | undefined> = z
  .custom<Clock>((value) => typeof (value as Clock | null)?.now === 'function', 'pass an object with a now() function')
  .default(systemClock);
