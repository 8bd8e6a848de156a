// Balance and transfers of an MTN MoMo float, by the disbursement product of its API.
// Source: the provider's pages "Transfer", "MoMo API common errors" and "Best practices", and public clients of it.
import * as z from 'zod';
import type { BalanceProvider } from '../../core/provider.js';
import type { HttpAnswer } from '../../http/client.js';
import type { Failure } from '../../http/failure.js';
import { jsonNumber, readIfShaped } from '../../http/json.js';
import { majorNumber, majorText } from '../shared/amounts.js';
import { ProviderApi } from '../shared/api.js';
import { derivedUuid } from '../shared/derived-uuid.js';
import { basic, loginCredentials } from '../shared/login.js';
import { assertHostOfMode, type Mode } from '../shared/mode.js';
import { type HostedApiOptions, readHostedOptions, secretText } from '../shared/options.js';
import { onlyRow } from '../shared/rows.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { unsignedCallback } from '../shared/webhook-signature.js';

export type { NetworkOptions } from '../../http/options.js';

/** Access to the disbursement product of MTN MoMo. Collection and remittance have other keys, and other floats. */
export interface MtnMomoOptions extends HostedApiOptions {
  /** The `Ocp-Apim-Subscription-Key` of the disbursement product. */
  subscriptionKey: string;
  /** The UUID of the API user. It names the account, and may appear in messages. */
  apiUser: string;
  apiKey: string;
  /**
   * The `X-Target-Environment`: `sandbox`, or the one of the country, such as `mtnuganda`. Without `baseUrl` it chooses
   * the host as well.
   */
  targetEnvironment: string;
}

const hosts: Readonly<Record<Mode, string>> = {
  live: 'https://proxy.momoapi.mtn.com',
  test: 'https://sandbox.momodeveloper.mtn.com',
};

const apiUser = z.string().regex(/^[0-9a-fA-F-]{36}$/, 'must be a UUID');

const environment = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/, 'must be a target environment, such as "mtnuganda" or "sandbox"');

const seconds = z.union([jsonNumber, z.string()]).pipe(z.string().regex(/^\d{1,9}$/));

const token = z
  .object({ access_token: z.string().regex(/^[\x21-\x7e]{1,8192}$/), expires_in: seconds.default('3600') })
  .transform(({ access_token, expires_in }) => ({ access: access_token, lifeMs: Number(expires_in) * 1_000 }));

const accountBalance = z.object({ availableBalance: z.union([majorText, majorNumber]), currency: z.string() });

const transfer = z.object({ externalId: z.string(), status: z.unknown(), currency: z.string().optional() });

/** The body of a callback: the same as of a look-up. */
const transferCallback = z.object({ externalId: z.string() });

const transferNotFound = z.object({ code: z.literal('RESOURCE_NOT_FOUND') });

/** Wrong settings, which MTN answers with a status of 500. */
const misconfiguration = z.object({
  code: z.enum(['NOT_ALLOWED', 'NOT_ALLOWED_TARGET_ENVIRONMENT', 'INVALID_CALLBACK_URL_HOST', 'INVALID_CURRENCY']),
});

const verdictOf = verdictsOf({ completed: ['SUCCESSFUL'], pending: ['PENDING'], failed: ['FAILED'] });

/**
 * The float of an API user. No page states when a transfer leaves it, so `debitVisibleAt` is `unknown`. Send transfers
 * with `X-Reference-Id: mtnMomoReferenceId(hold.reference)` and `externalId: hold.reference`: `lookup` asks by the
 * first and compares the second. MTN signs no callback and sends each one once: `callback` reads its `externalId`. Fees
 * are not reported, so captures count the amount of the hold.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function mtnMomo(options: MtnMomoOptions): BalanceProvider {
  const shape = { subscriptionKey: secretText, apiUser, apiKey: secretText, targetEnvironment: environment };
  const given = readHostedOptions<MtnMomoOptions>(shape, options, (read) => hosts[modeOf(read)]);
  assertHostOfMode(modeOf(given), given.baseUrl, hosts, 'targetEnvironment');
  const { subscriptionKey, targetEnvironment } = given;
  const product = { 'ocp-apim-subscription-key': subscriptionKey };
  const credentials = loginCredentials(given, {
    path: '/disbursement/token/',
    headers: { ...basic(given.apiUser, given.apiKey), ...product },
    schema: token,
    failureOf: misconfigurationOf,
    renewEarlyMs: 600_000, // as the page "Best practices" asks for
  });
  const headers = { ...product, 'x-target-environment': targetEnvironment };
  const api = new ProviderApi(given, { credentials, headers, failureOf: misconfigurationOf });
  return {
    name: 'mtn-momo',
    accountId: api.accountId(targetEnvironment, given.apiUser),
    debitVisibleAt: 'unknown',
    fetchBalance: ({ currency, signal }) =>
      api.balance(signal, async (call) => {
        const answer = await call.read('/disbursement/v1_0/account/balance', accountBalance);
        const row = onlyRow([answer], (account) => account.currency === currency, `balance in ${currency}`);
        return { available: row.availableBalance, currency };
      }),
    lookup: ({ reference, currency, signal }) =>
      api.lookup(signal, async (call) => {
        const path = `/disbursement/v1_0/transfer/${mtnMomoReferenceId(reference)}`;
        const found = await call.find(path, transfer, transferNotFound);
        if (!found) return { outcome: 'unknown', absent: true };
        const isMeant = found.externalId === reference && (found.currency ?? currency) === currency;
        return { outcome: isMeant ? verdictOf(found.status) : 'unknown' };
      }),
    callback: unsignedCallback({ schema: transferCallback, referenceOf: ({ externalId }) => externalId }),
  };
}

/**
 * Returns the `X-Reference-Id` for a reference, always the same one: a UUID of version 4. Send the transfer with it, so
 * that it can be looked up by the reference of its hold.
 */
export function mtnMomoReferenceId(reference: string): string {
  return derivedUuid('mtn-momo', reference);
}

/** The failure of an answer about wrong settings. MTN sends it as its own fault, and another attempt cannot help. */
function misconfigurationOf({ status, text }: HttpAnswer): Failure | undefined {
  const wrong = status === 500 ? readIfShaped(misconfiguration, text) : undefined;
  return wrong && { kind: 'answer', reason: 'forbidden', detail: wrong.code, retryable: false };
}

function modeOf({ targetEnvironment }: MtnMomoOptions): Mode {
  return targetEnvironment === 'sandbox' ? 'test' : 'live';
}
