// The service in front of Interswitch Uganda that `payout-guard/providers/interswitch` calls. It speaks Phoenix over
// one session and returns the answers of Phoenix unchanged. Run it to see a guard refuse a payout that the wallet
// cannot cover.
//
// It has no authentication of its own: keep it on a private network.
import { pathToFileURL } from 'node:url';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import { createPayoutGuard, isPayoutGuardError } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { type PhoenixTerminal, phoenixTerminal, type SignedCall } from 'payout-guard/providers/phoenix';
import { phoenixSimulator } from 'payout-guard/testing';
import { interswitchPayments } from './support/payments.js';
import { listen, shutDown } from './support/service.js';

export function phoenixService(terminal: PhoenixTerminal): Express {
  const app = express();
  app.use(express.json());

  app.get(
    '/isw/payments/balance',
    passOn(terminal, () => {
      const query = { requestReference: crypto.randomUUID() };
      return terminal.sign({ method: 'GET', path: 'sente/accountBalance', query });
    }),
  );

  app.get(
    '/isw/payments/checkStatus',
    passOn(terminal, (req) => {
      const query = { requestReference: String(req.query.requestReference) };
      return terminal.sign({ method: 'GET', path: 'sente/status', query });
    }),
  );

  app.post(
    '/isw/payments/pay',
    passOn(terminal, (req) => {
      // The shortest text of a JSON number. Signing refuses amounts with more digits than a number keeps.
      const payment = { ...req.body, amount: String(req.body.amount) };
      return terminal.sign({ method: 'POST', payment });
    }),
  );

  app.use(failures);
  return app;
}

/** Sends a signed call and returns its answer. Passes rejections on, which Express 4 does not do by itself. */
function passOn(terminal: PhoenixTerminal, sign: (req: Request) => Promise<SignedCall>): RequestHandler {
  return (req, res, next) => {
    sign(req)
      .then((call) => exchange(terminal, call))
      .then((answer) => res.type('json').send(answer))
      .catch(next);
  };
}

/** Sends a call. Retries once with a new session if this one is rejected. */
async function exchange(terminal: PhoenixTerminal, call: SignedCall): Promise<string> {
  const answer = await send(call);
  const isRefused = /"responseCode"\s*:\s*"?(90063|90054)\b/.test(answer);
  return isRefused ? send(await terminal.signAgain(call)) : answer;
}

async function send({ method, url, headers, body }: SignedCall): Promise<string> {
  const signal = AbortSignal.timeout(20_000);
  const response = await fetch(url, { method, headers, signal, redirect: 'manual', ...(body ? { body } : {}) });
  return response.text();
}

// Without a responseCode, the outcome of a payment is unknown, and a balance is unavailable.
const failures: ErrorRequestHandler = (error, _req, res, _next) => {
  const status = isPayoutGuardError(error) ? error.status : 502;
  res.status(status).json({ status, error: isPayoutGuardError(error) ? error.code : 'Bad Gateway' });
};

async function demonstrate(): Promise<void> {
  const simulator = await phoenixSimulator({ available: '1000', ledger: '9000' });
  const terminal = phoenixTerminal({ baseUrl: simulator.url, ...simulator.credentials() });
  const { server, url: baseUrl } = await listen(phoenixService(terminal));
  // The payment function returns the answer of Phoenix, so the adapter judges it, and a code that proves a failure
  // releases the hold.
  const guard = createPayoutGuard({ provider: interswitch({ baseUrl }), currency: 'UGX', returns: 'providerAnswer' });
  const makePayment = interswitchPayments(baseUrl);

  const payouts = ['payout-1', 'payout-2', 'payout-3', 'payout-4'].map(async (reference) => {
    const payout = { to: '0770000000', amount: '300' };
    try {
      await guard.withHold({ amount: payout.amount, reference }, (hold) =>
        makePayment({ ...payout, wallet: hold.wallet, reference: hold.reference, signal: hold.signal }),
      );
      return `${reference}: ${(await guard.getHold(reference))?.state}`;
    } catch (error) {
      return `${reference}: ${(error as { code?: string }).code}`;
    }
  });
  for (const line of await Promise.all(payouts)) console.log(line);
  console.log(`${simulator.balances().available} UGX left, ${simulator.count('/client/doKeyExchange')} key exchange`);

  await shutDown({ server, guard });
  await simulator.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await demonstrate();
