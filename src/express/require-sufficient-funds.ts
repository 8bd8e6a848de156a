// In front of a handler that exists and pays by itself: checks, or holds. It cannot see what the handler does.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import * as z from 'zod';
import { isSilence } from '../core/ask-store.js';
import type { CheckOptions } from '../core/calls.js';
import { answerOf, thrownBy } from '../core/functions.js';
import type { AmountInput, Hold, PayoutGuard } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { functionSchema } from '../core/schemas.js';
import { warn } from '../core/warn.js';
import { type PayoutSource, readPayout } from '../web/read-payout.js';
import { assertExpress, isAnsweredByGuard, isOver, rememberHold } from './response-holds.js';
import { assertGuard, sourceShape } from './route-options.js';

type Source = PayoutSource<[Request, Response]>;
type Judge = Exclude<HoldingRouteOptions['verdictOn'], 'none'>;

/** A route that holds money for the payout of its handler. */
export interface HoldingRouteOptions extends Source {
  reference: (req: Request, res: Response) => unknown;
  /**
   * The proof that the answer of your handler gives, if the handler has not settled the hold itself: `'completed'` the
   * payout was made, `'failed'` it was not made and never will be, `undefined` nothing. The library has no rule of its
   * own, 2xx included: only you know what a status of your API means. Name every answer that you give before paying:
   * one that proves nothing leaves the money held until the outcome is looked up.
   *
   * It is called once, when the response ends, whichever layer ended it and whether or not the client is there. A
   * status proves nothing if a timeout layer may answer it during the payment, or if an error may carry it: Express
   * answers the 404 of an HTTP client with 404. Where that is possible, return `'failed'` for a mark that your handler
   * sets before it pays, such as `res.locals.refused`. Answers of `payoutGuardErrors()` are never judged.
   *
   * `'none'`: no answer of the handler proves anything.
   */
  verdictOn: ((req: Request, res: Response) => 'completed' | 'failed' | undefined) | 'none';
  mode?: undefined;
}

/** A route that only checks: two requests at the same time may both be approved. */
export interface CheckingRouteOptions extends Omit<Source, 'reference' | 'metadata' | 'fingerprint'> {
  mode: 'check';
  reference?: undefined;
  verdictOn?: undefined;
}

export type RequireSufficientFundsOptions = HoldingRouteOptions | CheckingRouteOptions;

const verdictOnSchema = z.union([z.literal('none'), functionSchema()], {
  error: "must be a function (req, res) => 'completed' | 'failed' | undefined, or 'none'",
});
const holdingSchema: z.ZodType<unknown> = z.strictObject({
  ...sourceShape,
  reference: functionSchema(),
  verdictOn: verdictOnSchema,
  mode: z.undefined({ error: 'leave it out on a route with a reference' }).optional(),
});
const { amount, fee, currency, wallet } = sourceShape;
const checkingSchema: z.ZodType<unknown> = z.strictObject({
  amount,
  fee,
  currency,
  wallet,
  mode: z.literal('check', "must be 'check' on a route without a reference: two requests at once may both be approved"),
});

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
  const problems = new Problems();
  const isHolding = typeof options === 'object' && options !== null && options.reference !== undefined;
  problems.read(isHolding ? holdingSchema : checkingSchema, options);
  assertGuard(guard, options, problems);
  if (problems.any) throw problems.error();
  return isHolding ? holding(guard, options as HoldingRouteOptions) : checking(guard, options as CheckingRouteOptions);
}

function checking(guard: PayoutGuard, source: CheckingRouteOptions): RequestHandler {
  const check = async (req: Request, res: Response): Promise<void> => {
    const payout = read(req, res);
    if (payout) await guard.assertSufficientFunds(...payout);
  };
  const read = (req: Request, res: Response): [amount: AmountInput, options: CheckOptions] | undefined => {
    try {
      const { amount, reference, ...options } = readPayout(source, [req, res]);
      return [amount, options];
    } catch (error) {
      // Throws, unless the guard only observes.
      guard.internals.refuse(error);
      return undefined;
    }
  };
  return (req, res, next) => {
    assertExpress(req, res, next);
    check(req, res).then(() => next(), next);
  };
}

function holding(guard: PayoutGuard, options: HoldingRouteOptions): RequestHandler {
  const { verdictOn } = options;

  const serve = async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    const hold = await guard.hold(() => ({ ...readPayout(options, [req, res]), state: 'sent' }));
    if (isOver(req, res)) {
      // The payout has not begun, so it does not. A release that the store could not take is kept by the guard.
      await hold.release({ notSent: true }).catch(() => {});
      return;
    }
    rememberHold(res, hold);
    if (verdictOn !== 'none') whenEnded(res, () => judge(hold, req, res, verdictOn));
    next();
  };

  return (req, res, next) => {
    assertExpress(req, res, next);
    serve(req, res, next).catch(next);
  };
}

/**
 * Runs a function once when the handler ends the response. Events are no use here: some responses emit `finish` and no
 * `close`, and the response to a pipelined request whose client has left emits neither.
 */
function whenEnded(res: Response, act: () => void): void {
  const end = res.end as (...given: unknown[]) => Response;
  let hasEnded = false;
  res.end = ((...given: unknown[]) => {
    const ended = end.apply(res, given);
    const isLate = hasEnded;
    hasEnded = true;
    if (!isLate) act();
    return ended;
  }) as Response['end'];
}

function judge(hold: Hold, req: Request, res: Response, verdictOn: Judge): void {
  // The handler has paid under the hold or settled it, so its own word counts; or the answer is not one of the handler.
  if (hold.isPaying || hold.state !== 'sent' || isAnsweredByGuard(res)) return;
  const verdict = verdictOf(hold, () => verdictOn(req, res));
  if (verdict === 'completed') hold.capture().catch((error) => warnOfContradiction(hold, 'made', error));
  if (verdict === 'failed') hold.release().catch((error) => warnOfContradiction(hold, 'not made', error));
}

function verdictOf(hold: Hold, ask: () => unknown): 'completed' | 'failed' | undefined {
  try {
    return answerOf('verdictOn', "'completed', 'failed' or undefined", isVerdict, ask());
  } catch (error) {
    const { message } = thrownBy('verdictOn', error);
    warn(
      'PAYOUT_GUARD_VERDICT',
      `The end of payout ${hold.reference} could not be judged, so its money stays held. ${message}`,
    );
    return undefined;
  }
}

function isVerdict(value: unknown): value is 'completed' | 'failed' | undefined {
  return value === 'completed' || value === 'failed' || value === undefined;
}

function warnOfContradiction({ reference }: Hold, verdict: string, error: unknown): void {
  // The guard keeps the verdict and has reported it.
  if (isSilence(error)) return;
  warn(
    'PAYOUT_GUARD_CONTRADICTION',
    `The handler answered that payout ${reference} was ${verdict}, but its hold is in another state. Nothing was ` +
      'changed. Check the payout with the provider.',
    error,
  );
}
