// Webhooks and the console, mounted in each framework.
import 'reflect-metadata';
import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { describe, expect, it } from '@jest/globals';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { PayoutGuard } from 'payout-guard';
import { payoutConsole } from 'payout-guard/console';
import * as ofFastify from 'payout-guard/fastify';
import * as ofHono from 'payout-guard/hono';
import * as ofKoa from 'payout-guard/koa';
import { PAYOUT_GUARD, PayoutGuardModule, payoutWebhook } from 'payout-guard/nest';
import { webhookFetch, webhookListener } from 'payout-guard/web';
import { cleanUp, listen } from '../express/api.js';
import { collectWarnings } from '../support/warnings.js';
import { received, signed } from './receiver-support.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();
const basePath = '/ops/payouts';

type Mount = (guard: PayoutGuard, atTheEnd: (close: () => unknown) => void) => Promise<RequestListener>;

function consoleOf(guard: PayoutGuard, mounted: { basePath?: string } = { basePath }) {
  const authorize = (request: { headers: unknown }) => {
    const { headers } = request as { headers: Headers | Record<string, unknown> };
    const user = headers instanceof Headers ? headers.get('x-user') : headers['x-user'];
    return user === 'ada' && { name: 'ada', canAct: true };
  };
  const console = payoutConsole<{ headers: unknown }>(guard, { authorize, ...mounted });
  atTheEnd(() => console.close());
  return console;
}

const onFastify: Mount = async (guard) => {
  const app = fastify();
  await app.register(ofFastify.payoutWebhook(guard), { prefix: '/webhooks/acme' });
  await app.register(ofFastify.mountConsole(consoleOf(guard)), { prefix: basePath });
  app.post('/echo', async (request) => request.body);
  await app.ready();
  atTheEnd(() => app.close());
  return app.routing as RequestListener;
};

const onHono: Mount = async (guard) => {
  const app = new Hono();
  app.post('/webhooks/acme', ofHono.payoutWebhook(guard));
  app.all(`${basePath}/*`, ofHono.mountConsole(consoleOf(guard)));
  app.post('/echo', async (c) => c.json(await c.req.json()));
  return getRequestListener(app.fetch);
};

const onKoa: Mount = async (guard) => {
  const app = new Koa();
  const router = new Router();
  router.post('/webhooks/acme', ofKoa.payoutWebhook(guard));
  router.all(`${basePath}{/*path}`, bodyParser(), ofKoa.mountConsole(consoleOf(guard)));
  router.post('/echo', bodyParser(), (ctx) => {
    ctx.body = (ctx.request as { body?: unknown }).body;
  });
  app.use(router.routes());
  return app.callback();
};

const onNest =
  (adapter: ExpressAdapter | FastifyAdapter): Mount =>
  async (guard) => {
    class App {}
    Module({ imports: [PayoutGuardModule.forRootAsync({ useFactory: async () => ({ guard }) })] })(App);
    const app = await NestFactory.create(App, adapter, { logger: false, abortOnError: false });
    app.use('/webhooks/acme', payoutWebhook(app.get(PAYOUT_GUARD)));
    // Both platforms strip the path.
    app.use(basePath, consoleOf(guard, {}));
    await app.init();
    atTheEnd(() => app.close());
    const instance = app.getHttpAdapter().getInstance();
    if (adapter instanceof ExpressAdapter) return instance;
    await instance.ready();
    return instance.routing;
  };

const onFetch: Mount = async (guard) => {
  const receive = webhookFetch(guard);
  const console = consoleOf(guard);
  const route = (request: Request) =>
    new URL(request.url).pathname.startsWith(basePath) ? console.fetch(request) : receive(request);
  return getRequestListener(route, { overrideGlobalObjects: false });
};

const onNode: Mount = async (guard) => {
  const receive = webhookListener(guard);
  const console = consoleOf(guard);
  return (request, response) => (request.url?.startsWith(basePath) ? console : receive)(request, response);
};

describe.each<[string, () => Mount]>([
  ['Fastify', () => onFastify],
  ['Hono', () => onHono],
  ['Koa', () => onKoa],
  ['Nest on Express', () => onNest(new ExpressAdapter())],
  ['Nest on Fastify', () => onNest(new FastifyAdapter())],
  ['functions of Request', () => onFetch],
  ['node:http', () => onNode],
])('on %s', (_, mountOf) => {
  const served = async () => {
    const world = await received();
    atTheEnd(() => world.server.close());
    atTheEnd(() => world.guard.close({ waitMs: 0 }));
    const { port } = await listen(await mountOf()(world.guard, atTheEnd), atTheEnd);
    return { world, url: `http://127.0.0.1:${port}` };
  };

  it('a webhook verifies the bytes as they arrived, and settles the payout by looking it up', async () => {
    const { world, url } = await served();
    await world.sent();
    world.state = 'PAID';
    // A parser that wrote this again would change its bytes.
    const body = '{ "ref":"p-1",  "sum": 1.0 }';
    const post = async (headers: Record<string, string>, given = body) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: given };
      return (await fetch(`${url}/webhooks/acme`, init)).status;
    };
    expect(await post({ 'x-signature': 'f00d' })).toBe(401);
    expect(await world.stateOf()).toBe('sent');
    expect(await post(signed(Buffer.from(body)))).toBe(200);
    expect(await world.stateOf()).toBe('captured');
    expect(await post(signed(Buffer.from(body)), `${body} `)).toBe(401);
    expect(await post({}, 'x'.repeat(1_048_577))).toBe(413);
    expect(warnings.filter((warning) => /WEBHOOK/.test(warning))).toEqual([]);
  });

  it('the console shows itself to its user alone, and acts on a posted body', async () => {
    const { url } = await served();
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(`${url}${basePath}${path}`, { ...init, headers: { 'x-user': 'ada', ...init.headers } });
    const page = await ask('/');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect((await fetch(`${url}${basePath}/`)).status).toBe(403);
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"reason":"audit"}' };
    // Refused for its missing token by the console itself, which has therefore seen the request.
    expect(await (await ask('/api/actions/freeze', post)).json()).toMatchObject({ code: expect.any(String) });
  });
});
