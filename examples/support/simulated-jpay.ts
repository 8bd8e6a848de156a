// A simulated JPay for the examples. In your service: the address of JPay and your credentials.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPayoutGuard, type WalletSettings } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { type JpaySimulatorOptions, jpaySimulator } from 'payout-guard/testing';
import { callbackPath } from 'payout-guard/web';
import type { PaymentService } from './api.js';
import { curlPayout } from './curl.js';
import { jpayPayments, type MakePayment, type Payout } from './payments.js';
import { type Serving, stopOnSignal } from './service.js';

/** A wallet, the call that pays from it, and a file for its holds. */
export interface PaymentSource {
  readonly wallet: WalletSettings;
  readonly makePayment: MakePayment;
  readonly file: string;
  readonly close: () => Promise<void>;
}

/** Starts a simulator. The file of the store ends with it. */
export async function simulatedJpay(
  options: JpaySimulatorOptions = {},
  callbackUrl: (payout: Payout) => string = () => 'https://api.example/jpay/callbacks',
): Promise<PaymentSource> {
  const simulator = await jpaySimulator({ payout: '1000.00', settleAfterMs: 1_000, ...options });
  const { url: baseUrl, appKey, appSecret } = simulator;
  const folder = mkdtempSync(join(tmpdir(), 'payout-guard-example-'));
  return {
    wallet: { provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' },
    makePayment: jpayPayments({
      baseUrl,
      accessToken: () => simulator.accessToken(),
      appCode: 12_345,
      callbackUrl,
    }),
    file: join(folder, 'payouts.db'),
    close: async () => {
      await simulator.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Serves a payment API against a simulated JPay until the process is asked to stop. */
export async function serveSimulated(
  serve: (service: PaymentService, port: number) => Promise<Serving>,
): Promise<void> {
  const callbackSecret = randomBytes(32).toString('base64url'); // in your service: the same after each restart
  const callbackUrl = () => `${url}/callbacks/${callbackPath(callbackSecret, 'default')}`;
  const { wallet, makePayment, file, close } = await simulatedJpay({ payout: '12000.00' }, callbackUrl);
  const store = sqliteStore({ file });
  const guard = createPayoutGuard({ ...wallet, store });
  const tenants = new Map([['demo-token', { id: 'demo', wallet: 'default' }]]);
  const operators = new Map([['ops-token', 'Ada']]);
  const service = { guard, tenants, operators, makePayment, callbackSecret };
  const { server, app, url } = await serve(service, Number(process.env.PORT ?? 3000));

  console.log(
    [
      `Payment API on ${url}, balance from ${wallet.provider.name}. Try:`,
      `  ${curlPayout(`${url}/payouts`, 'payout-1', '1500.00')}`,
      `  ${curlPayout(`${url}/payouts`, 'payout-2', '99999.00')}`,
      `  ${curlPayout(`${url}/v1/payouts`, 'payout-3', '1500.00')}`,
      `  curl ${url}/ops/payouts/ -H 'authorization: Bearer ops-token'`,
    ].join('\n'),
  );
  stopOnSignal({ server, app, guard, store, closeClient: close });
}
