// Responses that end in unusual ways: no `close` event, a client that left, half an answer, no answer, no Express.
import { once } from 'node:events';
import { Agent, IncomingMessage, request, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { Express, Request, RequestHandler, Response } from 'express';
import { ConfigurationError, memoryStore, type PayoutGuard } from 'payout-guard';
import { payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import { heldLate } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { frameworks, listen, settled } from './api.js';
import { type Answer, atTheEnd, payouts, routes, states } from './responses-support.js';

const warnings = collectWarnings();
const both = frameworks.flatMap(([name, express]) => routes.map((route) => [route, name, express] as const));
const end: Answer = (_req, res, status) => res.status(status).end();
const path = (reference: string, status: number) => `/?reference=${reference}&status=${status}`;

describe.each(both)('%s on %s: a response without a close event', (route, _name, express) => {
  /** Calls the application as adapters of serverless platforms do: no connection, and no close event. */
  async function invoke(app: Express, url: string): Promise<{ status: number; events: string[] }> {
    const socket = new Writable({ write: (_chunk, _encoding, done) => done(), emitClose: false }) as unknown as Socket;
    const req = Object.assign(new IncomingMessage(socket), { method: 'POST', url, headers: {} });
    req.push(null);
    const res = new ServerResponse(req);
    res.assignSocket(socket);
    const events: string[] = [];
    for (const event of ['finish', 'close']) res.on(event, () => events.push(event));
    const finished = once(res, 'finish');
    app(req as Request, res as Response);
    await finished;
    await settled();
    return { status: res.statusCode, events };
  }

  it('is judged by its end', async () => {
    const { app, guard } = payouts(express, route, end);
    expect(await invoke(app, path('made', 201))).toEqual({ status: 201, events: ['finish'] });
    expect(await invoke(app, path('refused', 410))).toEqual({ status: 410, events: ['finish'] });
    expect(await states(guard, 'made', 'refused')).toBe('made captured, refused released');
    expect(await invoke(app, path('made', 201))).toEqual({ status: 409, events: ['finish'] });
  });

  it('does not run the handler after another layer has answered', async () => {
    const { store, held, goOn } = heldLate(memoryStore({ clock: scriptedWallet().clock }));
    let ran = 0;
    const { app, guard } = payouts(express, route, () => ++ran, store);
    const outer = express();
    outer.use((_req, res, next) => {
      void held.promise.then(() => res.status(503).end());
      next();
    }, app);
    const { status } = await invoke(outer, path('late', 201));
    goOn.resolve();
    expect([status, ran, await states(guard, 'late')]).toEqual([503, 0, 'late released']);
  });
});

describe.each(both)('%s on %s:', (route, _name, express) => {
  it('requests that share a connection are each settled by their own answer', async () => {
    const sockets = new Set<unknown>();
    const { app, guard } = payouts(express, route, (req, res, status) => {
      sockets.add(req.socket);
      res.status(status).end();
    });
    const { port } = await listen(app, atTheEnd);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = async (reference: string, status: number) => {
      const client = request({ port, host: '127.0.0.1', method: 'POST', path: path(reference, status), agent });
      client.end();
      const [response] = await once(client, 'response');
      response.resume();
      await once(response, 'end');
      return response.statusCode;
    };
    expect([await send('made', 201), await send('refused', 410), await send('open', 202)]).toEqual([201, 410, 202]);
    agent.destroy();
    expect([sockets.size, await states(guard, 'made', 'refused')]).toEqual([1, 'made captured, refused released']);
  });

  /** Sends one request and returns the answer that the client receives. */
  async function sendOne(app: Express, status: number): Promise<string> {
    const { port } = await listen(app, atTheEnd);
    const client = request({ port, host: '127.0.0.1', method: 'POST', path: path('p-1', status), agent: false });
    client.end();
    try {
      const [response] = await once(client, 'response');
      let text = '';
      for await (const part of response) text += part;
      return `${response.statusCode} ${text}`;
    } catch {
      return 'connection closed';
    }
  }

  it('a streamed answer counts when it ends', async () => {
    const { app, guard } = payouts(express, route, async (_req, res, status) => {
      res.status(status).write('half ');
      await new Promise(setImmediate);
      res.end('whole');
    });
    expect([await sendOne(app, 201), await states(guard, 'p-1')]).toEqual(['201 half whole', 'p-1 captured']);
  });

  it.each([
    ['an answer that breaks off', (res: Response) => res.status(201).write('half '), 201],
    ['no answer but a closed connection', () => {}, 410],
  ])('%s proves nothing, except under payoutRoute, where the payment decides', async (_case, begin, status) => {
    const { app, guard } = payouts(express, route, async (_req, res) => {
      begin(res);
      await new Promise(setImmediate);
      res.destroy();
    });
    const known = status === 201 ? 'p-1 captured' : 'p-1 released';
    expect([await sendOne(app, status), await states(guard, 'p-1')]).toEqual([
      'connection closed',
      route === 'payoutRoute' ? known : 'p-1 sent',
    ]);
  });

  it('a handler that never ends leaves the hold to its payment alone', async () => {
    const entered = deferred<void>();
    const { app, guard } = payouts(express, route, () => {
      entered.resolve();
      return new Promise(() => {});
    });
    const { server } = await listen(app, atTheEnd);
    const { port } = server.address() as { port: number };
    const client = request({ port, host: '127.0.0.1', method: 'POST', path: path('p-1', 201), agent: false });
    client.on('error', () => {});
    client.end();
    await entered.promise;
    const before = await states(guard, 'p-1');
    client.destroy();
    const expected = route === 'payoutRoute' ? 'p-1 captured' : 'p-1 sent';
    expect([before, await states(guard, 'p-1')]).toEqual([expected, expected]);
  });
});

describe('outside of Express', () => {
  const mounts: [string, (guard: PayoutGuard) => RequestHandler][] = [
    ['payoutRoute', (guard) => payoutRoute(guard, { amount: () => '1.00', reference: () => 'p-1' }, async () => {})],
    [
      'requireSufficientFunds',
      (guard) => requireSufficientFunds(guard, { amount: () => '1.00', reference: () => 'p-1', verdictOn: 'none' }),
    ],
    [
      "requireSufficientFunds, mode: 'check'",
      (guard) => requireSufficientFunds(guard, { amount: () => '1.00', mode: 'check' }),
    ],
  ];

  it.each(mounts)('%s throws before anything is held, and does not go on to the payment', async (_name, mount) => {
    const guard = scriptedWallet('1000.00').guard();
    atTheEnd(() => guard.close({ waitMs: 0 }));
    const route = mount(guard);
    const thrown: unknown[] = [];
    let paid = 0;
    const { post } = await listen((req, res) => {
      try {
        // Some code runs a middleware as a check and ignores the error passed to `next`.
        route(req as Request, res as Response, () => ++paid);
      } catch (error) {
        thrown.push(error);
        res.writeHead(500).end();
      }
    }, atTheEnd);
    expect((await post({ reference: 'p-1' }).answer).status).toBe(500);
    expect(thrown).toEqual([expect.any(ConfigurationError)]);
    expect(String(thrown[0])).toContain('must be mounted in an Express application');
    await settled();
    expect([paid, (await guard.listHolds()).holds, warnings]).toEqual([0, [], []]);
  });

  it.each(mounts)('%s throws when it is called without next', async (_name, mount) => {
    const guard = scriptedWallet('1000.00').guard();
    atTheEnd(() => guard.close({ waitMs: 0 }));
    const res = { end: () => {}, status: () => {}, locals: {} } as unknown as Response;
    const req = { get: () => '' } as unknown as Request;
    expect(() => (mount(guard) as (req: Request, res: Response) => void)(req, res)).toThrow(ConfigurationError);
    await settled();
    expect((await guard.listHolds()).holds).toEqual([]);
  });
});
