// Balances, transfers and webhooks of a Wise profile.
// Source: the provider's API reference (balance, transfer) and its pages "Tracking transfers", "Event Handling" and
// "Event Types".
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import { resolveCurrency } from '../../core/currency.js';
import { answerOf } from '../../core/functions.js';
import type { BalanceProvider } from '../../core/provider.js';
import { functionSchema } from '../../core/schemas.js';
import { HttpFailure } from '../../http/failure.js';
import { ifShaped } from '../../http/json.js';
import { exactUnits } from '../shared/amounts.js';
import { type ApiCall, ProviderApi } from '../shared/api.js';
import { type HostedApiOptions, readHostedOptions, secretText } from '../shared/options.js';
import { onlyRow } from '../shared/rows.js';
import { searchPages, windowAround, windowMs } from '../shared/search.js';
import { publicKeys } from './public-keys.js';
import { type Balance, balances, givenTransfer, type TransferRow, transferRow, transferRows } from './schema.js';
import { debitOf, isOf, verdictOf } from './transfer.js';
import { publicKeyText, wiseWebhook } from './webhook.js';

export type { NetworkOptions } from '../../http/options.js';
export { wiseCustomerTransactionId } from './transfer.js';

/** Access to a Wise profile. */
export interface WiseOptions extends HostedApiOptions {
  /** A token of the profile's user. */
  apiToken: string;
  profileId: string | number;
  /**
   * The key that signs webhooks, in PEM form.
   * @defaultValue the published key of the live host or of the sandbox
   */
  publicKey?: string | undefined;
  /**
   * Returns the id of the transfer, if the application has stored it with the reference: it is looked up by that id
   * then, and by the time of its creation otherwise.
   */
  transferIdOf?: ((reference: string) => StoredId | Promise<StoredId>) | undefined;
  /**
   * Returns the reference that the application has stored with a transfer. Webhooks name the transfer alone. Without
   * this option they are about its `customerTransactionId`, which is the reference if that is a UUID.
   */
  referenceOf?: ((transferId: string) => string | undefined | Promise<string | undefined>) | undefined;
  /**
   * Time around the moment at which a payout was sent in which look-ups search for its transfer, on either side, in
   * milliseconds. 1 minute to 14 days, and not shorter than the `payWithinMs` of the guard: a payout outside of it is
   * not found, and an earlier one with its reference would decide.
   * @defaultValue an hour
   */
  windowMs?: number | undefined;
}

type StoredId = string | number | undefined;

const shape = {
  apiToken: secretText,
  profileId: z.union([z.int().min(1), z.string().regex(/^\d{1,20}$/)], { error: 'must be the id of a profile' }),
  publicKey: publicKeyText.optional(),
  transferIdOf: functionSchema<NonNullable<WiseOptions['transferIdOf']>>().optional(),
  referenceOf: functionSchema<NonNullable<WiseOptions['referenceOf']>>().optional(),
  windowMs,
};

/** Transfers whose id of ours is remembered for events. */
const rememberedIds = 10_000;

/** Rows of a page: with their originators they fit an answer. */
const pageSize = 25;

