// The routes of the benches in Express.
import express from 'express';
import { payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import { checked, held, listen } from './routes.mjs';

/** `more` adds routes, given the handler of the route without a guard. */
export function serve(guard, more = () => {}) {
  const app = express();
  app.use(express.json());
  const amount = (req) => req.body.amount;
  const handler = (req, res) => res.json({ paid: req.body.amount });
  app.post('/unguarded', handler);
  app.post('/guarded', requireSufficientFunds(guard, checked(amount)), handler);
  const pays = async (req, res, pay) => res.json({ paid: await pay(() => req.body.amount) });
  app.post('/held', payoutRoute(guard, held(amount), pays));
  more(app, handler);
  app.use(payoutGuardErrors());
  return listen(app);
}
