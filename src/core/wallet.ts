// One wallet of a guard: its settings as the user writes them, and with every default filled in.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Currency, type CurrencyInput, resolveCurrency } from './currency.js';
import { type LimitSettings, type Limits, limitsSchema, resolveLimits } from './limits.js';
import { type AmountInput, parseNonNegative } from './money.js';
import type { Problems } from './problems.js';
import type { BalanceProvider } from './provider.js';
import { functionSchema, objectSchema } from './schemas.js';
import type { ErrorVerdict, PayoutVerdict } from './verdict.js';

/** One balance at a provider. Unknown keys are refused, so a typo cannot silently mean a default. */
export interface WalletSettings {
  /** The adapter that reads the balance: `jpay(...)`, `interswitch(...)`, `httpProvider(...)` or your own. */
  provider: BalanceProvider;
  /** The currency of all amounts: an ISO 4217 code, or `{ code, exponent }` for one outside that list. */
  currency: CurrencyInput;
  /**
   * Minimum balance that is never spent, in major units.
   * @defaultValue `'0'`
   */
  floor?: AmountInput | undefined;
  /**
   * Amounts (with fee) above this one are never decided on a remembered balance. In major units.
   * @defaultValue none
   */
  alwaysRefreshAbove?: AmountInput | undefined;
  /**
   * Moment at which the balance shows a payout, if you have measured it and know better than the adapter. With
   * `acceptance`, a payout that the provider accepted is captured at once, whatever becomes of it.
   * @defaultValue what the adapter declares
   */
  debitVisibleAt?: BalanceProvider['debitVisibleAt'] | undefined;
  /**
   * Longest time after a debit in which the provider's balance may not show it, in milliseconds; 0 to 600,000. For that
   * time a captured payout still counts as held.
   * @defaultValue what the adapter declares, else 10,000
   */
  visibilityLagMs?: number | undefined;
  /**
   * `'onReturn'`: your payment function returns only when the debit is done, so every value that it returns,
   * `undefined` included, counts as paid unless it is judged: by `verdictOfResult`, or because it is an answer of the
   * provider itself or a failed HTTP response.
   * @defaultValue a payout is settled by the provider or your `verdictOfResult`
   */
  settles?: 'onReturn' | undefined;
  /**
   * `'providerAnswer'`: your payment function sends the payment call once, and returns the provider's answer to it, so
   * a "failed" in it releases the hold. Not for a client that repeats calls: the answer may refuse the repetition of a
   * payout that was made. Without it such an answer is a reason to look the payout up.
   * @defaultValue none
   */
  returns?: 'providerAnswer' | undefined;
  /**
   * Judges the value that your payment function returns.
   * @defaultValue the provider's, which knows the provider's own answers only
   */
  verdictOfResult?: ((result: unknown, about: { readonly reference: string }) => PayoutVerdict) | undefined;
  /**
   * Judges an error that your payment function threw, other than `PayoutRejectedError`. The error of a payout within
   * the function of another one passes through both: compare the reference, or it releases the outer payout as well.
   * @defaultValue every other error is `unknown`
   */
  verdictOf?: ((error: unknown, about: { readonly reference: string }) => ErrorVerdict) | undefined;
  /**
   * Looks up the outcome of a payout by its reference.
   * @defaultValue the provider's, if it has one
   */
  lookup?: BalanceProvider['lookup'] | undefined;
  /**
   * A payout that the provider has no record of, so long after the code that pays has ended, counts as failed, in
   * milliseconds; 3,600,000 to 2,592,000,000. Only you can know that your provider shows every payout by then.
   * @defaultValue never: the event `neverSeen` reports it
   */
  absentIsFailedAfterMs?: number | undefined;
  /**
   * Limits for payouts, whatever the balance: for one payout, for one payee in a day, for all in a day. Amounts are
   * held and counted with their fee.
   * @defaultValue none
   */
  limits?: LimitSettings | undefined;
  /**
   * Names of the providers that this wallet was read through before, while you move from one to the other:
   * `['interswitch']`.
   * @defaultValue none
   */
  formerly?: readonly string[] | undefined;
}

