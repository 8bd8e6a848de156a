// A payment API that holds the money of each payout while it is made. `npm start` serves it.
//
// The provider comes from the environment: JPAY_BASE_URL with JPAY_APP_KEY and JPAY_APP_SECRET, or
// INTERSWITCH_BASE_URL. With either, the balance is real and no payout is sent. Without them, a simulator of JPay
// starts, and payouts are made from its wallet.
//
// Holds are kept in a SQLite file, payouts.db, so a payout under way is still held after a deploy. Holds of a simulator
// end with it.
import { pathToFileURL } from 'node:url';
import express, { type Express } from 'express';
import { createPayoutGuard, PayoutRejectedError } from 'payout-guard';
import { holdOf, payoutGuardErrors, payoutRoute } from 'payout-guard/express';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { type PaymentApi, statusOf } from './support/api.js';
import { curlPayout } from './support/curl.js';
import type { MakePayment } from './support/payments.js';
import { listen, stopOnSignal } from './support/service.js';
import { type PaymentSource, simulatedJpay } from './support/simulated-jpay.js';
import { authenticate, payoutReference } from './support/tenants.js';

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
        const hold = holdOf(res);
        res.status(statusOf(hold)).json({ to, amount, state: hold?.state });
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

async function sourceFrom(env: NodeJS.ProcessEnv): Promise<PaymentSource> {
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
  return simulatedJpay({ payout: '12000.00' });
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
  console.log(
    [
      `Payment API on ${url}, balance from ${wallet.provider.name}. Try:`,
      `  curl ${url}/funds ${asTenant}`,
      `  ${curlPayout(`${url}/payouts`, 'payout-1', '1500.00')}`,
      `  curl ${url}/payouts/payout-1 ${asTenant}`,
      `  ${curlPayout(`${url}/payouts`, 'payout-2', '99999.00')}`,
      `  ${curlPayout(`${url}/payouts`, 'payout-3', '1,500.00')}`,
    ].join('\n'),
  );

  stopOnSignal({ server, guard, store, closeClient: close });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
