// Objects of class `Response`.
import { ConfigurationError } from '../core/errors.js';
import type { ProblemAnswer } from './problem.js';

/** By its shape, because frameworks have classes of their own for it. */
export function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false;
  const { status, headers } = value as Partial<Response>;
  return typeof status === 'number' && typeof headers?.get === 'function';
}

/** @throws `ConfigurationError` so that a payout that was made is not answered as one that was not. */
export function assertResponse(returned: unknown): Response {
  if (isResponse(returned)) return returned;
  throw noAnswer('return a Response');
}

/** @param advice - The way to answer in this framework, as the end of a sentence. */
export function noAnswer(advice: string): ConfigurationError {
  return new ConfigurationError([`handler: ended without an answer; it must ${advice}`]);
}

/** No client reads it; logs have 499 for it. */
export function clientHasLeft(): Response {
  return new Response(null, { status: 499 });
}

export function problemResponse({ status, headers, body }: ProblemAnswer): Response {
  return new Response(JSON.stringify(body), { status, headers });
}
