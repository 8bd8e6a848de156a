// Stripe as far as balances, transfers and payouts need it. Texts of errors are not those of the provider.
import * as z from 'zod';
import { type Currency, type CurrencyInput, resolveCurrency } from '../../core/currency.js';
import { readOptions } from '../../core/problems.js';
import { amountSchema, clockSchema, portSchema } from '../simulator/check-options.js';
import { type OneBalance, oneBalance } from '../simulator/one-balance.js';
import { type PayoutOptions, type PayoutStatus, payoutShape } from '../simulator/payout-book.js';
import { type RouteRequest, type Simulator, type SimulatorOptions, startServer } from '../simulator/server.js';
import { TaskTimer } from '../simulator/task-timer.js';
import { refused } from './codec.js';
import {
  type StripeEvent,
  type StripePayment,
  type StripePaymentOptions,
  stripePaymentShape,
  stripePayments,
} from './payments.js';

/** Amounts are decimal text in major units. */
export interface StripeSimulatorOptions extends SimulatorOptions, PayoutOptions<StripePayment>, StripePaymentOptions {
  /**
   * The currency of the balance, with the decimals that Stripe counts: `{ code: 'UGX', exponent: 2 }`.
   * @defaultValue 'USD'
   */
  readonly currency?: CurrencyInput | undefined;
  /** @defaultValue '12000' */
  readonly available?: string | undefined;
  /**
   * Money that cannot be paid out yet.
   * @defaultValue '45000'
   */
  readonly pending?: string | undefined;
  /**
   * A key with `_live_` in it makes the answers those of the live mode.
   * @defaultValue 'sk_test_simulated'
   */
  readonly secretKey?: string | undefined;
  /**
   * The connected account that every request has to name.
   * @defaultValue none
   */
  readonly account?: string | undefined;
  /**
   * The endpoint for events: a loopback address.
   * @defaultValue none
   */
  readonly webhookUrl?: string | undefined;
  /** @defaultValue 'whsec_simulated' */
  readonly webhookSecret?: string | undefined;
}

/** A running Stripe. Amounts are decimal text in major units. */
export interface StripeSimulator extends Simulator, OneBalance {
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Every payment that was accepted, oldest first, as it is now. */
  readonly payments: readonly StripePayment[];
  /**
   * Moves a payout on, by its id or its reference.
   * @throws `ConfigurationError` when there is none, or it has ended.
   */
  advance(idOrReference: string, status: Exclude<PayoutStatus, 'pending'>): void;
  /** Every event, in the order in which they were answered or given up. Grows. */
  readonly events: readonly StripeEvent[];
}

/**
 * Starts a Stripe API on a loopback port: GET `/v1/balance`, and POST and GET `/v1/transfers` and `/v1/payouts` with
 * `/v1/transfers/{id}` and `/v1/payouts/{id}`. A transfer is made at once. Payouts stay `pending` until they are moved
 * on, or for `settleAfterMs`.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 */
export async function stripeSimulator(options: StripeSimulatorOptions = {}): Promise<StripeSimulator> {
  const currency = resolveCurrency(options.currency ?? 'USD');
  const settings = readOptions(optionsSchema(currency), options);
  const { secretKey, account, clock, webhookUrl, webhookSecret } = settings;
  const timer = new TaskTimer(clock);
  const balance = { available: settings.available };
  const livemode = secretKey.includes('_live_');

  function authenticate({ headers }: RouteRequest): void {
    if (headers.authorization !== `Bearer ${secretKey}`) throw refused(401, 'invalid_request_error', 'Invalid key');
    if (headers['stripe-account'] === account) return;
    throw refused(403, 'invalid_request_error', 'The key has no access to this account', 'account_invalid');
  }

  const row = (minor: bigint) => ({
    amount: minor,
    currency: currency.code.toLowerCase(),
    source_types: { card: minor },
  });
  const payments = stripePayments({
    rules: settings,
    currency,
    livemode,
    account,
    balance,
    webhook: { url: webhookUrl, secret: webhookSecret },
    now: () => clock.now(),
    timer,
    authenticate,
  });
  const server = await startServer({
    port: settings.port,
    clock,
    timer,
    faultPath: '/v1/balance',
    routes: {
      'GET /v1/balance': (request) => {
        authenticate(request);
        const available = [{ amount: 100, currency: 'xts', source_types: { card: 100 } }, row(balance.available)];
        return { status: 200, body: { object: 'balance', available, livemode, pending: [row(settings.pending)] } };
      },
      ...payments.routes,
    },
    noRoute: (status) => refused(status, 'invalid_request_error', 'Unrecognized request').answer,
  });

  return {
    ...server,
    secretKey,
    webhookSecret,
    ...oneBalance(currency, {
      get: () => balance.available,
      set: (minor) => {
        balance.available = minor;
      },
    }),
    get payments() {
      return payments.payments();
    },
    advance: payments.advance,
    events: payments.events,
  };
}

function optionsSchema(currency: Currency) {
  const amount = amountSchema(currency);
  return z
    .strictObject({
      port: portSchema,
      clock: clockSchema,
      currency: z.unknown().optional(),
      available: amount.prefault('12000'),
      pending: amount.prefault('45000'),
      secretKey: z.string().min(1).default('sk_test_simulated'),
      account: z.string().optional(),
      webhookUrl: z.string().optional(),
      webhookSecret: z.string().min(1).default('whsec_simulated'),
      ...payoutShape<StripePayment>(amount),
      ...stripePaymentShape,
    })
    .refine(({ outcomeOf, settleAfterMs }) => outcomeOf === undefined || settleAfterMs !== undefined, {
      path: ['outcomeOf'],
      message: 'needs settleAfterMs; without it no payout ends by itself',
    });
}
