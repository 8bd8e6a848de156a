// Balance, disbursements and webhooks of a Monnify wallet (NGN).
// Source: the provider's API reference and its pages "Single transfers", "Error codes", "Webhooks" and "Event types".
// The sample of "Webhooks" has the signature below; the formula in its text, a plain hash of key and body, is not used.
import * as z from 'zod';
import type { BalanceProvider } from '../../core/provider.js';
import type { HttpAnswer } from '../../http/client.js';
import type { Failure } from '../../http/failure.js';
import { jsonNumber, readIfShaped } from '../../http/json.js';
import { majorNumber, majorText } from '../shared/amounts.js';
import { ProviderApi } from '../shared/api.js';
import { basic, loginCredentials } from '../shared/login.js';
import { majorDebitOf } from '../shared/major-debit.js';
import { assertHostOfMode, type Mode } from '../shared/mode.js';
import { type HostedApiOptions, readHostedOptions, secretText } from '../shared/options.js';
import { refusalsOf } from '../shared/refusals.js';
import { judgeResult } from '../shared/result-verdict.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { hmacWebhook } from '../shared/webhook-signature.js';

export type { NetworkOptions } from '../../http/options.js';

/** Access to a Monnify wallet. */
export interface MonnifyOptions extends HostedApiOptions {
  /** `MK_PROD_...`, or `MK_TEST_...` with `baseUrl: 'https://sandbox.monnify.com'`. */
  apiKey: string;
  /** The secret key. It signs the webhooks. */
  secretKey: string;
  /** The 10 digits of the wallet that pays: the `sourceAccountNumber` of your transfers. */
  accountNumber: string;
}

const hosts: Readonly<Record<Mode, string>> = {
  live: 'https://api.monnify.com',
  test: 'https://sandbox.monnify.com',
};

/** The answers about balances name no currency: all wallets are in naira. */
const currency = 'NGN';

const verdictOf = verdictsOf({
  completed: ['SUCCESS', 'COMPLETED'],
  pending: [
    'PENDING',
    'AWAITING_PROCESSING',
    'IN_PROGRESS',
    'PENDING_AUTHORIZATION',
    'PENDING_BATCH_AUTHORIZATION',
    'OTP_EMAIL_DISPATCH_FAILED',
  ],
  failed: ['FAILED', 'REVERSED', 'EXPIRED'],
});

const apiKey = z
  .string()
  .regex(/^MK_(TEST|PROD)_[A-Za-z0-9]{1,200}$/, 'must be an API key: MK_PROD_... or MK_TEST_...');

const accountNumber = z.string().regex(/^\d{10}$/, 'must be the 10 digits of the wallet');

// Numbers in the sandbox, text in other samples.
const amount = z.union([majorNumber, majorText]);

/** The body of an answer that reports success. */
function succeeded<Body>(body: z.ZodType<Body>): z.ZodType<Body> {
  return z
    .object({ requestSuccessful: z.literal(true), responseCode: z.literal('0'), responseBody: body })
    .transform(({ responseBody }) => responseBody);
}

/** The life is in seconds. */
const token = succeeded(
  z.object({
    accessToken: z.string().regex(/^[\x21-\x7e]{1,8192}$/),
    expiresIn: jsonNumber.pipe(z.string().regex(/^\d{1,9}$/)),
  }),
).transform(({ accessToken, expiresIn }) => ({ access: accessToken, lifeMs: Number(expiresIn) * 1_000 }));

const walletBalance = succeeded(z.object({ availableBalance: amount }));

const disbursement = { reference: z.string(), status: z.unknown() };

const disbursementFound = succeeded(
  z.object({
    ...disbursement,
    amount,
    fee: amount.nullish(),
    totalFee: amount.nullish(),
    currency: z.string().optional(),
  }),
);

const disbursementNotFound = z.object({ requestSuccessful: z.literal(false), responseCode: z.literal('D02') });

// The answer to POST /api/v2/disbursements/single as the application passes it on: all of it, or its body.
const created = z.object({ ...disbursement, dateCreated: z.string(), totalFee: z.union([z.number(), amount]) });
const disbursementAnswer = z.union([created, succeeded(created)]);

const disbursementEvent = z.object({
  eventType: z.string().endsWith('_DISBURSEMENT'),
  eventData: z.object({ reference: z.string() }),
});

const refusal = z.object({ requestSuccessful: z.literal(false), responseCode: z.string() });

/** The codes count, and not the status: which status comes with which code is not documented. */
const failureOf = refusalsOf(refusal, ({ responseCode }) =>
  responseCode === 'D06' ? 'the address of this machine is not on the list of the account (D06)' : undefined,
);

/**
 * A Monnify wallet. Only `availableBalance` counts. Monnify documents no moment at which a transfer leaves the balance,
 * so `debitVisibleAt` is `unknown`. `lookup` asks by `reference`: send transfers with the reference of their hold. Its
 * error table counts a transfer that is not found as failed; here it stays unknown, because it may still be on its way.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function monnify(options: MonnifyOptions): BalanceProvider {
  const shape = { apiKey, secretKey: secretText, accountNumber };
  const given = readHostedOptions<MonnifyOptions>(shape, options, hosts.live);
  const mode: Mode = given.apiKey.startsWith('MK_TEST_') ? 'test' : 'live';
  assertHostOfMode(mode, given.baseUrl, hosts, 'apiKey');
  const credentials = loginCredentials(given, {
    path: '/api/v1/auth/login',
    headers: basic(given.apiKey, given.secretKey),
    schema: token,
    failureOf: loginFailureOf,
    renewEarlyMs: 60_000,
  });
  const api = new ProviderApi(given, { credentials, failureOf });
  return {
    name: 'monnify',
    accountId: api.accountId(mode, given.accountNumber),
    debitVisibleAt: 'unknown',
    verdictOfResult: judgeResult(disbursementAnswer, verdictOf),
    fetchBalance: ({ signal }) =>
      api.balance(signal, async (call) => {
        const path = `/api/v2/disbursements/wallet-balance?accountNumber=${given.accountNumber}`;
        const { availableBalance } = await call.read(path, walletBalance);
        return { available: availableBalance, currency };
      }),
    lookup: ({ reference, currency: asked, signal }) =>
      api.lookup(signal, async (call) => {
        const path = `/api/v2/disbursements/single/summary?reference=${encodeURIComponent(reference)}`;
        const found = await call.find(path, disbursementFound, disbursementNotFound);
        if (!found) return { outcome: 'unknown', absent: true };
        if (found.reference !== reference) return { outcome: 'unknown' };
        const isOurs = asked === currency && (found.currency ?? currency) === currency;
        const debit = isOurs ? majorDebitOf(found.amount, found.fee ?? found.totalFee, currency) : {};
        return { outcome: verdictOf(found.status), ...debit };
      }),
    webhook: hmacWebhook(
      { header: 'monnify-signature', algorithm: 'sha512', secret: given.secretKey },
      { schema: disbursementEvent, referenceOf: ({ eventData }) => eventData.reference },
    ),
  };
}

/** A login may be refused with a status of success. */
function loginFailureOf({ status, text }: HttpAnswer): Failure | undefined {
  if (status >= 300 || !readIfShaped(refusal, text)) return undefined;
  return { kind: 'answer', reason: 'unauthorized', detail: 'Monnify refused the login', retryable: false };
}
