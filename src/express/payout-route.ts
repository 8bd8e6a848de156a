// A route that pays: the handler is given `pay`, and ending without it means that nothing was sent.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import * as z from 'zod';
import type { PayOptions } from '../core/calls.js';
import { isPayoutGuardError } from '../core/errors.js';
import type { PayoutInProgressError } from '../core/hold-errors.js';
import type { HoldInfo } from '../core/hold-info.js';
import type { Hold, PayoutGuard } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { functionSchema } from '../core/schemas.js';
import { warn } from '../core/warn.js';
import { type Pay, runPayoutHandler } from '../web/payout-handler.js';
import { type PayoutSource, readPayout } from '../web/read-payout.js';
import { assertExpress, isOver, rememberHold } from './response-holds.js';
import { assertGuard, sourceShape } from './route-options.js';

/** Reads the payout from the request, and judges its end. */
export interface PayoutRouteOptions extends PayoutSource<[Request, Response]>, PayOptions {
  reference: (req: Request, res: Response) => unknown;
  /**
   * Answers a request whose reference is taken, from your own record: the payout is under way, was made, or failed.
   * `hold` is undefined when it could not be read. It is awaited; one that ends without an answer leaves the request to
   * the default.
   * @defaultValue 409, as `payoutGuardErrors()` answers it
   */
  onDuplicate?: ((req: Request, res: Response, hold: HoldInfo | undefined) => unknown) | undefined;
}

/** A handler of a route that pays. */
export type PayoutHandler = (req: Request, res: Response, pay: Pay) => unknown;

const optionsSchema: z.ZodType<unknown> = z.strictObject({
  ...sourceShape,
  reference: functionSchema(),
  settles: z.literal('onReturn').optional(),
  returns: z.literal('providerAnswer').optional(),
  onDuplicate: functionSchema().optional(),
});

/**
 * Holds the money, then runs the handler. `pay(fn)` marks the hold as sent, runs `fn` with it, and settles it by what
 * the end of `fn` proves. The response decides nothing: with `pay` called, `fn` alone does, also when the client has
 * left, another layer has answered or the handler throws afterwards. A handler that ends without `pay` has sent
 * nothing, and the hold is released; a `pay` that comes later rejects. Rejections go to `next`, in Express 4 too.
 *
 * @example
 * ```ts
 * app.post('/payouts', payoutRoute(guard, { amount: (req) => req.body.amount, reference: tenantKey }, async (req, res,
 * pay) => { const payment = await pay((hold) => makePayment({ ...req.body, reference: hold.reference }));
 * res.status(202).json(payment); })); ```
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function payoutRoute(guard: PayoutGuard, options: PayoutRouteOptions, handler: PayoutHandler): RequestHandler {
  const problems = new Problems();
  problems.read(optionsSchema, options);
  if (typeof handler !== 'function') problems.add('handler: must be a function');
  assertGuard(guard, options, problems);
  if (problems.any) throw problems.error();
  const { settles, returns, onDuplicate } = options;

  const serve = async (req: Request, res: Response): Promise<void> => {
    const hold = await take(req, res);
    if (!hold) return;
    if (isOver(req, res)) {
      // The payout has not begun, so it does not. A release that the store could not take is kept, and the reservation
      // expires.
      await hold.release().catch(() => {});
      return;
    }
    rememberHold(res, hold);
    await runPayoutHandler(hold, (pay) => handler(req, res, pay), {
      hasAnswered: () => hasAnswered(res),
      onUnpaid: () => warnOfSuccess(req, res),
      pay: { settles, returns },
    });
  };

  let hasWarned = false;
  const warnOfSuccess = (req: Request, res: Response): void => {
    if (hasWarned || !hasAnswered(res) || res.statusCode >= 300) return;
    hasWarned = true;
    warn(
      'PAYOUT_GUARD_NOT_PAID',
      `A payoutRoute handler (${req.method} ${req.baseUrl}${req.route?.path ?? ''}) answered with success and ` +
        'never called pay(), so its hold was released. If it makes the payment by itself, nothing covers it: make it ' +
        'within pay().',
    );
  };

  const take = async (req: Request, res: Response): Promise<Hold | undefined> => {
    try {
      return await guard.hold(() => readPayout(options, [req, res]));
    } catch (error) {
      if (!onDuplicate || !isDuplicate(error)) throw error;
      const hold = await guard.getHold(error.reference).catch(() => undefined);
      await onDuplicate(req, res, hold);
      if (!hasAnswered(res)) throw error;
      return undefined;
    }
  };

  return (req: Request, res: Response, next: NextFunction) => {
    assertExpress(req, res, next);
    // Without an error, `next` would go on to the routes behind this one.
    serve(req, res).catch((error) => next(error || new Error('Rejected promise')));
  };
}

function hasAnswered(res: Response): boolean {
  return res.headersSent || res.writableEnded;
}

/** The reference belongs to a payout that is under way, was made, or failed. */
function isDuplicate(error: unknown): error is PayoutInProgressError {
  return isPayoutGuardError(error) && (error.code === 'payout_in_progress' || error.code === 'duplicate_reference');
}
