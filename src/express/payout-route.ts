// A route that pays: the handler is given `pay`, and ending without it means that nothing was sent.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { Pay } from '../web/payout-handler.js';
import { payoutLife } from '../web/payout-life.js';
import type { RoutePayout } from '../web/route-options.js';
import { assertExpress, exchangeOf } from './response-holds.js';

/** Reads the payout from the request, and judges its end. */
export interface PayoutRouteOptions extends RoutePayout<[req: Request, res: Response]> {}

/** A handler of a route that pays. */
export type PayoutHandler = (req: Request, res: Response, pay: Pay) => unknown;

/**
 * Holds the money, then runs the handler. `pay(fn)` marks the hold as sent, runs `fn` with it, and settles it by what
 * the end of `fn` proves. The response decides nothing: with `pay` called, `fn` alone does, also when the client has
 * left, another layer has answered or the handler throws afterwards. A handler that ends without `pay` has sent
 * nothing, and the hold is released; a `pay` that comes later rejects. Rejections go to `next`, in Express 4 too.
 *
 * @example
 * ```ts
 * const options = { amount: (req) => req.body.amount, reference: tenantKey };
 * app.post('/payouts', payoutRoute(guard, options, async (req, res, pay) => {
 *   const payment = await pay((hold) => makePayment({ ...req.body, reference: hold.reference }));
 *   res.status(202).json(payment);
 * }));
 * ```
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function payoutRoute(guard: PayoutGuard, options: PayoutRouteOptions, handler: PayoutHandler): RequestHandler {
  const serve = payoutLife(guard, options, handler);

  return (req: Request, res: Response, next: NextFunction) => {
    assertExpress(req, res, next);
    const exchange = {
      ...exchangeOf(req, res),
      statusOf: () => (res.headersSent || res.writableEnded ? res.statusCode : undefined),
    };
    serve(exchange, (pay) => handler(req, res, pay))
      // Without an error, `next` would go on to the routes behind this one.
      .catch((error) => next(error || new Error('Rejected promise')));
  };
}
