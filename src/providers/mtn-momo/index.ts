// Balance and transfers of an MTN MoMo float, by the disbursement product of its API.
// Source: the provider's pages "Transfer", "MoMo API common errors" and "Best practices", and public clients of it.
import type { BalanceProvider } from '../../core/provider.js';
import { ProviderApi } from '../shared/api.js';
import { assertHostOfMode, type Mode } from '../shared/mode.js';
import { type HostedApiOptions, readHostedOptions, secretText } from '../shared/options.js';
import { onlyRow } from '../shared/rows.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { mtnMomoReferenceId } from './reference-id.js';
import { accountBalance, apiUser, environment, transfer, transferNotFound } from './schema.js';
import { apiUserCredentials, misconfigurationOf } from './tokens.js';

export type { NetworkOptions } from '../../http/options.js';
export { mtnMomoReferenceId } from './reference-id.js';

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

const verdictOf = verdictsOf({ completed: ['SUCCESSFUL'], pending: ['PENDING'], failed: ['FAILED'] });

/**
 * The float of an API user. No page states when a transfer leaves it, so `debitVisibleAt` is `unknown`. Send transfers
 * with `X-Reference-Id: mtnMomoReferenceId(hold.reference)` and `externalId: hold.reference`: `lookup` asks by the
 * first and compares the second. MTN signs no callback and sends each one once, so there is no `webhook`. Fees are not
 * reported, so captures count the amount of the hold.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function mtnMomo(options: MtnMomoOptions): BalanceProvider {
  const shape = { subscriptionKey: secretText, apiUser, apiKey: secretText, targetEnvironment: environment };
  const given = readHostedOptions<MtnMomoOptions>(shape, options, (read) => hosts[modeOf(read)]);
  assertHostOfMode(modeOf(given), given.baseUrl, hosts, 'targetEnvironment');
  const { subscriptionKey, targetEnvironment } = given;
  const api = new ProviderApi(given, {
    credentials: apiUserCredentials(given),
    headers: { 'ocp-apim-subscription-key': subscriptionKey, 'x-target-environment': targetEnvironment },
    failureOf: misconfigurationOf,
  });
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
  };
}

function modeOf({ targetEnvironment }: MtnMomoOptions): Mode {
  return targetEnvironment === 'sandbox' ? 'test' : 'live';
}