/** A wallet that this guard settles and never decides on: for a webhook service without credentials. */
export interface SettleOnlySettings {
  settleOnly: true;
  /** The `name` of the provider, for messages. */
  providerName: string;
  currency: CurrencyInput;
  /**
   * Looks up the outcome of a payout by its reference.
   * @defaultValue none: outcomes come from `capture` and `release`
   */
  lookup?: BalanceProvider['lookup'] | undefined;
  /**
   * Time in which a captured payout still counts as held; the same as in the service that pays, if that has set it. In
   * milliseconds; 0 to 600,000.
   * @defaultValue 10,000
   */
  visibilityLagMs?: number | undefined;
}

/** {@link WalletSettings} with every default filled in and every amount in minor units. */
export interface Wallet {
  readonly key: string;
  /** Key and identity: snapshots are remembered under it, so those of another balance are never used. */
  readonly memoryKey: string;
  /** Undefined for a wallet that is only settled. */
  readonly provider: BalanceProvider | undefined;
  readonly providerName: string;
  readonly currency: Currency;
  readonly floorMinor: bigint;
  readonly alwaysRefreshAboveMinor: bigint | undefined;
  readonly debitVisibleAt: BalanceProvider['debitVisibleAt'];
  readonly visibilityLagMs: number;
  readonly settlesOnReturn: boolean;
  readonly returnsProviderAnswer: boolean;
  readonly verdictOfResult: WalletSettings['verdictOfResult'];
  readonly verdictOf: WalletSettings['verdictOf'];
  readonly lookup: BalanceProvider['lookup'];
  /** True if `lookup` is reliable: documented by the provider, or vouched for by the application. */
  readonly lookupIsDocumented: boolean;
  readonly absentIsFailedAfterMs: number | undefined;
  readonly limits: Limits | undefined;
  /** Provider, account, currency and exponent as one text; undefined for a wallet that is only settled. */
  readonly identity: string | undefined;
  /** Former providers whose identity is accepted as well. */
  readonly formerly: readonly string[];
}

const defaultLagMs = 10_000;
const anHourMs = 3_600_000;
const anAmount = z.custom<AmountInput>((value) => value !== undefined);

export const currencySchema: z.ZodType<CurrencyInput> = z.union(
  [z.string(), z.strictObject({ code: z.string(), exponent: z.number() })],
  { error: 'must be an ISO 4217 code such as "KES"' },
);
const providerName = z.string().regex(/^[\w-]{1,40}$/, 'must be 1 to 40 letters, digits, - or _');
const visibleAt = z.enum(['acceptance', 'completion', 'unknown']);

/** The keys of {@link WalletSettings}, to be spread into the short form of a guard's options. */
export const walletShape: { readonly [Key in keyof WalletSettings]-?: z.ZodType<WalletSettings[Key]> } = {
  provider: objectSchema<BalanceProvider>(['fetchBalance'], 'a provider, such as jpay({ ... })'),
  currency: currencySchema,
  floor: anAmount.optional(),
  alwaysRefreshAbove: anAmount.optional(),
  debitVisibleAt: visibleAt.optional(),
  visibilityLagMs: z.int().min(0).max(600_000).optional(),
  settles: z.literal('onReturn').optional(),
  returns: z.literal('providerAnswer').optional(),
  verdictOfResult: functionSchema<NonNullable<WalletSettings['verdictOfResult']>>().optional(),
  verdictOf: functionSchema<NonNullable<WalletSettings['verdictOf']>>().optional(),
  lookup: functionSchema<NonNullable<WalletSettings['lookup']>>().optional(),
  absentIsFailedAfterMs: z
    .int()
    .min(anHourMs)
    .max(720 * anHourMs)
    .optional(),
  limits: limitsSchema.optional(),
  formerly: z.array(providerName).max(10).readonly().optional(),
};

const settingsSchema: z.ZodType<WalletSettings> = z.strictObject(walletShape);
const settleOnlySchema: z.ZodType<SettleOnlySettings> = z.strictObject({
  settleOnly: z.literal(true),
  providerName,
  currency: currencySchema,
  lookup: walletShape.lookup,
  visibilityLagMs: walletShape.visibilityLagMs,
});

