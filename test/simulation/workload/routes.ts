// Payouts of APIs: the real middleware around handlers that answer at any time and in any way, below other layers, for
// clients that disconnect.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { isPayoutGuardError, type PayoutGuard } from 'payout-guard';
import { holdOf, payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import { holdsOf } from '../../../src/express/response-holds.js';
import { type Attempt, mayBePaid } from '../truth.js';
import { text, type World } from '../world.js';
import type { Call } from './call.js';
import { feeOf, handleGuarded, verdictOfStatus } from './guarded-handler.js';
import { asExpress, callOfRequest, FakeRequest, FakeResponse } from './http.js';
import { handlePaying } from './paying-handler.js';

/** A route whose handler receives `pay`. */
export function payoutRouteCall(call: Call): Promise<void> {
  return serve(call, payingRoute(call), () => Promise.reject(new TypeError('payoutRoute calls no next handler')));
}

/** A route in front of a handler that pays by itself. */
export function guardedRouteCall(call: Call): Promise<void> {
  const { random, isCalm, hasLostMemory } = call.world;
  const route = guardedRoute(call);
  const routes = !isCalm && !hasLostMemory && random.chance(0.1) ? [feeRoute(call), route] : [route];
  return serve(call, inTurn(routes), (req, res) => handleGuarded(callOfRequest(req), res));
}

/** Holds money for a second payout of the same request. An error of its handler is not about this one. */
function feeRoute({ process, payout, request, world }: Call): RequestHandler {
  const fee = feeOf(payout);
  const { reference, wallet } = fee;
  process.asked.add(reference);
  if (!world.payouts.some((known) => known.reference === reference)) world.payouts.push(fee);
  const amount = text(1n, world.planOf(wallet));
  const fingerprint = request.fingerprint === undefined ? undefined : () => payout.payee;
  return requireSufficientFunds(process.guard, {
    amount: () => amount,
    reference: () => reference,
    metadata: source.metadata,
    wallet,
    ...(fingerprint && { fingerprint }),
    verdictOn: 'none',
  });
}

function inTurn(routes: readonly RequestHandler[]): RequestHandler {
  const [first, ...rest] = routes;
  if (!first) throw new TypeError('There is a route.');
  if (rest.length === 0) return first;
  return (req, res, next) => first(req, res, (error) => (error ? next(error) : inTurn(rest)(req, res, next)));
}

const source = {
  amount: (req: Request) => callOfRequest(req).request.amount,
  reference: (req: Request) => req.get('Idempotency-Key'),
  metadata: (req: Request) => ({ payee: callOfRequest(req).payout.payee }),
};

type Route = 'paying' | 'paying, on return' | 'guarded' | 'guarded, without verdicts';

/** Routes are created once per process. */
const routes = new WeakMap<PayoutGuard, Map<string, RequestHandler>>();

function routeOf(call: Call, route: Route, make: () => RequestHandler): RequestHandler {
  const { process, request, payout } = call;
  const name = `${route} ${payout.wallet} ${request.fee} ${request.fingerprint !== undefined}`;
  const known = routes.get(process.guard) ?? new Map<string, RequestHandler>();
  routes.set(process.guard, known);
  const handler = known.get(name) ?? make();
  known.set(name, handler);
  return handler;
}

function sourceOf({ payout, request }: Call) {
  const { fee } = request;
  return {
    ...source,
    wallet: payout.wallet,
    ...(fee !== undefined && { fee: () => fee }),
    ...(request.fingerprint !== undefined && { fingerprint: (req: Request) => callOfRequest(req).payout.payee }),
  };
}

function payingRoute(call: Call): RequestHandler {
  const { payout, plan, process } = call;
  const settles = payout.settlesOnReturn && !plan.settlesOnReturn ? 'onReturn' : undefined;
  return routeOf(call, settles ? 'paying, on return' : 'paying', () => {
    const options = { ...sourceOf(call), settles, ...(payout.reference.length % 2 === 0 && { onDuplicate }) } as const;
    return payoutRoute(process.guard, options, (req, res, pay) => {
      const asked = callOfRequest(req);
      return process.track(`handler ${asked.payout.reference}`, handlePaying(asked, res, pay));
    });
  });
}

function guardedRoute(call: Call): RequestHandler {
  const { world, process } = call;
  const judges = world.random.chance(0.7);
  return routeOf(call, judges ? 'guarded' : 'guarded, without verdicts', () => {
    const verdictOn = world.mutant?.verdictOn ?? verdictOfStatus;
    return requireSufficientFunds(process.guard, { ...sourceOf(call), verdictOn: judges ? verdictOn : 'none' });
  });
}

function onDuplicate(req: Request, res: Response): void {
  const { world, payout } = callOfRequest(req);
  world.log.count('duplicate answered by the application', payout.reference);
  if (!res.headersSent) res.status(200).send('known');
}

type Handler = (req: Request, res: Response) => Promise<unknown>;

/** Sends a request through a route. Resolves when it is answered, its client has left, or its handler has ended. */
function serve(call: Call, route: RequestHandler, handler: Handler): Promise<void> {
  const { world, process, payout } = call;
  const fakeRequest = new FakeRequest(call);
  const fakeResponse = new FakeResponse(world, fakeRequest);
  const [req, res] = asExpress(fakeRequest, fakeResponse);
  disturb(call, fakeResponse);
  return new Promise((resolve) => {
    fakeResponse.once('finish', () => resolve());
    fakeResponse.once('close', () => resolve());
    const next: NextFunction = (error?: unknown) => {
      if (error !== undefined) return answerError(call, error, req, res, resolve);
      // Express calls handlers that return a promise, and forwards their errors.
      void process
        .run(`handler ${payout.reference}`, () => handler(req, res).catch((thrown) => next(thrown)))
        .finally(resolve);
    };
    const { mutant } = world;
    (mutant?.route?.(route, process.guard) ?? route)(req, res, next);
  });
}

/** Other layers answer first, and clients disconnect. */
function disturb({ world, process, payout }: Call, res: FakeResponse): void {
  const { random, settings, log, isCalm } = world;
  if (isCalm) return;
  const withinMs = settings.slowestClientMs + settings.slowestProviderMs;
  if (random.chance(0.15)) {
    process.after(random.upTo(withinMs), () => {
      if (res.headersSent || res.destroyed) return;
      log.count('answered by another layer', payout.reference);
      res.status(random.pick([408, 503, 500, 429])).end();
    });
  }
  if (random.chance(0.15)) process.after(random.upTo(withinMs), () => res.leave());
}

const guardErrors = payoutGuardErrors();

/** The error handlers of the application: those of the guard, and a last one. */
function answerError(call: Call, error: unknown, req: Request, res: Response, done: () => void): void {
  const { process, payout, world } = call;
  process.noteError(`answer to ${payout.reference}`, error);
  noteProof(call, error, res);
  const last: NextFunction = (rest) => {
    if (!res.headersSent) res.status((rest as { status?: number }).status ?? 500).end();
    done();
  };
  const holds = holdsOf(res).map(({ attempt }) => attempt);
  res.once('finish', () => assertHonest(world, call, res as unknown as FakeResponse, holds));
  const handler = world.mutant?.errors?.(guardErrors, process.guard) ?? guardErrors;
  handler(error, req, res, last);
}

/** A rejection that reaches the error handler of the guard releases the hold of the request. */
function noteProof({ world, payout }: Call, error: unknown, res: Response): void {
  if (!isPayoutGuardError(error) || error.code !== 'payout_rejected') return;
  const hold = holdOf(res);
  const attempt = world.truth.of(payout.reference).find((one) => one.hold === hold?.attempt);
  if (!hold || !attempt || hold.isPaying || hold.state !== 'sent' || holdsOf(res).length !== 1) return;
  attempt.proof = (error as { notSent?: boolean }).notSent ? 'not_sent' : 'failed';
}

/** A client must not receive the answer that a payout was not made if it may have been. */
function assertHonest(
  { truth, log, report }: World,
  { payout }: Call,
  res: FakeResponse,
  holds: readonly string[],
): void {
  if (res.body === undefined) return;
  log.count('answered by the guard', `${payout.reference} with ${res.statusCode}`);
  const isOpen = (attempt: Attempt) => mayBePaid(attempt) || attempt.debitedMinor > 0n;
  const own = truth.of(payout.reference).find(({ hold }) => holds.includes(hold));
  if (!own || !isOpen(own)) return;
  const { code } = JSON.parse(res.body) as { code: string };
  if (code !== 'payout_in_progress') {
    report('misreported', `the client of ${payout.reference} was answered ${code}, and it may have been made`);
  }
}
