// The table of endings on Hono, and on a function from `Request` to `Response`.
import type { ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono, type MiddlewareHandler, type Next } from 'hono';
import { holdOf, type Pay, payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/hono';
import { guardFetch, holdFetch, holdOf as holdOfRequest } from 'payout-guard/web';
import { listen } from '../../express/api.js';
import { deferred } from '../../support/wallet.js';
import {
  type Driver,
  halves,
  hasOwnErrors,
  paysWithHold,
  type Reply,
  type Script,
  secondPayout,
  verdictsOf,
} from './driver.js';

/** An answer that is the value that a handler returns cannot be given early. */
const early = () => {
  throw new Error('an answer is the value that is returned');
};

const ownAnswer = (error: unknown): Response => {
  const { status, code } = error as { status?: number; code?: string };
  return Response.json({ code }, { status: status ?? 500 });
};

function layerOf(script: Script): Promise<Response> {
  const layer = deferred<Response>();
  script.layer((status) => layer.resolve(Response.json({ error: 'timeout' }, { status })));
  return layer.promise;
}

export const honoDriver: Driver = {
  name: 'Hono',
  serve: (script, atTheEnd) => {
    const app = new Hono();
    app.use((_c, next) => Promise.race([next().then(() => undefined), layerOf(script)]));
    app.post('/payouts', ...honoRoutes(script));
    const silent = { otherwise: () => new Response('Internal Server Error', { status: 500 }) };
    app.onError(hasOwnErrors(script) ? ownAnswer : payoutGuardErrors(silent));
    return listen(getRequestListener(app.fetch), atTheEnd);
  },
};

function honoRoutes(script: Script): [MiddlewareHandler, ...MiddlewareHandler[]] {
  const source = {
    wallet: 'kes',
    amount: (_c: Context, body: { amount: string }) => body.amount,
    reference: (c: Context) => c.req.header('Idempotency-Key'),
  };
  const handle = async (c: Context, pay?: Pay, next?: Next) => {
    const reply = await script.handle(pay, () => holdOf(c), early);
    if (reply.kind === 'passed on') await next?.();
    return responseOf(reply, c.env.outgoing);
  };
  if (script.ending.route === 'payoutRoute') {
    return [payoutRoute(script.guard, source, (c: Context, pay) => handle(c, pay))];
  }
  const verdictOn = verdictsOf(script, (c: Context) => c.res.status);
  const guards: MiddlewareHandler[] = [requireSufficientFunds(script.guard, { ...source, verdictOn })];
  if (script.ending.route === 'requireSufficientFunds twice') {
    const reference = (c: Context) => `${c.req.header('Idempotency-Key')}/2`;
    guards.push(requireSufficientFunds(script.guard, { ...secondPayout, reference, verdictOn }));
  }
  const handler: MiddlewareHandler = (c, next) => handle(c, paysWithHold(script) ? holdOf(c)?.pay : undefined, next);
  return [guards[0] as MiddlewareHandler, ...guards.slice(1), handler];
}

export const fetchDriver: Driver = {
  name: 'fetch',
  serve: (script, atTheEnd) => {
    const serve = fetchRoute(script);
    const answer = async (request: Request, env: Env): Promise<Response> => {
      try {
        return await Promise.race([serve(request, env), layerOf(script)]);
      } catch (error) {
        if (hasOwnErrors(script)) return ownAnswer(error);
        throw error;
      }
    };
    const failed = () => new Response('Internal Server Error', { status: 500 });
    const options = { overrideGlobalObjects: false, errorHandler: failed };
    return listen(
      getRequestListener((request, env) => answer(request, env as Env), options),
      atTheEnd,
    );
  },
};

interface Env {
  readonly outgoing: ServerResponse;
}

function fetchRoute(script: Script): (request: Request, env: Env) => Promise<Response> {
  const source = {
    wallet: 'kes',
    amount: (_request: Request, body: { amount: string }) => body.amount,
    reference: (request: Request) => request.headers.get('Idempotency-Key'),
  };
  const handle = async (request: Request, pay: Pay | undefined, env: Env) => {
    const reply = await script.handle(pay, () => holdOfRequest(request), early);
    // Nothing is behind a function.
    return reply.kind === 'passed on' ? new Response(null, { status: 404 }) : responseOf(reply, env.outgoing);
  };
  if (script.ending.route === 'payoutRoute') {
    return holdFetch(script.guard, source, (request, pay, _body, env: Env) => handle(request, pay, env));
  }
  const verdictOn = verdictsOf(script, ({ status }: Response) => status);
  const handler = (request: Request, env: Env) =>
    handle(request, paysWithHold(script) ? holdOfRequest(request)?.pay : undefined, env);
  const reference = (request: Request) => `${request.headers.get('Idempotency-Key')}/2`;
  const inner =
    script.ending.route === 'requireSufficientFunds twice'
      ? guardFetch(script.guard, { ...secondPayout, reference, verdictOn }, handler)
      : handler;
  return guardFetch(script.guard, { ...source, verdictOn }, inner);
}

function responseOf(reply: Reply, outgoing: ServerResponse): Response {
  switch (reply.kind) {
    case 'json':
      return Response.json({}, { status: reply.status });
    case 'empty':
      return new Response(null, { status: reply.status });
    case 'redirect':
      return new Response(null, { status: reply.status, headers: { location: reply.to } });
    case 'stream':
    case 'broken stream':
      return new Response(bytes(halves(reply.kind !== 'stream', () => outgoing.headersSent)), { status: reply.status });
    case 'destroyed':
      outgoing.destroy();
      return new Response(null, { status: 500 });
    default:
      return undefined as unknown as Response;
  }
}

function bytes(parts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull: async (controller) => {
      const { value, done } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
}
