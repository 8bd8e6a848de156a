// The answer to an error of a request, for every framework.
import * as z from 'zod';
import { isPayoutGuardError } from '../core/errors.js';
import type { Hold } from '../core/payout-guard.js';
import { readOptions } from '../core/problems.js';
import { type ProblemAnswer, type ProblemOptions, problemAnswer } from './problem.js';
import { releaseRejected } from './rejection.js';
import { holdsOf, type RequestState, rememberAnswer } from './request-holds.js';

/** Options of {@link problemOf}. */
export interface ProblemOfOptions extends ProblemOptions {
  /**
   * The holds that were taken for the request. If one of their payouts may have been made, the answer is 409
   * `payout_in_progress`, whatever the error is.
   * @defaultValue none
   */
  holds?: readonly Hold[] | undefined;
}

const exposeSchema = { expose: z.literal('amounts').optional() };
const optionsSchema: z.ZodType<ProblemOptions> = z.strictObject(exposeSchema);

export const problemShape: { readonly expose: z.ZodType } = exposeSchema;

/**
 * Status, headers and body of the answer to an error of this library; undefined for every other error, which is the
 * application's own. The answer shows no balance, and it never claims that a payout was not made which may have been.
 *
 * @example
 * ```ts
 * const problem = problemOf(error);
 * if (!problem) throw error;
 * return new Response(JSON.stringify(problem.body), problem);
 * ```
 */
export function problemOf(error: unknown, options: ProblemOfOptions = {}): ProblemAnswer | undefined {
  return isPayoutGuardError(error) ? problemAnswer(error, options.holds ?? [], options) : undefined;
}

/**
 * Answers an error as {@link problemOf} does, for the holds of a request. A `PayoutRejectedError` releases the hold of
 * a request that has exactly one.
 *
 * @param isTooLate - Returns true once an answer has begun, which cannot be turned into another one.
 */
export type AnswerError = (
  error: unknown,
  state: RequestState | undefined,
  isTooLate?: () => boolean,
) => Promise<ProblemAnswer | undefined>;

/** @throws `ConfigurationError` when an option is unknown. */
export function errorAnswers(options: ProblemOptions): AnswerError {
  readOptions(optionsSchema, options);
  return async (error, state, isTooLate = () => false) => {
    if (!isPayoutGuardError(error)) return undefined;
    const holds = holdsOf(state);
    const isReleased = await releaseRejected(error, holds);
    if (isTooLate()) return undefined;
    rememberAnswer(state);
    return problemAnswer(error, isReleased ? [] : holds, options);
  };
}
