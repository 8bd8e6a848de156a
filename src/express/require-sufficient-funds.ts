// In front of a handler that exists and pays by itself: checks, or holds.
import type { Request, RequestHandler, Response } from 'express';
import type { PayoutGuard } from '../core/payout-guard.js';
import { nodeFundsGuard } from '../web/node-response.js';
import type { CheckingRoute, HoldingRoute } from '../web/route-options.js';
import { assertExpress, exchangeOf } from './response-holds.js';

type Source = [req: Request, res: Response];

/** A route that holds money for the payout of its handler. */
export interface HoldingRouteOptions extends HoldingRoute<Source> {}

/** A route that only checks: two requests at the same time may both be approved. */
export interface CheckingRouteOptions extends CheckingRoute<Source> {}

export type RequireSufficientFundsOptions = HoldingRouteOptions | CheckingRouteOptions;

/**
 * Lets a request through only if the wallet covers its amount; otherwise the error goes to `next`, where
 * `payoutGuardErrors()` or the application's own error handler answers. Mount it last, after everything that may refuse
 * the request: the money is held from here on. Prefer `payoutRoute` for handlers you can change.
 *
 * With a `reference`, the money is held as `sent` before the handler runs, and `holdOf(res)` is the hold. It stays sent
 * unless the handler settles it (`holdOf(res).pay`, `capture`, `release`), a `PayoutRejectedError` reaches
 * `payoutGuardErrors()`, or `verdictOn` returns what the answer proves.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function requireSufficientFunds(guard: PayoutGuard, options: RequireSufficientFundsOptions): RequestHandler {
  const admit = nodeFundsGuard<Source>(guard, options);

  return (req, res, next) => {
    assertExpress(req, res, next);
    admit(exchangeOf(req, res), res)
      .then((isAdmitted) => isAdmitted && next())
      .catch(next);
  };
}
