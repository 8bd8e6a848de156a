// The holds of a response. They are kept in `res.locals`, because a new property of the response itself slows down
// everything that Express does with it.
import type { Request, Response } from 'express';
import { ConfigurationError } from '../core/errors.js';
import type { Hold } from '../core/payout-guard.js';
import { nodeExchange } from '../web/node-response.js';
import type { Exchange } from '../web/payout-life.js';
import { holdsOf as holdsIn, lastHoldOf, type RequestState } from '../web/request-holds.js';

export function stateOf(res: Response): RequestState {
  return res.locals;
}

export function exchangeOf(req: Request, res: Response): Exchange<[req: Request, res: Response]> {
  // A router sets it back when it has ended.
  const { baseUrl } = req;
  const exchange = nodeExchange<[Request, Response]>([req, res], stateOf(res), req, res);
  return { ...exchange, route: () => `${req.method} ${baseUrl}${req.route?.path ?? ''}` };
}

/** The holds that were taken for this request, in their order. */
export function holdsOf(res: Response): readonly Hold[] {
  return holdsIn(stateOf(res));
}

/** The hold that was taken last for this request; undefined on a route that only checks. */
export function holdOf(res: Response): Hold | undefined {
  return lastHoldOf(stateOf(res));
}

/**
 * Refuses what is no Express response before anything is held: it could not show how the request ended. Throws instead
 * of calling `next`, because a `next` that ignores its argument would run the payment unguarded.
 */
export function assertExpress(req: Request, res: Response, next: unknown): void {
  const isExpress =
    typeof next === 'function' &&
    typeof res?.end === 'function' &&
    typeof res.status === 'function' &&
    typeof res.locals === 'object' &&
    res.locals !== null &&
    typeof req?.get === 'function';
  if (isExpress) return;
  throw new ConfigurationError(['route: it must be mounted in an Express application; use guard.withHold elsewhere']);
}
