// The table of endings on Koa.
import { Readable } from 'node:stream';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa, { type Context, type Middleware, type Next } from 'koa';
import { holdOf, type Pay, payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/koa';
import { listen } from '../../express/api.js';
import { deferred } from '../../support/wallet.js';
import {
  type Driver,
  halves,
  hasOwnErrors,
  paysWithHold,
  type Reply,
  type Script,
  secondPayout,
  verdictsOf,
} from './driver.js';

const ownErrors: Middleware = async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    const { status, code } = error as { status?: number; code?: string };
    ctx.status = status ?? 500;
    ctx.body = { code };
  }
};

export const koaDriver: Driver = {
  name: 'Koa',
  serve: (script, atTheEnd) => {
    const app = new Koa();
    app.silent = true;
    app.use(async (ctx, next) => {
      const layer = deferred<void>();
      script.layer((status) => {
        ctx.status = status;
        ctx.body = { error: 'timeout' };
        layer.resolve();
      });
      await Promise.race([next(), layer.promise]);
    });
    app.use(hasOwnErrors(script) ? ownErrors : payoutGuardErrors());
    app.use(bodyParser());
    const router = new Router();
    router.post('/payouts', ...routesOf(script));
    app.use(router.routes());
    return listen(app.callback(), atTheEnd);
  },
};

function routesOf(script: Script): Middleware[] {
  const source = {
    wallet: 'kes',
    // biome-ignore lint/suspicious/noExplicitAny: as users have it.
    amount: (ctx: Context) => (ctx.request as any).body.amount,
    reference: (ctx: Context) => ctx.get('Idempotency-Key'),
  };
  const handle = async (ctx: Context, pay?: Pay, next?: Next) =>
    give(
      ctx,
      await script.handle(
        pay,
        () => holdOf(ctx),
        (early) => void give(ctx, early),
      ),
      next,
    );
  if (script.ending.route === 'payoutRoute') {
    return [payoutRoute(script.guard, source, (ctx, pay) => handle(ctx, pay))];
  }
  const verdictOn = verdictsOf(script, (ctx: Context) => ctx.status);
  const guards = [requireSufficientFunds(script.guard, { ...source, verdictOn })];
  if (script.ending.route === 'requireSufficientFunds twice') {
    const reference = (ctx: Context) => `${ctx.get('Idempotency-Key')}/2`;
    guards.push(requireSufficientFunds(script.guard, { ...secondPayout, reference, verdictOn }));
  }
  const payOf = (ctx: object & { state: object }) => (paysWithHold(script) ? holdOf(ctx)?.pay : undefined);
  return [...guards, (ctx, next) => handle(ctx as Context, payOf(ctx), next)];
}

async function give(ctx: Context, reply: Reply, next?: Next): Promise<void> {
  switch (reply.kind) {
    case 'json':
      ctx.status = reply.status;
      ctx.body = {};
      return;
    case 'empty':
      ctx.status = reply.status;
      return;
    case 'redirect':
      ctx.redirect(reply.to);
      return;
    case 'stream':
    case 'broken stream':
      ctx.status = reply.status;
      ctx.body = Readable.from(halves(reply.kind !== 'stream'));
      return;
    case 'destroyed':
      ctx.respond = false;
      ctx.res.destroy();
      return;
    case 'passed on':
      await next?.();
      return;
    default:
      return;
  }
}
