// Koa 2 and 3: reads the request, asks the guard, answers. No money logic.
import type { Context, Middleware } from 'koa';
import type { Hold, PayoutGuard } from '../core/payout-guard.js';
import { errorAnswers } from '../web/error-answer.js';
import type { FundsOptions } from '../web/funds-guard.js';
import { nodeExchange, nodeFundsGuard } from '../web/node-response.js';
import type { Pay } from '../web/payout-handler.js';
import { type Exchange, payoutLife } from '../web/payout-life.js';
import { mayHavePaid, type ProblemOptions } from '../web/problem.js';
import { holdsOf, lastHoldOf, type RequestState } from '../web/request-holds.js';
import { noAnswer } from '../web/response.js';
import type { RoutePayout } from '../web/route-options.js';
import type { WebhookReceiverOptions } from '../web/webhook-receiver.js';
import { rawReceiver } from '../web/webhook-routes.js';

export type { Pay } from '../web/payout-handler.js';

type Source = [ctx: Context];

export interface PayoutRouteOptions extends RoutePayout<Source> {}
export type RequireSufficientFundsOptions = FundsOptions<Source>;

/**
 * Makes the middleware of a route that pays: holds the money, then runs your handler, which is given `pay`. A handler
 * that ends without `pay` has sent nothing, and the hold is released. One that may have paid must set `ctx.body` or
 * `ctx.status`, because Koa would answer 404: `payoutGuardErrors()` answers 409 `payout_in_progress` instead.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function payoutRoute(
  guard: PayoutGuard,
  options: PayoutRouteOptions,
  handler: (ctx: Context, pay: Pay) => unknown,
): Middleware {
  const serve = payoutLife<Source>(guard, options, handler);
  return async (given) => {
    const ctx = given as Context;
    const exchange = {
      ...exchangeOf(ctx),
      statusOf: () => (isAnswered(ctx) ? ctx.status : undefined),
    };
    const served = await serve(exchange, (pay) => handler(ctx, pay));
    if (served && !isAnswered(ctx) && holdsOf(ctx.state).some(mayHavePaid))
      throw noAnswer('set ctx.body or ctx.status');
  };
}

/**
 * Makes a middleware for a handler that exists and pays by itself: lets a request through only if the wallet covers its
 * amount. With a `reference` it holds the money as `sent`, and `verdictOn` judges the answer when it is sent.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function requireSufficientFunds(guard: PayoutGuard, options: RequireSufficientFundsOptions): Middleware {
  const admit = nodeFundsGuard<Source>(guard, options);
  return async (ctx, next) => {
    const given = ctx as Context;
    if (await admit(exchangeOf(given), ctx.res, () => isSet(given) || ctx.status !== 404)) await next();
  };
}

/** Makes a middleware that answers the errors of the guard and throws all others. Mount it before the routes. */
export function payoutGuardErrors(options: ProblemOptions = {}): Middleware {
  const answerTo = errorAnswers(options);
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const answer = await answerTo(error, ctx.state, () => ctx.headerSent);
      if (!answer) throw error;
      ctx.status = answer.status;
      ctx.set(answer.headers);
      ctx.body = JSON.stringify(answer.body);
    }
  };
}

/** Makes a middleware that receives the webhooks of a provider. Mount it before any body parser. */
export function payoutWebhook(guard: PayoutGuard, options: WebhookReceiverOptions = {}): Middleware {
  const receive = rawReceiver(guard, options);
  return async (ctx) => {
    const { req, headers, originalUrl: path } = ctx;
    ctx.body = '';
    ctx.status = await receive(req.readableDidRead ? undefined : req, { headers, path });
  };
}

/** Makes a middleware that serves a console. The path where it is mounted is the `basePath` of the console. */
export function mountConsole(serve: (request: Context['req'], response: Context['res']) => void): Middleware {
  return (ctx) => {
    ctx.respond = false;
    // A body parser may have read it.
    const { body } = ctx.request as { body?: unknown };
    serve(Object.assign(ctx.req, body !== undefined && { body }), ctx.res);
  };
}

/** The hold that was taken last for this request; undefined on a route that only checks. */
export function holdOf(ctx: { readonly state: object }): Hold | undefined {
  return lastHoldOf(ctx.state as RequestState);
}

function exchangeOf(ctx: Context): Exchange<Source> {
  return { ...nodeExchange([ctx], ctx.state, ctx.req, ctx.res), route: () => `${ctx.method} ${ctx.path}` };
}

function isAnswered(ctx: Context): boolean {
  return isSet(ctx) || ctx.headerSent;
}

/** A status of 404 is Koa's own unless it was set. */
function isSet({ response, body, respond }: Context): boolean {
  const { _explicitStatus: isExplicit } = response as { _explicitStatus?: boolean };
  return isExplicit === true || body !== undefined || respond === false;
}
