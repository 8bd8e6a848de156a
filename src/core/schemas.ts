// Schemas of options that zod has no word for.
import { z } from 'zod';
import type { Clock } from './clock.js';

export function aFunction<T>(): z.ZodType<T> {
  return z.custom<T>(isFunction, 'must be a function');
}

export const aClock: z.ZodType<Clock> = z.custom<Clock>(
  (value) => isFunction((value as Clock | null)?.now),
  'must be an object with now()',
);

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