/** The wallet, or undefined when a problem was noted. */
export function resolveWallet(
  key: string,
  settings: WalletSettings | SettleOnlySettings,
  problems: Problems,
): Wallet | undefined {
  if (typeof settings === 'object' && settings !== null && 'settleOnly' in settings) {
    const given = problems.read(settleOnlySchema, settings);
    const currency = given && problems.try('currency', () => resolveCurrency(given.currency));
    return given && currency && settleOnlyWallet(key, given, currency);
  }
  const given = problems.read(settingsSchema, settings);
  if (!given) return undefined;
  const { provider } = given;
  const named = problems.read(providerSchema, { provider });
  const currency = problems.try('currency', () => resolveCurrency(given.currency));
  if (!currency || !named) return undefined;
  const inMinor = (name: string, input: AmountInput | undefined) =>
    input === undefined ? undefined : problems.try(name, () => parseNonNegative(input, currency));
  const identity = identityOf(key, provider, currency);
  return {
    key,
    memoryKey: `${key} ${identity}`,
    provider,
    providerName: provider.name,
    currency,
    floorMinor: inMinor('floor', given.floor) ?? 0n,
    alwaysRefreshAboveMinor: inMinor('alwaysRefreshAbove', given.alwaysRefreshAbove),
    debitVisibleAt: given.debitVisibleAt ?? provider.debitVisibleAt ?? 'unknown',
    visibilityLagMs: given.visibilityLagMs ?? provider.visibleAfterMs ?? defaultLagMs,
    settlesOnReturn: given.settles === 'onReturn',
    returnsProviderAnswer: given.returns === 'providerAnswer',
    verdictOfResult: given.verdictOfResult,
    verdictOf: given.verdictOf,
    lookup: given.lookup ?? provider.lookup?.bind(provider),
    lookupIsDocumented: given.lookup !== undefined || provider.lookupIsDocumented !== false,
    absentIsFailedAfterMs: given.absentIsFailedAfterMs,
    limits: given.limits && resolveLimits(given.limits, currency, problems),
    identity,
    formerly: given.formerly ?? [],
  };
}

const providerSchema: z.ZodType<unknown> = z.object({
  provider: z.object({
    name: providerName,
    accountId: z.string().min(1).max(1_000).optional(),
    visibleAfterMs: walletShape.visibilityLagMs,
    lookupConcurrency: z.int().min(1).max(100).optional(),
    maxReferenceLength: z.int().min(1).max(128).optional(),
    // A global or sticky expression would remember its last match.
    referenceForm: z
      .object({ pattern: z.instanceof(RegExp).refine(({ flags }) => !/[gy]/.test(flags)), words: z.string() })
      .optional(),
  }),
});

function settleOnlyWallet(key: string, settings: SettleOnlySettings, currency: Currency): Wallet {
  const { providerName, lookup, visibilityLagMs = defaultLagMs } = settings;
  return {
    key,
    memoryKey: key,
    provider: undefined,
    providerName,
    currency,
    floorMinor: 0n,
    alwaysRefreshAboveMinor: undefined,
    debitVisibleAt: 'unknown',
    visibilityLagMs,
    settlesOnReturn: false,
    returnsProviderAnswer: false,
    verdictOfResult: undefined,
    verdictOf: undefined,
    lookup,
    lookupIsDocumented: true,
    absentIsFailedAfterMs: undefined,
    limits: undefined,
    identity: undefined,
    formerly: [],
  };
}

/** The account as a hash. Without an account, the key of the wallet takes its place. */
function identityOf(key: string, { name, accountId }: BalanceProvider, { code, exponent }: Currency): string {
  const account = createHash('sha256')
    .update(accountId === undefined ? `key ${key}` : `account ${accountId}`)
    .digest('hex')
    .slice(0, 32);
  return `${name} ${account} ${code} ${exponent}`;
}

/** Returns true if an identity in the store differs from this wallet's by a former provider alone. */
export function isFormerIdentity(wallet: Wallet, remembered: string): boolean {
  const [provider = '', , ...currency] = remembered.split(' ');
  const { code, exponent } = wallet.currency;
  return wallet.formerly.includes(provider) && currency.join(' ') === `${code} ${exponent}`;
}
