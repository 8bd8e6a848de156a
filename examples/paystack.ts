// Payouts through Paystack, from the request to the settled hold. Paystack accepts a transfer, pays later, and posts a
// signed event. `payoutWebhook` verifies it, looks the transfer up, and settles the hold. Prints each step.
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Request } from 'express';
import { createPayoutGuard, type Hold, PayoutRejectedError } from 'payout-guard';
import { holdOf, payoutGuardErrors, payoutRoute, payoutWebhook } from 'payout-guard/express';
import { paystack } from 'payout-guard/providers/paystack';
import { paystackSimulator } from 'payout-guard/testing';
import { listen, shutDown } from './support/service.js';
import { authenticate } from './support/tenants.js';

const app = express();
const { server, url } = await listen(app); // in your service last: here Paystack has to know the address first

// In your service: Paystack itself (without `baseUrl`), your secret key, and recipients that you have created. The
// address of the webhooks is set in the dashboard.
const webhookUrl = `${url}/webhooks/paystack`;
const simulator = await paystackSimulator({ available: '2000.00', fee: '10.00', webhookUrl });
const { url: baseUrl, secretKey, recipientCode } = simulator;

const guard = createPayoutGuard({
  wallets: {
    'paystack-ngn': {
      provider: paystack({ secretKey, baseUrl }),
      currency: 'NGN',
      // `makePayment` returns Paystack's answer, so its "failed" releases the hold.
      returns: 'providerAnswer',
    },
  },
});

/** Paystack takes references of 16 to 50 characters of a-z, 0-9, - and _. Another one is refused before it is held. */
function paystackReference(req: Request): string | undefined {
  const key = req.get('Idempotency-Key');
  const reference = key && `${req.tenant.id}_${key}`;
  return reference && /^[a-z0-9_-]{16,50}$/.test(reference) ? reference : undefined;
}

/** An amount in kobo. The guard has held it, so it is decimal text with two decimals at most. */
function inKobo(amount: unknown): number {
  const [whole = '', decimals = ''] = String(amount).split('.');
  return Number(whole + decimals.padEnd(2, '0'));
}

interface Payout {
  readonly recipient: string;
  /** Without the fee, which the hold has in its amount. */
  readonly amount: string;
}

async function makePayment({ recipient, amount }: Payout, { reference, signal }: Hold): Promise<unknown> {
  const response = await fetch(`${baseUrl}/transfer`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      source: 'balance',
      amount: inKobo(amount),
      currency: 'NGN',
      recipient,
      reference,
    }),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  });
  const answer = (await response.json()) as { code?: string; message?: string };
  if (response.ok) return answer;
  // A duplicate reference is no refusal: the transfer exists. Its hold stays, and is looked up.
  const isRefused = answer.code === 'invalid_transfer_recipient' || /balance.*not enough/i.test(answer.message ?? '');
  if (response.status === 400 && isRefused) throw new PayoutRejectedError();
  throw new Error(`Paystack answered HTTP ${response.status}`);
}

// The signature is over the bytes of the body, so this route comes before express.json().
app.post('/webhooks/paystack', express.raw({ type: () => true }), payoutWebhook(guard, { wallet: 'paystack-ngn' }));
app.use(express.json());

app.post(
  '/payouts',
  authenticate(new Map([['tenant-token', { id: 'acme', wallet: 'paystack-ngn' }]])),
  payoutRoute(
    guard,
    {
      wallet: (req) => req.tenant.wallet,
      amount: (req) => req.body.amount,
      fee: () => '10.00', // Paystack takes it from the balance too
      reference: paystackReference,
      fingerprint: (req) => req.body.recipient, // the same key for another payee is a conflict
    },
    async (req, res, pay) => {
      await pay((hold) => makePayment(req.body, hold));
      res.status(202).json({ state: holdOf(res)?.state });
    },
  ),
);
app.use(payoutGuardErrors());

async function post(key: string, amount: string): Promise<void> {
  const response = await fetch(`${url}/payouts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer tenant-token', 'idempotency-key': key },
    body: JSON.stringify({ recipient: recipientCode, amount }),
  });
  const { code, state } = (await response.json()) as { code?: string; state?: string };
  console.log(`${key} asks for ${amount}: ${response.status} ${code ?? state}`);
}

await post('invoice-2026-0001', '600');
await post('invoice-2026-0002', '1400.00'); // 2000.00 - 610.00 held
await post('i-3', '100.00'); // too short for Paystack

const captured = new Promise<void>((resolve) => guard.on('captured', () => resolve()));
simulator.advance('acme_invoice-2026-0001', 'completed'); // in your service: the bank
await captured;

await post('invoice-2026-0004', '500.00');
const released = new Promise<void>((resolve) => guard.on('released', () => resolve()));
simulator.advance('acme_invoice-2026-0004', 'failed');
await released;

for (const reference of ['acme_invoice-2026-0001', 'acme_invoice-2026-0004']) {
  const { state, captured: debit, failed } = (await guard.getHold(reference)) ?? {};
  console.log(`${reference} is ${state}: ${failed ? 'it failed' : `${debit} NGN with the fee`}`);
}

while (simulator.webhooks.length < 2) await sleep(10);
console.log(`events were answered with ${simulator.webhooks.map(({ answer }) => answer).join(', ')}`);

await shutDown({ server, guard });
await simulator.close();
