// Interswitch Uganda's Phoenix API itself: registration, key exchanges, signatures, balance, payments. Where the
// sources contradict each other or are silent there is an option; the default is what docs/phoenix.md calls the choice.
import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { stringify } from 'lossless-json';
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import { enveloped, walletAmount, writtenAmount } from '../interswitch/codec.js';
import { type InterswitchPayment, interswitchPaymentShape } from '../interswitch/payments.js';
import type { InterswitchSimulator, InterswitchSimulatorOptions } from '../interswitch/simulator.js';
import { openWallet, walletMethods, walletShape } from '../interswitch/wallet.js';
import { delaySchema } from '../simulator/check-options.js';
import type { Answer, FaultOptions } from '../simulator/faults.js';
import { payoutShape } from '../simulator/payout-book.js';
import { type RouteRequest, startServer } from '../simulator/server.js';
import { TaskTimer } from '../simulator/task-timer.js';
import { phoenixAccess } from './access.js';
import { phoenixAnswer, refusal, type SignedAmount } from './codec.js';
import { type PhoenixPoint, storedPassword } from './crypto.js';
import { phoenixPayments } from './payments.js';

/** Settings for a client of the simulator, named as the options of `phoenix`. */
export interface PhoenixCredentials {
  readonly clientId: string;
  /** The secret that signs now: the one before registration until it is complete. */
  readonly clientSecret: string;
  readonly terminalId: string;
  readonly serialId: string;
  readonly appVersion: string;
  readonly password: string;
  /** PKCS#8 in PEM. */
  readonly privateKey: string;
}

/** Amounts are decimal text in major units, with two decimals at most. */
export interface PhoenixSimulatorOptions extends Omit<InterswitchSimulatorOptions, 'path' | 'sessions' | 'callMs'> {
  /** The path before `sente/` and `client/`. @defaultValue '/api/v1/phoenix' */
  readonly prefix?: string | undefined;
  /** A base URL that signatures may have instead of the one that was called, such as that of a proxy in front. */
  readonly publicUrl?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** @defaultValue '3SIM0001' */
  readonly terminalId?: string | undefined;
  /** @defaultValue 'simulated-device' */
  readonly serialId?: string | undefined;
  /** @defaultValue 'simulated-password' */
  readonly password?: string | undefined;
  /** Form of the password hash at registration. @defaultValue 'base64' */
  readonly passwordForm?: 'base64' | 'upperHex' | 'base64OfHex' | undefined;
  /** The client's RSA key as PKCS#8 in PEM. @defaultValue a new one of 2,048 bits, which takes a moment */
  readonly privateKey?: string | undefined;
  /**
   * True if the terminal is registered already; if not, `clientSecret` is the one that registration is begun with.
   * @defaultValue true
   */
  readonly registered?: boolean | undefined;
  /** A one-time code that a registration and a login must bring. @defaultValue none is asked for */
  readonly otp?: string | undefined;
  /**
   * True if the last step of a registration must bring the token of the first one. Public clients send an old one
   * there.
   * @defaultValue false
   */
  readonly strictRegistration?: boolean | undefined;
  /** Effect of a new session on the one before it; not documented for the real service. @defaultValue 'replace' */
  readonly sessions?: 'replace' | 'keep' | undefined;
  /** @defaultValue 600,000 */
  readonly sessionLifeMs?: number | undefined;
  /** @defaultValue 'compressed' */
  readonly point?: PhoenixPoint | undefined;
  /** Makes every terminal key begin with a zero byte, which one in 256 does anyway. @defaultValue false */
  readonly leadingZeroKeys?: boolean | undefined;
  /** Largest distance of a `Timestamp` from the clock. @defaultValue any distance */
  readonly timestampToleranceMs?: number | undefined;
  /** @defaultValue false */
  readonly refuseRepeatedNonces?: boolean | undefined;
  /** Spellings of an amount that the signature of a payment may have. @defaultValue 'any' */
  readonly signedAmount?: SignedAmount | undefined;
}

/** A running Phoenix with one client, one terminal and one wallet. Amounts are decimal text in major units. */
export interface PhoenixSimulator extends Omit<InterswitchSimulator, 'plainText' | 'springError'> {
  /** For `phoenix({ baseUrl: simulator.url, ...simulator.credentials() })`. Secrets, though simulated. */
  credentials(): PhoenixCredentials;
  /** Every session ends now (90054). */
  expireSessions(): void;
  /** Another process exchanges keys: every session so far is unknown (90063). */
  replaceSessions(): void;
}

/**
 * Starts Phoenix on a loopback port: POST `client/clientRegistration`, `client/completeClientRegistration`,
 * `client/doKeyExchange`, `client/login`, `client/validateLoginOtp`, GET `sente/accountBalance`, POST
 * `sente/customerValidation`, `sente/xpayment`, `sente/payment`, GET `sente/status`. Every signature and token is
 * verified. Payments go as those of `interswitchSimulator`.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 * @example
 * ```ts
 * const simulator = await phoenixSimulator({ available: '250000' });
 * const provider = phoenix({ baseUrl: simulator.url, ...simulator.credentials() });
 * const guard = createPayoutGuard({ provider, currency: 'UGX' });
 * await guard.assertSufficientFunds('250000');
 * simulator.replaceSessions();
 * await guard.assertSufficientFunds('250000', { refresh: true });
 * assert.equal(simulator.count('/client/doKeyExchange'), 2);
 * await simulator.close();
 * ```
 */
