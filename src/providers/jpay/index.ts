// Balance and payouts of a JPay Africa payout wallet (KES).
// Source: the provider's documentation, page "Wallet balance".
import * as z from 'zod';
import { resolveCurrency } from '../../core/currency.js';
import { parseBalance } from '../../core/money.js';
import { readOptions } from '../../core/problems.js';
import type { BalanceProvider, ProviderBalance } from '../../core/provider.js';
import { expectSuccess } from '../../http/client.js';
import { type Credentials, sendWithCredentials } from '../../http/credentials.js';
import { HttpFailure } from '../../http/failure.js';
import { parseJson, readShape } from '../../http/json.js';
import {
  alwaysCheck,
  type Network,
  type NetworkOptions,
  networkShape,
  resolveNetwork,
  urlRule,
  withoutTrailingSlashes,
} from '../../http/options.js';
import { ProviderClient } from '../shared/provider-client.js';
import { unsignedCallback } from '../shared/webhook-signature.js';
import { lookUp, verdictOfPayout } from './lookup.js';
import { type BalanceAnswer, balanceAnswer, payoutCallback } from './schema.js';
import { appCredentials, suppliedCredentials } from './tokens.js';

export type { NetworkOptions } from '../../http/options.js';

/** Access to a JPay Africa account: an app key and secret, or an access token that the application keeps itself. */
export type JpayOptions = NetworkOptions & {
  /** `https://api.jpay.africa/api/v1`, or `https://sandbox.api.jpay.africa/api/v1`. */
  baseUrl: string;
  /**
   * The `merchant_id` of the account: distinguishes two accounts at one address. With an app key and secret,
   * credentials of another merchant are refused.
   * @defaultValue one account at this address
   */
  merchantId?: string | undefined;
} & (
    | { appKey: string; appSecret: string; accessToken?: undefined }
    | {
        appKey?: undefined;
        appSecret?: undefined;
        /** The token, or a function that returns the current one; it is called for each request. */
        accessToken: string | (() => string | Promise<string>);
      }
  );

interface GivenOptions extends NetworkOptions {
  baseUrl: string;
  merchantId?: string | undefined;
  appKey?: string | undefined;
  appSecret?: string | undefined;
  accessToken?: string | (() => string | Promise<string>) | undefined;
}

const secretText = z.string().min(1);

const optionsSchema: z.ZodType<GivenOptions> = z
  .strictObject({
    baseUrl: z.string(),
    merchantId: z
      .string()
      .regex(/^\d{1,20}$/, 'must be the digits of the merchant_id')
      .optional(),
    appKey: secretText.optional(),
    appSecret: secretText.optional(),
    accessToken: z
      .union([secretText, z.custom<() => string | Promise<string>>((value) => typeof value === 'function')], {
        error: 'must be a token or a function that returns one',
      })
      .optional(),
    ...networkShape,
  })
  .refine(
    ({ appKey, appSecret, accessToken }) =>
      accessToken === undefined ? appKey !== undefined && appSecret !== undefined : !appKey && !appSecret,
    { ...alwaysCheck, error: 'pass either appKey and appSecret, or accessToken' },
  )
  .superRefine(urlRule('baseUrl'), alwaysCheck);

/**
 * The payout wallet of a JPay Africa account. Only `payout_wallet_balance` counts; the collection wallet and the total
 * are for display. The documentation contradicts itself on when a payout leaves the balance, so `debitVisibleAt` is
 * `unknown`. It states that balances reflect all completed transactions in real time, so `visibleAfterMs` is 0. How to
 * look a payout up is not documented: settle payouts in their callback. `lookup` asks by `ref_no`: send payouts with
 * the reference of their hold, at most 50 characters. Callbacks are not signed and their body is not documented:
 * `callback` reads the `ref_no` of the payout.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function jpay(options: JpayOptions): BalanceProvider {
  const given = readOptions(optionsSchema, options);
  const network = resolveNetwork(given);
  const baseUrl = withoutTrailingSlashes(given.baseUrl);

  const client = new ProviderClient(network);
  // A client of its own: lists of payouts that fail in a row must not open the circuit for balances.
  const lookups = new ProviderClient(network);
  const credentials = credentialsOf(given, baseUrl, network);
  return {
    name: 'jpay',
    accountId: accountOf(baseUrl, given.merchantId),
    debitVisibleAt: 'unknown',
    visibleAfterMs: 0,
    lookupIsDocumented: false,
    maxReferenceLength: 50,
    verdictOfResult: (result, { reference }) => verdictOfPayout(result, reference),
    fetchBalance: ({ signal }) =>
      client.run(signal, async (exchange) => {
        const answer = await sendWithCredentials(exchange, credentials, { url: `${baseUrl}/wallets/balance` });
        expectSuccess(answer);
        return readBalance(answer.text);
      }),
    lookup: ({ reference, signal }) =>
      lookups.run(signal, (exchange) =>
        lookUp((path) => sendWithCredentials(exchange, credentials, { url: baseUrl + path }), reference),
      ),
    callback: unsignedCallback({ schema: payoutCallback, referenceOf: ({ ref_no }) => ref_no }),
  };
}

function credentialsOf(given: GivenOptions, baseUrl: string, { clock }: Network): Credentials {
  const { accessToken, appKey = '', appSecret = '' } = given;
  if (accessToken !== undefined) return suppliedCredentials(accessToken);
  return appCredentials({ baseUrl, appKey, appSecret, merchantId: given.merchantId, clock });
}

function accountOf(baseUrl: string, merchantId: string | undefined): string {
  const { host } = new URL(baseUrl);
  return merchantId === undefined ? host : `${host}/${merchantId}`;
}

const kes = resolveCurrency('KES');

function readBalance(text: string): ProviderBalance {
  const body = readShape(balanceAnswer, parseJson(text), 'the answer is not a JPay balance');
  assertAddsUp(body);
  return {
    available: body.payout_wallet_balance,
    currency: kes.code,
    details: { collection_wallet_balance: body.collection_wallet_balance, total_balance: body.total_balance },
  };
}

// A total that is not the sum means that the fields do not have the documented meaning.
function assertAddsUp(body: BalanceAnswer): void {
  const [collection, payout, total] = [
    parseBalance(body.collection_wallet_balance, kes),
    parseBalance(body.payout_wallet_balance, kes),
    parseBalance(body.total_balance, kes),
  ];
  if (collection === undefined || payout === undefined || collection + payout !== total) {
    throw new HttpFailure({ kind: 'shape', detail: 'the total is not the sum of the wallets' });
  }
}
