// Posts alerts to a URL after the Standard Webhooks specification: signed, with bounded retries, without following
// redirects.
import * as z from 'zod';
import type { Clock } from '../core/clock.js';
import { functionSchema } from '../core/schemas.js';
import { canBeSent, expectSuccess, HttpClient } from '../http/client.js';
import { HttpFailure } from '../http/failure.js';
import { resolveNetwork } from '../http/options.js';
import { urlProblem } from '../http/safe-url.js';
import type { Alert } from './alert.js';
import { secretRule, signedHeaders, signingKey } from './signature.js';

export interface WebhookOptions {
  /** URL that alerts are posted to, as JSON. https; http for loopback only, or see `dangerouslyAllowHttp`. */
  url: string;
  /**
   * Signs each request after the Standard Webhooks specification: `whsec_` and the Base64 of 24 to 64 random bytes.
   * While it is rotated, both secrets, at most 3: a receiver accepts a request with the signature of either.
   */
  secret: string | readonly string[];
  /**
   * Further headers. Those that begin with `webhook-` are refused.
   * @defaultValue none
   */
  headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Most attempts for one alert; 1 to 10. Retries after no answer, 408, 429 or 5xx. Waits a random time of up to 0.1 s,
   * 0.2 s and so on to 2 s, or the time in `Retry-After`.
   * @defaultValue 5
   */
  maxAttempts?: number | undefined;
  /**
   * Longest time for one attempt, in milliseconds. 50 to 30,000.
   * @defaultValue 5,000
   */
  attemptTimeoutMs?: number | undefined;
  /**
   * Allows plain http to hosts of a private network: alerts carry balances, which travel unencrypted then.
   * @defaultValue false
   */
  dangerouslyAllowHttp?: boolean | undefined;
  /**
   * The `fetch` to use, for proxies and client certificates.
   * @defaultValue the one of Node.js
   */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * Randomness of the waits between attempts, from 0 up to but not including 1.
   * @defaultValue `Math.random`
   */
  random?: (() => number) | undefined;
}

const aSecret = z.string().refine((secret) => signingKey(secret) !== undefined, secretRule);

export const webhookSchema: z.ZodType<WebhookOptions> = z
  .strictObject({
    url: z.string(),
    secret: z.union([aSecret, z.array(aSecret).min(1).max(3).readonly()], `${secretRule}, or a list of 1 to 3 of them`),
    headers: z
      .record(z.string(), z.string())
      .refine(canBeSent, 'cannot be sent')
      .refine(
        (headers) => !Object.keys(headers).some((name) => /^webhook-/i.test(name)),
        'must not begin with webhook-',
      )
      .optional(),
    maxAttempts: z.int().min(1).max(10).optional(),
    attemptTimeoutMs: z.int().min(50).max(30_000).optional(),
    dangerouslyAllowHttp: z.boolean().optional(),
    fetch: functionSchema<typeof globalThis.fetch>().optional(),
    random: functionSchema<() => number>().optional(),
  })
  .superRefine(({ url, dangerouslyAllowHttp = false }, context) => {
    const message = urlProblem(url, { dangerouslyAllowHttp });
    if (message) context.addIssue({ code: 'custom', path: ['url'], message });
  });

export class Webhook {
  readonly #options: WebhookOptions;
  readonly #keys: readonly Buffer[];
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  /** @param timeoutMs - Longest time for all attempts of one alert. */
  constructor(options: WebhookOptions, timeoutMs: number, clock: Clock) {
    this.#options = options;
    this.#keys = [options.secret].flat().flatMap((secret) => signingKey(secret) ?? []);
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /**
   * Sends an alert. Resolves to the reason of a failure, or to undefined. The reason never names the URL, which may
   * contain a secret.
   */
  async send(alert: Alert): Promise<string | undefined> {
    const { url, headers, attemptTimeoutMs = 5_000, maxAttempts = 5, ...rest } = this.#options;
    // A client for each alert: the failures of one must not open the circuit of the next.
    const network = { ...rest, attemptTimeoutMs, maxAttempts, timeoutMs: this.#timeoutMs, clock: this.#clock };
    const client = new HttpClient(resolveNetwork(network));
    const body = JSON.stringify(alert);
    let status: number | undefined;
    try {
      await client.run(new AbortController().signal, async ({ send }) => {
        status = undefined;
        // Signed for each attempt, so that a retry is within the tolerance too.
        const signed = signedHeaders(alert.id, body, this.#keys, this.#clock.now());
        const answer = await send({ method: 'POST', url, body, headers: { ...headers, ...signed } });
        status = answer.status;
        expectSuccess(answer);
      });
      return undefined;
    } catch (error) {
      if (status !== undefined) return `HTTP ${status}`;
      const kind = error instanceof HttpFailure ? error.failure.kind : 'unknown';
      // Only the body of a success is read this strictly, and it does not matter.
      if (kind === 'too_large' || kind === 'not_json') return undefined;
      return kind === 'attempt_timeout' || kind === 'deadline' ? 'timeout' : kind;
    }
  }
}
