// JPay Africa as far as it is documented: tokens, balances and payouts. Texts that are not documented are marked.
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import { clockSchema, debited, portSchema } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { type PayoutOptions, type PayoutStatus, payoutShape } from '../simulator/payout-book.js';
import { type RouteRequest, type Simulator, type SimulatorOptions, startServer } from '../simulator/server.js';
import { TaskTimer } from '../simulator/task-timer.js';
import type { JpayCallback } from './callback.js';
import { basePath, detail, kesAmount, kesBalance, kesText, parsedObject, refused } from './codec.js';
import { type JpayPayout, type JpayPayoutOptions, jpayPayoutShape, jpayPayouts } from './payouts.js';
import { JpayTokens } from './tokens.js';

/** The two wallets of a JPay merchant. Only `payout` can fund payouts. */
export type JpayWallet = 'payout' | 'collection';

/** Amounts are decimal text in KES. */
export interface JpaySimulatorOptions extends SimulatorOptions, PayoutOptions<JpayPayout>, JpayPayoutOptions {
  /** @defaultValue '12000.00' */
  readonly payout?: string | undefined;
  /** @defaultValue '45000.00' */
  readonly collection?: string | undefined;
  /** @defaultValue 'simulated-app-key' */
  readonly appKey?: string | undefined;
  /** @defaultValue 'simulated-app-secret' */
  readonly appSecret?: string | undefined;
  /** @defaultValue 12345 */
  readonly appCode?: number | undefined;
  /**
   * The products of the app, named with each token. Without `payouts` it may not initiate any.
   * @defaultValue ['collections', 'payouts']
   */
  readonly products?: readonly string[] | undefined;
  /**
   * True if tokens carry `token_type`, `iat` and `exp`. The documentation's samples have none of them. Tokens live
   * 15 minutes (access) and 7 days (refresh) either way.
   * @defaultValue true
   */
  readonly withExp?: boolean | undefined;
  /**
   * True if a refresh token can be used twice. Not documented.
   * @defaultValue false
   */
  readonly oldRefreshTokenStaysValid?: boolean | undefined;
}

/** A running JPay. Amounts are decimal text in KES. */
export interface JpaySimulator extends Simulator {
  readonly appKey: string;
  readonly appSecret: string;
  /** A new valid access token, for an adapter that is given one instead of credentials. */
  accessToken(): string;
  /** @throws `ConfigurationError` when the amount is not one, as `debit` and `setBalance` do. */
  credit(wallet: JpayWallet, amount: string): void;
  /** @throws `ConfigurationError` when the wallet has less. */
  debit(wallet: JpayWallet, amount: string): void;
  /** Sets balances, which may be negative. A wallet that is not named keeps its balance. */
  setBalance(balances: { readonly payout?: string | undefined; readonly collection?: string | undefined }): void;
  balances(): { payout: string; collection: string; total: string };
  /** Every payout that was accepted, oldest first, as it is now. */
  readonly payouts: readonly JpayPayout[];
  /**
   * Moves a payout on, by its id or its `ref_no` (of several the oldest open one).
   * @throws `ConfigurationError` when there is none, or it has ended.
   */
  advance(idOrRefNo: string, status: Exclude<PayoutStatus, 'pending'>): void;
  /** Every callback, in the order in which they were answered or given up. Grows. */
  readonly callbacks: readonly JpayCallback[];
  /** Every access token issued so far is dead. */
  expireAccessTokens(): void;
  /** Every refresh token issued so far is dead. */
  expireRefreshTokens(): void;
  /** True if authenticated calls are answered with 403 `Access denied: IP address not allowed`. */
  refuseIp(refuse: boolean): void;
}

/**
 * Starts a JPay Africa API on a loopback port: POST `/auth/app/token`, POST `/auth/refresh`, GET `/wallets/balance`,
 * POST `/payments/payouts/initiate`, GET `/payments/payouts/{id}`, and GET `/payments/payouts` and
 * `/payments/payouts/list`. Payouts stay `pending` until they are moved on, or for `settleAfterMs`.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 * @example
 * ```ts
 * const simulator = await jpaySimulator({ payout: '1000.00' });
 * const { url: baseUrl, appKey, appSecret } = simulator;
 * const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });
 * simulator.fault({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, { times: 1 });
 * await guard.assertSufficientFunds('1000.00');
 * assert.equal(simulator.count('/wallets/balance'), 2);
 * await simulator.close();
 * ```
 */
