// The Spring service in front of Interswitch Uganda's Phoenix API, as far as balances and payments go. It needs no
// credentials and answers HTTP 200 even when Phoenix refuses.
import { stringify } from 'lossless-json';
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import type { Answer, FaultOptions } from '../simulator/faults.js';
import { type PayoutOptions, payoutShape } from '../simulator/payout-book.js';
import { type Simulator, startServer } from '../simulator/server.js';
import { TaskTimer } from '../simulator/task-timer.js';
import { enveloped, walletAmount, writtenAmount } from './codec.js';
import {
  type InterswitchPayment,
  type InterswitchPaymentOptions,
  interswitchPaymentShape,
  interswitchPayments,
} from './payments.js';
import { type InterswitchSessionOptions, inSessions, interswitchSessionShape } from './sessions.js';
import { type InterswitchWalletOptions, openWallet, walletMethods, walletShape } from './wallet.js';

/** Amounts are decimal text in major units, with two decimals at most. */
export interface InterswitchSimulatorOptions
  extends InterswitchWalletOptions,
    PayoutOptions<InterswitchPayment>,
    InterswitchPaymentOptions,
    InterswitchSessionOptions {
  /** @defaultValue '/isw/payments/balance' */
  readonly path?: string | undefined;
}

/** A running Interswitch wrapper. Amounts are decimal text in major units. */
export interface InterswitchSimulator extends Simulator {
  /** Adds to available and ledger. @throws `ConfigurationError` when the amount is not one, as all methods do. */
  credit(amount: string): void;
  /**
   * Takes from available and ledger, which may become negative.
   * @throws `ConfigurationError` when less is available.
   */
  debit(amount: string): void;
  /** Sets figures, which may be negative. One that is not named stays. A ledger far above available is allowed. */
  setBalance(balances: { readonly available?: string | undefined; readonly ledger?: string | undefined }): void;
  balances(): { available: string; ledger: string };
  /** Every payment that was accepted, and those refused with 90051, oldest first, as they are now. */
  readonly payouts: readonly InterswitchPayment[];
  /**
   * Ends a payment that is open, by its `requestReference`.
   * @throws `ConfigurationError` when there is none, or it has ended.
   */
  advance(requestReference: string, status: 'completed' | 'failed'): void;
  /**
   * Answers HTTP 200 with this code and no balance. A `code` that is a number is written as one. For a correct answer
   * with a numeric code use `fault({ kind: 'fields', fields: { responseCode: 90000 } })`.
   */
  respondWith(
    answer: { readonly code: string | number; readonly message?: string | undefined },
    options?: FaultOptions,
  ): void;
  /** Answers HTTP 200 with the plain text `Cannot Continue with balance Check,Key Exchange failed`. */
  plainText(options?: FaultOptions): void;
  /** Answers HTTP 500 with Spring's error JSON, which has no `responseCode`. */
  springError(options?: FaultOptions): void;
}

/**
 * Starts the Interswitch wrapper on a loopback port: GET `/isw/payments/balance`, POST `/isw/payments/validation`, POST
 * `/isw/payments/pay`, GET `/isw/payments/checkStatus`. `respondWith`, `plainText` and `springError` are faults like
 * any other: they take turns, and `clearFaults` ends them.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 * @example
 * ```ts
 * const simulator = await interswitchSimulator({ available: '250000', ledger: '900000' });
 * const guard = createPayoutGuard({ provider: interswitch({ baseUrl: simulator.url }), currency: 'UGX' });
 * await assert.rejects(guard.assertSufficientFunds('250001'), { code: 'insufficient_funds' });
 * simulator.respondWith({ code: '90091', message: 'REMOTE SYSTEM TEMPORARILY UNAVAILABLE' });
 * await simulator.close();
 * ```
 */
export async function interswitchSimulator(options: InterswitchSimulatorOptions = {}): Promise<InterswitchSimulator> {
  const settings = readOptions(optionsSchema, options);
  const { port, clock, currency, path } = settings;
  const wallet = openWallet(settings);
  const timer = new TaskTimer(clock);
  const payments = interswitchPayments({ rules: settings, timer, wallet });
  let answered = 0;

  // The service asks for balances with a reference of its own.
  function envelope(code: string | number, message: string): Record<string, unknown> {
    answered += 1;
    return { responseCode: code, responseMessage: message, requestReference: `simulated-${answered}` };
  }

  function accountBalance(): Answer {
    return enveloped(settings, envelope('90000', 'TRANSACTION APPROVED'), {
      terminalId: '3SIM0001',
      availableBalance: writtenAmount(settings, wallet.available),
      ledgerBalance: writtenAmount(settings, wallet.ledger),
      currencyCode: currency,
      accountName: 'SIMULATED WALLET',
    });
  }

  function springErrorBody(status: keyof typeof springTexts, requested: string): Record<string, unknown> {
    return { timestamp: new Date(clock.now()).toISOString(), status, error: springTexts[status], path: requested };
  }

  const server = await startServer({
    port,
    clock,
    timer,
    faultPath: path,
    routes: inSessions({
      rules: settings,
      timer,
      routes: { [`GET ${path}`]: accountBalance, ...payments.routes },
      refusal: () => enveloped(settings, envelope('90063', 'AUTHORIZATION ERROR'), null),
    }),
    noRoute: (status, request) => ({ status, body: springErrorBody(status, request.path) }),
  });

  return {
    ...server,
    ...walletMethods(wallet),
    get payouts() {
      return payments.payouts();
    },
    advance: payments.advance,
    respondWith: (answer, faultOptions) => {
      const { code, message } = readOptions(respondWithSchema, answer);
      const { body } = enveloped(settings, envelope(code, message), null);
      server.fault({ kind: 'body', body: stringify(body) ?? '' }, faultOptions);
    },
    plainText: (faultOptions) => {
      const body = 'Cannot Continue with balance Check,Key Exchange failed';
      server.fault({ kind: 'body', body, contentType: 'text/plain;charset=UTF-8' }, faultOptions);
    },
    springError: (faultOptions) => {
      const body = JSON.stringify(springErrorBody(500, faultOptions?.path || path));
      server.fault({ kind: 'status', status: 500, body }, faultOptions);
    },
  };
}

const springTexts = { 404: 'Not Found', 405: 'Method Not Allowed', 500: 'Internal Server Error' };

const respondWithSchema = z.strictObject({
  code: z.union([z.string(), z.int()]),
  message: z.string().default('AN ERROR OCCURED'),
});

const optionsSchema = z.strictObject({
  ...walletShape,
  path: z
    .string()
    .regex(/^\/[^?#\s]*$/, 'pass a path that begins with /')
    .default('/isw/payments/balance'),
  ...payoutShape<InterswitchPayment>(walletAmount),
  ...interswitchPaymentShape,
  ...interswitchSessionShape,
}) satisfies z.ZodType<unknown, InterswitchSimulatorOptions>;
