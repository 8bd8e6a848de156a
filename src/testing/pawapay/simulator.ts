// The pawaPay API, version 2, as far as balances and payouts need it. Texts that are not documented are marked.
import { generateKeyPairSync } from 'node:crypto';
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import { clockSchema, portSchema } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { type OneBalance, oneBalance } from '../simulator/one-balance.js';
import { type PayoutOptions, type PayoutStatus, payoutShape } from '../simulator/payout-book.js';
import { type RouteRequest, type Simulator, type SimulatorOptions, startServer } from '../simulator/server.js';
import { TaskTimer } from '../simulator/task-timer.js';
import { hundredths, hundredthsAmount, hundredthsText } from '../simulator/wallet-amounts.js';
import {
  type PawapayCallback,
  type PawapayPayout,
  type PawapayPayoutOptions,
  pawapayPayoutShape,
  pawapayPayouts,
  refusal,
} from './payouts.js';

/** A row of the wallet balances. */
export interface PawapayWallet {
  /** ISO 3166-1 alpha-3. */
  readonly country: string;
  readonly currency: string;
  /** Decimal text in major units. */
  readonly balance: string;
  /** The operator that alone can spend it; `''` for the wallet of the country. */
  readonly provider?: string | undefined;
}

/** Amounts are decimal text in major units, with two decimals at most. */
export interface PawapaySimulatorOptions extends SimulatorOptions, PayoutOptions<PawapayPayout>, PawapayPayoutOptions {
  /** @defaultValue '250000.00' */
  readonly balance?: string | undefined;
  /** @defaultValue 'UGA' */
  readonly country?: string | undefined;
  /** @defaultValue 'UGX' */
  readonly currency?: string | undefined;
  /** @defaultValue '' */
  readonly provider?: string | undefined;
  /**
   * Wallets beside the one that payouts are taken from. Their balances never change.
   * @defaultValue one of an operator, and one of another country
   */
  readonly otherWallets?: readonly PawapayWallet[] | undefined;
  /** @defaultValue 'simulated-api-token' */
  readonly apiToken?: string | undefined;
  /**
   * The address for callbacks, as in the dashboard. They are posted to loopback addresses only.
   * @defaultValue no callbacks
   */
  readonly callbackUrl?: string | undefined;
}

/** A running pawaPay. */
export interface PawapaySimulator extends Simulator, OneBalance {
  readonly apiToken: string;
  /** Every payout that was accepted, oldest first, as it is now. */
  readonly payouts: readonly PawapayPayout[];
  /**
   * Moves a payout on, by its `payoutId` or `clientReferenceId`.
   * @throws `ConfigurationError` when there is none, or it has ended.
   */
  advance(id: string, status: Exclude<PayoutStatus, 'pending'>): void;
  /** Every callback, in the order in which they were answered or given up. Grows. */
  readonly callbacks: readonly PawapayCallback[];
}

/**
 * Starts a pawaPay API on a loopback port: GET `/v2/wallet-balances`, POST `/v2/payouts`, GET `/v2/payouts/{payoutId}`,
 * POST `/v2/payouts/resend-callback/{payoutId}` and GET `/v2/public-key/http`. Payouts stay `ACCEPTED` until they are
 * moved on, or for `settleAfterMs`. Callbacks are signed by RFC 9421.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 * @example
 * ```ts
 * const callbackUrl = 'http://127.0.0.1:3000/webhooks/pawapay';
 * const simulator = await pawapaySimulator({ balance: '800.00', settleAfterMs: 100, callbackUrl });
 * const { url: baseUrl, apiToken } = simulator;
 * const provider = pawapay({ apiToken, country: 'UGA', baseUrl, callbackUrl });
 * const guard = createPayoutGuard({ provider, currency: 'UGX' });
 * await simulator.close();
 * ```
 */
export async function pawapaySimulator(options: PawapaySimulatorOptions = {}): Promise<PawapaySimulator> {
  const settings = readOptions(optionsSchema, options);
  const { port, clock, country, currency, provider, otherWallets, apiToken, callbackUrl } = settings;
  const wallet = { country, currency, provider, balance: settings.balance };
  const timer = new TaskTimer(clock);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = { privateKey, keyId: 'SIMULATED_EC_P256_KEY:1' };
  // The list has another key before the one that signs.
  const { publicKey: earlierKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = [
    { id: 'SIMULATED_EC_P256_KEY:0', key: earlierKey.export({ type: 'spki', format: 'pem' }) },
    { id: signer.keyId, key: publicKey.export({ type: 'spki', format: 'pem' }) },
  ];

  function authenticate({ headers }: RouteRequest): void {
    if (headers.authorization === undefined) throw refusal(401, 'NO_AUTHENTICATION');
    if (headers.authorization !== `Bearer ${apiToken}`) throw refusal(403, 'AUTHENTICATION_ERROR');
  }

  function walletBalances(request: RouteRequest): Answer {
    authenticate(request);
    const asked = request.query.get('country');
    const rows = [...otherWallets, { ...wallet, balance: hundredthsText(wallet.balance) }];
    return { status: 200, body: { balances: rows.filter((row) => asked === null || row.country === asked) } };
  }

  const now = () => clock.now();
  const payouts = pawapayPayouts({ rules: settings, wallet, callbackUrl, signer, now, timer, authenticate });
  const server = await startServer({
    port,
    clock,
    timer,
    faultPath: '/v2/wallet-balances',
    routes: {
      'GET /v2/wallet-balances': walletBalances,
      'GET /v2/public-key/http': () => ({ status: 200, body: {}, text: JSON.stringify(keys) }),
      ...payouts.routes,
    },
    // Not documented.
    noRoute: (status) => refusal(status, 'UNKNOWN_ERROR').answer,
  });

  return {
    ...server,
    apiToken,
    ...oneBalance(hundredths, {
      get: () => wallet.balance,
      set: (minor) => {
        wallet.balance = minor;
      },
    }),
    get payouts() {
      return payouts.payouts();
    },
    advance: payouts.advance,
    callbacks: payouts.callbacks,
  };
}

const walletSchema = z.strictObject({
  country: z.string(),
  currency: z.string(),
  balance: z.string(),
  provider: z.string().optional(),
});

const defaultWallets: readonly PawapayWallet[] = [
  { country: 'UGA', currency: 'UGX', balance: '9000000.00', provider: 'AIRTEL_OAPI_UGA' },
  { country: 'KEN', currency: 'KES', balance: '1.00', provider: '' },
];

const optionsSchema = z
  .strictObject({
    port: portSchema,
    clock: clockSchema,
    balance: hundredthsAmount.prefault('250000.00'),
    country: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .default('UGA'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .default('UGX'),
    provider: z.string().default(''),
    otherWallets: z.array(walletSchema).readonly().default(defaultWallets),
    apiToken: z.string().min(1).default('simulated-api-token'),
    callbackUrl: z.string().optional(),
    ...payoutShape<PawapayPayout>(hundredthsAmount),
    ...pawapayPayoutShape,
  })
  .refine(({ outcomeOf, settleAfterMs }) => outcomeOf === undefined || settleAfterMs !== undefined, {
    path: ['outcomeOf'],
    message: 'needs settleAfterMs; without it no payout ends by itself',
  }) satisfies z.ZodType<unknown, PawapaySimulatorOptions>;
