// The service in front of Interswitch Uganda that `payout-guard/providers/interswitch` speaks to. It speaks Phoenix over
// one session, and passes what Phoenix says through unchanged. Run it to see a guard refuse what the wallet lacks.
//
// It has no authentication of its own: keep it on a private network.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import express, { type ErrorRequestHandler, type Express, type Response as Reply } from 'express';
import { createPayoutGuard, isPayoutGuardError, PayoutRejectedError } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { type PhoenixTerminal, phoenixTerminal, type SignedCall } from 'payout-guard/providers/phoenix';
import { phoenixSimulator } from 'payout-guard/testing';

export function phoenixService(terminal: PhoenixTerminal): Express {
  const app = express();
  app.use(express.json());

  app.get('/isw/payments/balance', async (_req, res) => {
    const query = { requestReference: crypto.randomUUID() };
    await pass(res, terminal, await terminal.sign({ method: 'GET', path: 'sente/accountBalance', query }));
  });

  app.get('/isw/payments/checkStatus', async (req, res) => {
    const query = { requestReference: String(req.query.requestReference) };
    await pass(res, terminal, await terminal.sign({ method: 'GET', path: 'sente/status', query }));
  });

  app.post('/isw/payments/pay', async (req, res) => {
    // The shortest text of a JSON number; amounts with more digits than a number keeps are refused when they are signed.
    const payment = { ...req.body, amount: String(req.body.amount) };
    await pass(res, terminal, await terminal.sign({ method: 'POST', payment }));
  });

  app.use(failures);
  return app;
}

/** Sends a call, once more with another session when this one is not accepted, and passes the answer on. */
async function pass(res: Reply, terminal: PhoenixTerminal, call: SignedCall): Promise<void> {
  const answer = await send(call);
  const isRefused = /"responseCode"\s*:\s*"?(90063|90054)\b/.test(answer);
  res.type('json').send(isRefused ? await send(await terminal.signAgain(call)) : answer);
}

async function send({ method, url, headers, body }: SignedCall): Promise<string> {
  const signal = AbortSignal.timeout(20_000);
  const response = await fetch(url, { method, headers, signal, redirect: 'manual', ...(body ? { body } : {}) });
  return response.text();
}

// No responseCode: what became of a payment is not known, and a balance is none.
const failures: ErrorRequestHandler = (error, _req, res, _next) => {
  const status = isPayoutGuardError(error) ? error.status : 502;
  res.status(status).json({ status, error: isPayoutGuardError(error) ? error.code : 'Bad Gateway' });
};

async function demonstrate(): Promise<void> {
  const simulator = await phoenixSimulator({ available: '1000', ledger: '9000' });
  const terminal = phoenixTerminal({ baseUrl: simulator.url, ...simulator.credentials() });
  const server = await listening(phoenixService(terminal));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const guard = createPayoutGuard({ provider: interswitch({ baseUrl }), currency: 'UGX' });

  const payouts = ['payout-1', 'payout-2', 'payout-3', 'payout-4'].map((reference) =>
    guard
      .withHold({ amount: '300', reference }, () => pay(baseUrl, reference))
      .then(
        () => `${reference}: paid`,
        (error: { code: string }) => `${reference}: ${error.code}`,
      ),
  );
  for (const line of await Promise.all(payouts)) console.log(line);
  console.log(`${simulator.balances().available} UGX left, ${simulator.count('/client/doKeyExchange')} key exchange`);

  await guard.close();
  server.close();
  await simulator.close();
}

async function pay(baseUrl: string, requestReference: string): Promise<void> {
  const body = JSON.stringify({ requestReference, amount: 300, customerId: '0770000000', paymentCode: '53046936951' });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${baseUrl}/isw/payments/pay`, { method: 'POST', headers, body });
  const { responseCode } = (await response.json()) as { responseCode?: string };
  if (responseCode === '90000') return;
  // Only codes that prove that nothing was paid; anything else stays held until its status is known.
  if (responseCode === '90051' || responseCode === '90013') throw new PayoutRejectedError();
  throw new Error(`not known yet: ${responseCode}`);
}

async function listening(app: Express): Promise<Server> {
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await demonstrate();
