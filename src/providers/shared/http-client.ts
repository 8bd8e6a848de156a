// How every adapter talks to its provider: deadlines, retries, a circuit breaker, bounded answers, no redirects.
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
} from 'cockatiel';
import { abandonable, withDeadline } from '../../core/deadline.js';
import { type BalanceUnavailableError, isPayoutGuardError } from '../../core/errors.js';
import { meaningOf, OutsideFailure, toBalanceUnavailable } from './failure.js';
import type { Network } from './network-options.js';
import { urlProblem } from './safe-url.js';

/** Longest answer that is read, in bytes. A balance is a few hundred. */
const maxAnswerBytes = 65_536;

/** First and longest wait between attempts, before jitter, in milliseconds. */
const backoff = { firstMs: 100, maxMs: 2_000 } as const;

/** Longest time we stay away because a provider told us to, in milliseconds, whatever it said. */
const longestRetryAfterMs = 600_000;

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | undefined;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as it is, with `Content-Type: application/json`. */
  readonly body?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

/** One balance being asked for: what its attempts share. */
export interface Exchange {
  /** Sends one request and reads its answer, whatever its status. @throws {@link OutsideFailure} */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Whether a token was already renewed for this balance; it is done once. */
  tokenRenewed: boolean;
}

export class HttpClient {
  readonly #network: Network;
  readonly #breaker: CircuitBreakerPolicy;
  #quietUntilMs = Number.NEGATIVE_INFINITY;

  constructor(network: Network) {
    this.#network = network;
    this.#breaker = circuitBreaker(handleWhen(isOutage), {
      halfOpenAfter: network.breakerOpenMs,
      breaker: new ConsecutiveBreaker(network.breakerFailures),
    });
  }

  /**
   * Runs `work` for one balance: again while its failures are worth a retry and there is time, all within `timeoutMs`.
   *
   * @throws `BalanceUnavailableError`, or the reason of `signal`.
   */
  async run<T>(signal: AbortSignal, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    try {
      this.#keepQuiet();
      // A half-open breaker lets the others wait for the one it tries; the signal must end that wait as well.
      return await abandonable(
        this.#breaker.execute(() => this.#runWithinDeadline(signal, work)),
        signal,
      );
    } catch (error) {
      throw error instanceof BrokenCircuitError
        ? toBalanceUnavailable(this.#circuitOpen())
        : error instanceof OutsideFailure
          ? toBalanceUnavailable(error)
          : error;
    }
  }

  #runWithinDeadline<T>(signal: AbortSignal, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    const { timeoutMs } = this.#network;
    const onTimeout = () => new OutsideFailure({ kind: 'deadline' });
    return withDeadline({ timeoutMs, outer: signal, onTimeout }, (deadline) => {
      const exchange: Exchange = { tokenRenewed: false, send: (request) => this.#send(request, deadline) };
      return this.#retrying(deadline, () => work(exchange));
    });
  }

  #retrying<T>(deadline: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { clock, maxAttempts, timeoutMs } = this.#network;
    const endMs = clock.now() + timeoutMs;
    let failed = 0;
    let delayMs = 0;
    const worthRetrying = (error: Error) => {
      if (!(error instanceof OutsideFailure) || deadline.aborted) return false;
      const { retryable, retryAfterMs = 0 } = meaningOf(error.failure);
      const nowMs = clock.now();
      delayMs = Math.max(retryAfterMs, this.#jitteredMs(failed++));
      const again = retryable && failed < maxAttempts && nowMs + delayMs < endMs;
      if (!again) this.#quietUntilMs = nowMs + Math.max(retryAfterMs, this.#quietMs());
      return again;
    };
    // The waits are unref'd; the timer of the deadline, which is not, keeps the process alive until the answer is known.
    const policy = retry(handleWhen(worthRetrying), {
      maxAttempts: maxAttempts - 1,
      backoff: new DelegateBackoff(() => delayMs),
    }).dangerouslyUnref();
    return policy.execute(work, deadline);
  }

  /** Exponential backoff with full jitter: anywhere between nothing and twice the last limit. */
  #jitteredMs(attempt: number): number {
    return Math.floor(this.#network.random() * Math.min(backoff.maxMs, backoff.firstMs * 2 ** attempt));
  }

  async #send(request: HttpRequest, deadline: AbortSignal): Promise<HttpAnswer> {
    const { attemptTimeoutMs, clock, fetch } = this.#network;
    // An adapter's URL was checked at creation; one that a user's function returned is checked here.
    const problem = urlProblem(request.url, this.#network);
    if (problem) throw new OutsideFailure({ kind: 'shape', detail: `url ${problem}` });
    const headers = {
      accept: 'application/json',
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    };
    if (!canBeSent(headers)) throw new OutsideFailure({ kind: 'credentials', detail: 'a header cannot be sent' });
    const onTimeout = () => new OutsideFailure({ kind: 'attempt_timeout' });
    return withDeadline({ timeoutMs: attemptTimeoutMs, outer: deadline, onTimeout }, async (signal) => {
      try {
        const response = await fetch(request.url, {
          method: request.method ?? 'GET',
          headers,
          redirect: 'manual',
          signal,
          ...(request.body === undefined ? {} : { body: request.body }),
        });
        const retryAfterMs = readRetryAfter(response.headers.get('retry-after'), clock.now());
        return { status: response.status, text: await readText(response), retryAfterMs };
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof OutsideFailure ? error : new OutsideFailure({ kind: 'network' }, causeOf(error));
      }
    });
  }

  /** How long we still stay away. More than we ever do means that the clock was set back. */
  #quietMs(): number {
    const leftMs = this.#quietUntilMs - this.#network.clock.now();
    return leftMs > 0 && leftMs <= longestRetryAfterMs ? leftMs : 0;
  }

  #keepQuiet(): void {
    const retryAfterMs = this.#quietMs();
    if (retryAfterMs > 0) throw new OutsideFailure({ kind: 'told_to_wait', retryAfterMs });
  }

  #circuitOpen(): OutsideFailure {
    return new OutsideFailure({ kind: 'circuit_open', retryAfterMs: this.#network.breakerOpenMs });
  }
}

