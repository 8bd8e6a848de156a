// One process of the payment API of two-processes.ts. It does not coordinate with other processes: the store does.
import express from 'express';
import { createPayoutGuard } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { paymentApi } from './payment-api.js';
import { jpayPayments } from './support/payments.js';
import { listen, onStopSignal, shutDown } from './support/service.js';
import { sharedStores } from './support/stores.js';

const { STORE = '', STORE_NAME = '', PROCESS = '', JPAY_BASE_URL: baseUrl = '' } = process.env;
const { JPAY_APP_KEY: appKey = '', JPAY_APP_SECRET: appSecret = '', JPAY_ACCESS_TOKEN = '' } = process.env;

const opened = await sharedStores[STORE]?.open(STORE_NAME);
if (!opened) throw new Error(`STORE is ${STORE}`);
const { store, closeClient } = opened;
const guard = createPayoutGuard({
  provider: jpay({ baseUrl, appKey, appSecret }),
  currency: 'KES',
  store,
  lookupsPerSecond: 100, // as many as your provider allows
});

const makePayment = jpayPayments({
  baseUrl,
  accessToken: () => JPAY_ACCESS_TOKEN,
  appCode: 12_345,
  callbackUrl: () => 'https://api.example/jpay/callbacks',
});
const tenants = new Map([['tenant-token', { id: 'acme', wallet: 'default' }]]);

const app = express();
app.use((_req, res, next) => {
  res.set('x-process', PROCESS);
  next();
});
// For the readiness probe of the platform: keep it inside.
app.get('/ready', (_req, res) => {
  store.ready().then(
    ({ recoveringForMs }) => res.json({ recoveringForMs }),
    (error) => res.status(503).json({ reason: error.message }),
  );
});
// For operators: put it behind your own authorisation. The guard itself reconciles every minute.
app.post('/reconcile', (_req, res, next) => {
  guard
    .reconcile({ olderThanMs: 0 })
    .then((reconciliation) => res.json(reconciliation))
    .catch(next);
});
app.use(paymentApi({ guard, tenants, makePayment }));

const { server } = await listen(app, Number(process.env.PORT));

onStopSignal(async () => {
  await shutDown({ server, guard, store, closeClient });
  process.disconnect(); // from the primary; nothing else keeps this process alive
});
