// The options of a monitor: read once, at creation. One error names all problems.
import * as z from 'zod';
import type { Clock } from '../core/clock.js';
import type { Currency } from '../core/currency.js';
import { type AmountInput, parseAmount, parseNonNegative } from '../core/money.js';
import type { PayoutGuard, WalletInfo } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { clockSchema, functionSchema } from '../core/schemas.js';
import { assertEnforcing, sharedDriftSchema } from '../drift/options.js';
import type { Alert } from './alert.js';
import type { Threshold } from './alert-rules.js';
import type { Undelivered } from './delivery.js';
import type { MonitoredDrift } from './drift-alerts.js';
import { type Logger, loggerSchema } from './logger.js';
import { cronSchedule, intervalSchedule, type Schedule, type ScheduleInput } from './schedule.js';
import { type WebhookOptions, webhookSchema } from './webhook.js';

/** A wallet to watch. All amounts are in its currency, in major units. */
export interface MonitoredWallet {
  /**
   * Key of the wallet. A guard that finds its wallets by an async function must have read it before, with `funds()` for
   * instance.
   * @defaultValue the only wallet of the guard
   */
  wallet?: string | undefined;
  /** 1 to 20 amounts, descending. Raises an alert each time that less than one of them is spendable. */
  thresholds: readonly AmountInput[];
  /**
   * Amount above a threshold that must be spendable before the wallet counts as recovered. A balance that fluctuates
   * within it raises one alert.
   * @defaultValue 5 % of each threshold, rounded up
   */
  hysteresis?: AmountInput | undefined;
  /**
   * The currency of the amounts, as a check. A currency other than the wallet's is refused.
   * @defaultValue the currency of the wallet
   */
  currency?: string | undefined;
  /**
   * Freezes the wallet as soon as more than this was certainly debited without explanation. Needs the option `drift`.
   * @defaultValue never
   */
  freezeAbove?: AmountInput | undefined;
}

/** Options of a monitor. Unknown keys are refused. */
export interface MonitorOptions {
  /** The wallets to watch, each once; 1 to 1,000. Their currencies may differ. */
  wallets: readonly MonitoredWallet[];
  /** Schedule of the rounds: `{ everyMs }`, or `{ cron, timeZone }`, which needs the package `croner`. */
  schedule: ScheduleInput;
  /** Receives each alert. Its promise is awaited, for `deliveryTimeoutMs` at most. */
  onAlert: (alert: Alert) => void | Promise<void>;
  /**
   * URL that alerts are posted to as well, and its secret.
   * @defaultValue none
   */
  webhook?: WebhookOptions | undefined;
  /**
   * Watches all wallets for unexplained movements, as `watchDrift` does, and raises alerts; `{}` for its defaults.
   * Report credits to `monitor.drift(wallet)?.credit(...)`.
   * @defaultValue drift is not watched
   */
  drift?: MonitoredDrift | undefined;
  /**
   * Receives each alert that could not be delivered and is given up.
   * @defaultValue an error of `logger`; without one, a process warning
   */
  onUndelivered?: ((undelivered: Undelivered) => void) | undefined;
  /**
   * Receives log lines without balances, for instance a pino logger.
   * @defaultValue none
   */
  logger?: Logger | undefined;
  /**
   * Monitors of one name on one store raise each alert once between them. 1 to 32 letters, digits and `. _ -`.
   * @defaultValue `'monitor'`
   */
  name?: string | undefined;
  /**
   * Rounds in a row without a balance after which a wallet is unreachable; 1 to 100.
   * @defaultValue 2
   */
  unreachableAfter?: number | undefined;
  /**
   * The time whose captures the runway is computed from, in milliseconds; 60,000 to 604,800,000.
   * @defaultValue 21,600,000
   */
  runwayLookBackMs?: number | undefined;
  /**
   * Longest time for the delivery of one alert, all attempts of the webhook included, in milliseconds; 100 to 600,000.
   * If its process dies, another one delivers it 30 seconds after that.
   * @defaultValue 30,000
   */
  deliveryTimeoutMs?: number | undefined;
  /**
   * Source of the time; for tests.
   * @defaultValue the clock of the guard
   */
  clock?: Clock | undefined;
}

/** {@link MonitoredWallet} with its thresholds in minor units of its currency. */
export interface ResolvedWallet {
  readonly wallet: string;
  readonly currency: Currency;
  readonly thresholds: readonly Threshold[];
  readonly freezeAbove: AmountInput | undefined;
}

/** {@link MonitorOptions} with every default filled in. */
export interface ResolvedMonitorOptions {
  readonly wallets: readonly ResolvedWallet[];
  readonly schedule: Schedule;
  readonly onAlert: MonitorOptions['onAlert'];
  readonly webhook: WebhookOptions | undefined;
  readonly drift: MonitoredDrift | undefined;
  readonly onUndelivered: MonitorOptions['onUndelivered'];
  readonly logger: Logger | undefined;
  readonly name: string;
  readonly unreachableAfter: number;
  readonly runwayLookBackMs: number;
  readonly deliveryTimeoutMs: number;
  readonly clock: Clock;
}

const aWeekMs = 604_800_000;
const anAmount = z.custom<AmountInput>((value) => value !== undefined);

