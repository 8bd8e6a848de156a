// Wise, as far as balances, recipients, quotes and transfers go. Texts of errors are not those of the provider.
import { createPublicKey } from 'node:crypto';
import { stringify } from 'lossless-json';
import * as z from 'zod';
import { type Currency, type CurrencyInput, resolveCurrency } from '../../core/currency.js';
import { readOptions } from '../../core/problems.js';
import { amountSchema, clockSchema, portSchema } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { type OneBalance, oneBalance } from '../simulator/one-balance.js';
import { type PayoutOptions, type PayoutStatus, payoutShape } from '../simulator/payout-book.js';
import { newRsaPrivateKey, rsaPrivateKey } from '../simulator/rsa-key.js';
import {
  type Route,
  type RouteRequest,
  type Simulator,
  type SimulatorOptions,
  startServer,
} from '../simulator/server.js';
import { TaskTimer } from '../simulator/task-timer.js';
import { amountNumber, refused } from './codec.js';
import { type WiseEvent, wiseEvents } from './events.js';
import { rateSchema, wiseQuotes } from './quotes.js';
import { type WiseTransfer, wiseTransfers } from './transfers.js';

/** Amounts are decimal text in major units. `debitAt: 'initiation'` is the funding of a transfer. */
export interface WiseSimulatorOptions extends SimulatorOptions, PayoutOptions<WiseTransfer> {
  /** @defaultValue 'GBP' */
  readonly currency?: CurrencyInput | undefined;
  /** @defaultValue '12000' */
  readonly available?: string | undefined;
  /**
   * The balance of a jar, which cannot fund transfers.
   * @defaultValue '45000'
   */
  readonly savings?: string | undefined;
  /**
   * Units of any other currency for one of the balance's, with 8 decimals at most.
   * @defaultValue '1.25'
   */
  readonly rate?: string | undefined;
  /** @defaultValue 'simulated-token' */
  readonly apiToken?: string | undefined;
  /** @defaultValue 500 */
  readonly profileId?: number | undefined;
  /**
   * The loopback address that events are posted to.
   * @defaultValue none
   */
  readonly webhookUrl?: string | undefined;
  /**
   * The private RSA key in PEM form that signs events.
   * @defaultValue a new one, which takes a fraction of a second
   */
  readonly privateKey?: string | undefined;
  /**
   * The events of transfers whose state changed. An `unsigned` one has no signature; that of a `forged` one is for
   * other bytes.
   * @defaultValue 'once'
   */
  readonly events?: 'once' | 'none' | 'twice' | 'unsigned' | 'forged' | undefined;
}

/** A running Wise with one profile. Amounts are decimal text in major units. */
export interface WiseSimulator extends Simulator, OneBalance {
  readonly apiToken: string;
  readonly profileId: number;
  /** Verifies the events: pass it to the adapter. In PEM form. */
  readonly publicKey: string;
  /** Returns the id of a recipient in a currency, for tests that make none by POST `/v1/accounts`. */
  recipientId(currency: string): number;
  /** Every transfer, funded or not, oldest first, as it is now. */
  readonly transfers: readonly WiseTransfer[];
  /**
   * Moves a funded transfer on, by its id or its `customerTransactionId`: `processing` converts it, `completed` sends
   * it, `failed` returns it. One that is not funded can fail only, and is cancelled then.
   * @throws `ConfigurationError` when there is none, or it cannot become this.
   */
  advance(idOrCustomerTransactionId: string, status: Exclude<PayoutStatus, 'pending'>): void;
  /** Every event, in the order in which they were answered or given up. Grows. */
  readonly events: readonly WiseEvent[];
}

/**
 * Starts a Wise API on a loopback port: GET `/v4/profiles/{profile}/balances`, POST `/v1/accounts`, POST and GET
 * `/v3/profiles/{profile}/quotes`, POST and GET `/v1/transfers`, GET `/v1/transfers/{id}`, PUT
 * `/v1/transfers/{id}/cancel`, and POST `/v3/profiles/{profile}/transfers/{id}/payments`, which funds a transfer and
 * debits the balance. Transfers that are not funded are cancelled after 14 days. Funded ones stay `processing` until
 * they are moved on, or for `settleAfterMs`; one that fails is `bounced_back` for `refundAfterMs`.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 */
