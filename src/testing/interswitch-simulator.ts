// The Spring service in front of Interswitch Uganda's Phoenix API, as far as balances go. It needs no credentials and
// answers HTTP 200 even when Phoenix refuses.
import { LosslessNumber, stringify } from 'lossless-json';
import { z } from 'zod';
import type { Currency } from '../core/currency.js';
import { formatMinorUnits } from '../core/money.js';
import { readOptions } from '../core/problems.js';
import { amountSchema, clockSchema, debited, portSchema } from './check-options.js';
import type { Answer, FaultOptions } from './faults.js';
import { type Simulator, type SimulatorOptions, startServer } from './simulator-server.js';

/** Amounts are decimal text in major units, with two decimals at most. */
export interface InterswitchSimulatorOptions extends SimulatorOptions {
  /** @defaultValue '250000' */
  readonly available?: string | undefined;
  /** @defaultValue '250000' */
  readonly ledger?: string | undefined;
  /**
   * What `currencyCode` says: `UGX`, `800`, or something wrong.
   * @defaultValue 'UGX'
   */
  readonly currency?: string | undefined;
  /**
   * Whether the balance is in a `response` object, as in all Phoenix answers that are known, or beside `responseCode`.
   * @defaultValue 'wrapped'
   */
  readonly shape?: 'wrapped' | 'flat' | undefined;
  /**
   * How balances are written: `250000`, `"250000"`, or as Java writes a double, `250000.0` and from ten million on `1.0E7`.
   * @defaultValue 'number'
   */
  readonly amounts?: 'number' | 'text' | 'javaDouble' | undefined;
  /** @defaultValue '/isw/payments/balance' */
  readonly path?: string | undefined;
}

/** A running Interswitch wrapper. Amounts are decimal text in major units. */
export interface InterswitchSimulator extends Simulator {
  /** Adds to available and ledger. @throws `ConfigurationError` when the amount is not one, as all methods do. */
  credit(amount: string): void;
  /** Takes from available and ledger. @throws `ConfigurationError` when either has less. */
  debit(amount: string): void;
  /** A figure that is not named stays. A ledger far above available is allowed. */
  setBalance(balances: { readonly available?: string | undefined; readonly ledger?: string | undefined }): void;
  balances(): { available: string; ledger: string };
  /**
   * Answers HTTP 200 with this code and no balance. A `code` that is a number is written as one. For a correct answer
   * with a numeric code use `fault({ kind: 'fields', fields: { responseCode: 90000 } })`.
   */
  respondWith(
    answer: { readonly code: string | number; readonly message?: string | undefined },
    options?: FaultOptions,
  ): void;
  /** Answers HTTP 200 with the plain text of a failed key exchange, beginning `Cannot Continue with`. */
  plainText(options?: FaultOptions): void;
  /** Answers HTTP 500 with Spring's error JSON, which has no `responseCode`. */
  springError(options?: FaultOptions): void;
}

