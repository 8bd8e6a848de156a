// Mistakes in the code of a route: 500 for the client, with no internal text, and a clear error for the operator.
import 'reflect-metadata';
import type { RequestListener } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import express, { type Request } from 'express';
import fastify from 'fastify';
import type { PayoutGuard } from 'payout-guard';
import { type Pay, payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import * as ofFastify from 'payout-guard/fastify';
import { PayoutGuardModule, Pay as PayParameter } from 'payout-guard/nest';
import { cleanUp, listen } from '../express/api.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

const atTheEnd = cleanUp();
collectWarnings();

const source = {
  amount: (req: Request) => req.body.amount,
  reference: (req: Request) => req.get('Idempotency-Key'),
};
const hidden = 'The operator of this API has to act. Repeat the request afterwards with the same reference.';

function newGuard(options: Parameters<ReturnType<typeof scriptedWallet>['guard']>[0] = {}): PayoutGuard {
  const guard = scriptedWallet('1000.00').guard(options);
  atTheEnd(() => guard.close({ waitMs: 0 }));
  return guard;
}

async function ask(route: express.RequestHandler) {
  const errors: unknown[] = [];
  const app = express();
  app.use(express.json());
  app.post('/payouts', route, (_req, res) => void res.status(201).end());
  app.use(((error, _req, _res, next) => {
    errors.push(error.message);
    next(error);
  }) as express.ErrorRequestHandler);
  app.use(payoutGuardErrors());
  const { post } = await listen(app, atTheEnd);
  const { status, text } = await post({ reference: 'p-1' }).answer;
  return { status, detail: JSON.parse(text || '{}').detail, errors };
}

describe('a wrong call of pay()', () => {
  it.each<[string, (pay: Pay) => Promise<unknown>, string]>([
    [
      'without a function',
      (pay) => pay(undefined as never),
      'payoutRoute: pay() takes the function that makes the payment',
    ],
    [
      'with an unknown option',
      (pay) => pay(() => 'paid', { settle: 'onReturn' } as never),
      'payoutRoute: wrong options of pay(): Invalid argument: settle is no option of pay',
    ],
  ])('%s is 500, pays nothing and releases the hold', async (_, call, problem) => {
    const guard = newGuard();
    const route = payoutRoute(guard, source, async (_req, _res, pay) => call(pay));
    const { status, detail, errors } = await ask(route);
    expect([status, detail]).toEqual([500, hidden]);
    expect(errors).toEqual([`payout-guard is not configured correctly: ${problem}.`]);
    expect((await guard.getHold('p-1'))?.state).toBe('released');
  });
});

describe('a route that does not read the payee, under a limit for each payee', () => {
  const limits = { perPayee: { perDay: '500.00' }, timeZone: 'UTC', countSinceStart: true };
  const routes: [string, (guard: PayoutGuard) => express.RequestHandler][] = [
    ['payoutRoute', (guard) => payoutRoute(guard, source, async (_req, res) => res.status(201).end())],
    ['requireSufficientFunds', (guard) => requireSufficientFunds(guard, { ...source, verdictOn: 'none' })],
  ];

  it.each(routes)('%s is 500 and holds nothing', async (_, routeOf) => {
    const guard = newGuard({ limits });
    expect(await ask(routeOf(guard))).toEqual({
      status: 500,
      detail: hidden,
      errors: [
        'payout-guard is not configured correctly: fingerprint: the wallet has a limit for each payee; add it to the ' +
          'route, or set limits.perPayee.key.',
      ],
    });
    expect(await guard.getHold('p-1')).toBeUndefined();
  });

  it('is 400 when the client does not send it', async () => {
    const route = payoutRoute(newGuard({ limits }), { ...source, fingerprint: (req) => req.body.to }, async () => {});
    expect((await ask(route)).status).toBe(400);
  });
});

it('a missing body parser is named in the cause, which only the operator sees', async () => {
  const causes: Error[] = [];
  const app = express();
  app.post(
    '/payouts',
    payoutRoute(newGuard(), source, async () => {}),
  );
  app.use(((error, _req, _res, next) => {
    causes.push(error.cause);
    next(error);
  }) as express.ErrorRequestHandler);
  app.use(payoutGuardErrors());
  const { post } = await listen(app, atTheEnd);
  const { status, text } = await post({ reference: 'p-1' }).answer;
  expect([status, text.includes('body parser')]).toEqual([400, false]);
  const hint =
    'amount() could not read the request. If it fails for every request, mount a body parser before the route';
  expect(causes.map(({ name, message }) => `${name}: ${message}`)).toEqual([`TypeError: ${hint}`]);
  expect(causes[0]?.stack).toContain(hint);
});

it('@Pay() on a handler without @PayoutRoute() is 500', async () => {
  class Payouts {
    async create(pay: unknown): Promise<unknown> {
      return { pay: typeof pay };
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Payouts.prototype, 'create') as PropertyDescriptor;
  PayParameter()(Payouts.prototype, 'create', 0);
  Post()(Payouts.prototype, 'create', descriptor);
  Controller('payouts')(Payouts);
  class App {}
  Module({ imports: [PayoutGuardModule.forRoot({ guard: newGuard() })], controllers: [Payouts] })(App);
  const app = await NestFactory.create(App, new ExpressAdapter(), { logger: false, abortOnError: false });
  await app.init();
  atTheEnd(() => app.close());
  const { post } = await listen(app.getHttpAdapter().getInstance(), atTheEnd);
  expect(await post({ reference: 'p-1' }).answer).toMatchObject({ status: 500, code: 'configuration' });
});

it('request.payoutHold is the hold in Fastify without the plugin too', async () => {
  const app = fastify();
  const options = { amount: () => '400.00', reference: () => 'p-1' };
  app.post(
    '/payouts',
    ofFastify.payoutRoute(newGuard(), options, async (request) => ({ code: request.payoutHold?.reference })),
  );
  await app.ready();
  atTheEnd(() => app.close());
  const { post } = await listen(app.routing as RequestListener, atTheEnd);
  expect((await post({ reference: 'p-1' }).answer).code).toBe('p-1');
});
