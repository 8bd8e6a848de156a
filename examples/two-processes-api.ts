// One process of the payment API of two-processes.ts. Nothing in it knows that there are others: that is up to the store.
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { createPayoutGuard, PayoutRejectedError } from 'payout-guard';
import { holdOf, payoutGuardErrors, requireSufficientFunds } from 'payout-guard/express';
import { jpay } from 'payout-guard/providers/jpay';
import { sharedStores } from './two-processes-stores.js';

const { STORE = '', STORE_NAME = '', PROCESS = '', JPAY_BASE_URL: baseUrl = '' } = process.env;
const { JPAY_APP_KEY: appKey = '', JPAY_APP_SECRET: appSecret = '', JPAY_ACCESS_TOKEN = '' } = process.env;

const opened = await sharedStores[STORE]?.open(STORE_NAME);
if (!opened) throw new Error(`STORE is ${STORE}`);
const { store, close } = opened;
const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES', store });

const app = express();
app.use(express.json());
app.use((_req, res, next) => {
  res.set('x-process', PROCESS);
  next();
});

app.post(
  '/payouts',
  requireSufficientFunds(guard, {
    amount: (req) => req.body.amount,
    reference: (req) => req.get('Idempotency-Key'),
  }),
  async (req, res) => {
    const { reference = '' } = holdOf(res) ?? {};
    await initiatePayout({ to: req.body.to, amount: req.body.amount, reference });
    res.status(202).json({ reference }); // accepted, not paid: the hold stays sent
  },
);

// For operators: put it behind your own authorisation. A guard does the same by itself, every minute.
app.post('/reconcile', async (_req, res) => {
  res.json(await guard.reconcile({ olderThanMs: 0 }));
});

app.use(payoutGuardErrors());

// A store that is new, or lost its memory, approves nothing until every process had the time to put its open holds back.
await sleep((await store.totals('default')).recoveringForMs ?? 0);
const server = app.listen(Number(process.env.PORT), '127.0.0.1');

process.once('SIGTERM', async () => {
  server.closeAllConnections();
  server.close();
  await guard.close();
  await close();
  process.disconnect();
});

async function initiatePayout(payout: { to: string; amount: string; reference: string }): Promise<void> {
  const response = await fetch(`${baseUrl}/payments/payouts/initiate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${JPAY_ACCESS_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      payto: payout.to,
      amount: payout.amount,
      ref_no: payout.reference,
      callback_url: 'https://api.example/jpay/callbacks',
      app_code: 12345,
    }),
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  });
  // JPay answers 4xx only to payouts that it did not execute. Anything else leaves the outcome unknown.
  if (response.status >= 400 && response.status < 500) throw new PayoutRejectedError();
  if (!response.ok) throw new Error(`JPay answered HTTP ${response.status}`);
}
