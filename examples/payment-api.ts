// A payment API with the guard in front of its payouts. `npm start` serves it.
//
// The provider comes from the environment: JPAY_BASE_URL with JPAY_APP_KEY and JPAY_APP_SECRET, or
// INTERSWITCH_BASE_URL. Without either, a simulator of JPay is started, and payouts debit its wallet.
import { pathToFileURL } from 'node:url';
import express, { type Express } from 'express';
import { type BalanceProvider, createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { payoutGuardErrors, requireSufficientFunds } from 'payout-guard/express';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';

/** Sends the money; in your API, the call that you already have. */
export type MakePayment = (payout: { to: string; amount: string }) => Promise<void>;

export function paymentApi(guard: PayoutGuard, makePayment: MakePayment): Express {
  const app = express();
  app.use(express.json());

  app.post('/payouts', requireSufficientFunds(guard, { amount: (req) => req.body.amount }), async (req, res) => {
    const { to, amount } = req.body;
    await makePayment({ to, amount });
    res.status(201).json({ to, amount });
  });

  // For operators: put it behind your own authorisation, it shows the balance.
  app.get('/funds', async (_req, res) => {
    res.json(await guard.funds());
  });

  app.use(payoutGuardErrors());
  return app;
}

interface Wallet {
  readonly provider: BalanceProvider;
  readonly currency: string;
  readonly makePayment: MakePayment;
  readonly close: () => Promise<void>;
}

async function walletFromEnvironment(env: NodeJS.ProcessEnv): Promise<Wallet> {
  const onlySay: MakePayment = async ({ to, amount }) => console.log(`here your API would send ${amount} to ${to}`);
  const close = async () => {};
  if (env.JPAY_BASE_URL) {
    const { JPAY_BASE_URL: baseUrl, JPAY_APP_KEY: appKey = '', JPAY_APP_SECRET: appSecret = '' } = env;
    return { provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES', makePayment: onlySay, close };
  }
  if (env.INTERSWITCH_BASE_URL) {
    const provider = interswitch({ baseUrl: env.INTERSWITCH_BASE_URL });
    return { provider, currency: 'UGX', makePayment: onlySay, close };
  }
  const simulator = await jpaySimulator({ payout: '12000.00', collection: '45000.00' });
  const { url: baseUrl, appKey, appSecret } = simulator;
  return {
    provider: jpay({ baseUrl, appKey, appSecret }),
    currency: 'KES',
    makePayment: async ({ amount }) => simulator.debit('payout', amount),
    close: () => simulator.close(),
  };
}

async function serve(): Promise<void> {
  const { provider, currency, makePayment, close } = await walletFromEnvironment(process.env);
  const guard = createPayoutGuard({ provider, currency });
  const server = paymentApi(guard, makePayment).listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`;
    const payout = (amount: string) =>
      `curl -i ${url}/payouts -H 'content-type: application/json' -d '{"to":"+254712345678","amount":"${amount}"}'`;
    console.log(
      [
        `Payment API on ${url}, balance from ${provider.name}. Try:`,
        `  curl ${url}/funds`,
        `  ${payout('1500.00')}`,
        `  ${payout('99999.00')}`,
        `  ${payout('1,500.00')}`,
      ].join('\n'),
    );
  });
  const stop = async () => {
    server.close();
    await guard.close();
    await close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
