// The options of a monitor: read once, at creation; one error names all problems.
import { z } from 'zod';
import type { Clock } from '../core/clock.js';
import type { Currency } from '../core/currency.js';
import type { PayoutGuard } from '../core/guard.js';
import { type AmountInput, parseNonNegative } from '../core/money.js';
import { Problems } from '../core/problems.js';
import { aClock, aFunction } from '../core/schemas.js';
import type { Alert } from './alert.js';
import type { Undelivered } from './delivery.js';
import { resolveDriftOptions } from './drift/options.js';
import type { MonitoredDrift } from './drifts.js';
import { aLogger, type Logger } from './logger.js';
import { cronSchedule, intervalSchedule, type Schedule, type ScheduleInput } from './schedule.js';
import { type WebhookOptions, webhookSchema } from './webhook.js';

/** A wallet that is watched. */
export interface MonitoredWallet {
  /**
   * Key of the wallet.
   * @defaultValue the `wallet` of the guard
   */
  wallet?: string | undefined;
  /** Amounts in major units, 1 to 20, descending: an alert each time that less than one of them is spendable. */
  thresholds: readonly AmountInput[];
  /**
   * How much more than a threshold must be spendable before it counts as recovered, in major units: a balance that moves around a
   * threshold does not alert again and again.
   * @defaultValue 5 % of each threshold, rounded up
   */
  hysteresis?: AmountInput | undefined;
  /**
   * The currency that the thresholds are meant in. Another one than the guard's is refused.
   * @defaultValue the currency of the guard
   */
  currency?: string | undefined;
}

/** How a monitor is set up. Unknown keys are refused. */
export interface MonitorOptions {
  /** The wallets that are watched, each once; 1 to 1,000. */
  wallets: readonly MonitoredWallet[];
  /** When a round is due: `{ everyMs }`, or `{ cron, timeZone }`, which needs the package `croner`. */
  schedule: ScheduleInput;
  /** Told of each alert. What it returns is awaited, for `deliveryTimeoutMs` at most. */
  onAlert: (alert: Alert) => void | Promise<void>;
  /**
   * Where alerts are posted as well.
   * @defaultValue none
   */
  webhook?: WebhookOptions | undefined;
  /**
   * Watches all wallets for money that moved without us, as `watchDrift` does, and alerts; `{}` for its defaults. What arrives in the
   * wallets is told to `monitor.drift(wallet)?.credit(...)`.
   * @defaultValue drift is not watched
   */
  drift?: MonitoredDrift | undefined;
  /**
   * Told of each alert that could not be delivered and is given up.
   * @defaultValue an error of `logger`; without one, a process warning
   */
  onUndelivered?: ((undelivered: Undelivered) => void) | undefined;
  /**
   * Where the monitor writes what it does, such as a pino logger. Without balances.
   * @defaultValue none
   */
  logger?: Logger | undefined;
  /**
   * Monitors of one name on one store alert once between them. 1 to 32 letters, digits and `. _ -`.
   * @defaultValue `'monitor'`
   */
  name?: string | undefined;
  /**
   * After so many rounds in a row without a balance a wallet is unreachable; 1 to 100.
   * @defaultValue 2
   */
  unreachableAfter?: number | undefined;
  /**
   * The time whose captures tell when the wallet runs dry, in milliseconds; 60,000 to 604,800,000.
   * @defaultValue 21,600,000
   */
  runwayLookBackMs?: number | undefined;
  /**
   * Longest time for the delivery of one alert, all attempts of the webhook included, in milliseconds; 100 to 600,000. If its process
   * dies, another one delivers it 30 seconds after that.
   * @defaultValue 30,000
   */
  deliveryTimeoutMs?: number | undefined;
  /**
   * Where the time comes from; for tests.
   * @defaultValue the clock of the guard
   */
  clock?: Clock | undefined;
}

export interface Threshold {
  readonly thresholdMinor: bigint;
  readonly hysteresisMinor: bigint;
}

/** {@link MonitorOptions} with every default filled in and every amount in minor units. */
export interface ResolvedMonitorOptions {
  readonly wallets: readonly { readonly wallet: string; readonly thresholds: readonly Threshold[] }[];
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

/** What can be judged by itself; the rest is read below, so that one error names the problems of both. */
const optionsSchema = z.strictObject({
  wallets: z.unknown(),
  schedule: z.unknown(),
  onAlert: aFunction<MonitorOptions['onAlert']>(),
  webhook: webhookSchema.optional(),
  drift: z
    .custom<MonitoredDrift>((value) => typeof value === 'object' && value !== null, 'must be an object')
    .optional(),
  onUndelivered: aFunction<NonNullable<MonitorOptions['onUndelivered']>>().optional(),
  logger: aLogger.optional(),
  name: z
    .string()
    .regex(/^[\w.-]{1,32}$/, 'must be 1 to 32 letters, digits or . _ -')
    .optional(),
  unreachableAfter: z.int().min(1).max(100).optional(),
  runwayLookBackMs: z.int().min(60_000).max(aWeekMs).optional(),
  deliveryTimeoutMs: z.int().min(100).max(600_000).optional(),
  clock: aClock.optional(),
});

const walletsSchema: z.ZodType<Pick<MonitorOptions, 'wallets'>> = z.object({
  wallets: z
    .array(
      z.strictObject({
        wallet: z.string().optional(),
        thresholds: z.array(anAmount).min(1).max(20).readonly(),
        hysteresis: anAmount.optional(),
        currency: z.string().optional(),
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
  if (typeof guard?.walletKey !== 'function') {
    problems.add('guard: must be what createPayoutGuard() returns');
    throw problems.error();
  }
  if (typeof guard.store.note !== 'function' || typeof guard.store.swapNote !== 'function') {
    problems.add('guard: its store keeps no notes; it needs note() and swapNote()');
  }
  const given = problems.read(optionsSchema, options);
  const { wallets: givenWallets, schedule: givenSchedule } = (options ?? {}) as Partial<MonitorOptions>;
  const wallets = readWallets(guard, givenWallets, problems);
  const schedule = readSchedule(givenSchedule, problems);
  if (given?.drift) {
    const drift = { ...given.drift, wallet: undefined, onDrift: () => {} };
    problems.try('drift', () => resolveDriftOptions(guard, drift));
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
    clock: given.clock ?? guard.clock,
  };
}

function readWallets(guard: PayoutGuard, input: unknown, problems: Problems): ResolvedMonitorOptions['wallets'] {
  const given = problems.read(walletsSchema, { wallets: input })?.wallets ?? [];
  const keys = new Set<string>();
  return given.flatMap((one, index) => {
    const at = `wallets.${index}`;
    const wallet = problems.try(`${at}.wallet`, () => guard.walletKey(one.wallet));
    if (wallet !== undefined && keys.has(wallet)) problems.add(`${at}.wallet: is there twice`);
    if (one.currency !== undefined && one.currency !== guard.currency.code) {
      problems.add(`${at}.currency: the guard decides in ${guard.currency.code}`);
    }
    const thresholds = readThresholds(one, guard.currency, at, problems);
    return wallet === undefined ? [] : [{ wallet: keys.add(wallet) && wallet, thresholds }];
  });
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