/**
 * Starts the Interswitch wrapper on a loopback port: GET `/isw/payments/balance`. `respondWith`, `plainText` and
 * `springError` are faults as any other: they take turns, and `clearFaults` ends them.
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
  const { port, clock, currency, shape, amounts, path, ...initial } = readOptions(optionsSchema, options);
  const wallet = { available: initial.available, ledger: initial.ledger };
  let answered = 0;

  function envelope(code: string | number, message: string): Record<string, unknown> {
    answered += 1;
    return { responseCode: code, responseMessage: message, requestReference: `simulated-${answered}` };
  }

  function accountBalance(): Answer {
    const balance = {
      terminalId: '3SIM0001',
      availableBalance: writeAmount[amounts](amountText(wallet.available)),
      ledgerBalance: writeAmount[amounts](amountText(wallet.ledger)),
      currencyCode: currency,
      accountName: 'SIMULATED WALLET',
    };
    const approved = envelope('90000', 'TRANSACTION APPROVED');
    return {
      status: 200,
      body: shape === 'wrapped' ? { ...approved, response: balance } : { ...approved, ...balance },
    };
  }

  function springErrorBody(status: keyof typeof springTexts, requested: string): Record<string, unknown> {
    return { timestamp: new Date(clock.now()).toISOString(), status, error: springTexts[status], path: requested };
  }

  const server = await startServer({
    port,
    clock,
    faultPath: path,
    routes: { [`GET ${path}`]: accountBalance },
    noRoute: (status, request) => ({ status, body: springErrorBody(status, request.path) }),
  });

  return {
    ...server,
    credit: (amount) => {
      const minor = readOptions(walletAmount, amount);
      wallet.available += minor;
      wallet.ledger += minor;
    },
    debit: (amount) => {
      const minor = readOptions(walletAmount, amount);
      const ledger = debited(wallet.ledger, minor);
      wallet.available = debited(wallet.available, minor);
      wallet.ledger = ledger;
    },
    setBalance: (given) => {
      const { available = wallet.available, ledger = wallet.ledger } = readOptions(balancesSchema, given);
      Object.assign(wallet, { available, ledger });
    },
    balances: () => ({ available: amountText(wallet.available), ledger: amountText(wallet.ledger) }),
    respondWith: (answer, faultOptions) => {
      const { code, message } = readOptions(respondWithSchema, answer);
      const body = { ...envelope(code, message), ...(shape === 'wrapped' ? { response: null } : {}) };
      server.fault({ kind: 'body', body: stringify(body) ?? '' }, faultOptions);
    },
    plainText: (faultOptions) => {
      const body = 'Cannot Continue with Account Balance, Key Exchange failed';
      server.fault({ kind: 'body', body, contentType: 'text/plain;charset=UTF-8' }, faultOptions);
    },
    springError: (faultOptions) => {
      const body = JSON.stringify(springErrorBody(500, faultOptions?.path || path));
      server.fault({ kind: 'status', status: 500, body }, faultOptions);
    },
  };
}

// ISO 4217 gives UGX no decimals; what wallets of this API hold is nowhere said, and two decimals have been seen.
const walletCurrency: Currency = { code: 'UGX', exponent: 2 };
const walletAmount = amountSchema(walletCurrency);
const springTexts = { 404: 'Not Found', 405: 'Method Not Allowed', 500: 'Internal Server Error' };

function amountText(minor: bigint): string {
  return formatMinorUnits(minor, walletCurrency).replace(/\.00$/, '');
}

const writeAmount: Record<'number' | 'text' | 'javaDouble', (amount: string) => unknown> = {
  number: (amount) => new LosslessNumber(amount),
  text: (amount) => amount,
  javaDouble: (amount) => new LosslessNumber(javaDouble(amount)),
};

/** Plain decimal text as `Double.toString` writes it, without the rounding of a double. */
function javaDouble(amount: string): string {
  const [whole = '', fraction = ''] = amount.split('.');
  if (whole.length < 8) return `${whole}.${fraction.replace(/0+$/, '') || '0'}`;
  const digits = `${whole.slice(1)}${fraction}`.replace(/0+$/, '') || '0';
  return `${whole[0]}.${digits}E${whole.length - 1}`;
}

const balancesSchema = z.strictObject({ available: walletAmount.optional(), ledger: walletAmount.optional() });

const respondWithSchema = z.strictObject({
  code: z.union([z.string(), z.int()]),
  message: z.string().default('AN ERROR OCCURED'),
});

const optionsSchema = z.strictObject({
  port: portSchema,
  clock: clockSchema,
  available: walletAmount.prefault('250000'),
  ledger: walletAmount.prefault('250000'),
  currency: z.string().default('UGX'),
  shape: z.enum(['wrapped', 'flat']).default('wrapped'),
  amounts: z.enum(['number', 'text', 'javaDouble']).default('number'),
  path: z
    .string()
    .regex(/^\/[^?#\s]*$/, 'pass a path that begins with /')
    .default('/isw/payments/balance'),
}) satisfies z.ZodType<unknown, InterswitchSimulatorOptions>;
