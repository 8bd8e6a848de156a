// The options of a monitor: read once, at creation. One error names all problems.
import * as z from 'zod';
import type { Clock } from '../core/clock.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { clockSchema, functionSchema } from '../core/schemas.js';
import { assertEnforcing, historySchema, sharedDriftSchema } from '../drift/options.js';
import type { History } from '../history/index.js';
import type { Alert } from './alert.js';
import type { Undelivered } from './delivery.js';
import type { MonitoredDrift } from './drift-alerts.js';
import type { Pace } from './level-rules.js';
import { type Logger, loggerSchema } from './logger.js';
import { cronSchedule, intervalSchedule, type Schedule, type ScheduleInput } from './schedule.js';
import { type MonitoredWallet, type ResolvedWallet, readWallets } from './wallet-options.js';
import { type WebhookOptions, webhookSchema } from './webhook.js';

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
   * Records the events of the guard as `recordHistory` does, drift and alerts, until the monitor is closed. Close it
   * after the monitor.
   * @defaultValue none
   */
  history?: History | undefined;
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
   * Time between two reminders of a balance or runway that stays low, in milliseconds; 60,000 to 2,592,000,000, and not
   * less than `minBetweenMs`. `false` for none.
   * @defaultValue 86,400,000
   */
  remindEveryMs?: number | false | undefined;
  /**
   * Shortest time between two alerts of one kind about one wallet and threshold, in milliseconds; 0 to 604,800,000. It
   * holds back the alert of a recovery, and never that of a low balance: so a balance that hovers at a threshold raises
   * few alerts.
   * @defaultValue 21,600,000
   */
  minBetweenMs?: number | undefined;
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

/** {@link MonitorOptions} with every default filled in. */
export interface ResolvedMonitorOptions {
  readonly wallets: readonly ResolvedWallet[];
  readonly schedule: Schedule;
  readonly onAlert: MonitorOptions['onAlert'];
  readonly webhook: WebhookOptions | undefined;
  readonly drift: MonitoredDrift | undefined;
  readonly history: History | undefined;
  readonly onUndelivered: MonitorOptions['onUndelivered'];
  readonly logger: Logger | undefined;
  readonly name: string;
  readonly pace: Pace;
  readonly unreachableAfter: number;
  readonly runwayLookBackMs: number;
  readonly deliveryTimeoutMs: number;
  readonly clock: Clock;
}

const aDayMs = 86_400_000;
const aWeekMs = 604_800_000;
/** 30 days. */
const longestMs = 2_592_000_000;

/** The options that depend on nothing else; the others are read below, so that one error names the problems of both. */
const optionsSchema = z.strictObject({
  wallets: z.unknown(),
  schedule: z.unknown(),
  onAlert: functionSchema<MonitorOptions['onAlert']>(),
  webhook: webhookSchema.optional(),
  drift: sharedDriftSchema.optional(),
  history: historySchema.optional(),
  onUndelivered: functionSchema<NonNullable<MonitorOptions['onUndelivered']>>().optional(),
  logger: loggerSchema.optional(),
  name: z
    .string()
    .regex(/^[\w.-]{1,32}$/, 'must be 1 to 32 letters, digits or . _ -')
    .optional(),
  remindEveryMs: z
    .union(
      [z.literal(false), z.int().min(60_000).max(longestMs)],
      'must be false or an integer from 60,000 to 2,592,000,000 (ms)',
    )
    .optional(),
  minBetweenMs: z.int().min(0).max(aWeekMs).optional(),
  unreachableAfter: z.int().min(1).max(100).optional(),
  runwayLookBackMs: z.int().min(60_000).max(aWeekMs).optional(),
  deliveryTimeoutMs: z.int().min(100).max(600_000).optional(),
  clock: clockSchema.optional(),
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
  const pace = readPace(given, problems);
  if (!given || !schedule || problems.any) throw problems.error();
  return {
    wallets,
    schedule,
    onAlert: given.onAlert,
    webhook: given.webhook,
    drift: given.drift && { history: given.history, ...given.drift },
    history: given.history,
    onUndelivered: given.onUndelivered,
    logger: given.logger,
    name: given.name ?? 'monitor',
    pace,
    unreachableAfter: given.unreachableAfter ?? 2,
    runwayLookBackMs: given.runwayLookBackMs ?? 21_600_000,
    deliveryTimeoutMs: given.deliveryTimeoutMs ?? 30_000,
    clock: given.clock ?? guard.internals.clock,
  };
}

function readPace(given: Pick<MonitorOptions, 'minBetweenMs' | 'remindEveryMs'> | undefined, problems: Problems): Pace {
  const { minBetweenMs = 21_600_000, remindEveryMs = aDayMs } = given ?? {};
  if (remindEveryMs !== false && remindEveryMs < minBetweenMs) {
    problems.add(`remindEveryMs: must not be less than minBetweenMs (${minBetweenMs})`);
  }
  return { minBetweenMs, remindEveryMs: remindEveryMs === false ? undefined : remindEveryMs };
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
