// Payouts whose outcome comes later: JPay accepts, pays, and calls a webhook. The hold is taken when the payout is sent and
// settled when the webhook says that there is something to know.
//
// JPay documents no signature for its webhook, so anybody may call it: the address of each payout is unguessable, and what the
// webhook says is not believed. The guard asks JPay.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createPayoutGuard, PayoutRejectedError } from 'payout-guard';
import { holdOf, payoutGuardErrors, requireSufficientFunds } from 'payout-guard/express';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';

// In your service these are the address of JPay and your credentials.
const simulator = await jpaySimulator({ payout: '1000.00', debitAt: 'completion' });
const { url: baseUrl, appKey, appSecret } = simulator;
const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });

// In your service: a table, so that webhooks find their payout after a restart.
const referenceByToken = new Map<string, string>();

async function initiatePayout(payout: { to: string; amount: string; reference: string }): Promise<void> {
  const token = randomBytes(24).toString('base64url');
  referenceByToken.set(token, payout.reference);
  const response = await fetch(`${baseUrl}/payments/payouts/initiate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${simulator.accessToken()}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      payto: payout.to,
      amount: payout.amount,
      ref_no: payout.reference,
      callback_url: `${apiUrl()}/jpay/callbacks/${token}`,
      app_code: 12345,
    }),
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  });
  // JPay answers 4xx only to payouts that it did not execute. Anything else leaves the outcome unknown.
  if (response.status >= 400 && response.status < 500) throw new PayoutRejectedError();
  if (!response.ok) throw new Error(`JPay answered HTTP ${response.status}`);
}

const app = express();
app.use(express.json());

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

app.post('/jpay/callbacks/:token', async (req, res) => {
  const reference = referenceByToken.get(req.params.token);
  if (reference === undefined) return void res.status(404).end();
  res.status(200).end();
  await guard.reconcile({ reference });
});

app.use(payoutGuardErrors());
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');

function apiUrl(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// Two payouts of 600.00 from 1000.00, then JPay completes the first one.
async function post(reference: string): Promise<void> {
  const response = await fetch(`${apiUrl()}/payouts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: JSON.stringify({ to: '+254712345678', amount: '600.00' }),
  });
  const { code = 'accepted' } = (await response.json()) as { code?: string };
  console.log(`${reference}: ${response.status} ${code}`);
}

await post('payout-1');
await post('payout-2');
const captured = new Promise<void>((resolve) => guard.on('captured', () => resolve()));
simulator.advance('payout-1', 'completed');
await captured;
console.log(`payout-1 is ${(await guard.getHold('payout-1'))?.state}`);

await guard.close();
server.closeAllConnections();
server.close();
await simulator.close();