export async function phoenixSimulator(options: PhoenixSimulatorOptions = {}): Promise<PhoenixSimulator> {
  const settings = readOptions(optionsSchema, options);
  const { port, clock, prefix, clientId, terminalId, serialId, password } = settings;
  const privateKey = settings.privateKey ?? (await newPrivateKey());
  const wallet = openWallet(settings);
  const timer = new TaskTimer(clock);
  const access = phoenixAccess(
    settings,
    settings.registered
      ? {
          publicKey: createPublicKey(privateKey),
          serialId,
          storedPassword: storedPassword(password, settings.passwordForm),
        }
      : undefined,
  );
  const payments = phoenixPayments({ rules: settings, timer, wallet, access });

  function accountBalance(request: RouteRequest): Answer {
    const reference = request.query.get('requestReference');
    access.authenticate(request, reference);
    if (request.query.get('terminalId') !== terminalId) throw refusal('70030', reference);
    return enveloped(settings, phoenixAnswer('90000', reference).body, {
      terminalId,
      availableBalance: writtenAmount(settings, wallet.available),
      ledgerBalance: writtenAmount(settings, wallet.ledger),
      currencyCode: settings.currency,
      accountName: 'SIMULATED WALLET',
    });
  }

  const server = await startServer({
    port,
    clock,
    timer,
    faultPath: `${prefix}/sente/accountBalance`,
    routes: { [`GET ${prefix}/sente/accountBalance`]: accountBalance, ...access.routes, ...payments.routes },
    // The answers of the gateway in front are not documented.
    noRoute: (status) => ({ status, body: { status, error: status === 404 ? 'Not Found' : 'Method Not Allowed' } }),
  });

  return {
    ...server,
    url: server.url + prefix,
    credentials: () => {
      const clientSecret = access.secret();
      return { clientId, clientSecret, terminalId, serialId, appVersion: 'v1', password, privateKey };
    },
    expireSessions: () => access.endSessions('expire'),
    replaceSessions: () => access.endSessions('replace'),
    ...walletMethods(wallet),
    get payouts() {
      return payments.payouts();
    },
    advance: payments.advance,
    respondWith: (answer: { code: string | number; message?: string | undefined }, faultOptions?: FaultOptions) => {
      const { code, message } = readOptions(respondWithSchema, answer);
      const { body } = phoenixAnswer(String(code), null, message);
      server.fault({ kind: 'body', body: stringify({ ...body, responseCode: code }) ?? '' }, faultOptions);
    },
  };
}

async function newPrivateKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2_048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const respondWithSchema = z.strictObject({
  code: z.union([z.string(), z.int()]),
  message: z.string().optional(),
});

const idSchema = z.string().regex(/^[\w.-]{1,128}$/, 'pass letters, digits, ".", "_" and "-"');

const privateKeySchema = z.string().refine(
  (pem) => {
    try {
      return createPrivateKey(pem).asymmetricKeyType === 'rsa';
    } catch {
      return false;
    }
  },
  { error: 'pass an RSA private key in PEM' },
);

const optionsSchema = z.strictObject({
  ...walletShape,
  prefix: z
    .string()
    .regex(/^(\/[\w.-]+)*$/, 'pass a path that begins with / and does not end with one')
    .default('/api/v1/phoenix'),
  publicUrl: z.url().optional(),
  clientId: idSchema.default('IKIASIMULATED0000000000000000000000000000001'),
  clientSecret: z.string().min(1).default('c2ltdWxhdGVkLWNsaWVudC1zZWNyZXQ='),
  terminalId: idSchema.default('3SIM0001'),
  serialId: z.string().min(1).default('simulated-device'),
  password: z.string().min(1).default('simulated-password'),
  passwordForm: z.enum(['base64', 'upperHex', 'base64OfHex']).default('base64'),
  privateKey: privateKeySchema.optional(),
  registered: z.boolean().default(true),
  otp: z.string().min(1).optional(),
  strictRegistration: z.boolean().default(false),
  sessions: z.enum(['replace', 'keep']).default('replace'),
  sessionLifeMs: delaySchema.default(600_000),
  point: z.enum(['compressed', 'uncompressed']).default('compressed'),
  leadingZeroKeys: z.boolean().default(false),
  timestampToleranceMs: delaySchema.optional(),
  refuseRepeatedNonces: z.boolean().default(false),
  signedAmount: z.enum(['any', 'javaDouble', 'plain']).default('any'),
  ...payoutShape<InterswitchPayment>(walletAmount),
  ...interswitchPaymentShape,
}) satisfies z.ZodType<unknown, PhoenixSimulatorOptions>;
