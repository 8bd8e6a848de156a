// A payment API that holds the money of each payout while it is made. `npm start` serves it.
//
// The provider comes from the environment: JPAY_BASE_URL with JPAY_APP_KEY and JPAY_APP_SECRET, or
// INTERSWITCH_BASE_URL. With either, the balance is real and no payout is sent. Without them, a simulator of JPay
// starts, and payouts are made from its wallet.
//
// Holds are kept in a SQLite file, payouts.db, so a payout under way is still held after a deploy. Holds of a simulator
// end with it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import express, { type Express } from 'express';
import { createPayoutGuard, type PayoutGuard, PayoutRejectedError, type WalletSettings } from 'payout-guard';
import { holdOf, payoutGuardErrors, payoutRoute } from 'payout-guard/express';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { jpaySimulator } from 'payout-guard/testing';
import { jpayPayments, type MakePayment } from './support/payments.js';
import { listen, onStopSignal, shutDown } from './support/service.js';
import { authenticate, payoutReference, type Tenant } from './support/tenants.js';

export interface PaymentApi {
  readonly guard: PayoutGuard;
  /** The callers of the API, by their tokens. */
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly makePayment: MakePayment;
}

export function paymentApi({ guard, tenants, makePayment }: PaymentApi): Express {
  const app = express();
  app.use(express.json());
  app.use(['/payouts', '/funds'], authenticate(tenants));

  app.post(
    '/payouts',
    payoutRoute(
      guard,
      {
        wallet: (req) => req.tenant.wallet,
        amount: (req) => req.body.amount,
        reference: payoutReference,
        fingerprint: (req) => req.body.to, // the same key for another payee is a conflict
      },
      async (req, res, pay) => {
        const { to, amount } = req.body;
        const { wallet } = req.tenant;
        await pay(({ reference, signal }) => makePayment({ wallet, to, amount, reference, signal }));
        const state = holdOf(res)?.state;
        // Captured: the provider confirmed the payout. Sent: the outcome comes later. Released: the provider rejected
        // it.
        res.status(state === 'captured' ? 201 : state === 'sent' ? 202 : 422).json({ to, amount, state });
      },
    ),
  );

  // For clients: the state of a payout, by the key that it was sent with.
  app.get('/payouts/:key', (req, res, next) => {
    guard
      .getHold(`${req.tenant.id}:${req.params.key}`)
      .then((hold) => (hold ? res.json({ amount: hold.amount, state: hold.state }) : res.status(404).end()))
      .catch(next);
  });

  // For operators: put it behind your own authorisation, because it shows the balance.
  app.get('/funds', (req, res, next) => {
    guard
      .funds({ wallet: req.tenant.wallet })
      .then((funds) => res.json(funds))
      .catch(next);
  });

  app.use(payoutGuardErrors());
  return app;
}

interface Source {
  readonly wallet: WalletSettings;
  readonly makePayment: MakePayment;
  /** The store of the holds. */
  readonly file: string;
  readonly close: () => Promise<void>;
}

async function sourceFrom(env: NodeJS.ProcessEnv): Promise<Source> {
  const close = async () => {};
  const file = 'payouts.db';
  if (env.JPAY_BASE_URL) {
    const { JPAY_BASE_URL: baseUrl, JPAY_APP_KEY: appKey = '', JPAY_APP_SECRET: appSecret = '' } = env;
    return {
      wallet: { provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' },
      makePayment: sendNothing,
      file,
      close,
    };
  }
  if (env.INTERSWITCH_BASE_URL) {
    const provider = interswitch({ baseUrl: env.INTERSWITCH_BASE_URL });
    return { wallet: { provider, currency: 'UGX' }, makePayment: sendNothing, file, close };
  }
  const simulator = await jpaySimulator({ payout: '12000.00', collection: '45000.00', settleAfterMs: 1_000 });
  const { url: baseUrl, appKey, appSecret } = simulator;
  const folder = mkdtempSync(join(tmpdir(), 'payment-api-'));
  return {
    wallet: { provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' },
    makePayment: jpayPayments({
      baseUrl,
      accessToken: () => simulator.accessToken(),
      appCode: 12_345,
      callbackUrl: () => 'https://api.example/jpay/callbacks',
    }),
    file: join(folder, 'payouts.db'),
    close: async () => {
      await simulator.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** An example spends no real money. No payout is sent, so the hold is released and its reference may be used again. */
const sendNothing: MakePayment = async ({ to, amount }) => {
  console.log(`here your API would send ${amount} to ${to}`);
  throw new PayoutRejectedError('This example sends no real payouts.', { notSent: true });
};

async function serve(): Promise<void> {
  const { wallet, makePayment, file, close } = await sourceFrom(process.env);
  const store = sqliteStore({ file });
  const guard = createPayoutGuard({ ...wallet, store });
  const tenants = new Map([['demo-token', { id: 'demo', wallet: 'default' }]]);
  const { server, url } = await listen(paymentApi({ guard, tenants, makePayment }), Number(process.env.PORT ?? 3000));

  const asTenant = "-H 'authorization: Bearer demo-token'";
  const payout = (key: string, amount: string) =>
    `curl -i ${url}/payouts ${asTenant} -H 'content-type: application/json' -H 'idempotency-key: ${key}' ` +
    `-d '{"to":"+254712345678","amount":"${amount}"}'`;
  console.log(
    [
      `Payment API on ${url}, balance from ${wallet.provider.name}. Try:`,
      `  curl ${url}/funds ${asTenant}`,
      `  ${payout('payout-1', '1500.00')}`,
      `  curl ${url}/payouts/payout-1 ${asTenant}`,
      `  ${payout('payout-2', '99999.00')}`,
      `  ${payout('payout-3', '1,500.00')}`,
    ].join('\n'),
  );

  onStopSignal(async () => {
    const { open } = await shutDown({ server, guard, store });
    await close();
    process.exit(open.length === 0 ? 0 : 1); // your own line: a payment that hangs would keep the process alive
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
