// The app of the HTTP bench.
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { createPayoutGuard } from 'payout-guard';
import { payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';

const { url: baseUrl, appKey, appSecret } = await jpaySimulator({ payout: '999999.99' });
const guard = createPayoutGuard({
  provider: jpay({ baseUrl, appKey, appSecret }),
  currency: 'KES',
  cache: { maxAgeMs: 120_000 },
});

const pay = (req, res) => res.json({ paid: req.body.amount });
let next = 0;
const app = express();
app.use(express.json());
app.post('/unguarded', pay);
app.post('/guarded', requireSufficientFunds(guard, { amount: (req) => req.body.amount, mode: 'check' }), pay);
// The payment itself takes no time here. The bench measures the hold, its two steps and the handler around it.
app.post(
  '/held',
  payoutRoute(
    guard,
    { amount: (req) => req.body.amount, reference: () => `payout-${next++}`, settles: 'onReturn' },
    async (req, res, pay) => {
      const paid = await pay(() => req.body.amount);
      res.json({ paid });
    },
  ),
);
app.post('/limited', rateLimit({ limit: 1_000_000_000, windowMs: 60_000 }), pay);
app.use(payoutGuardErrors());

const server = app.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }));
process.once('disconnect', () => process.exit());
