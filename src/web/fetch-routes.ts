// Routes of everything that answers a `Request` with a `Response`: Next.js, Deno, Bun, workers.
import type { Hold, PayoutGuard } from '../core/payout-guard.js';
import { functionSchema } from '../core/schemas.js';
import { errorAnswers, problemShape } from './error-answer.js';
import { fundsGuard } from './funds-guard.js';
import type { Pay } from './payout-handler.js';
import { payoutLife } from './payout-life.js';
import type { ProblemOptions } from './problem.js';
import { lastHoldOf, type RequestState } from './request-holds.js';
import { assertResponse, clientHasLeft, isResponse, problemResponse } from './response.js';
import type { CheckingRoute, HoldingRoute, RoutePayout } from './route-options.js';

/** A function of `Request`; `rest` is what the framework passes besides, such as the parameters of the path. */
export type FetchHandler<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Promise<Response>;

/** Options that all routes have. */
export interface FetchRouteOptions<Body> extends ProblemOptions {
  /**
   * Reads the body, for the other functions and the handler. It runs first, so a request that it throws for is refused
   * by your own error, and nothing is held.
   * @defaultValue the JSON of a copy, so that the handler can still read the request; undefined when it is not JSON
   */
  body?: ((request: Request) => Body | Promise<Body>) | undefined;
}

export interface HoldFetchOptions<Body> extends RoutePayout<[request: Request, body: Body]>, FetchRouteOptions<Body> {}

export type GuardFetchOptions<Body> = FetchRouteOptions<Body> &
  (
    | HoldingRoute<[request: Request, body: Body], [response: Response, request: Request, body: Body]>
    | CheckingRoute<[request: Request, body: Body]>
  );

/**
 * A route that pays. Holds the money, then runs the handler, which is given `pay`: `pay(fn)` marks the hold as sent,
 * runs `fn` with it, and settles it by what the end of `fn` proves. The `Response` decides nothing. A handler that ends
 * without `pay` has sent nothing, and the hold is released. Errors of the guard are answered as problems; all others
 * are thrown.
 *
 * @example
 * ```ts
 * const options = { amount: (_request, body) => body.amount, reference: tenantKey };
 * export const POST = holdFetch(guard, options, async (_request, pay, body) => {
 *   const payment = await pay((hold) => makePayment({ ...body, reference: hold.reference }));
 *   return Response.json(payment, { status: 202 });
 * });
 * ```
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
// biome-ignore lint/suspicious/noExplicitAny: the body of a request, as `req.body` of Express.
export function holdFetch<Body = any, Rest extends readonly unknown[] = []>(
  guard: PayoutGuard,
  options: HoldFetchOptions<Body>,
  handler: (request: Request, pay: Pay, body: Body, ...rest: Rest) => Response | Promise<Response>,
): FetchHandler<Rest> {
  const serve = payoutLife<[Request, Body]>(guard, options, handler, fetchShape);

  return answering(options, async (request, body, ...rest) => {
    const exchange = {
      source: [request, body] as [Request, Body],
      state: stateOf(request),
      isOver: () => request.signal.aborted,
      statusOf: (returned: unknown) => (isResponse(returned) ? returned.status : undefined),
      route: () => routeOf(request),
    };
    const served = await serve(exchange, (pay) => handler(request, pay, body, ...rest));
    return served ? assertResponse(served.returned) : clientHasLeft();
  });
}

/**
 * In front of a handler that exists and pays by itself: lets a request through only if the wallet covers its amount,
 * and otherwise answers with a problem. With a `reference`, the money is held as `sent` before the handler runs;
 * `holdOf(request)` is the hold, and `verdictOn` judges the `Response` of the handler. Prefer `holdFetch` for handlers
 * you can change.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
// biome-ignore lint/suspicious/noExplicitAny: the body of a request, as `req.body` of Express.
export function guardFetch<Body = any, Rest extends readonly unknown[] = []>(
  guard: PayoutGuard,
  options: GuardFetchOptions<Body>,
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
): FetchHandler<Rest> {
  const admit = fundsGuard<[Request, Body], [Response, Request, Body]>(guard, options, fetchShape);

  return answering(options, async (request, body, ...rest) => {
    const source: [Request, Body] = [request, body];
    const isOver = () => request.signal.aborted;
    const admission = await admit({ source, state: stateOf(request), isOver, route: () => routeOf(request) });
    if (!admission) return clientHasLeft();
    const { held } = admission;
    try {
      const response = assertResponse(await handler(request, ...rest));
      held?.answered({ status: response.status, isOfHandler: true }, response, ...source);
      return response;
    } finally {
      held?.ended();
    }
  });
}

/** The hold that was taken last for this request; undefined on a route that only checks. */
export function holdOf(request: Request): Hold | undefined {
  return lastHoldOf(stateOf(request));
}

const fetchShape = { ...problemShape, body: functionSchema().optional() };

function stateOf(request: Request): RequestState {
  return request as RequestState;
}

function routeOf({ method, url }: Request): string {
  return `${method} ${new URL(url).pathname}`;
}

function answering<Body, Rest extends readonly unknown[]>(
  options: FetchRouteOptions<Body>,
  serve: (request: Request, body: Body, ...rest: Rest) => Promise<Response>,
): FetchHandler<Rest> {
  const { body: read = jsonOf as (request: Request) => Promise<Body>, expose } = options;
  const answerTo = errorAnswers({ expose });
  return async (request, ...rest) => {
    try {
      return await serve(request, await read(request), ...rest);
    } catch (error) {
      const answer = await answerTo(error, stateOf(request));
      if (!answer) throw error;
      return problemResponse(answer);
    }
  };
}

async function jsonOf(request: Request): Promise<unknown> {
  try {
    return await request.clone().json();
  } catch {
    // The functions then miss what they look for in it.
    return undefined;
  }
}
