// The options of a guard: read once, at creation, into values without optionals.
import * as z from 'zod';
import { type Clock, systemClock } from './clock.js';
import type { InsufficientFundsStatus } from './insufficient-funds.js';
import { problemWith } from './limits.js';
import { memoryStore } from './memory-store/index.js';
import { Problems } from './problems.js';
import { clockSchema, functionSchema, objectSchema } from './schemas.js';
import type { HoldStore, MaybePromise } from './store.js';
import type { Trace } from './trace.js';
import { resolveWallet, type SettleOnlySettings, type Wallet, type WalletSettings, walletShape } from './wallet.js';

/** Finds the settings of a wallet by its key, for guards of many accounts; undefined when there is no such wallet. */
export type FindWallet = (key: string) => MaybePromise<WalletSettings | SettleOnlySettings | undefined>;

/** Options of a guard: one wallet, or several by their keys. Unknown keys are refused. */
export type PayoutGuardOptions = GuardOptions & (OneWallet | ManyWallets);

/** The short form: the settings of one wallet, whose key is `'default'`. */
export type OneWallet = WalletSettings & { wallets?: undefined };

export interface ManyWallets {
  /**
   * Wallets by their keys (letters, digits and `. _ : @ / -`, at most 128), each with a provider of its own, or a
   * function that finds one. Every other key is refused, so no caller can spend from a wallet you did not name.
   */
  wallets: Readonly<Record<string, WalletSettings | SettleOnlySettings>> | FindWallet;
}

