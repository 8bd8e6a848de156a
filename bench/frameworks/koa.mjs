// The routes of the benches in Koa.
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';
import { payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/koa';
import { checked, held, listen } from './routes.mjs';

export function serve(guard) {
  const router = new Router();
  const amount = (ctx) => ctx.request.body.amount;
  const handler = (ctx) => {
    ctx.body = { paid: ctx.request.body.amount };
  };
  router.post('/unguarded', handler);
  router.post('/guarded', requireSufficientFunds(guard, checked(amount)), handler);
  const pays = async (ctx, pay) => {
    ctx.body = { paid: await pay(() => ctx.request.body.amount) };
  };
  router.post('/held', payoutRoute(guard, held(amount), pays));
  const app = new Koa().use(payoutGuardErrors()).use(bodyParser()).use(router.routes());
  return listen(app.callback());
}
