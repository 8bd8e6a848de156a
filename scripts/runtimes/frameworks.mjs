// A route that pays in each framework, served by the runtime: POST /payouts with an amount and an Idempotency-Key.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** One tenant, so its keys need no tenant before them. */
const settings = { amount: (req) => req.body.amount, reference: (req) => req.headers['idempotency-key'] };

export const frameworks = {
  async express(guard, makePayment) {
    const { default: express } = await import('express');
    const { payoutGuardErrors, payoutRoute } = await import('payout-guard/express');
    const app = express();
    app.use(express.json());
    app.post(
      '/payouts',
      payoutRoute(guard, settings, async (req, res, pay) => {
        await pay((hold) => makePayment({ ...req.body, reference: hold.reference, signal: hold.signal }));
        res.status(202).json({});
      }),
    );
    app.use(payoutGuardErrors());
    return listening(app.listen(0, '127.0.0.1'));
  },

  async fastify(guard, makePayment) {
    const { default: fastify } = await import('fastify');
    const { payoutGuard, payoutRoute } = await import('payout-guard/fastify');
    const app = fastify();
    await app.register(payoutGuard);
    app.post(
      '/payouts',
      payoutRoute(guard, settings, async (request, reply, pay) => {
        await pay(({ reference, signal }) => makePayment({ ...request.body, reference, signal }));
        return reply.code(202).send({});
      }),
    );
    return { url: await app.listen({ port: 0, host: '127.0.0.1' }), stop: () => app.close() };
  },

  async hono(guard, makePayment) {
    const { Hono } = await import('hono');
    const { payoutGuardErrors, payoutRoute } = await import('payout-guard/hono');
    const app = new Hono();
    const source = { amount: (_c, body) => body.amount, reference: (c) => c.req.header('Idempotency-Key') };
    app.post(
      '/payouts',
      payoutRoute(guard, source, async (c, pay, body) => {
        await pay(({ reference, signal }) => makePayment({ ...body, reference, signal }));
        return c.json({}, 202);
      }),
    );
    app.onError(payoutGuardErrors());
    return serveFetch((request) => app.fetch(request));
  },

  async koa(guard, makePayment) {
    const { default: Koa } = await import('koa');
    const { bodyParser } = await import('@koa/bodyparser');
    const { payoutGuardErrors, payoutRoute } = await import('payout-guard/koa');
    const app = new Koa();
    app.use(payoutGuardErrors());
    app.use(bodyParser());
    const source = { amount: (ctx) => ctx.request.body.amount, reference: (ctx) => ctx.get('Idempotency-Key') };
    app.use(
      payoutRoute(guard, source, async (ctx, pay) => {
        await pay(({ reference, signal }) => makePayment({ ...ctx.request.body, reference, signal }));
        ctx.status = 202;
        ctx.body = {};
      }),
    );
    return listening(app.listen(0, '127.0.0.1'));
  },

  async nest(guard, makePayment) {
    await import('reflect-metadata');
    const { Controller, HttpCode, Module, Post, Req } = await import('@nestjs/common');
    const { NestFactory } = await import('@nestjs/core');
    const { ExpressAdapter } = await import('@nestjs/platform-express');
    const { Pay, PayoutGuardModule, PayoutRoute } = await import('payout-guard/nest');
    class Payouts {
      async create(req, pay) {
        await pay(({ reference, signal }) => makePayment({ ...req.body, reference, signal }));
        return {};
      }
    }
    // As the compiler of TypeScript calls decorators.
    const descriptor = Object.getOwnPropertyDescriptor(Payouts.prototype, 'create');
    for (const [index, parameter] of [Req(), Pay()].entries()) parameter(Payouts.prototype, 'create', index);
    const decorators = [PayoutRoute(settings), HttpCode(202), Post()];
    for (const decorate of decorators) decorate(Payouts.prototype, 'create', descriptor);
    Controller('payouts')(Payouts);
    class App {}
    Module({ imports: [PayoutGuardModule.forRoot({ guard })], controllers: [Payouts] })(App);
    const app = await NestFactory.create(App, new ExpressAdapter(), { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address();
    return { url: `http://127.0.0.1:${port}`, stop: () => app.close() };
  },

  async web(guard, makePayment) {
    const { holdFetch } = await import('payout-guard/web');
    const options = {
      amount: (_request, body) => body.amount,
      reference: (request) => request.headers.get('idempotency-key'),
    };
    return serveFetch(
      holdFetch(guard, options, async (_request, pay, body) => {
        await pay((hold) => makePayment({ ...body, reference: hold.reference, signal: hold.signal }));
        return Response.json({}, { status: 202 });
      }),
    );
  },
};

/** Serves a function of `Request` by the server that the runtime has for it; Node has none. */
async function serveFetch(fetch) {
  const { Bun, Deno } = globalThis;
  if (Bun) {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch });
    return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
  }
  if (Deno) {
    const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: () => {} }, fetch);
    return { url: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
  }
  return listening(createServer((req, res) => void answer(fetch, req, res)).listen(0, '127.0.0.1'));
}

async function answer(fetch, req, res) {
  const { method, headers, url } = req;
  const request = new Request(`http://127.0.0.1${url}`, { method, headers, body: await text(req) });
  const response = await fetch(request);
  res.writeHead(response.status, Object.fromEntries(response.headers));
  res.end(await response.text());
}

async function listening(server) {
  await once(server, 'listening');
  const stop = async () => {
    server.close();
    server.closeAllConnections?.();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}
