// Payouts that wait for an approval: the money is reserved when a payout is requested, and paid or given back when a
// manager decides, hours later and maybe in another process. Against a simulated JPay.
import express, { type RequestHandler } from 'express';
import { createPayoutGuard, type Hold } from 'payout-guard';
import { payoutGuardErrors } from 'payout-guard/express';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';
import { jpayPayments } from './support/payments.js';
import { listen, shutDown } from './support/service.js';
import { authenticate, payoutReference } from './support/tenants.js';

const dayMs = 86_400_000;

const simulator = await jpaySimulator({ payout: '1000.00', debitAt: 'completion' });
const { url: baseUrl, appKey, appSecret } = simulator;
const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });
const makePayment = jpayPayments({
  baseUrl,
  accessToken: () => simulator.accessToken(),
  appCode: 12_345,
  callbackUrl: () => 'https://api.example/jpay/callbacks',
});

// In your service: a table. A crash before the request is written leaves a reservation, which expires.
const requests = new Map<string, { to: string; amount: string }>();

const app = express();
app.use(express.json());
app.use(authenticate(new Map([['tenant-token', { id: 'acme', wallet: 'default' }]])));

app.post(
  '/requests',
  route(async (req, res) => {
    const { to, amount } = req.body;
    const reference = payoutReference(req) ?? '';
    // Reserved, not sent: the hold expires when there is no decision in time.
    const hold = await guard.hold({ amount, reference, fingerprint: to, expiresInMs: dayMs });
    requests.set(reference, { to, amount });
    res.status(202).json({ state: hold.state });
  }),
);

// Put these three routes behind the authorisation of a manager.
app.post(
  '/requests/:key/extend',
  route(async (req, res) => {
    const { hold } = await pending(`${req.tenant.id}:${req.params.key}`);
    const { state } = await hold.extend(3 * dayMs); // from now on; at most 30 days
    res.json({ state });
  }),
);
app.post(
  '/requests/:key/approve',
  route(async (req, res) => {
    const { hold, request } = await pending(`${req.tenant.id}:${req.params.key}`);
    // Of two concurrent approvals, one pays: the store lets one handle become `sent`, and checks the wallet again.
    await hold.pay(({ wallet, reference, signal }) => makePayment({ wallet, ...request, reference, signal }));
    res.status(202).json({ state: hold.state });
  }),
);
app.post(
  '/requests/:key/reject',
  route(async (req, res) => {
    // The handle releases only what is still reserved. `guard.release` would also release a payout that is being sent.
    const { hold } = await pending(`${req.tenant.id}:${req.params.key}`);
    await hold.release();
    res.json({ state: hold.state });
  }),
);
app.use(payoutGuardErrors());

/** Finds a waiting request and its hold, with a new handle. */
async function pending(reference: string): Promise<{ hold: Hold; request: { to: string; amount: string } }> {
  const hold = await guard.resume(reference);
  const request = requests.get(reference);
  if (!request) throw new Error(`no request ${reference}`);
  return { hold, request };
}

/** Passes rejections on, which Express 4 does not do by itself. */
function route(handler: (...args: Parameters<RequestHandler>) => Promise<unknown>): RequestHandler {
  return (req, res, next) => void handler(req, res, next).catch(next);
}

const { server, url } = await listen(app);

await post('/requests', 'invoice-1', { to: '+254712345678', amount: '600.00' });
await post('/requests', 'invoice-2', { to: '+254712345678', amount: '300.00' });
await post('/requests', 'invoice-3', { to: '+254712345678', amount: '100.01' }); // 0.01 too much: 900.00 are reserved
await post('/requests/invoice-1/extend');
await post('/requests/invoice-1/approve');
await post('/requests/invoice-1/approve');
await post('/requests/invoice-2/reject');
await post('/requests', 'invoice-3', { to: '+254712345678', amount: '100.01' });
console.log(`paid: ${simulator.payouts.map(({ refNo, amount }) => `${refNo} ${amount}`).join(', ')}`);

await shutDown({ server, guard });
await simulator.close();

async function post(path: string, key = '', body: object = {}): Promise<void> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer tenant-token', 'idempotency-key': key },
    body: JSON.stringify(body),
  });
  const { code, state } = (await response.json()) as { code?: string; state?: string };
  console.log(`${path} ${key}`.trim(), `${response.status} ${code ?? state}`);
}