/** @throws {@link OutsideFailure} unless the status is 2xx. */
export function expectSuccess(answer: HttpAnswer): void {
  const { status, retryAfterMs } = answer;
  if (status < 200 || status > 299) throw new OutsideFailure({ kind: 'status', status, retryAfterMs });
}

// Wrong credentials and odd answers come from a provider that is up: they do not open the circuit.
function isOutage(error: Error): boolean {
  // A guard whose own limit is shorter ends the request with its own error.
  if (isPayoutGuardError(error)) return (error as Partial<BalanceUnavailableError>).reason === 'timeout';
  if (!(error instanceof OutsideFailure)) return false;
  const { reason } = meaningOf(error.failure);
  return reason === 'timeout' || reason === 'network' || reason === 'provider_error' || reason === 'rate_limited';
}

/** Whether HTTP can carry these. Left to fetch, a line break in one would look like a provider that is out of reach. */
export function canBeSent(headers: Readonly<Record<string, string>>): boolean {
  try {
    new Headers(headers);
    return true;
  } catch {
    return false;
  }
}

// A status other than 2xx says enough, whatever the body is: a long page in another encoding is still a 502. The body is
// read all the same, so that the connection can be used again.
async function readText(response: Response): Promise<string> {
  const text = readBounded(response);
  return response.ok ? text : text.catch(() => '');
}

async function readBounded(response: Response): Promise<string> {
  if (Number(response.headers.get('content-length') ?? 0) > maxAnswerBytes) throw await tooLarge(response);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) throw new OutsideFailure({ kind: 'too_large' });
    text += decode(decoder, chunk);
  }
  return text + decode(decoder);
}

// Leaving the loop over a body cancels it; a body that was never read has to be cancelled by hand.
async function tooLarge(response: Response): Promise<OutsideFailure> {
  await response.body?.cancel();
  return new OutsideFailure({ kind: 'too_large' });
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk?: Uint8Array): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch (error) {
    throw new OutsideFailure({ kind: 'not_json' }, error);
  }
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3), as milliseconds from now; undefined when absent or odd. */
function readRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  // Date.parse alone takes `-5` for a day in May 2001.
  const untilMs = / GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : untilMs - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestRetryAfterMs);
}

// What fetch throws is a TypeError around the interesting error; in jest it is a TypeError of another realm.
function causeOf(error: unknown): unknown {
  return (error as { cause?: unknown } | undefined)?.cause ?? error;
}
