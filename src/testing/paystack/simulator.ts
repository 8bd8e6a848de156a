// Paystack, as far as balances, recipients and transfers go. Texts that are not documented are marked.
import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import {
  HostedWallet,
  type HostedWalletOptions,
  type HostedWalletSimulator,
  hostedWalletShape,
} from '../simulator/hosted-wallet.js';
import { type Route, startServer } from '../simulator/server.js';
import { refused, success } from './codec.js';
import { firstRecipientCode, paystackRecipients } from './recipients.js';
import { type PaystackTransferOptions, type PaystackTransfers, paystackTransfers } from './transfers.js';

/** Amounts are decimal text in NGN. */
export interface PaystackSimulatorOptions extends HostedWalletOptions, PaystackTransferOptions {
  /**
   * Signs the webhooks too. With a key that begins with `sk_test_`, transfers end at once, as in the sandbox.
   * @defaultValue 'sk_live_simulated'
   */
  readonly secretKey?: string | undefined;
}

/** A running Paystack with one wallet, in NGN. */
export interface PaystackSimulator extends HostedWalletSimulator {
  readonly secretKey: string;
  /** A recipient that exists from the start: POST `/transferrecipient` makes others. */
  readonly recipientCode: string;
}

const integration = 463_433;

/**
 * Starts a Paystack API on a loopback port: GET `/balance` and `/balance/ledger`, POST `/transferrecipient`, POST
 * `/transfer`, `/transfer/bulk` and `/transfer/finalize_transfer`, GET `/transfer/verify/{reference}` and
 * `/transfer/{id or code}`. A reference has 16 to 50 characters of `a-z 0-9 - _`. Transfers stay `pending` until they
 * are moved on, or for `settleAfterMs`.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 */
export async function paystackSimulator(options: PaystackSimulatorOptions = {}): Promise<PaystackSimulator> {
  const settings = readOptions(optionsSchema, options);
  const { secretKey, clock } = settings;
  const domain = secretKey.startsWith('sk_test_') ? 'test' : 'live';

  const wallet: HostedWallet = new HostedWallet(settings, {
    bodyOf: (entry) => transfers.eventOf(entry),
    headersOf: (body, isForged) => {
      const key = isForged ? `${secretKey}_of_another` : secretKey;
      return { 'x-paystack-signature': createHmac('sha512', key).update(body).digest('hex') };
    },
  });
  const recipients = paystackRecipients(domain, integration, () => clock.now());
  const transfers: PaystackTransfers = paystackTransfers({ settings, domain, integration, wallet, recipients });

  const balance = () =>
    success('Balances retrieved', [
      { currency: 'GHS', balance: 0 },
      { currency: 'NGN', balance: wallet.figures.available },
    ]);

  /** Its rows look like balances, and are none. */
  const ledger = () => {
    const time = new Date(clock.now()).toISOString();
    const row = {
      integration,
      domain,
      balance: wallet.figures.ledger,
      currency: 'NGN',
      difference: 0,
      reason: 'Opening balance',
      model_responsible: 'Integration',
      model_row: integration,
      id: 1,
      createdAt: time,
      updatedAt: time,
    };
    return success('Balance ledger retrieved', [row]);
  };

  const authenticated =
    (route: Route): Route =>
    (request) => {
      const { authorization } = request.headers;
      if (authorization === undefined) throw refused(401, 'No Authorization Header was found');
      if (authorization !== `Bearer ${secretKey}`) throw refused(401, 'Invalid key');
      return route(request);
    };

  const routes = {
    'GET /balance': balance,
    'GET /balance/ledger': ledger,
    'POST /transferrecipient': recipients.create,
    ...transfers.routes,
  };
  const server = await startServer({
    port: settings.port,
    clock,
    timer: wallet.timer,
    faultPath: '/balance',
    routes: Object.fromEntries(Object.entries(routes).map(([key, route]) => [key, authenticated(route)])),
    // The text of this case is not documented.
    noRoute: (status) => refused(status, 'Not found').answer,
  });
  return Object.assign(wallet.methods(), server, { secretKey, recipientCode: firstRecipientCode });
}

const optionsSchema = z.strictObject({
  ...hostedWalletShape,
  secretKey: z
    .string()
    .regex(/^sk_(test|live)_[\x21-\x7e]+$/, 'must begin with sk_test_ or sk_live_')
    .default('sk_live_simulated'),
  insufficientFunds: z.enum(['refuse', 'fail_later']).default('refuse'),
  pendingAs: z.enum(['pending', 'received', 'queued']).default('pending'),
  failedAs: z.enum(['failed', 'reversed']).default('failed'),
  otp: z.string().min(1).optional(),
}) satisfies z.ZodType<unknown, PaystackSimulatorOptions>;
