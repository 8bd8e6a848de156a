// Balance, disbursements and webhooks of a Monnify wallet (NGN).
// Source: the provider's API reference and its pages "Single transfers", "Error codes", "Webhooks" and "Event types".
import type { BalanceProvider } from '../../core/provider.js';
import { ProviderApi } from '../shared/api.js';
import { majorDebitOf } from '../shared/major-debit.js';
import { assertHostOfMode, type Mode } from '../shared/mode.js';
import { type HostedApiOptions, readHostedOptions, secretText } from '../shared/options.js';
import { refusalsOf } from '../shared/refusals.js';
import { judgeResult } from '../shared/result-verdict.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { monnifyCredentials } from './login.js';
import {
  accountNumber,
  apiKey,
  disbursementAnswer,
  disbursementFound,
  disbursementNotFound,
  refusal,
  walletBalance,
} from './schema.js';
import { monnifyWebhook } from './webhook.js';

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
  const api = new ProviderApi(given, { credentials: monnifyCredentials(given), failureOf });
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
    webhook: monnifyWebhook(given.secretKey),
  };
}
