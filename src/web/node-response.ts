// Responses of node:http, which Express, Fastify, Koa and Nest answer with.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PayoutGuard } from '../core/payout-guard.js';
import { type FundsOptions, fundsGuard } from './funds-guard.js';
import type { Exchange } from './payout-life.js';
import type { RequestState } from './request-holds.js';

/**
 * Returns true if no client waits for the handler: it has left, or another layer has answered. A pipelined request has
 * no response on the socket yet, so the socket is asked too.
 */
export function isOver(req: IncomingMessage, res: ServerResponse): boolean {
  return res.writableEnded || res.closed || res.destroyed || req.socket?.destroyed === true;
}

/** A request of `node:http`, for the application's functions as its framework shows it. */
export function nodeExchange<Source extends readonly unknown[]>(
  source: Source,
  state: RequestState,
  req: IncomingMessage,
  res: ServerResponse,
): Omit<Exchange<Source>, 'route'> {
  return { source, state, isOver: () => isOver(req, res) };
}

/**
 * Makes a function that decides about one request, and judges its answer when it is ended. Resolves to false when no
 * client waits for the request, so the handler must not run. `isOfHandler` returns false if the framework has given the
 * answer because nothing else has.
 *
 * @throws `ConfigurationError` naming every problem of the options. The function rejects with refusals of the guard.
 */
export function nodeFundsGuard<Source extends readonly unknown[]>(
  guard: PayoutGuard,
  options: FundsOptions<Source>,
): (exchange: Exchange<Source>, res: ServerResponse, isOfHandler?: () => boolean) => Promise<boolean> {
  const admit = fundsGuard<Source>(guard, options);
  return async (exchange, res, isOfHandler = () => true) => {
    const admission = await admit(exchange);
    const held = admission?.held;
    if (held) {
      whenEnded(res, () => held.answered({ status: res.statusCode, isOfHandler: isOfHandler() }, ...exchange.source));
    }
    return admission !== undefined;
  };
}

/**
 * Runs a function once when the response is ended. Events are no use here: some responses emit `finish` and no `close`,
 * and the response to a pipelined request whose client has left emits neither.
 */
function whenEnded(res: ServerResponse, act: () => void): void {
  const end = res.end as (...given: unknown[]) => ServerResponse;
  let hasEnded = false;
  res.end = ((...given: unknown[]) => {
    const ended = end.apply(res, given);
    const isLate = hasEnded;
    hasEnded = true;
    if (!isLate) act();
    return ended;
  }) as ServerResponse['end'];
}