export async function jpaySimulator(options: JpaySimulatorOptions = {}): Promise<JpaySimulator> {
  const settings = readOptions(optionsSchema, options);
  const { appKey, appSecret, appCode, products, clock } = settings;
  const timer = new TaskTimer(clock);
  const wallets: Record<JpayWallet, bigint> = { payout: settings.payout, collection: settings.collection };
  const tokens = new JpayTokens({
    claims: {
      access: { user_id: merchantId, app_code: appCode, products },
      refresh: { user_id: merchantId, refresh: true },
    },
    clock,
    withExp: settings.withExp,
  });
  let ipRefused = false;

  function balances(): { payout: string; collection: string; total: string } {
    const { payout, collection } = wallets;
    return { payout: kesText(payout), collection: kesText(collection), total: kesText(payout + collection) };
  }

  // The allow-list belongs to the app, so it is checked once the app is known.
  function refuseUnlisted(): void {
    if (ipRefused) throw refused(403, 'Access denied: IP address not allowed');
  }

  function authenticate(request: RouteRequest): void {
    const { authorization } = request.headers;
    if (authorization === undefined) throw refused(401, 'Authentication credentials were not provided');
    const token = /^Bearer ([^\s]+)$/.exec(authorization)?.[1];
    // The documentation names this case but not its text.
    if (token === undefined) throw refused(401, 'Invalid authorization header');
    if (!tokens.isAlive('access', token)) throw refused(401, invalidToken);
    refuseUnlisted();
  }

  function appToken(request: RouteRequest): Answer {
    const fields = requiredFields(request, 'app_key', 'app_secret');
    // The documentation names this case but not its text.
    if (fields.app_key !== appKey || fields.app_secret !== appSecret) throw refused(401, 'Invalid app credentials');
    refuseUnlisted();
    const [access, refresh] = [tokens.issue('access'), tokens.issue('refresh')];
    return { status: 200, body: { access, refresh, merchant_id: merchantId, app_code: appCode, products } };
  }

  function refreshedToken(request: RouteRequest): Answer {
    const { refresh } = requiredFields(request, 'refresh');
    if (!tokens.isAlive('refresh', refresh)) throw refused(401, invalidToken);
    refuseUnlisted();
    if (!settings.oldRefreshTokenStaysValid) tokens.revoke(refresh);
    return { status: 200, body: { access: tokens.issue('access'), refresh: tokens.issue('refresh') } };
  }

  function walletBalance(request: RouteRequest): Answer {
    authenticate(request);
    const { payout, collection, total } = balances();
    return {
      status: 200,
      body: { collection_wallet_balance: collection, payout_wallet_balance: payout, total_balance: total },
    };
  }

  const app = { appCode, products };
  const now = () => clock.now();
  const payouts = jpayPayouts({ rules: settings, app, now, timer, authenticate, wallets });
  const server = await startServer({
    port: settings.port,
    clock,
    timer,
    faultPath: '/wallets/balance',
    routes: {
      [`POST ${basePath}/auth/app/token`]: appToken,
      [`POST ${basePath}/auth/refresh`]: refreshedToken,
      [`GET ${basePath}/wallets/balance`]: walletBalance,
      ...payouts.routes,
    },
    noRoute: (status, { method }) => detail(status, status === 404 ? 'Not found.' : `Method "${method}" not allowed.`),
  });

  return {
    ...server,
    url: server.url + basePath,
    appKey,
    appSecret,
    accessToken: () => tokens.issue('access'),
    credit: (wallet, amount) => {
      wallets[readOptions(walletSchema, wallet)] += readOptions(kesAmount, amount);
    },
    debit: (wallet, amount) => {
      wallets[readOptions(walletSchema, wallet)] = debited(wallets[wallet], readOptions(kesAmount, amount));
    },
    setBalance: (given) => {
      const { payout = wallets.payout, collection = wallets.collection } = readOptions(balancesSchema, given);
      Object.assign(wallets, { payout, collection });
    },
    balances,
    get payouts() {
      return payouts.payouts();
    },
    advance: payouts.advance,
    callbacks: payouts.callbacks,
    expireAccessTokens: () => tokens.revokeAll('access'),
    expireRefreshTokens: () => tokens.revokeAll('refresh'),
    refuseIp: (refuse) => {
      ipRefused = refuse;
    },
  };
}

const merchantId = 123;
const invalidToken = 'Invalid or expired token';

/** The named text fields of a JSON body. */
function requiredFields<Name extends string>(request: RouteRequest, ...names: Name[]): Record<Name, string> {
  const body = parsedObject(request.body);
  for (const name of names) {
    if (typeof body[name] !== 'string' || body[name] === '') throw refused(400, `${name} field is required`);
  }
  return body as Record<Name, string>;
}

const walletSchema = z.enum(['payout', 'collection']);
const balancesSchema = z.strictObject({ payout: kesBalance.optional(), collection: kesBalance.optional() });

const optionsSchema = z
  .strictObject({
    port: portSchema,
    clock: clockSchema,
    payout: kesAmount.prefault('12000.00'),
    collection: kesAmount.prefault('45000.00'),
    appKey: z.string().min(1).default('simulated-app-key'),
    appSecret: z.string().min(1).default('simulated-app-secret'),
    appCode: z.int().min(0).default(12_345),
    products: z.array(z.string()).readonly().default(['collections', 'payouts']),
    withExp: z.boolean().default(true),
    oldRefreshTokenStaysValid: z.boolean().default(false),
    ...payoutShape<JpayPayout>(kesAmount),
    ...jpayPayoutShape,
  })
  .refine(({ outcomeOf, settleAfterMs }) => outcomeOf === undefined || settleAfterMs !== undefined, {
    path: ['outcomeOf'],
    message: 'needs settleAfterMs; without it no payout ends by itself',
  }) satisfies z.ZodType<unknown, JpaySimulatorOptions>;
