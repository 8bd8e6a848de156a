// Network behaviour: the same options for every adapter.
import * as z from 'zod';
import { type Clock, systemClock } from '../core/clock.js';
import { clockSchema, functionSchema } from '../core/schemas.js';
import { urlProblem } from './safe-url.js';

/** Network behaviour, the same for every adapter. */
export interface NetworkOptions {
  /**
   * Longest time for one request, in milliseconds. 50 to 30,000.
   * @defaultValue 2,000
   */
  attemptTimeoutMs?: number | undefined;
  /**
   * Longest time for one balance or look-up, with token, retries and waits between them, in milliseconds. 50 to 60,000.
   * @defaultValue 5,000
   */
  timeoutMs?: number | undefined;
  /**
   * Attempts for one balance or look-up at most, the first one included; a repetition with a renewed token after a 401
   * is not counted, and happens once. 1 to 10.
   * @defaultValue 3
   */
  maxAttempts?: number | undefined;
  circuitBreaker?:
    | {
        /**
         * After this many failures in a row the provider is not asked. 1 to 1,000.
         * @defaultValue 5
         */
        failures?: number | undefined;
        /**
         * For how long, in milliseconds. 100 to 600,000.
         * @defaultValue 10,000
         */
        openMs?: number | undefined;
      }
    | undefined;
  /**
   * Allows plain http to hosts of a private network. Without it, http is for loopback only: credentials and balances
   * travel in clear text, and anyone on the path can forge a balance.
   * @defaultValue false
   */
  dangerouslyAllowHttp?: boolean | undefined;
  /**
   * The `fetch` to use, for proxies and client certificates.
   * @defaultValue the one of Node.js
   */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * Source of the time; for tests.
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined;
  /**
   * Randomness of the waits between attempts, from 0 up to but not including 1.
   * @defaultValue `Math.random`
   */
  random?: (() => number) | undefined;
}

/** {@link NetworkOptions} with defaults. */
export interface Network {
  readonly attemptTimeoutMs: number;
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly breakerFailures: number;
  readonly breakerOpenMs: number;
  readonly dangerouslyAllowHttp: boolean;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly random: () => number;
}

/** The keys of {@link NetworkOptions}, to be spread into the schema of an adapter's options. */
export const networkShape: { readonly [Key in keyof NetworkOptions]-?: z.ZodType<NetworkOptions[Key]> } = {
  attemptTimeoutMs: z.int().min(50).max(30_000).optional(),
  timeoutMs: z.int().min(50).max(60_000).optional(),
  maxAttempts: z.int().min(1).max(10).optional(),
  circuitBreaker: z
    .strictObject({
      failures: z.int().min(1).max(1_000).optional(),
      openMs: z.int().min(100).max(600_000).optional(),
    })
    .optional(),
  dangerouslyAllowHttp: z.boolean().optional(),
  fetch: functionSchema<typeof globalThis.fetch>().optional(),
  clock: clockSchema.optional(),
  random: functionSchema<() => number>().optional(),
};

export function resolveNetwork(options: NetworkOptions): Network {
  return {
    attemptTimeoutMs: options.attemptTimeoutMs ?? 2_000,
    timeoutMs: options.timeoutMs ?? 5_000,
    maxAttempts: options.maxAttempts ?? 3,
    breakerFailures: options.circuitBreaker?.failures ?? 5,
    breakerOpenMs: options.circuitBreaker?.openMs ?? 10_000,
    dangerouslyAllowHttp: options.dangerouslyAllowHttp ?? false,
    fetch: options.fetch ?? globalThis.fetch,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}

/** Runs a rule about several options even when one of them is wrong, so that one error names every problem. */
export const alwaysCheck: { when(payload: { value: unknown }): boolean } = {
  when: ({ value }) => typeof value === 'object' && value !== null,
};

/** The rule for the option with the address of the provider. */
export function urlRule(key: 'baseUrl' | 'url'): (options: unknown, context: z.RefinementCtx) => void {
  return (options, context) => {
    const { [key]: url, dangerouslyAllowHttp } = options as Record<string, unknown>;
    if (typeof url !== 'string') return;
    const message =
      urlProblem(url, { dangerouslyAllowHttp: dangerouslyAllowHttp === true }) ??
      (key === 'baseUrl' && /[?#]/.test(url) ? 'must have no query or fragment' : undefined);
    if (message) context.addIssue({ code: 'custom', path: [key], message });
  };
}

export function withoutTrailingSlashes(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, '');
}
