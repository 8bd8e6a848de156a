// The options of a guard: read once, at creation, into values without optionals.
import { z } from 'zod';
import { memoryStore } from '../stores/memory/index.js';
import { type Clock, systemClock } from './clock.js';
import { type Currency, type CurrencyInput, resolveCurrency } from './currency.js';
import type { InsufficientFundsStatus } from './errors.js';
import { type AmountInput, parseNonNegative } from './money.js';
import { type PayoutVerdict, verdictOf } from './outcome.js';
import { Problems } from './problems.js';
import type { BalanceProvider } from './provider.js';
import { aFunction } from './schemas.js';
import type { HoldStore } from './store.js';
import type { Trace } from './trace.js';

/** How a guard is set up. Unknown keys are refused, so that a typo cannot silently mean a default. */
export interface PayoutGuardOptions {
  /** Who knows the balance: `jpay(...)`, `interswitch(...)`, `httpProvider(...)` or your own. */
  provider: BalanceProvider;
  /** The currency of all amounts: an ISO 4217 code, or `{ code, exponent }` for one outside that list. */
  currency: CurrencyInput;
  /**
   * Key of the wallet that is meant when a call names none. Letters, digits and `. _ : @ / -`, at most 128.
   * @defaultValue `'default'`
   */
  wallet?: string | undefined;
  /**
   * Further wallet keys the guard may be asked about, or a function that knows them; only for providers that serve
   * many. Any other key is refused, so that nobody can spend from a wallet you did not name.
   * @defaultValue none
   */
  wallets?: readonly string[] | ((wallet: string) => boolean) | undefined;
  /**
   * Minimum balance that is never spent, in major units.
   * @defaultValue `'0'`
   */
  floor?: AmountInput | undefined;
  cache?:
    | {
        /**
         * A balance asked for less than this many milliseconds ago is used again. 0 to 120,000; 0 asks every time.
         * @defaultValue 5,000
         */
        maxAgeMs?: number | undefined;
        /**
         * How many wallets are remembered; the one unused longest is forgotten first. 1 to 1,000,000.
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
   * Amounts (with fee) above this one are never decided on a remembered balance. In major units.
   * @defaultValue none
   */
  alwaysRefreshAbove?: AmountInput | undefined;
  /**
   * Longest time one reading of the balance may take, retries included, whatever the provider does. 100 to 60,000 ms.
   * @defaultValue 10,000
   */
  fetchTimeoutMs?: number | undefined;
  /**
   * How long a `reserved` hold lives unless it is sent, in milliseconds; 1 to 86,400,000.
   * @defaultValue 60,000
   */
  holdExpiresInMs?: number | undefined;
  /**
   * Whether a payout is over when the pay call returns; a call or route may say otherwise.
   * @defaultValue what the provider declares
   */
  settles?: BalanceProvider['settles'] | undefined;
  /**
   * How long after a payout was made the provider's balance may still not show it, in milliseconds; 0 to 600,000. For that
   * time a captured payout goes on to count as held.
   * @defaultValue 0
   */
  visibilityLagMs?: number | undefined;
  /**
   * Judges an error that a payment call threw: was the payout certainly not sent?
   * @defaultValue `verdictOf`
   */
  verdictOf?: ((error: unknown) => PayoutVerdict) | undefined;
  /**
   * What became of a payout, by its reference.
   * @defaultValue the `lookup` of the provider, if it has one
   */
  lookup?: BalanceProvider['lookup'] | undefined;
  /**
   * A payout that was sent this long ago and has no outcome is looked up, and reported if that does not help. In
   * milliseconds; 1,000 to 86,400,000.
   * @defaultValue 300,000
   */
  overdueAfterMs?: number | undefined;
  /**
   * How often overdue payouts are looked up, in milliseconds; 0 (never) or 1,000 to 86,400,000. The timer does not keep the
   * process alive.
   * @defaultValue 60,000
   */
  reconcileEveryMs?: number | undefined;
  /**
   * `'observe'` refuses nothing: every check and hold is told yes, and `guard.shadowReport()` says what would have been refused. For the
   * time before you rely on it; said at start as a process warning, and by every metric.
   * @defaultValue `'enforce'`
   */
  mode?: 'enforce' | 'observe' | undefined;
  /**
   * Runs the steps of the guard, within spans for instance; `payout-guard/telemetry` makes one.
   * @defaultValue none
   */
  trace?: Trace | undefined;
  /**
   * Where holds live.
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
   * Where the time comes from; for tests.
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined;
}

/** {@link PayoutGuardOptions} with every default filled in and every amount in minor units. */
export interface ResolvedOptions {
  readonly provider: BalanceProvider;
  readonly currency: Currency;
  readonly wallet: string;
  /** Whether a key other than `wallet` may be asked about. */
  readonly isWallet: (wallet: string) => boolean;
  readonly floorMinor: bigint;
  readonly maxAgeMs: number;
  readonly maxWallets: number;
  readonly minRefreshMs: number;
  readonly alwaysRefreshAboveMinor: bigint | undefined;
  readonly fetchTimeoutMs: number;
  readonly holdExpiresInMs: number;
  readonly settles: BalanceProvider['settles'];
  readonly visibilityLagMs: number;
  readonly verdictOf: (error: unknown) => PayoutVerdict;
  readonly lookup: BalanceProvider['lookup'];
  readonly overdueAfterMs: number;
  readonly reconcileEveryMs: number;
  readonly mode: 'enforce' | 'observe';
  readonly trace: Trace | undefined;
  readonly store: HoldStore;
  readonly insufficientFundsStatus: InsufficientFundsStatus;
  readonly clock: Clock;
}

/** No decision is made on a balance older than this, in milliseconds. The cap of `cache.maxAgeMs`. */
export const oldestBalanceMs = 120_000;

const defaults = {
  wallet: 'default',
  maxAgeMs: 5_000,
  maxWallets: 1_000,
  minRefreshMs: 1_000,
  fetchTimeoutMs: 10_000,
  holdExpiresInMs: 60_000,
  visibilityLagMs: 0,
  overdueAfterMs: 300_000,
  reconcileEveryMs: 60_000,
} as const;

const aDayMs = 86_400_000;
const milliseconds = (min: number, max: number) => z.int().min(min).max(max);
const walletKeyPattern = /^[\w.:@/-]{1,128}$/;
const walletKey = z.string().regex(walletKeyPattern, 'must be 1 to 128 letters, digits or . _ : @ / -');
const walletPredicate = z.custom<(wallet: string) => boolean>((value) => typeof value === 'function');
const amount = z.custom<AmountInput>((value) => value !== undefined);
const objectWith = <T>(methods: readonly string[], what: string) =>
  z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
    `must be ${what}`,
  );

const optionsSchema: z.ZodType<PayoutGuardOptions> = z.strictObject({
  provider: objectWith<BalanceProvider>(['fetchBalance'], 'a provider, such as jpay({ ... })'),
  currency: z.union([z.string(), z.strictObject({ code: z.string(), exponent: z.number() })], {
    error: 'must be an ISO 4217 code such as "KES"',
  }),
  wallet: walletKey.optional(),
  wallets: z.union([z.array(walletKey).readonly(), walletPredicate]).optional(),
  floor: amount.optional(),
  cache: z
    .strictObject({
      maxAgeMs: milliseconds(0, oldestBalanceMs).optional(),
      maxWallets: z.int().min(1).max(1_000_000).optional(),
    })
    .optional(),
  minRefreshMs: milliseconds(100, 60_000).optional(),
  alwaysRefreshAbove: amount.optional(),
  fetchTimeoutMs: milliseconds(100, 60_000).optional(),
  holdExpiresInMs: milliseconds(1, aDayMs).optional(),
  settles: z.enum(['onReturn', 'later']).optional(),
  visibilityLagMs: milliseconds(0, 600_000).optional(),
  verdictOf: aFunction<(error: unknown) => PayoutVerdict>().optional(),
  lookup: aFunction<NonNullable<BalanceProvider['lookup']>>().optional(),
  overdueAfterMs: milliseconds(1_000, aDayMs).optional(),
  reconcileEveryMs: z.union([z.literal(0), milliseconds(1_000, aDayMs)]).optional(),
  store: objectWith<HoldStore>(
    ['totals', 'hold', 'settle', 'get', 'list', 'claimSent', 'freeze', 'close'],
    'a store, such as memoryStore()',
  ).optional(),
  mode: z.enum(['enforce', 'observe']).optional(),
  trace: aFunction<Trace>().optional(),
  insufficientFundsStatus: z.union([z.literal(402), z.literal(409), z.literal(422)]).optional(),
  clock: objectWith<Clock>(['now'], 'an object with now()').optional(),
});

/** @throws {@link ConfigurationError} naming every problem. */
export function resolveOptions(options: PayoutGuardOptions): ResolvedOptions {
  const problems = new Problems();
  const given = problems.read(optionsSchema, options);
  if (!given) throw problems.error();

  const currency = problems.try('currency', () => resolveCurrency(given.currency));
  const inMinor = (name: string, input: AmountInput | undefined) =>
    input === undefined || !currency ? undefined : problems.try(name, () => parseNonNegative(input, currency));
  const floorMinor = inMinor('floor', given.floor) ?? 0n;
  const alwaysRefreshAboveMinor = inMinor('alwaysRefreshAbove', given.alwaysRefreshAbove);
  const wallet = given.wallet ?? defaults.wallet;
  if (given.provider.wallets !== 'many' && given.wallets !== undefined) {
    problems.add(`wallets: ${given.provider.name} reads one wallet, and a second key would promise its money twice`);
  }
  if (!currency || problems.any) throw problems.error();

  return {
    provider: given.provider,
    currency,
    wallet,
    isWallet: walletCheck(given.wallets),
    floorMinor,
    maxAgeMs: given.cache?.maxAgeMs ?? defaults.maxAgeMs,
    maxWallets: given.cache?.maxWallets ?? defaults.maxWallets,
    minRefreshMs: given.minRefreshMs ?? defaults.minRefreshMs,
    alwaysRefreshAboveMinor,
    fetchTimeoutMs: given.fetchTimeoutMs ?? defaults.fetchTimeoutMs,
    holdExpiresInMs: given.holdExpiresInMs ?? defaults.holdExpiresInMs,
    settles: given.settles ?? given.provider.settles ?? 'later',
    visibilityLagMs: given.visibilityLagMs ?? defaults.visibilityLagMs,
    verdictOf: given.verdictOf ?? verdictOf,
    lookup: given.lookup ?? given.provider.lookup?.bind(given.provider),
    overdueAfterMs: given.overdueAfterMs ?? defaults.overdueAfterMs,
    reconcileEveryMs: given.reconcileEveryMs ?? defaults.reconcileEveryMs,
    mode: given.mode ?? 'enforce',
    trace: given.trace,
    store: given.store ?? memoryStore({ clock: given.clock }),
    insufficientFundsStatus: given.insufficientFundsStatus ?? 422,
    clock: given.clock ?? systemClock,
  };
}

function walletCheck(wallets: PayoutGuardOptions['wallets']): (wallet: string) => boolean {
  if (typeof wallets === 'function') return (key) => walletKeyPattern.test(key) && wallets(key) === true;
  const keys = new Set(wallets);
  return (key) => keys.has(key);
}
