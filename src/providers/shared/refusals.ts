// Failures that a provider reports in the body of its answers, whatever their status.
import type * as z from 'zod';
import type { HttpAnswer } from '../../http/client.js';
import type { Failure } from '../../http/failure.js';
import { readIfShaped } from '../../http/json.js';

/** Statuses that mean the same with any body: credentials, permission, time and rate. */
const clearStatuses: ReadonlySet<number> = new Set([401, 403, 408, 429]);

/**
 * Returns the failure of an answer that has the shape of a refusal. It is `forbidden` if `setupProblem` finds one of
 * the account, which no other request would meet differently, and the provider's error otherwise.
 */
export function refusalsOf<Refusal>(
  shape: z.ZodType<Refusal>,
  setupProblem: (refusal: Refusal) => string | undefined,
): (answer: HttpAnswer) => Failure | undefined {
  return ({ status, text }) => {
    if (status >= 500 || clearStatuses.has(status)) return undefined;
    const refusal = readIfShaped(shape, text);
    if (refusal === undefined) return undefined;
    const problem = setupProblem(refusal);
    return problem === undefined
      ? { kind: 'answer', reason: 'provider_error', detail: `refused with HTTP ${status}`, retryable: false }
      : { kind: 'answer', reason: 'forbidden', detail: problem, retryable: false };
  };
}
