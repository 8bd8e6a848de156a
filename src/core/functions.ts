// Functions that the application configures: only an answer of the documented type counts.
import { ConfigurationError, isPayoutGuardError } from './errors.js';
import { redactedCause } from './redact.js';

/**
 * The answer of a function that must answer at once.
 *
 * @param name - The option, as the user wrote it.
 * @param rule - What it must return, as the end of a sentence.
 * @throws {@link ConfigurationError} when it returned nothing, a promise, or anything else that is not allowed.
 */
export function answerOf<T>(name: string, rule: string, isAllowed: (value: unknown) => value is T, value: unknown): T {
  if (isAllowed(value)) return value;
  // The promise is not awaited, so its rejection must not end the process.
  if (isThenable(value)) void Promise.resolve(value).catch(() => {});
  throw new ConfigurationError([`${name}: returned ${kindOf(value)}; it must return ${rule}`]);
}

/** An error that a function of the application threw, as one of this library. */
export function thrownBy(name: string, error: unknown): Error {
  if (isPayoutGuardError(error)) return error;
  return new ConfigurationError([`${name}: threw an error`], { cause: redactedCause(error) });
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** The kind of a value, never the value: it may be a secret. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (isThenable(value)) return 'a promise';
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