/**
 * The standard balances of a Wise profile: one instance serves its wallets in all currencies. A balance is debited when
 * a transfer is funded, so `debitVisibleAt` is `acceptance`. Hold the source amount of the transfer, which has the fee
 * in it.
 *
 * Create transfers with the {@link wiseCustomerTransactionId} of their hold. The payment is complete when the transfer
 * is funded: return the transfer as it is after that. The answer to the funding names no transfer, so it is no verdict;
 * when it is `REJECTED`, throw a `PayoutRejectedError`.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function wise(options: WiseOptions): BalanceProvider {
  const given = readHostedOptions<WiseOptions>(shape, options, 'https://api.wise.com');
  const { apiToken, publicKey = publishedKey(given.baseUrl) } = given;
  const profileId = String(given.profileId);
  const api = new ProviderApi(given, { credentials: { authorization: `Bearer ${apiToken}` } });
  // It never changes, so an event that is posted again costs no request.
  const customerIds = new LRUCache<string, string>({ max: rememberedIds });
  const customerIdOf = async (transferId: string): Promise<string | undefined> => {
    const known = customerIds.get(transferId);
    if (known !== undefined) return known;
    const read = (call: ApiCall) => call.read(`/v1/transfers/${transferId}`, transferRow);
    const { customerTransactionId } = await api.other(new AbortController().signal, read);
    if (customerTransactionId != null) customerIds.set(transferId, customerTransactionId);
    return customerTransactionId ?? undefined;
  };
  return {
    name: 'wise',
    accountId: api.accountId(profileId),
    debitVisibleAt: 'acceptance',
    verdictOfResult: (result, { reference }) => {
      const transfer = ifShaped(givenTransfer, result);
      return transfer && isOf(reference, transfer) ? verdictOf(transfer) : undefined;
    },
    fetchBalance: ({ currency, signal }) =>
      api.balance(signal, async (call) => {
        const rows = await call.read(`/v4/profiles/${profileId}/balances?types=STANDARD`, balances);
        const isMeant = (row: Balance) => row.type === 'STANDARD' && row.currency === currency;
        return { available: spendable(onlyRow(rows, isMeant, `standard balance in ${currency}`)), currency };
      }),
    lookup: async ({ reference, currency, sentAtMs, signal }) => {
      const id = answerOf(
        'transferIdOf',
        'the id of a transfer or undefined',
        isId,
        await given.transferIdOf?.(reference),
      );
      return api.lookup(signal, async (call) => {
        const {
          paid,
          isEmpty: _,
          ...answer
        } = await searchPages<TransferRow>({
          readPage: async (earlier) => {
            if (id !== undefined) return { rows: [await call.read(`/v1/transfers/${id}`, transferRow)], isLast: true };
            const { fromMs, toMs } = windowAround(sentAtMs, given.windowMs);
            const query = new URLSearchParams({
              profile: profileId,
              createdDateStart: new Date(fromMs).toISOString(),
              createdDateEnd: new Date(toMs).toISOString(),
              limit: String(pageSize),
              offset: String(earlier.length),
            });
            const rows = await call.read(`/v1/transfers?${query}`, transferRows);
            return { rows, isLast: rows.length < pageSize };
          },
          isMeant: (transfer) => isOf(reference, transfer),
          verdictOf,
        });
        return { ...answer, ...(paid && debitOf(paid, currency)) };
      });
    },
    webhook: wiseWebhook(publicKey, async ({ transferId, profileId: eventProfileId }) => {
      if (eventProfileId !== profileId) return undefined;
      if (given.referenceOf) {
        return answerOf('referenceOf', 'a reference or undefined', isReference, await given.referenceOf(transferId));
      }
      return customerIdOf(transferId);
    }),
  };
}

/** The figure that can fund transfers. Reserved money, cash and total worth are other figures of the same row. */
function spendable({ currency, amount, investmentState = 'NOT_INVESTED' }: Balance): string {
  if (amount.currency !== currency) throw new HttpFailure({ kind: 'shape', detail: 'a balance has two currencies' });
  if (investmentState !== 'NOT_INVESTED') throw new HttpFailure({ kind: 'shape', detail: 'the balance is invested' });
  return exactUnits(amount.value, resolveCurrency(currency).exponent);
}

function publishedKey(baseUrl: string): string {
  return /\b(wise-sandbox\.com|sandbox\.transferwise\.tech)$/.test(new URL(baseUrl).hostname)
    ? publicKeys.test
    : publicKeys.live;
}

function isId(value: unknown): value is StoredId {
  return (
    value === undefined ||
    ((typeof value === 'number' || typeof value === 'string') && /^\d{1,20}$/.test(String(value)))
  );
}

function isReference(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
