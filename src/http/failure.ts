// Everything that can go wrong between a question and its answer, and what follows from it for the next attempt.
import { redactedCause } from '../core/redact.js';

/** A failure at the border to an HTTP API. */
export type Failure =
  /** An answer with a status other than 2xx. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs?: number | undefined }
  /** One attempt took longer than `attemptTimeoutMs`. */
  | { readonly kind: 'attempt_timeout' }
  /** All attempts together took longer than `timeoutMs`. */
  | { readonly kind: 'deadline' }
  /** No connection, or one that broke. */
  | { readonly kind: 'network' }
  /** There was nothing to send as credentials, or nothing that can be sent. */
  | { readonly kind: 'credentials'; readonly detail: string }
  /** The answer was longer than the limit. */
  | { readonly kind: 'too_large' }
  /** The answer was no JSON, or JSON with two values for one key. */
  | { readonly kind: 'not_json' }
  /** JSON, but not the expected shape. */
  | { readonly kind: 'shape'; readonly detail: string }
  /** An answer whose body reports a failure. */
  | { readonly kind: 'answer'; readonly reason: AnswerReason; readonly detail: string; readonly retryable: boolean }
  /** Too many failures in a row: nothing was sent. */
  | { readonly kind: 'circuit_open'; readonly retryAfterMs: number }
  /** The wait that the server asked for is not over: nothing was sent. */
  | { readonly kind: 'told_to_wait'; readonly retryAfterMs: number };

type AnswerReason = 'unauthorized' | 'forbidden' | 'rate_limited' | 'provider_error';

/** A {@link Failure} as an exception. Its message is the kind alone: nothing that a server sent may reach a log. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.kind, cause === undefined ? undefined : { cause: redactedCause(cause) });
    this.failure = failure;
  }
}

/** Returns true if another attempt may help. */
export function isRetryable(failure: Failure): boolean {
  if (failure.kind === 'status') return failure.status === 408 || failure.status === 429 || failure.status >= 500;
  if (failure.kind === 'answer') return failure.retryable;
  return failure.kind === 'attempt_timeout' || failure.kind === 'network';
}

/** Returns true if the server may be down or overloaded. Wrong credentials and odd answers come from one that is up. */
export function isOutage(failure: Failure): boolean {
  switch (failure.kind) {
    case 'status':
      return failure.status !== 401 && failure.status !== 403;
    case 'answer':
      return failure.reason === 'provider_error' || failure.reason === 'rate_limited';
    case 'attempt_timeout':
    case 'deadline':
    case 'network':
    case 'told_to_wait':
      return true;
    case 'credentials':
    case 'too_large':
    case 'not_json':
    case 'shape':
    case 'circuit_open':
      return false;
    default:
      return failure satisfies never;
  }
}

/**
 * Returns the wait that the failure asks for, in milliseconds, if it does. Credentials that were refused and a request
 * that was too slow are no reason to stay away, whatever the headers ask for.
 */
export function retryAfterMsOf(failure: Failure): number | undefined {
  if (failure.kind === 'status' && [401, 403, 408].includes(failure.status)) return undefined;
  return 'retryAfterMs' in failure ? failure.retryAfterMs : undefined;
}
