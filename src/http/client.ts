// An HTTP client for small JSON APIs: deadlines, retries, a circuit breaker, bounded answers, no redirects.
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
} from 'cockatiel';
import { type Clock, elapsedMs } from '../core/clock.js';
import { untilAborted, withDeadline } from '../core/deadline.js';
import { type BalanceUnavailableError, isPayoutGuardError } from '../core/errors.js';
import { HttpFailure, isOutage, isRetryable, retryAfterMsOf } from './failure.js';
import type { Network } from './options.js';
import { urlProblem } from './safe-url.js';

/** Longest answer that is read, in bytes. A balance is a few hundred. */
const maxAnswerBytes = 65_536;

/** First and longest wait between attempts, before jitter, in milliseconds. */
const backoff = { firstMs: 100, maxMs: 2_000 } as const;

/** Longest wait that a server can ask for, in milliseconds. */
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

/** One question: the state that its attempts share. */
export interface Exchange {
  /** Sends one request and reads its answer, whatever its status. @throws {@link HttpFailure} */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** True once a token was renewed for this question; that happens once. */
  tokenRenewed: boolean;
}

export class HttpClient {
  readonly #network: Network;
  readonly #breaker: CircuitBreakerPolicy;
  #quietUntilMs = Number.NEGATIVE_INFINITY;

  constructor(network: Network) {
    this.#network = network;
    this.#breaker = circuitBreaker(handleWhen(opensCircuit), {
      halfOpenAfter: network.breakerOpenMs,
      breaker: new ConsecutiveBreaker(network.breakerFailures),
    });
  }

  /**
   * Runs `work` for one question: again while its failures are worth a retry and there is time, all within `timeoutMs`.
   *
   * @throws {@link HttpFailure}, or the reason of `signal`.
   */
  async run<T>(signal: AbortSignal, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    try {
      this.#keepQuiet();
      // A half-open breaker lets the others wait for the one it tries; the signal must end that wait as well.
      return await untilAborted(
        this.#breaker.execute(() => this.#runWithinDeadline(signal, work)),
        signal,
      );
    } catch (error) {
      throw error instanceof BrokenCircuitError ? this.#circuitOpen() : error;
    }
  }

  #runWithinDeadline<T>(signal: AbortSignal, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#network;
    const onTimeout = () => new HttpFailure({ kind: 'deadline' });
    return withDeadline({ clock, timeoutMs, outer: signal, onTimeout }, (deadline) => {
      const exchange: Exchange = { tokenRenewed: false, send: (request) => this.#send(request, deadline) };
      return this.#retrying(deadline, () => work(exchange));
    });
  }

  #retrying<T>(deadline: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { clock, maxAttempts, timeoutMs } = this.#network;
    const endMs = elapsedMs(clock) + timeoutMs;
    let failed = 0;
    let delayMs = 0;
    const worthRetrying = (error: Error) => {
      if (!(error instanceof HttpFailure) || deadline.aborted) return false;
      const retryAfterMs = retryAfterMsOf(error.failure) ?? 0;
      const nowMs = elapsedMs(clock);
      delayMs = Math.max(retryAfterMs, this.#jitteredMs(failed++));
      const again = isRetryable(error.failure) && failed < maxAttempts && nowMs + delayMs < endMs;
      if (!again) this.#quietUntilMs = nowMs + Math.max(retryAfterMs, this.#quietMs());
      return again;
    };
    // The waits are unref'd; the timer of the deadline, which is not, keeps the process alive until the answer is
    // known.
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
    // A configured URL was checked at creation; one that a function of the application returned is checked here.
    const problem = urlProblem(request.url, this.#network);
    if (problem) throw new HttpFailure({ kind: 'shape', detail: `url ${problem}` });
    const headers = {
      accept: 'application/json',
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    };
    if (!canBeSent(headers)) throw new HttpFailure({ kind: 'credentials', detail: 'a header cannot be sent' });
    const onTimeout = () => new HttpFailure({ kind: 'attempt_timeout' });
    return withDeadline({ clock, timeoutMs: attemptTimeoutMs, outer: deadline, onTimeout }, async (signal) => {
      try {
        const response = await fetch(request.url, {
          method: request.method ?? 'GET',
          headers,
          redirect: 'manual',
          signal,
          ...(request.body === undefined ? {} : { body: request.body }),
        });
        const retryAfterMs = readRetryAfter(response.headers, clock);
        return { status: response.status, text: await readText(response), retryAfterMs };
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof HttpFailure ? error : new HttpFailure({ kind: 'network' }, causeOf(error));
      }
    });
  }

  /** Rest of the wait that the server asked for, in milliseconds. */
  #quietMs(): number {
    return Math.max(0, this.#quietUntilMs - elapsedMs(this.#network.clock));
  }

  #keepQuiet(): void {
    const retryAfterMs = this.#quietMs();
    if (retryAfterMs > 0) throw new HttpFailure({ kind: 'told_to_wait', retryAfterMs });
  }

  #circuitOpen(): HttpFailure {
    return new HttpFailure({ kind: 'circuit_open', retryAfterMs: this.#network.breakerOpenMs });
  }
}

/** @throws {@link HttpFailure} unless the status is 2xx. */
export function expectSuccess(answer: HttpAnswer): void {
  const { status, retryAfterMs } = answer;
  if (status < 200 || status > 299) throw new HttpFailure({ kind: 'status', status, retryAfterMs });
}

function opensCircuit(error: Error): boolean {
  // A guard whose own limit is shorter ends the request with its own error.
  if (isPayoutGuardError(error)) return (error as Partial<BalanceUnavailableError>).reason === 'timeout';
  return error instanceof HttpFailure && isOutage(error.failure);
}

/** Returns true if HTTP can carry these headers. With fetch, a line break in one looks like an unreachable server. */
export function canBeSent(headers: Readonly<Record<string, string>>): boolean {
  try {
    new Headers(headers);
    return true;
  } catch {
    return false;
  }
}

// A status other than 2xx is enough, whatever the body: a long page in another encoding is still a 502. The body is
// read all the same, so that the connection can be reused.
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
    if (bytes > maxAnswerBytes) throw new HttpFailure({ kind: 'too_large' });
    text += decode(decoder, chunk);
  }
  return text + decode(decoder);
}

// Leaving the loop over a body cancels it; a body that was never read has to be cancelled by hand.
async function tooLarge(response: Response): Promise<HttpFailure> {
  await response.body?.cancel();
  return new HttpFailure({ kind: 'too_large' });
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk?: Uint8Array): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch (error) {
    throw new HttpFailure({ kind: 'not_json' }, error);
  }
}

/**
 * Reads seconds or an HTTP date (RFC 9110, section 10.2.3) as milliseconds from now; undefined when absent or
 * malformed. A date is of the server's clock, so it is compared with the date of the answer, and with the local clock
 * only when there is none.
 */
function readRetryAfter(headers: Headers, clock: Clock): number | undefined {
  const header = headers.get('retry-after');
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header)
    ? Number(header) * 1_000
    : httpDateMs(header) - (answeredAtMs(headers) ?? clock.now());
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestRetryAfterMs);
}

function answeredAtMs(headers: Headers): number | undefined {
  const ms = httpDateMs(headers.get('date') ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

// Date.parse alone takes `-5` for a day in May 2001.
function httpDateMs(text: string): number {
  return / GMT$/.test(text) ? Date.parse(text) : Number.NaN;
}

// fetch throws a TypeError around the interesting error; in jest it is a TypeError of another realm.
function causeOf(error: unknown): unknown {
  return (error as { cause?: unknown } | undefined)?.cause ?? error;
}
