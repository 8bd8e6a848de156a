// Hono 4, on Node.js, Deno, Bun and workers: reads the request, asks the guard, answers. No money logic.
import type { Context, ErrorHandler, MiddlewareHandler } from 'hono';
import type { Hold, PayoutGuard } from '../core/payout-guard.js';
import { errorAnswers } from '../web/error-answer.js';
import { fundsGuard } from '../web/funds-guard.js';
import type { Pay } from '../web/payout-handler.js';
import { payoutLife } from '../web/payout-life.js';
import type { ProblemOptions } from '../web/problem.js';
import { lastHoldOf, type RequestState } from '../web/request-holds.js';
import { assertResponse, clientHasLeft, isResponse, problemResponse } from '../web/response.js';
import type { CheckingRoute, HoldingRoute, RoutePayout } from '../web/route-options.js';
import type { WebhookReceiverOptions } from '../web/webhook-receiver.js';
import { webhookFetch } from '../web/webhook-routes.js';

export type { Pay } from '../web/payout-handler.js';

// biome-ignore lint/suspicious/noExplicitAny: the variables of an application, and the body of a request.
type Any = any;
type Source<C, Body> = [c: C, body: Body];

/** The functions are given the JSON of the body, which handlers can still read; undefined when it is not JSON. */
export interface PayoutRouteOptions<C, Body> extends RoutePayout<Source<C, Body>> {}
export type RequireSufficientFundsOptions<C, Body> =
  | HoldingRoute<Source<C, Body>, [c: C]>
  | CheckingRoute<Source<C, Body>>;

export interface PayoutGuardErrorsOptions extends ProblemOptions {
  /** Answers all other errors. @defaultValue as Hono does */
  otherwise?: ErrorHandler<Any> | undefined;
}

/**
 * Makes the handler of a route that pays: holds the money, then runs your handler, which is given `pay`. A handler that
 * ends without `pay` has sent nothing, and the hold is released.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function payoutRoute<C extends Context = Context<Any, Any, Any>, Body = Any>(
  guard: PayoutGuard,
  options: PayoutRouteOptions<C, Body>,
  handler: (c: C, pay: Pay, body: Body) => Response | Promise<Response>,
): (c: C) => Promise<Response> {
  const serve = payoutLife<Source<C, Body>>(guard, options, handler);
  return async (c) => {
    const exchange = await exchangeOf<C, Body>(c);
    const [, body] = exchange.source;
    const served = await serve(exchange, (pay) => handler(c, pay, body));
    return served ? assertResponse(served.returned) : clientHasLeft();
  };
}

/**
 * Makes a middleware for a handler that exists and pays by itself: lets a request through only if the wallet covers its
 * amount. With a `reference` it holds the money as `sent`, and `verdictOn` judges `c.res` once the handler has ended.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function requireSufficientFunds<C extends Context = Context<Any, Any, Any>, Body = Any>(
  guard: PayoutGuard,
  options: RequireSufficientFundsOptions<C, Body>,
): MiddlewareHandler<Any> {
  const admit = fundsGuard<Source<C, Body>, [C]>(guard, options);
  return async (c, next) => {
    const admission = await admit(await exchangeOf<C, Body>(c as C));
    if (!admission) return clientHasLeft();
    const { held } = admission;
    try {
      // Before this has ended, there is no `c.res`: reading it would make an empty 200.
      await next();
      // The same is true of a handler that returned nothing, which Hono answers with 500.
      const { finalized } = c;
      held?.answered({ status: finalized ? c.res.status : 500, isOfHandler: finalized }, c as C);
    } finally {
      held?.ended();
    }
    return undefined;
  };
}

/** Makes the handler of `app.onError`: answers the errors of the guard, and leaves all others to `otherwise`. */
export function payoutGuardErrors({ otherwise, ...options }: PayoutGuardErrorsOptions = {}): ErrorHandler<Any> {
  const answerTo = errorAnswers(options);
  return async (error, c) => {
    const answer = await answerTo(error, stateOf(c));
    if (answer) return problemResponse(answer);
    if (otherwise) return otherwise(error, c);
    if ('getResponse' in error) return error.getResponse();
    console.error(error);
    return c.text('Internal Server Error', 500);
  };
}

/** Makes the handler of a route for the webhooks of a provider. Mount it where nothing has read the body. */
export function payoutWebhook(
  guard: PayoutGuard,
  options: WebhookReceiverOptions = {},
): (c: Context) => Promise<Response> {
  const receive = webhookFetch(guard, options);
  return (c) => receive(c.req.raw);
}

/** Makes the handler of `app.all('/ops/payouts/*', ...)`. That path is the `basePath` of the console. */
export function mountConsole(console: {
  readonly fetch: (request: Request) => Promise<Response>;
}): (c: Context) => Promise<Response> {
  return (c) => console.fetch(c.req.raw);
}

/** The hold that was taken last for this request; undefined on a route that only checks. */
export function holdOf(c: Context): Hold | undefined {
  return lastHoldOf(stateOf(c));
}

async function exchangeOf<C extends Context, Body>(c: C) {
  // Hono keeps what it has read, so that handlers can read it again.
  const body: Body = await c.req.json().catch(() => undefined);
  return {
    source: [c, body] as Source<C, Body>,
    state: stateOf(c),
    // Finalized: another layer, such as a timeout, has answered.
    isOver: () => c.finalized || c.req.raw.signal.aborted,
    statusOf: (returned: unknown) => (isResponse(returned) ? returned.status : undefined),
    route: () => `${c.req.method} ${c.req.path}`,
  };
}

function stateOf(c: Context): RequestState {
  return c as RequestState;
}
