// Errors of the guard as answers of an Express application.
import type { ErrorRequestHandler } from 'express';
import * as z from 'zod';
import { isPayoutGuardError } from '../core/errors.js';
import { readOptions } from '../core/problems.js';
import { type ProblemOptions, problemAnswer } from '../web/problem.js';
import { releaseRejected } from '../web/rejection.js';
import { holdsOf, rememberAnswer } from './response-holds.js';

export interface PayoutGuardErrorsOptions extends ProblemOptions {}

const optionsSchema: z.ZodType<PayoutGuardErrorsOptions> = z.strictObject({ expose: z.literal('amounts').optional() });

/**
 * Answers the errors of the guard; passes every other error on. Mount it after the routes. An answer never claims that
 * a payout was not made: a request whose payment began is answered 409 `payout_in_progress`, whatever went wrong
 * afterwards. A `PayoutRejectedError` releases the hold of a request that has exactly one.
 *
 * @throws `ConfigurationError` at creation when the options are unknown.
 */
export function payoutGuardErrors(options: PayoutGuardErrorsOptions = {}): ErrorRequestHandler {
  readOptions(optionsSchema, options);

  return (error, _req, res, next) => {
    if (!isPayoutGuardError(error)) return next(error);
    const holds = holdsOf(res);
    const answer = async (): Promise<void> => {
      const isReleased = await releaseRejected(error, holds);
      // Half an answer cannot be turned into another one: Express then closes the connection.
      if (res.headersSent) return next(error);
      const { status, headers, body } = problemAnswer(error, isReleased ? [] : holds, options);
      rememberAnswer(res);
      res.status(status).set(headers).send(JSON.stringify(body));
    };
    answer().catch(next);
  };
}
