// Schemas of options that zod has no word for.
import * as z from 'zod';
import type { Clock } from './clock.js';

export function functionSchema<T>(): z.ZodType<T> {
  return z.custom<T>(isFunction, 'must be a function');
}

export const clockSchema: z.ZodType<Clock> = z.custom<Clock>(
  (value) => isFunction((value as Clock | null)?.now),
  'must be an object with now()',
);

/** An object with these methods. */
export function objectSchema<T>(methods: readonly string[], what: string): z.ZodType<T> {
  return z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => isFunction((value as Record<string, unknown>)[method])),
    `must be ${what}`,
  );
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
