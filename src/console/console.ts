// Read this first: the console as a handler of Express, of node:http and of Request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PayoutGuard } from '../core/payout-guard.js';
import { fetchResponse, readFetchRequest } from './fetch-handler.js';
import { readNodeRequest, writeNodeAnswer } from './node-handler.js';
import { type ConsoleOptions, resolveConsoleOptions } from './options.js';
import { Router } from './router.js';

/** A console. A handler of Express 4 and 5 and of `node:http`; it answers every request itself. */
export interface PayoutConsole {
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /** The same for frameworks that have a `Request`; `authorize` receives it. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Ends the live streams, which would keep a server open. Closing the guard does the same. Idempotent. */
  readonly close: () => void;
}

/**
 * Makes a console for operators: wallets, payouts, refusals and alerts, and the actions of those who may act. Shows
 * balances, so every request is decided by `authorize`.
 *
 * @throws `ConfigurationError` naming every problem of the options; `authorize` is required.
 * @example
 * ```ts
 * app.use('/ops/payouts', payoutConsole(guard, { authorize: (req) => operatorOf(req), history, monitor }));
 * ```
 */
export function payoutConsole<Req = IncomingMessage>(guard: PayoutGuard, options: ConsoleOptions<Req>): PayoutConsole {
  const resolved = resolveConsoleOptions(guard, options);
  const router = new Router(guard, resolved);
  const serve = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void => {
    router
      .handle(readNodeRequest(request, resolved.basePath))
      .then((answer) => writeNodeAnswer(request, response, answer))
      // Another layer has answered meanwhile.
      .catch((error: unknown) => (next ? next(error) : response.destroy()));
  };
  return Object.assign(serve, {
    fetch: async (request: Request): Promise<Response> =>
      fetchResponse(request, await router.handle(readFetchRequest(request, resolved.basePath))),
    close: () => router.close(),
  });
}
