// The verdicts that settle a hold, and their sources.

/**
 * The state of a payout, as far as it is known:
 *
 * - `completed`: it was made. Final.
 * - `failed`: it was not made and never will be. Final.
 * - `pending`: the provider accepted it, and it is under way.
 * - `unknown`: it may have been made.
 */
export type PayoutVerdict = 'completed' | 'pending' | 'failed' | 'unknown';

/**
 * The verdict in an error of the payment code:
 *
 * - `failed`: the provider did not make the payout and never will.
 * - `not_sent`: the payout certainly never reached the provider. Its reference may be held again.
 * - `unknown`: it may have been made, so its money stays held.
 */
export type ErrorVerdict = 'failed' | 'not_sent' | 'unknown';

const verdicts: ReadonlySet<unknown> = new Set<PayoutVerdict>(['completed', 'pending', 'failed', 'unknown']);
const errorVerdicts: ReadonlySet<unknown> = new Set<ErrorVerdict>(['failed', 'not_sent', 'unknown']);

export function isPayoutVerdict(value: unknown): value is PayoutVerdict {
  return verdicts.has(value);
}

export function isErrorVerdict(value: unknown): value is ErrorVerdict {
  return errorVerdicts.has(value);
}

/**
 * Returns true for the response of an HTTP client to a request that did not succeed: `fetch` resolves for
 * every status, and other clients may be set to. It proves nothing about the payout, and neither does a value that
 * cannot be read.
 */
export function isFailedResponse(result: unknown): boolean {
  try {
    if (typeof result !== 'object' || result === null) return false;
    const { ok, headers, status, statusCode } = result as Readonly<Record<string, unknown>>;
    if (ok === false) return true;
    const code = status ?? statusCode;
    // With headers it is an answer of HTTP, and not the word of a provider.
    return typeof headers === 'object' && headers !== null && typeof code === 'number' && (code < 200 || code > 299);
  } catch {
    return true;
  }
}
