// The holds of a response. They are kept in `res.locals`, because a new property of the response itself slows down
// everything that Express does with it; under a name that both module formats of this package share.
import type { Request, Response } from 'express';
import { ConfigurationError } from '../core/errors.js';
import type { Hold } from '../core/payout-guard.js';

const holdsKey = Symbol.for('payout-guard.holds') as unknown as string;
const answeredKey = Symbol.for('payout-guard.answered') as unknown as string;

/** The holds that were taken for this request, in their order. */
export function holdsOf(res: Response): readonly Hold[] {
  return res.locals?.[holdsKey] ?? [];
}

/** The hold that was taken last for this request; undefined on a route that only checks. */
export function holdOf(res: Response): Hold | undefined {
  return holdsOf(res).at(-1);
}

export function rememberHold(res: Response, hold: Hold): void {
  res.locals[holdsKey] = [...holdsOf(res), hold];
}

/** Notes that `payoutGuardErrors()` answers, so that the answer is not taken for one of the handler. */
export function rememberAnswer(res: Response): void {
  if (res.locals) res.locals[answeredKey] = true;
}

export function isAnsweredByGuard(res: Response): boolean {
  return res.locals?.[answeredKey] === true;
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

/**
 * Returns true if no client waits for the handler: it has left, or another layer has answered. A pipelined request has
 * no response on the socket yet, so the socket is asked too.
 */
export function isOver(req: Request, res: Response): boolean {
  return res.writableEnded || res.closed || res.destroyed || req.socket?.destroyed === true;
}
