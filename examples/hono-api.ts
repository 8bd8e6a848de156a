// A payment API on Hono: a route that pays, a guard in front of a handler that exists, callbacks of the provider,
// and the console. JPay is simulated.
import { pathToFileURL } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { payoutConsole } from 'payout-guard/console';
import {
  holdOf,
  mountConsole,
  payoutGuardErrors,
  payoutRoute,
  payoutWebhook,
  requireSufficientFunds,
} from 'payout-guard/hono';
import { type PaymentService, type PayoutBody, statusOf } from './support/api.js';
import { listen, type Serving } from './support/service.js';
import { serveSimulated } from './support/simulated-jpay.js';
import { operatorOf, type Tenant, type Tenants, tenantOf } from './support/tenants.js';

type Env = { Variables: { tenant: Tenant } };

const source = {
  wallet: (c: Context<Env>) => c.var.tenant.wallet,
  amount: (_c: Context<Env>, body: PayoutBody) => body.amount,
  reference: (c: Context<Env>) => {
    const key = c.req.header('Idempotency-Key');
    return key && `${c.var.tenant.id}:${key}`; // a missing key stays missing
  },
  fingerprint: (_c: Context<Env>, body: PayoutBody) => body.to, // the same key for another payee is a conflict
};

export function honoApi({ guard, tenants, operators, makePayment, callbackSecret }: PaymentService): Hono<Env> {
  const app = new Hono<Env>();
  app.onError(payoutGuardErrors());
  app.use('/payouts', authenticate(tenants));
  app.use('/v1/*', authenticate(tenants));

  app.post(
    '/payouts',
    payoutRoute(guard, source, async (c: Context<Env>, pay, { to, amount }) => {
      await pay(({ wallet, reference, signal }) => makePayment({ wallet, to, amount, reference, signal }));
      return c.json({ to, amount, state: holdOf(c)?.state }, statusOf(holdOf(c)));
    }),
  );

  // A handler that pays by itself, as it was before the guard.
  const existing = async (c: Context<Env>) => {
    const { to, amount } = await c.req.json<PayoutBody>();
    const hold = holdOf(c);
    if (!to.startsWith('+254')) {
      await hold?.release({ notSent: true });
      return c.json({ title: 'Unknown payee' }, 404);
    }
    const { wallet = '', reference = '' } = hold ?? {};
    await makePayment({ wallet, to, amount, reference, signal: AbortSignal.timeout(20_000) });
    return c.json({ to, amount }, 202);
  };
  // No status of this API proves anything: errors of other code may carry a 404 as well.
  app.post('/v1/payouts', requireSufficientFunds(guard, { ...source, verdictOn: 'none' }), existing);

  app.post('/callbacks/:secret', payoutWebhook(guard, { callbackSecret }));
  const console = payoutConsole<Request>(guard, {
    authorize: ({ headers }) => operatorOf(operators, headers.get('authorization')),
    basePath: '/ops/payouts',
  });
  app.all('/ops/payouts/*', mountConsole(console));
  return app;
}

function authenticate(tenants: Tenants) {
  return createMiddleware<Env>(async (c, next) => {
    const tenant = tenantOf(tenants, c.req.header('Authorization'));
    if (!tenant) return c.json({ title: 'Unauthorized', status: 401 }, 401);
    c.set('tenant', tenant);
    return next();
  });
}

export function serveHono(service: PaymentService, port = 0): Promise<Serving> {
  return listen(getRequestListener(honoApi(service).fetch), port);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serveSimulated(serveHono);
