// Fastify 5: reads the request, asks the guard, answers. No money logic.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Hold, PayoutGuard } from '../core/payout-guard.js';
import { errorAnswers } from '../web/error-answer.js';
import type { FundsOptions } from '../web/funds-guard.js';
import { isOver, nodeFundsGuard } from '../web/node-response.js';
import type { Pay } from '../web/payout-handler.js';
import { payoutLife } from '../web/payout-life.js';
import type { ProblemOptions } from '../web/problem.js';
import { lastHoldOf, type RequestState } from '../web/request-holds.js';
import type { RoutePayout } from '../web/route-options.js';
import type { WebhookReceiverOptions } from '../web/webhook-receiver.js';
import { rawReceiver } from '../web/webhook-routes.js';

export type { Pay } from '../web/payout-handler.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The hold that was taken last for this request; undefined when none was taken. */
    readonly payoutHold: Hold | undefined;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a body without a type, as in Express.
type Any = any;
/** A request whose body has this type: that of `app.post<{ Body: Body }>`. */
export type RequestOf<Body> = FastifyRequest & { body: Body };
/** The property of a reply that is true once the application has set its status. */
const hasStatusCode = 'fastify.reply.hasStatusCode';
type Source<Body> = [request: RequestOf<Body>, reply: FastifyReply];

export interface PayoutRouteOptions<Body = Any> extends RoutePayout<Source<Body>> {}
export type RequireSufficientFundsOptions<Body = Any> = FundsOptions<Source<Body>>;

/** A handler, or a `preHandler` hook. */
export type FastifyHandler<Body> = (...request: Source<Body>) => Promise<Any>;

/**
 * Makes the handler of a route that pays: holds the money, then runs your handler, which is given `pay` and may return
 * its answer or send it. A handler that ends without `pay` has sent nothing, and the hold is released.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function payoutRoute<Body = Any>(
  guard: PayoutGuard,
  options: PayoutRouteOptions<Body>,
  handler: (request: RequestOf<Body>, reply: FastifyReply, pay: Pay) => unknown,
): FastifyHandler<Body> {
  const serve = payoutLife<Source<Body>>(guard, options, handler);
  return async function (this: unknown, request, reply) {
    const hasAnswered = (returned: unknown) => returned !== undefined || reply.sent || reply.raw.headersSent;
    const exchange = {
      ...exchangeOf(request, reply),
      statusOf: (returned: unknown) => (hasAnswered(returned) ? reply.statusCode : undefined),
    };
    let answersLater = false;
    const served = await serve(exchange, (pay) => {
      const returned = handler.call(this, request, reply, pay);
      answersLater = returned === undefined;
      return returned;
    });
    if (!served) return reply.hijack();
    // Fastify waits for `reply.send` of a handler that is no async function and has returned nothing.
    return answersLater ? reply : served.returned;
  };
}

/**
 * Makes a `preHandler` hook for a handler that exists and pays by itself: lets a request through only if the wallet
 * covers its amount. With a `reference` it holds the money as `sent`, and `verdictOn` judges the answer.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function requireSufficientFunds<Body = Any>(
  guard: PayoutGuard,
  options: RequireSufficientFundsOptions<Body>,
): FastifyHandler<Body> {
  const admit = nodeFundsGuard<Source<Body>>(guard, options);
  return async (request, reply) => {
    if (!(await admit(exchangeOf(request, reply), reply.raw, () => isSet(reply)))) return reply.hijack();
  };
}

/**
 * Makes an error handler that answers the errors of the guard. All others, those of schemas included, go to the error
 * handler of the scope around it.
 */
export function payoutGuardErrors(
  options: ProblemOptions = {},
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  const answerTo = errorAnswers(options);
  return async (error, request, reply) => {
    const answer = await answerTo(error, stateOf(request), () => reply.raw.headersSent);
    if (!answer) throw error;
    return reply.code(answer.status).headers(answer.headers).send(JSON.stringify(answer.body));
  };
}

/** Options of the plugin. */
export interface PayoutGuardPluginOptions extends ProblemOptions {
  /** `false` leaves the errors to the error handler of the application. @defaultValue `true` */
  errors?: boolean | undefined;
}

/** Adds `request.payoutHold`, and `payoutGuardErrors` as the error handler of the scope that registers it. */
export const payoutGuard: FastifyPluginAsync<PayoutGuardPluginOptions> = notEncapsulated(
  async (app, { errors = true, expose }) => {
    app.decorateRequest('payoutHold', { getter: payoutHold });
    if (errors) app.setErrorHandler(payoutGuardErrors({ expose }));
  },
);

/** Makes a plugin that receives the webhooks of a provider at its prefix, with no body parsers of other scopes. */
export function payoutWebhook(guard: PayoutGuard, options: WebhookReceiverOptions = {}): FastifyPluginAsync {
  const receive = rawReceiver(guard, options);
  const handler: RouteHandlerMethod = async ({ raw, headers, url: path }, reply) =>
    reply.code(await receive(raw, { headers, path })).send();
  return rawRoutes((scope, url) => scope.route({ method: ['POST', 'PUT'], url, handler }));
}

/** Makes a plugin that serves a console at its prefix, which is the `basePath` of the console. */
export function mountConsole(
  serve: (request: FastifyRequest['raw'], response: FastifyReply['raw']) => void,
): FastifyPluginAsync {
  return rawRoutes((scope, url) => scope.all(url, (request, reply) => serve(request.raw, reply.hijack().raw)));
}

/** Makes a plugin of routes at its prefix and below it. Their bodies are left unread. */
function rawRoutes(add: (scope: FastifyInstance, url: string) => unknown): FastifyPluginAsync {
  return async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    for (const url of ['/', '/*']) add(scope, url);
  };
}

function payoutHold(this: FastifyRequest): Hold | undefined {
  return lastHoldOf(stateOf(this));
}

function exchangeOf<Body>(request: RequestOf<Body>, reply: FastifyReply) {
  // Without the plugin, `request.payoutHold` would be undefined although money is held.
  if (!('payoutHold' in request)) Object.defineProperty(request, 'payoutHold', { get: payoutHold });
  const isOverNow = () => reply.sent || isOver(request.raw, reply.raw);
  const route = () => `${request.method} ${request.routeOptions.url ?? ''}`;
  return { source: [request, reply] as Source<Body>, state: stateOf(request), isOver: isOverNow, route };
}

/** Fastify answers an empty 200 when an async handler returns nothing. */
function isSet(reply: FastifyReply): boolean {
  if (reply.statusCode !== 200 || reply.getHeader('content-length') !== '0') return true;
  const key = Object.getOwnPropertySymbols(reply).find(({ description }) => description === hasStatusCode);
  return key === undefined || (reply as unknown as Record<symbol, unknown>)[key] !== false;
}

function stateOf(request: unknown): RequestState {
  return request as RequestState;
}

/** Does the same as the package fastify-plugin. */
function notEncapsulated<Plugin extends object>(plugin: Plugin): Plugin {
  const meta = { name: 'payout-guard', fastify: '5.x' };
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true, [Symbol.for('plugin-meta')]: meta });
}
