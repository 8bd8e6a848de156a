// Everything that can go wrong at a provider, and the one function that classifies it.
import { BalanceUnavailableError, type BalanceUnavailableReason } from '../../core/errors.js';
import { redactedCause } from '../../core/redact.js';

/** A failure at the border to a provider. */
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
  /** JSON, but not the shape of a balance. */
  | { readonly kind: 'shape'; readonly detail: string }
  /** An answer whose body reports a failure. */
  | { readonly kind: 'answer'; readonly reason: AnswerReason; readonly detail: string; readonly retryable: boolean }
  /** Too many failures in a row: the provider was not asked. */
  | { readonly kind: 'circuit_open'; readonly retryAfterMs: number }
  /** The wait that the provider asked for is not over: it was not asked. */
  | { readonly kind: 'told_to_wait'; readonly retryAfterMs: number };

type AnswerReason = Extract<BalanceUnavailableReason, 'unauthorized' | 'forbidden' | 'provider_error'>;

/** The class of a failure: the reason to report, whether another attempt may help, and how long to stay away. */
export interface Meaning {
  readonly reason: BalanceUnavailableReason;
  readonly retryable: boolean;
  readonly detail?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** Classifies a failure. Exhaustive: a new kind does not compile until it has a class here. */
export function classify(failure: Failure): Meaning {
  switch (failure.kind) {
    case 'status':
      return classifyStatus(failure.status, failure.retryAfterMs);
    case 'attempt_timeout':
      return { reason: 'timeout', retryable: true };
    case 'deadline':
      return { reason: 'timeout', retryable: false };
    case 'network':
      return { reason: 'network', retryable: true };
    case 'credentials':
      return { reason: 'unauthorized', retryable: false, detail: failure.detail };
    case 'too_large':
      return { reason: 'malformed', retryable: false, detail: 'the answer is too large' };
    case 'not_json':
      return { reason: 'malformed', retryable: false, detail: 'the answer is not JSON' };
    case 'shape':
      return { reason: 'malformed', retryable: false, detail: failure.detail };
    case 'answer':
      return { reason: failure.reason, retryable: failure.retryable, detail: failure.detail };
    case 'circuit_open':
      return { reason: 'circuit_open', retryable: false, retryAfterMs: failure.retryAfterMs };
    case 'told_to_wait':
      return { reason: 'rate_limited', retryable: false, retryAfterMs: failure.retryAfterMs };
    default:
      return failure satisfies never;
  }
}

function classifyStatus(status: number, retryAfterMs: number | undefined): Meaning {
  const detail = `HTTP ${status}`;
  if (status === 401) return { reason: 'unauthorized', retryable: false, detail };
  if (status === 403) return { reason: 'forbidden', retryable: false, detail };
  if (status === 408) return { reason: 'timeout', retryable: true, detail };
  if (status === 429) return { reason: 'rate_limited', retryable: true, detail, retryAfterMs };
  // Redirects are never followed: a balance and its credentials belong to one host.
  return { reason: 'provider_error', retryable: status >= 500, detail, retryAfterMs };
}

/**
 * A {@link Failure} on its way to {@link toBalanceUnavailable}. Has no message: nothing that a provider sent may reach
 * a log.
 */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.kind, cause === undefined ? undefined : { cause: redactedCause(cause) });
    this.failure = failure;
  }
}

export function toBalanceUnavailable(error: ProviderFailure): BalanceUnavailableError {
  const { reason, detail, retryAfterMs } = classify(error.failure);
  return new BalanceUnavailableError(reason, { detail, retryAfterMs, cause: error.cause });
}
