// Errors of the guard as answers of an Express application.
import type { ErrorRequestHandler } from 'express';
import { isPayoutGuardError } from '../core/errors.js';
import { errorAnswers } from '../web/error-answer.js';
import type { ProblemOptions } from '../web/problem.js';
import { stateOf } from './response-holds.js';

export interface PayoutGuardErrorsOptions extends ProblemOptions {}

/**
 * Answers the errors of the guard; passes every other error on. Mount it after the routes. An answer never claims that
 * a payout was not made: a request whose payment began is answered 409 `payout_in_progress`, whatever went wrong
 * afterwards. A `PayoutRejectedError` releases the hold of a request that has exactly one.
 *
 * @throws `ConfigurationError` at creation when the options are unknown.
 */
export function payoutGuardErrors(options: PayoutGuardErrorsOptions = {}): ErrorRequestHandler {
  const answerTo = errorAnswers(options);

  return (error, _req, res, next) => {
    if (!isPayoutGuardError(error)) return next(error);
    // Half an answer cannot be turned into another one: Express then closes the connection.
    answerTo(error, stateOf(res), () => res.headersSent)
      .then((answer) => {
        if (!answer) return next(error);
        const { status, headers, body } = answer;
        res.status(status).set(headers).send(JSON.stringify(body));
      })
      .catch(next);
  };
}
