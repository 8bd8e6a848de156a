// A payment API on Koa: a route that pays, a guard in front of a handler that exists, callbacks of the provider,
// and the console. JPay is simulated.
import { pathToFileURL } from 'node:url';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa, { type Context, type Middleware } from 'koa';
import { payoutConsole } from 'payout-guard/console';
import {
  holdOf,
  mountConsole,
  payoutGuardErrors,
  payoutRoute,
  payoutWebhook,
  requireSufficientFunds,
} from 'payout-guard/koa';
import { type PaymentService, type PayoutBody, statusOf } from './support/api.js';
import { listen, type Serving } from './support/service.js';
import { serveSimulated } from './support/simulated-jpay.js';
import { operatorOf, type Tenant, type Tenants, tenantOf } from './support/tenants.js';

const tenantIn = (ctx: Context): Tenant => ctx.state.tenant;
const bodyOf = (ctx: Context): PayoutBody => (ctx.request as unknown as { body: PayoutBody }).body;

const source = {
  wallet: (ctx: Context) => tenantIn(ctx).wallet,
  amount: (ctx: Context) => bodyOf(ctx).amount,
  reference: (ctx: Context) => {
    const key = ctx.get('Idempotency-Key');
    const tenant = tenantIn(ctx);
    return key && `${tenant.id}:${key}`; // a missing key stays missing
  },
  fingerprint: (ctx: Context) => bodyOf(ctx).to, // the same key for another payee is a conflict
};

export function koaApi({ guard, tenants, operators, makePayment, callbackSecret }: PaymentService): Koa {
  const app = new Koa();
  const router = new Router();

  // Neither has a body parser in front.
  router.post('/callbacks/:secret', payoutWebhook(guard, { callbackSecret }));
  const console = payoutConsole(guard, {
    authorize: ({ headers }) => operatorOf(operators, headers.authorization),
    basePath: '/ops/payouts',
  });
  router.all('/ops/payouts{/*path}', mountConsole(console));

  const pays = payoutRoute(guard, source, async (ctx, pay) => {
    const { to, amount } = bodyOf(ctx);
    await pay(({ wallet, reference, signal }) => makePayment({ wallet, to, amount, reference, signal }));
    answer(ctx, statusOf(holdOf(ctx)), { to, amount, state: holdOf(ctx)?.state });
  });
  router.post('/payouts', authenticate(tenants), bodyParser(), pays);

  // A handler that pays by itself, as it was before the guard.
  const existing = async (ctx: Context) => {
    const { to, amount } = bodyOf(ctx);
    const hold = holdOf(ctx);
    if (!to.startsWith('+254')) {
      await hold?.release({ notSent: true });
      return answer(ctx, 404, { title: 'Unknown payee' });
    }
    const { wallet = '', reference = '' } = hold ?? {};
    await makePayment({ wallet, to, amount, reference, signal: AbortSignal.timeout(20_000) });
    answer(ctx, 202, { to, amount });
  };
  // No status of this API proves anything: errors of other code may carry a 404 as well.
  const guarded = requireSufficientFunds(guard, { ...source, verdictOn: 'none' });
  router.post('/v1/payouts', authenticate(tenants), bodyParser(), guarded, existing);

  app.use(payoutGuardErrors()).use(router.routes());
  return app;
}

function authenticate(tenants: Tenants): Middleware {
  return async (ctx, next) => {
    const tenant = tenantOf(tenants, ctx.get('Authorization'));
    if (!tenant) return answer(ctx as Context, 401, { title: 'Unauthorized', status: 401 });
    ctx.state.tenant = tenant;
    await next();
  };
}

function answer(ctx: Context, status: number, body: object): void {
  ctx.status = status;
  ctx.body = body;
}

export function serveKoa(service: PaymentService, port = 0): Promise<Serving> {
  return listen(koaApi(service).callback(), port);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serveSimulated(serveKoa);
