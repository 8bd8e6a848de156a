// The routes of the benches in Hono.
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/hono';
import { checked, held, listen } from './routes.mjs';

export function serve(guard) {
  const app = new Hono();
  app.onError(payoutGuardErrors());
  const amount = (_c, body) => body.amount;
  const handler = async (c) => c.json({ paid: (await c.req.json()).amount });
  app.post('/unguarded', handler);
  app.post('/guarded', requireSufficientFunds(guard, checked(amount)), handler);
  const pays = async (c, pay, body) => c.json({ paid: await pay(() => body.amount) });
  app.post('/held', payoutRoute(guard, held(amount), pays));
  return listen(getRequestListener(app.fetch));
}
