// The disbursement product of MTN MoMo, as far as tokens, balances and transfers need it. The collection product beside
// it has a balance of the same shape and another float.
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Clock } from '../../core/clock.js';
import { readOptions } from '../../core/problems.js';
import { clockSchema, portSchema } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { type OneBalance, oneBalance } from '../simulator/one-balance.js';
import { type PayoutOptions, payoutShape } from '../simulator/payout-book.js';
import { type RouteRequest, type Simulator, type SimulatorOptions, startServer } from '../simulator/server.js';
import { TaskTimer } from '../simulator/task-timer.js';
import { hundredths, hundredthsAmount } from '../simulator/wallet-amounts.js';
import {
  amountText,
  fault,
  type MtnMomoCallback,
  type MtnMomoTransfer,
  type MtnMomoTransferOptions,
  mtnMomoTransferShape,
  mtnMomoTransfers,
} from './transfers.js';

/** Amounts are decimal text in major units, with two decimals at most. */
export interface MtnMomoSimulatorOptions
  extends SimulatorOptions,
    PayoutOptions<MtnMomoTransfer>,
    MtnMomoTransferOptions {
  /** The float of the disbursement product. @defaultValue '250000' */
  readonly balance?: string | undefined;
  /** The float of the collection product, which pays nothing out. @defaultValue '9000000' */
  readonly collection?: string | undefined;
  /** @defaultValue 'UGX' */
  readonly currency?: string | undefined;
  /** @defaultValue 'simulated-subscription-key' */
  readonly subscriptionKey?: string | undefined;
  /** @defaultValue '6b0a4a0e-0000-4000-8000-000000000001' */
  readonly apiUser?: string | undefined;
  /** @defaultValue 'simulated-api-key' */
  readonly apiKey?: string | undefined;
  /** @defaultValue 'mtnuganda' */
  readonly targetEnvironment?: string | undefined;
}

/** A running MTN MoMo. */
export interface MtnMomoSimulator extends Simulator, OneBalance {
  readonly subscriptionKey: string;
  readonly apiUser: string;
  readonly apiKey: string;
  readonly targetEnvironment: string;
  /** A new valid access token, for a client other than the adapter. */
  accessToken(): string;
  /** Every access token issued so far is dead. */
  expireAccessTokens(): void;
  /** Every transfer that was accepted, oldest first, as it is now. */
  readonly transfers: readonly MtnMomoTransfer[];
  /**
   * Ends a transfer, by its reference id or its `externalId`.
   * @throws `ConfigurationError` when there is none, or it has ended.
   */
  advance(id: string, status: 'completed' | 'failed'): void;
  /** Every callback, in the order in which they were answered or given up. Grows. */
  readonly callbacks: readonly MtnMomoCallback[];
}

/**
 * Starts the disbursement product of MTN MoMo on a loopback port: POST `/disbursement/token/`, GET
 * `/disbursement/v1_0/account/balance`, POST `/disbursement/v1_0/transfer` and GET
 * `/disbursement/v1_0/transfer/{referenceId}`. Transfers stay `PENDING` until they are ended, or for `settleAfterMs`.
 * Callbacks go to the `X-Callback-Url` of the transfer, to loopback addresses only.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 * @example
 * ```ts
 * const simulator = await mtnMomoSimulator({ balance: '800', settleAfterMs: 100 });
 * const { url: baseUrl, subscriptionKey, apiUser, apiKey, targetEnvironment } = simulator;
 * const provider = mtnMomo({ subscriptionKey, apiUser, apiKey, targetEnvironment, baseUrl });
 * const guard = createPayoutGuard({ provider, currency: 'UGX' });
 * await simulator.close();
 * ```
 */