/** The options that depend on nothing else; the others are read below, so that one error names the problems of both. */
const optionsSchema = z.strictObject({
  wallets: z.unknown(),
  schedule: z.unknown(),
  onAlert: functionSchema<MonitorOptions['onAlert']>(),
  webhook: webhookSchema.optional(),
  drift: sharedDriftSchema.optional(),
  onUndelivered: functionSchema<NonNullable<MonitorOptions['onUndelivered']>>().optional(),
  logger: loggerSchema.optional(),
  name: z
    .string()
    .regex(/^[\w.-]{1,32}$/, 'must be 1 to 32 letters, digits or . _ -')
    .optional(),
  unreachableAfter: z.int().min(1).max(100).optional(),
  runwayLookBackMs: z.int().min(60_000).max(aWeekMs).optional(),
  deliveryTimeoutMs: z.int().min(100).max(600_000).optional(),
  clock: clockSchema.optional(),
});

const walletsSchema: z.ZodType<Pick<MonitorOptions, 'wallets'>> = z.object({
  wallets: z
    .array(
      z.strictObject({
        wallet: z.string().optional(),
        thresholds: z.array(anAmount).min(1).max(20).readonly(),
        hysteresis: anAmount.optional(),
        currency: z.string().optional(),
        freezeAbove: anAmount.optional(),
      }),
    )
    .min(1)
    .max(1_000)
    .readonly(),
});

const intervalSchema = z.strictObject({ everyMs: z.int().min(100).max(aWeekMs) });
const cronSchema = z.strictObject({ cron: z.string().max(256), timeZone: z.string().max(64) });

/** @throws `ConfigurationError` naming every problem. */
export function resolveMonitorOptions(guard: PayoutGuard, options: MonitorOptions): ResolvedMonitorOptions {
  const problems = new Problems();
  if (typeof guard?.internals?.wallet !== 'function') {
    problems.add('guard: must be what createPayoutGuard() returns');
    throw problems.error();
  }
  const given = problems.read(optionsSchema, options);
  const { wallets: givenWallets, schedule: givenSchedule, drift } = (options ?? {}) as Partial<MonitorOptions>;
  const wallets = readWallets(guard, givenWallets, problems);
  const schedule = readSchedule(givenSchedule, problems);
  if (drift !== undefined) assertEnforcing(guard, problems);
  else if (wallets.some(({ freezeAbove }) => freezeAbove !== undefined)) {
    problems.add('wallets: freezeAbove needs the option drift');
  }
  if (!given || !schedule || problems.any) throw problems.error();
  return {
    wallets,
    schedule,
    onAlert: given.onAlert,
    webhook: given.webhook,
    drift: given.drift,
    onUndelivered: given.onUndelivered,
    logger: given.logger,
    name: given.name ?? 'monitor',
    unreachableAfter: given.unreachableAfter ?? 2,
    runwayLookBackMs: given.runwayLookBackMs ?? 21_600_000,
    deliveryTimeoutMs: given.deliveryTimeoutMs ?? 30_000,
    clock: given.clock ?? guard.internals.clock,
  };
}

function readWallets(guard: PayoutGuard, input: unknown, problems: Problems): ResolvedWallet[] {
  const given = problems.read(walletsSchema, { wallets: input })?.wallets ?? [];
  const keys = new Set<string>();
  return given.flatMap((one, index) => {
    const at = `wallets.${index}`;
    const info = problems.try(`${at}.wallet`, () => guard.internals.wallet(one.wallet));
    return info ? [readWallet(one, info, at, keys, problems)] : [];
  });
}

function readWallet(
  one: MonitoredWallet,
  { key: wallet, currency }: WalletInfo,
  at: string,
  keys: Set<string>,
  problems: Problems,
): ResolvedWallet {
  if (keys.has(wallet)) problems.add(`${at}.wallet: is there twice`);
  keys.add(wallet);
  if (one.currency !== undefined && one.currency !== currency.code) {
    problems.add(`${at}.currency: must be ${currency.code}, the currency of wallet ${wallet}`);
  }
  const { freezeAbove } = one;
  if (freezeAbove !== undefined) problems.try(`${at}.freezeAbove`, () => parseAmount(freezeAbove, currency));
  return { wallet, currency, thresholds: readThresholds(one, currency, at, problems), freezeAbove };
}

function readThresholds(one: MonitoredWallet, currency: Currency, at: string, problems: Problems): Threshold[] {
  const { hysteresis } = one;
  const amounts = one.thresholds.map((input, index) =>
    problems.try(`${at}.thresholds.${index}`, () => parseNonNegative(input, currency)),
  );
  const fixedMinor =
    hysteresis === undefined
      ? undefined
      : problems.try(`${at}.hysteresis`, () => parseNonNegative(hysteresis, currency));
  const known = amounts.filter((minor) => minor !== undefined);
  if (known.some((minor, index) => index > 0 && minor >= (known[index - 1] as bigint))) {
    problems.add(`${at}.thresholds: must be descending, each once`);
  }
  // 5 %, rounded up.
  return known.map((thresholdMinor) => ({
    thresholdMinor,
    hysteresisMinor: fixedMinor ?? (thresholdMinor + 19n) / 20n,
  }));
}

function readSchedule(input: unknown, problems: Problems): Schedule | undefined {
  const { everyMs, cron, timeZone } = (input ?? {}) as Record<string, unknown>;
  const isCron = cron !== undefined || timeZone !== undefined;
  if ((everyMs !== undefined) === isCron) {
    problems.add('schedule: give either everyMs, or cron and timeZone');
    return undefined;
  }
  if (!isCron) {
    const interval = problems.read(z.object({ schedule: intervalSchema }), { schedule: input })?.schedule;
    return interval && intervalSchedule(interval.everyMs);
  }
  const given = problems.read(z.object({ schedule: cronSchema }), { schedule: input })?.schedule;
  return given && problems.try('schedule', () => cronSchedule(given.cron, given.timeZone));
}
