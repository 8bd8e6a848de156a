// The HTTP client of an adapter: failures become the library's own error, with a reason.
import { BalanceUnavailableError, type BalanceUnavailableReason } from '../../core/errors.js';
import { type Exchange, HttpClient } from '../../http/client.js';
import { type Failure, HttpFailure, retryAfterMsOf } from '../../http/failure.js';
import type { Network } from '../../http/options.js';

export class ProviderClient {
  readonly #client: HttpClient;

  constructor(network: Network) {
    this.#client = new HttpClient(network);
  }

  /**
   * Runs `work` for one question, with attempts and deadlines: see {@link HttpClient.run}.
   *
   * @throws `BalanceUnavailableError`, or the reason of `signal`.
   */
  async run<T>(signal: AbortSignal, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    try {
      return await this.#client.run(signal, work);
    } catch (error) {
      throw error instanceof HttpFailure ? toBalanceUnavailable(error) : error;
    }
  }
}

function toBalanceUnavailable({ failure, cause }: HttpFailure): BalanceUnavailableError {
  const { reason, detail } = classify(failure);
  return new BalanceUnavailableError(reason, { detail, retryAfterMs: retryAfterMsOf(failure), cause });
}

interface Class {
  readonly reason: BalanceUnavailableReason;
  readonly detail?: string;
}

/** Exhaustive: a new kind of failure does not compile until it has a class here. */
function classify(failure: Failure): Class {
  switch (failure.kind) {
    case 'status':
      return { reason: reasonOfStatus(failure.status), detail: `HTTP ${failure.status}` };
    case 'attempt_timeout':
    case 'deadline':
      return { reason: 'timeout' };
    case 'network':
      return { reason: 'network' };
    case 'credentials':
      return { reason: 'unauthorized', detail: failure.detail };
    case 'too_large':
      return { reason: 'malformed', detail: 'the answer is too large' };
    case 'not_json':
      return { reason: 'malformed', detail: 'the answer is not JSON' };
    case 'shape':
      return { reason: 'malformed', detail: failure.detail };
    case 'answer':
      return { reason: failure.reason, detail: failure.detail };
    case 'circuit_open':
      return { reason: 'circuit_open' };
    case 'told_to_wait':
      return { reason: 'rate_limited' };
    default:
      return failure satisfies never;
  }
}

function reasonOfStatus(status: number): BalanceUnavailableReason {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 408) return 'timeout';
  if (status === 429) return 'rate_limited';
  // Redirects are never followed: a balance and its credentials belong to one host.
  return 'provider_error';
}