export async function mtnMomoSimulator(options: MtnMomoSimulatorOptions = {}): Promise<MtnMomoSimulator> {
  const settings = readOptions(optionsSchema, options);
  const { port, clock, currency, collection, subscriptionKey, apiUser, apiKey, targetEnvironment } = settings;
  const float = { currency, balance: settings.balance };
  const timer = new TaskTimer(clock);
  const tokens = new Tokens(clock);
  const basic = `Basic ${Buffer.from(`${apiUser}:${apiKey}`).toString('base64')}`;

  function assertSubscription({ headers }: RouteRequest): void {
    if (headers['ocp-apim-subscription-key'] === subscriptionKey) return;
    throw fault(401, 'ACCESS_DENIED', 'Access denied due to invalid subscription key.');
  }

  function authenticate(request: RouteRequest): void {
    assertSubscription(request);
    const { authorization = '', 'x-target-environment': environment } = request.headers;
    if (!tokens.isAlive(authorization.replace(/^Bearer /, ''))) throw fault(401, 'UNAUTHORIZED', 'Invalid token.');
    if (environment === targetEnvironment) return;
    throw fault(500, 'NOT_ALLOWED_TARGET_ENVIRONMENT', 'Access to target environment is forbidden.');
  }

  function token(request: RouteRequest): Answer {
    assertSubscription(request);
    if (request.headers.authorization !== basic) throw fault(401, 'UNAUTHORIZED', 'Invalid API user or key.');
    const body = { access_token: tokens.issue(), token_type: 'access_token', expires_in: Tokens.lifeSeconds };
    return { status: 200, body };
  }

  const balanceOf = (minor: () => bigint) => (request: RouteRequest) => {
    authenticate(request);
    return { status: 200, body: { availableBalance: amountText(minor()), currency } };
  };

  const transfers = mtnMomoTransfers({ rules: settings, float, timer, authenticate });
  const faultPath = '/disbursement/v1_0/account/balance';
  const server = await startServer({
    port,
    clock,
    timer,
    faultPath,
    routes: {
      'POST /disbursement/token/': token,
      [`GET ${faultPath}`]: balanceOf(() => float.balance),
      'GET /collection/v1_0/account/balance': balanceOf(() => collection),
      ...transfers.routes,
    },
    // Not documented.
    noRoute: (status) => fault(status, 'RESOURCE_NOT_FOUND', 'Resource not found.').answer,
  });

  return {
    ...server,
    subscriptionKey,
    apiUser,
    apiKey,
    targetEnvironment,
    accessToken: () => tokens.issue(),
    expireAccessTokens: () => tokens.revokeAll(),
    ...oneBalance(hundredths, {
      get: () => float.balance,
      set: (minor) => {
        float.balance = minor;
      },
    }),
    balance: () => amountText(float.balance),
    get transfers() {
      return transfers.transfers();
    },
    advance: transfers.advance,
    callbacks: transfers.callbacks,
  };
}

/** The access tokens of one simulator. */
class Tokens {
  static readonly lifeSeconds = 3_600;
  readonly #endsAtMs = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(): string {
    const token = randomUUID();
    this.#endsAtMs.set(token, this.#clock.now() + Tokens.lifeSeconds * 1_000);
    return token;
  }

  isAlive(token: string): boolean {
    return this.#clock.now() < (this.#endsAtMs.get(token) ?? Number.NEGATIVE_INFINITY);
  }

  revokeAll(): void {
    this.#endsAtMs.clear();
  }
}

const optionsSchema = z
  .strictObject({
    port: portSchema,
    clock: clockSchema,
    balance: hundredthsAmount.prefault('250000'),
    collection: hundredthsAmount.prefault('9000000'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .default('UGX'),
    subscriptionKey: z.string().min(1).default('simulated-subscription-key'),
    apiUser: z.string().min(1).default('6b0a4a0e-0000-4000-8000-000000000001'),
    apiKey: z.string().min(1).default('simulated-api-key'),
    targetEnvironment: z.string().min(1).default('mtnuganda'),
    ...payoutShape<MtnMomoTransfer>(hundredthsAmount),
    ...mtnMomoTransferShape,
  })
  .refine(({ outcomeOf, settleAfterMs }) => outcomeOf === undefined || settleAfterMs !== undefined, {
    path: ['outcomeOf'],
    message: 'needs settleAfterMs; without it no payout ends by itself',
  }) satisfies z.ZodType<unknown, MtnMomoSimulatorOptions>;