export async function wiseSimulator(options: WiseSimulatorOptions = {}): Promise<WiseSimulator> {
  const currency = resolveCurrency(options.currency ?? 'GBP');
  const settings = readOptions(optionsSchema(currency), options);
  const { apiToken, clock, webhookUrl, savings } = settings;
  const privateKey = settings.privateKey ?? (await newRsaPrivateKey());
  const timer = new TaskTimer(clock);
  const balance = { available: settings.available };
  const profileId = String(settings.profileId);
  const now = () => clock.now();

  const assertProfile = (id: string | undefined) => {
    if (id !== profileId) throw refused(403, 'FORBIDDEN', 'The token has no access to this profile');
  };

  const { fee: feeMinor, rate, events: mode } = settings;
  const shared = { profileId, source: currency, now, timer, assertProfile };
  const quotes = wiseQuotes({ ...shared, feeMinor, rate });
  const events = wiseEvents({ ...shared, mode, url: webhookUrl, privateKey });
  const transfers = wiseTransfers({ ...shared, rules: settings, balance, quotes, events });

  function balances({ path, query }: RouteRequest): Answer {
    assertProfile(path.split('/')[3]);
    const types = (query.get('types') ?? '').split(',');
    const rows = [balanceRow(700, 'STANDARD', null, balance.available), balanceRow(701, 'SAVINGS', 'Jar', savings)];
    const text = stringify(rows.filter(({ type }) => types.includes(type))) ?? '';
    return { status: 200, body: {}, text };
  }

  function balanceRow(id: number, type: string, name: string | null, minor: bigint) {
    const figure = (value: bigint) => ({ value: amountNumber(value, currency), currency: currency.code });
    const time = new Date(now()).toISOString();
    return {
      id,
      currency: currency.code,
      type,
      name,
      icon: null,
      investmentState: 'NOT_INVESTED',
      amount: figure(minor),
      reservedAmount: figure(0n),
      cashAmount: figure(minor),
      totalWorth: figure(minor + savings),
      creationTime: time,
      modificationTime: time,
      visible: true,
    };
  }

  const authenticated =
    (route: Route): Route =>
    (request) => {
      if (request.headers.authorization === `Bearer ${apiToken}`) return route(request);
      const body = { error: 'invalid_token', error_description: 'Invalid token' };
      return { status: 401, body };
    };

  const routes = { 'GET /v4/profiles/{id}/balances': balances, ...quotes.routes, ...transfers.routes };
  const server = await startServer({
    port: settings.port,
    clock,
    timer,
    faultPath: '/balances',
    routes: Object.fromEntries(Object.entries(routes).map(([key, route]) => [key, authenticated(route)])),
    noRoute: (status) => refused(status, 'RESOURCE_NOT_FOUND', 'There is no such resource').answer,
  });

  return {
    ...server,
    apiToken,
    profileId: settings.profileId,
    publicKey: String(createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })),
    recipientId: quotes.recipientId,
    ...oneBalance(currency, {
      get: () => balance.available,
      set: (minor) => {
        balance.available = minor;
      },
    }),
    get transfers() {
      return transfers.transfers();
    },
    advance: transfers.advance,
    events: events.posted,
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
      savings: amount.prefault('45000'),
      rate: rateSchema.prefault('1.25'),
      apiToken: z.string().min(1).default('simulated-token'),
      profileId: z.int().min(1).default(500),
      webhookUrl: z.string().optional(),
      privateKey: rsaPrivateKey.optional(),
      events: z.enum(['once', 'none', 'twice', 'unsigned', 'forged']).default('once'),
      ...payoutShape<WiseTransfer>(amount),
    })
    .refine(({ outcomeOf, settleAfterMs }) => outcomeOf === undefined || settleAfterMs !== undefined, {
      path: ['outcomeOf'],
      message: 'needs settleAfterMs; without it no payout ends by itself',
    });
}
