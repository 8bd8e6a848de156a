// The parts that all simulators share: a real HTTP server on a loopback port with routes, a log of requests, faults on
// demand, and an end that leaves nothing open. A protocol file adds the answers.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../core/clock.js';
import { type Answer, deliver, type Fault, type FaultOptions, FaultPlan } from './faults.js';
import type { TaskTimer } from './task-timer.js';

/** Options of every simulator. */
export interface SimulatorOptions {
  /**
   * The port on 127.0.0.1; no other interface is ever listened on.
   * @defaultValue 0, any free one
   */
  readonly port?: number | undefined;
  /**
   * Source of the time of tokens, timestamps and delays. Delays run on its `after`, or in real time if it has none.
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock | undefined;
}

/** One request as it arrived, answered or not. */
export interface ReceivedRequest {
  readonly method: string;
  /** The whole path, without the query. */
  readonly path: string;
  /** Time of its arrival, in epoch milliseconds on the simulator's clock. */
  readonly at: number;
}

/** The methods of every simulator. None needs `this`. */
export interface Simulator extends AsyncDisposable {
  /** Base URL: pass it as the adapter's `baseUrl`. */
  readonly url: string;
  /** Everything received so far, oldest first. Grows. */
  readonly requests: readonly ReceivedRequest[];
  /** Returns the number of requests whose path ends like this; of all requests without an argument. */
  count(path?: string): number;
  /**
   * Answers wrongly from the next request on. Faults for one path take turns in the order they were set.
   * @throws `ConfigurationError` for a fault that cannot be simulated.
   */
  fault(fault: Fault, options?: FaultOptions): void;
  /** Answers correctly again. A hanging request stays without an answer. */
  clearFaults(): void;
  /** Ends the server, open connections and answers that are still to come. Idempotent. */
  close(): Promise<void>;
}

/** A request as a route sees it. */
export interface RouteRequest {
  readonly method: string;
  readonly path: string;
  /** Path and query as the client wrote them: what signatures cover. */
  readonly target: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers a request. May throw a {@link Refusal}. */
export type Route = (request: RouteRequest) => Answer | Promise<Answer>;

/** One remote API. */
export interface Protocol {
  readonly port: number;
  readonly clock: Clock;
  /** Ends with the server. */
  readonly timer: TaskTimer;
  /** The path that faults are for when none is named. */
  readonly faultPath: string;
  /**
   * By method and whole path: `GET /api/v1/wallets/balance`; a part may be `{id}`, for anything.
   */
  readonly routes: Readonly<Record<string, Route>>;
  /** The answer for a path that does not exist (404), or not with this method (405). */
  readonly noRoute: (status: 404 | 405, request: RouteRequest) => Answer;
}

/** Thrown by a route to answer with an error, from however deep inside a check. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`HTTP ${answer.status}`);
    this.answer = answer;
  }
}

/** Starts listening. */
export async function startServer(protocol: Protocol): Promise<Simulator> {
  const requests: ReceivedRequest[] = [];
  const faults = new FaultPlan(protocol.faultPath);
  let closed: Promise<void> | undefined;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = incoming.method ?? '';
    const target = incoming.url ?? '';
    const [path = '', query] = target.split(/\?(.*)/s);
    try {
      // Both before the first await: requests meet the log and the faults in the order they arrive.
      requests.push({ method, path, at: protocol.clock.now() });
      const fault = faults.next(path);
      const { headers } = incoming;
      const body = await text(incoming);
      const request = { method, path, target, query: new URLSearchParams(query), headers, body };
      await deliver(fault, () => respond(protocol, request), response, protocol.timer);
    } catch (error) {
      // The client left in the middle of its request, or the injected clock threw.
      if (!response.headersSent) response.writeHead(500);
      response.end(`The simulator failed: ${String(error)}`);
    }
  }

  function close(): Promise<void> {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
      protocol.timer.close();
    });
    return closed;
  }

  const server = createServer((incoming, response) => {
    void serve(incoming, response);
  });
  // A client that is busy for some seconds must not meet a connection that is closing.
  server.keepAliveTimeout = 60_000;
  server.listen(protocol.port, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    count: (path = '') => requests.filter((request) => request.path.endsWith(path)).length,
    fault: (fault, options) => faults.add(fault, options),
    clearFaults: () => faults.clear(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function respond({ routes, noRoute }: Protocol, request: RouteRequest): Promise<Answer> {
  const keys = keysOf(Object.keys(routes), request.path);
  const route = routes[keys.find((key) => key.startsWith(`${request.method} `)) ?? ''];
  try {
    if (route) return await route(request);
    if (keys.length === 0) return noRoute(404, request);
    const allow = keys.map((key) => key.slice(0, key.indexOf(' '))).join(', ');
    return { ...noRoute(405, request), headers: { allow } };
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

/** The routes of a path: those that spell it out, or else those that take anything in some of its parts. */
function keysOf(routes: string[], path: string): string[] {
  const spelled = routes.filter((key) => key.endsWith(` ${path}`));
  return spelled.length > 0 ? spelled : routes.filter((key) => isPatternOf(path, key.slice(key.indexOf(' ') + 1)));
}

function isPatternOf(path: string, pattern: string): boolean {
  const [parts, wanted] = [path.split('/'), pattern.split('/')];
  const fits = (part: string, index: number) => wanted[index] === part || (wanted[index] === '{id}' && part !== '');
  return parts.length === wanted.length && parts.every(fits);
}
