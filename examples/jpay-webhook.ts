// Payouts whose outcome comes later: JPay accepts, pays, and calls back. The hold is taken before the payout is sent.
// The callback triggers a look-up, which settles the hold.
//
// JPay documents no signature for its callback, so a callback proves nothing: the callback URL of each payout is
// unguessable, and the guard asks JPay for the outcome. JPay documents how to read a payout by its id, not by its
// reference, so this service keeps the id and looks up by it.
import { randomBytes } from 'node:crypto';
import express from 'express';
import { createPayoutGuard, type PayoutAnswer, type PayoutQuestion } from 'payout-guard';
import { holdOf, payoutGuardErrors, payoutRoute } from 'payout-guard/express';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';
import { jpayPayments } from './support/payments.js';
import { listen, shutDown } from './support/service.js';
import { authenticate, payoutReference } from './support/tenants.js';

// In your service: the address of JPay and your credentials.
const simulator = await jpaySimulator({ payout: '1000.00', debitAt: 'completion' });
const { url: baseUrl, appKey, appSecret } = simulator;

// In your service: a table, so that callbacks and look-ups find their payout after a restart.
const referenceByToken = new Map<string, string>();
const idByReference = new Map<string, string>();

const provider = jpay({ baseUrl, appKey, appSecret });
const guard = createPayoutGuard({ provider, currency: 'KES', lookup });

async function lookup(question: PayoutQuestion): Promise<PayoutAnswer> {
  const { reference, signal } = question;
  const id = idByReference.get(reference);
  // The answer with the id was lost. The adapter searches the lists of payouts.
  if (id === undefined) return provider.lookup?.(question) ?? { outcome: 'unknown' };
  const headers = { authorization: `Bearer ${simulator.accessToken()}` };
  const response = await fetch(`${baseUrl}/payments/payouts/${id}`, { headers, redirect: 'error', signal });
  // The adapter judges the documented answer of a payout, and only one with this reference.
  return { outcome: provider.verdictOfResult?.(await response.json(), { reference }) ?? 'unknown' };
}

const app = express();
app.use(express.json());

const makePayment = jpayPayments({
  baseUrl,
  accessToken: () => simulator.accessToken(),
  appCode: 12_345,
  callbackUrl: ({ reference }) => {
    const token = randomBytes(24).toString('base64url');
    referenceByToken.set(token, reference);
    return `${url}/jpay/callbacks/${token}`;
  },
});

app.post(
  '/payouts',
  authenticate(new Map([['tenant-token', { id: 'acme', wallet: 'default' }]])),
  payoutRoute(
    guard,
    { wallet: (req) => req.tenant.wallet, amount: (req) => req.body.amount, reference: payoutReference },
    async (req, res, pay) => {
      const { to, amount } = req.body;
      await pay(async ({ wallet, reference, signal }) => {
        const answer = await makePayment({ wallet, to, amount, reference, signal });
        idByReference.set(reference, String((answer as { id?: unknown }).id));
        return answer; // `pending`: the hold stays sent
      });
      res.status(202).json({ state: holdOf(res)?.state });
    },
  ),
);

app.post('/jpay/callbacks/:token', (req, res, next) => {
  const reference = referenceByToken.get(req.params.token);
  if (reference === undefined) return void res.status(404).end();
  // Answers when the outcome is recorded. Until then, the guard also looks it up on its own schedule.
  guard
    .reconcile({ reference })
    .then(() => res.status(200).end())
    .catch(next);
});

app.use(payoutGuardErrors());
const { server, url } = await listen(app);

// Two payouts of 600.00 from 1000.00, then JPay completes the first one.
async function post(key: string): Promise<void> {
  const response = await fetch(`${url}/payouts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer tenant-token', 'idempotency-key': key },
    body: JSON.stringify({ to: '+254712345678', amount: '600.00' }),
  });
  const { code, state } = (await response.json()) as { code?: string; state?: string };
  console.log(`${key}: ${response.status} ${code ?? state}`);
}

await post('payout-1');
await post('payout-2');
const captured = new Promise<void>((resolve) => guard.on('captured', () => resolve()));
simulator.advance('acme:payout-1', 'completed');
await captured;
console.log(`acme:payout-1 is ${(await guard.getHold('acme:payout-1'))?.state}`);

await shutDown({ server, guard });
await simulator.close();
