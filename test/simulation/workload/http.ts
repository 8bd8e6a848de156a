// The parts of Express that the routes of this library use.
import { EventEmitter } from 'node:events';
import type { Request, Response } from 'express';
import { CallError } from '../call-errors.js';
import type { World } from '../world.js';
import type { Call } from './call.js';

/** A request with the payout in it. */
export class FakeRequest {
  readonly call: Call;
  readonly socket = { destroyed: false };

  constructor(call: Call) {
    this.call = call;
  }

  get(name: string): string | undefined {
    return name === 'Idempotency-Key' ? this.call.payout.reference : undefined;
  }
}

export class FakeResponse extends EventEmitter {
  readonly locals: Record<string, unknown> = {};
  statusCode = 200;
  headersSent = false;
  writableEnded = false;
  destroyed = false;
  closed = false;
  body: string | undefined;
  readonly #world: World;
  readonly #request: FakeRequest;
  /** Some servers emit `finish` and never `close`. */
  readonly #emitsClose: boolean;

  constructor(world: World, request: FakeRequest) {
    super();
    this.#world = world;
    this.#request = request;
    this.#emitsClose = world.random.chance(0.8);
  }

  status(code: number): this {
    if (this.headersSent) throw new CallError('Headers were sent already.', { code: 'ERR_HTTP_HEADERS_SENT' });
    this.statusCode = code;
    return this;
  }

  set(): this {
    return this;
  }

  send(body: string): this {
    this.body = body;
    return this.end();
  }

  end(): this {
    if (this.writableEnded) return this;
    this.headersSent = true;
    this.writableEnded = true;
    // The answer takes time. A client that has left sends nothing more.
    this.#request.call.process.after(1, () => {
      if (this.destroyed) return;
      this.emit('finish');
      if (this.#emitsClose) this.#close();
    });
    return this;
  }

  /** The client closes its connection. */
  leave(): void {
    if (this.destroyed || this.closed) return;
    this.#world.log.count('client left the route', this.#request.call.payout.reference);
    this.#request.socket.destroyed = true;
    this.destroyed = true;
    this.#close();
  }

  #close(): void {
    this.closed = true;
    this.emit('close');
  }
}

export function asExpress(req: FakeRequest, res: FakeResponse): [Request, Response] {
  return [req as unknown as Request, res as unknown as Response];
}

export function callOfRequest(req: Request): Call {
  return (req as unknown as FakeRequest).call;
}
