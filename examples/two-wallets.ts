// Two wallets in one service, on one store: JPay Africa in KES and Interswitch Uganda in UGX. Each tenant pays from its
// own.
//
// Holds live in the memory of this process. With STORE=sqlite, STORE=redis or STORE=postgres they live in a store that
// several processes share (see support/stores.ts). Prints each step.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPayoutGuard, memoryStore } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { interswitchSimulator, jpaySimulator } from 'payout-guard/testing';
import { paymentApi } from './payment-api.js';
import { interswitchPayments, jpayPayments, type MakePayment } from './support/payments.js';
import { listen, shutDown } from './support/service.js';
import { type OpenStore, sharedStores } from './support/stores.js';

const { STORE = 'memory' } = process.env;
const name = `two_wallets_${randomBytes(8).toString('hex')}`; // in your service a fixed name
const opened: OpenStore = (await sharedStores[STORE]?.open(name)) ?? {
  store: memoryStore(),
  closeClient: async () => {},
};
const { store, closeClient } = opened;

// In your service: the addresses of the providers and your credentials.
const kes = await jpaySimulator({ payout: '12000.00', collection: '45000.00' });
const ugx = await interswitchSimulator({
  available: '250000',
  ledger: '900000',
  debitAt: { msAfterCompletion: 60_000 }, // its balance shows a payout late; until then the hold counts
});

const guard = createPayoutGuard({
  wallets: {
    'jpay-kes': {
      provider: jpay({ baseUrl: kes.url, appKey: kes.appKey, appSecret: kes.appSecret }),
      currency: 'KES',
      floor: '500.00',
    },
    'isw-ugx': {
      provider: interswitch({ baseUrl: ugx.url }),
      currency: 'UGX',
      // The payment call below returns the provider's answer, so its "failed" releases the hold.
      returns: 'providerAnswer',
    },
  },
  store,
});

const paymentsBy: Readonly<Record<string, MakePayment>> = {
  'jpay-kes': jpayPayments({
    baseUrl: kes.url,
    accessToken: () => kes.accessToken(),
    appCode: 12_345,
    callbackUrl: () => 'https://api.example/jpay/callbacks',
  }),
  'isw-ugx': interswitchPayments(ugx.url),
};
const makePayment: MakePayment = async (payout) => {
  const pay = paymentsBy[payout.wallet];
  if (!pay) throw new Error(`no payment call for wallet ${payout.wallet}`);
  return pay(payout);
};

const tenants = new Map([
  ['nairobi-token', { id: 'nairobi', wallet: 'jpay-kes' }],
  ['kampala-token', { id: 'kampala', wallet: 'isw-ugx' }],
]);
const { server, url } = await listen(paymentApi({ guard, tenants, makePayment }));

await post('nairobi', 'payout-1', '+254712345678', '1500.00');
await post('kampala', 'payout-1', '0772000001', '200000'); // the same key as another tenant: another payout
await post('nairobi', 'payout-2', '+254712345678', '10000.01'); // 12000.00 - 500.00 floor - 1500.00 held
await post('kampala', 'payout-2', '0772000001', '200000'); // the ledger has it, the available balance does not

kes.fault({ kind: 'html_500' }); // a provider that is down stops its own wallet only
await sleep(1_000); // before it refuses, the guard asks again, at most once a second
await post('nairobi', 'payout-3', '+254712345678', '10000.01');
await post('kampala', 'payout-3', '0772000001', '50000');

for (const { wallet, reference, amount, currency, state } of (await guard.listHolds()).holds) {
  console.log(`${wallet}: ${reference} ${amount} ${currency} is ${state}`);
}

await shutDown({ server, guard, store, closeClient });
await sharedStores[STORE]?.remove(name);
await kes.close();
await ugx.close();

async function post(tenant: string, key: string, to: string, amount: string): Promise<void> {
  const response = await fetch(`${url}/payouts`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${tenant}-token`,
      'idempotency-key': key,
    },
    body: JSON.stringify({ to, amount }),
  });
  const { code, state } = (await response.json()) as { code?: string; state?: string };
  console.log(`${tenant} asks for ${amount}: ${response.status} ${code ?? state}`);
}