/** Options of all wallets of a guard. */
export interface GuardOptions {
  cache?:
    | {
        /**
         * A balance that was asked for less than this many milliseconds ago is used again. 0 to 120,000; 0 asks every
         * time.
         * @defaultValue 5,000
         */
        maxAgeMs?: number | undefined;
        /**
         * Wallets that are remembered; the one unused longest is forgotten first. 1 to 1,000,000.
         * @defaultValue 1,000
         */
        maxWallets?: number | undefined;
      }
    | undefined;
  /**
   * Before a refusal that rests on a remembered balance, the guard asks once more, unless it did so less than this many
   * milliseconds ago: refused requests cannot hammer the provider. 100 to 60,000.
   * @defaultValue 1,000
   */
  minRefreshMs?: number | undefined;
  /**
   * Longest time for one reading of a balance, one look-up or one answer of `wallets`, retries included, in
   * milliseconds; 100 to 60,000.
   * @defaultValue 10,000
   */
  fetchTimeoutMs?: number | undefined;
  /**
   * Lifetime of a `reserved` hold unless it is sent, in milliseconds; 1 to 2,592,000,000.
   * @defaultValue 60,000
   */
  holdExpiresInMs?: number | undefined;
  /**
   * For how long your payment function may send a payout, client retries included, in milliseconds; 1,000 to
   * 86,400,000. `hold.signal` aborts then. Until a minute later a provider's "failed" frees nothing.
   * @defaultValue 120,000
   */
  payWithinMs?: number | undefined;
  /**
   * A payout that was sent this long ago and has no outcome is looked up by the timer, and reported if that does not
   * help. In milliseconds; 1,000 to 86,400,000.
   * @defaultValue 300,000
   */
  overdueAfterMs?: number | undefined;
  /**
   * Interval of the timer that looks undecided payouts up, in milliseconds; 0 (never, and none soon after a payout) or
   * 1,000 to 86,400,000. The timer does not keep the process alive.
   * @defaultValue 60,000
   */
  reconcileEveryMs?: number | undefined;
  /**
   * Look-ups per second and provider at most; 0.1 to 1,000.
   * @defaultValue 5
   */
  lookupsPerSecond?: number | undefined;
  /**
   * Runs the steps of the guard, within spans for instance; `payout-guard/telemetry` makes one.
   * @defaultValue none
   */
  trace?: Trace | undefined;
  /**
   * The store of the holds.
   * @defaultValue `memoryStore()`
   */
  store?: HoldStore | undefined;
  /**
   * The HTTP status of {@link InsufficientFundsError}: 422, 402 or 409. Not 402 by default, because agent clients pay
   * whatever answers 402.
   * @defaultValue 422
   */
  insufficientFundsStatus?: InsufficientFundsStatus | undefined;
  /**
   * Source of the time; for tests.
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined;
}

/** {@link PayoutGuardOptions} with every default filled in. */
export interface ResolvedOptions {
  /** All wallets by their keys, or the function that finds them. */
  readonly wallets: ReadonlyMap<string, Wallet> | FindWallet;
  readonly maxAgeMs: number;
  readonly maxWallets: number;
  readonly minRefreshMs: number;
  readonly fetchTimeoutMs: number;
  readonly holdExpiresInMs: number;
  readonly payWithinMs: number;
  readonly overdueAfterMs: number;
  readonly reconcileEveryMs: number;
  readonly lookupsPerSecond: number;
  readonly trace: Trace | undefined;
  readonly store: HoldStore;
  readonly ownsStore: boolean;
  readonly insufficientFundsStatus: InsufficientFundsStatus;
  readonly clock: Clock;
}

/** No decision is made on a balance older than this, in milliseconds. The cap of `cache.maxAgeMs`. */
export const oldestBalanceMs = 120_000;

/** The longest life of a reservation, in milliseconds: 30 days, for payouts that wait for an approval. */
export const longestReservationMs = 2_592_000_000;

/** A provider's "failed" is believed so long after the code that pays had to end, in milliseconds. */
export const sendingGraceMs = 60_000;

const defaults = {
  maxAgeMs: 5_000,
  maxWallets: 1_000,
  minRefreshMs: 1_000,
  fetchTimeoutMs: 10_000,
  holdExpiresInMs: 60_000,
  payWithinMs: 120_000,
  overdueAfterMs: 300_000,
  reconcileEveryMs: 60_000,
  lookupsPerSecond: 5,
} as const;

const walletKeyPattern = /^[\w.:@/-]{1,128}$/;
const aDayMs = 86_400_000;
const milliseconds = (min: number, max: number) => z.int().min(min).max(max);

const guardShape = {
  cache: z
    .strictObject({
      maxAgeMs: milliseconds(0, oldestBalanceMs).optional(),
      maxWallets: z.int().min(1).max(1_000_000).optional(),
    })
    .optional(),
  minRefreshMs: milliseconds(100, 60_000).optional(),
  fetchTimeoutMs: milliseconds(100, 60_000).optional(),
  holdExpiresInMs: milliseconds(1, longestReservationMs).optional(),
  payWithinMs: milliseconds(1_000, aDayMs).optional(),
  overdueAfterMs: milliseconds(1_000, aDayMs).optional(),
  reconcileEveryMs: z.union([z.literal(0), milliseconds(1_000, aDayMs)]).optional(),
  lookupsPerSecond: z.number().min(0.1).max(1_000).optional(),
  trace: functionSchema<Trace>().optional(),
  store: objectSchema<HoldStore>(
    ['totals', 'hold', 'settle', 'get', 'list', 'claim', 'freeze', 'note', 'swapNote', 'close'],
    'a store, such as memoryStore()',
  ).optional(),
  insufficientFundsStatus: z.union([z.literal(402), z.literal(409), z.literal(422)]).optional(),
  clock: clockSchema.optional(),
} satisfies { readonly [Key in keyof GuardOptions]-?: z.ZodType };

const oneSchema: z.ZodType<GuardOptions & OneWallet> = z.strictObject({
  ...guardShape,
  ...walletShape,
  wallets: z.undefined().optional(),
});
const manySchema: z.ZodType<GuardOptions & { wallets: unknown }> = z.strictObject({
  ...guardShape,
  wallets: z.union([z.record(z.string(), z.unknown()), functionSchema<FindWallet>()], {
    error: 'must be an object of wallets by their keys, or a function',
  }),
});

/** @throws `ConfigurationError` naming every problem. */
export function resolveOptions(options: PayoutGuardOptions): ResolvedOptions {
  const problems = new Problems();
  const isMany = typeof options === 'object' && options !== null && options.wallets !== undefined;
  const given = isMany ? problems.read(manySchema, options) : problems.read(oneSchema, options);
  const wallets =
    given && (isMany ? manyWallets(options.wallets, problems) : oneWallet(options as OneWallet, problems));
  const store = given?.store ?? memoryStore({ clock: given?.clock });
  if (wallets && typeof wallets !== 'function') addProblemsWith(wallets, store, isMany, problems);
  if (!wallets || problems.any) throw problems.error();

  return {
    wallets,
    maxAgeMs: given.cache?.maxAgeMs ?? defaults.maxAgeMs,
    maxWallets: given.cache?.maxWallets ?? defaults.maxWallets,
    minRefreshMs: given.minRefreshMs ?? defaults.minRefreshMs,
    fetchTimeoutMs: given.fetchTimeoutMs ?? defaults.fetchTimeoutMs,
    holdExpiresInMs: given.holdExpiresInMs ?? defaults.holdExpiresInMs,
    payWithinMs: given.payWithinMs ?? defaults.payWithinMs,
    overdueAfterMs: given.overdueAfterMs ?? defaults.overdueAfterMs,
    reconcileEveryMs: given.reconcileEveryMs ?? defaults.reconcileEveryMs,
    lookupsPerSecond: given.lookupsPerSecond ?? defaults.lookupsPerSecond,
    trace: given.trace,
    store,
    ownsStore: given.store === undefined,
    insufficientFundsStatus: given.insufficientFundsStatus ?? 422,
    clock: given.clock ?? systemClock,
  };
}

/** Returns true if a text may be the key of a wallet. */
export function isWalletKey(key: unknown): key is string {
  return typeof key === 'string' && walletKeyPattern.test(key);
}

/** Notes the wallets whose limits the store cannot keep. */
function addProblemsWith(
  wallets: ReadonlyMap<string, Wallet>,
  store: HoldStore,
  isMany: boolean,
  problems: Problems,
): void {
  for (const { key, limits } of wallets.values()) {
    const problem = problemWith(limits, store);
    if (problem) problems.add(isMany ? `wallets.${key}.${problem}` : problem);
  }
}

function oneWallet(options: OneWallet, problems: Problems): ReadonlyMap<string, Wallet> | undefined {
  const settings = Object.fromEntries(Object.keys(walletShape).map((name) => [name, options[name as keyof OneWallet]]));
  const wallet = resolveWallet('default', settings as unknown as WalletSettings, problems);
  return wallet && new Map([[wallet.key, wallet]]);
}

function manyWallets(
  given: ManyWallets['wallets'],
  problems: Problems,
): ReadonlyMap<string, Wallet> | FindWallet | undefined {
  if (typeof given === 'function') return given;
  const wallets = new Map<string, Wallet>();
  for (const [key, settings] of Object.entries(given)) {
    if (!isWalletKey(key)) problems.add('wallets: a key must be 1 to 128 letters, digits or . _ : @ / -');
    const own = new Problems();
    const wallet = resolveWallet(key, settings, own);
    problems.addAll(`wallets.${key}`, own);
    if (wallet) wallets.set(key, wallet);
  }
  if (wallets.size === 0 && !problems.any) problems.add('wallets: name at least one');
  return wallets;
}
