// Read this first: checks wallets by a schedule, and raises alerts.
import { randomUUID } from 'node:crypto';
import { BalanceUnavailableError } from '../core/errors.js';
import { memoryStore } from '../core/memory-store/index.js';
import { formatMinorUnits } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { DriftWatch } from '../drift/index.js';
import { recordHistory } from '../history/index.js';
import type { Alert } from './alert.js';
import { AlertOutbox, leaseMarginMs } from './alert-outbox.js';
import { type Delivered, Deliveries } from './deliveries.js';
import type { Undelivered } from './delivery.js';
import { DriftAlerts } from './drift-alerts.js';
import { errorFields, isClosed } from './error-reason.js';
import { EventAlerts } from './event-alerts.js';
import { type Log, logTo } from './logger.js';
import { type Notes, notesOf } from './notes.js';
import { type MonitorOptions, type ResolvedMonitorOptions, resolveMonitorOptions } from './options.js';
import { Timer } from './timer.js';
import { WalletCheck, type WalletReport } from './wallet-check.js';

/** The result of a round. */
export interface Round {
  /** Time at which it began. */
  readonly at: Date;
  /** In the order of the options. Amounts of different wallets may be in different currencies. */
  readonly wallets: readonly WalletReport[];
  /** The alerts that this process delivered, or tried to deliver. Other processes may have delivered others. */
  readonly alerts: readonly Alert[];
  /** The alerts that could not be delivered. */
  readonly undelivered: readonly Undelivered[];
}

/** Checks wallets by a schedule. No method needs `this`. */
export interface Monitor {
  /**
   * Starts the schedule: with an interval the first round is now, with cron at its next time. Idempotent. Timers do not
   * keep the process alive.
   */
  readonly start: () => void;
  /**
   * Runs one round now. Resolves when its alerts were delivered or given up. Does not reject when a wallet cannot be
   * read.
   *
   * @throws `BalanceUnavailableError` with reason `closed`: the monitor or its guard was closed.
   */
  readonly check: () => Promise<Round>;
  /**
   * Returns the drift watch of a wallet, to report credits to; undefined without the option `drift`.
   *
   * @throws `ConfigurationError` `InvalidArgumentError` the guard has no such wallet, or several and none is named.
   */
  readonly drift: (wallet?: string) => DriftWatch | undefined;
  /**
   * Stops the schedule. Resolves when the alerts of this process were delivered or given up. Idempotent. Close the
   * guard first, so that payouts it leaves open raise their alerts, and the store last.
   */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
  /** For the tools of this package. */
  readonly internals: MonitorInternals;
}

/** Parts of a monitor that the tools of this package use. May change in any version. */
export interface MonitorInternals {
  /** The latest alerts that this process delivered, or tried to deliver, newest first; 500 at most. */
  readonly alerts: () => readonly Alert[];
  /** The wallet in the latest round; undefined before the first one, and for a wallet that is not monitored. */
  readonly report: (wallet: string) => WalletReport | undefined;
  /** The thresholds of a wallet as decimal text, descending; none for a wallet that is not monitored. */
  readonly thresholds: (wallet: string) => readonly string[];
}

/**
 * Makes a monitor. It reads the snapshots of the guard, so it asks the provider no more often than `cache.maxAgeMs`
 * allows.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 * @example
 * ```ts
 * const monitor = createMonitor(guard, {
 *   wallets: [
 *     { wallet: 'jpay-kes', thresholds: ['100000', '50000'] },
 *     { wallet: 'isw-ugx', thresholds: ['5000000'] },
 *   ],
 *   schedule: { cron: '0 9,15 * * *', timeZone: 'Africa/Nairobi' },
 *   onAlert: (alert) => page(alert.message),
 * });
 * monitor.start();
 * ```
 */
export function createMonitor(guard: PayoutGuard, options: MonitorOptions): Monitor {
  return new GuardMonitor(guard, resolveMonitorOptions(guard, options));
}

class GuardMonitor implements Monitor {
  readonly #guard: PayoutGuard;
  readonly #options: ResolvedMonitorOptions;
  readonly #log: Log;
  readonly #deliveries: Deliveries;
  readonly #checks: readonly WalletCheck[];
  readonly #events: EventAlerts;
  readonly #drift: DriftAlerts;
  readonly #timer: Timer;
  readonly #stopRecording: () => void;
  /** The last round in the queue: rounds run one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #reports: readonly WalletReport[] = [];
  #isInRound = false;
  #isClosed = false;

  constructor(guard: PayoutGuard, options: ResolvedMonitorOptions) {
    const { clock, wallets, schedule } = options;
    this.#guard = guard;
    this.#options = options;
    this.#log = logTo(options.logger);
    this.#deliveries = new Deliveries(options);
    const owner = randomUUID();
    const notes = notesOf(guard, options.name);
    const { shared, own } = outboxes(notes, options, owner);
    const checking = { monitor: options, notes, shared, own, owner };
    this.#checks = wallets.map((wallet) => new WalletCheck(guard, wallet, checking));
    this.#events = new EventAlerts(guard, {
      shared,
      own,
      clock,
      deliver: (claim) => this.#deliveries.deliver(claim),
      track: (work) => void this.#deliveries.track(work),
      onDelay: ({ wallet, reference }, error) =>
        this.#log('warn', { wallet, reference, ...errorFields(error) }, 'Could not raise an alert; will retry.'),
    });
    this.#drift = new DriftAlerts(guard, {
      wallets,
      drift: options.drift,
      outbox: shared,
      owner,
      clock,
      onDrift: () => void this.#deliveries.track(this.#deliverDrift()),
      raise: (condition) => this.#events.raise(condition),
    });
    this.#stopRecording = options.history ? recordHistory(guard, options.history) : () => {};
    this.#timer = new Timer(schedule, clock, () => void this.#scheduledRound());
  }

  readonly start = (): void => {
    this.#assertOpen();
    this.#timer.start();
  };

  readonly check = async (): Promise<Round> => {
    this.#assertOpen();
    const { at, wallets, deliveries } = await this.#round();
    const closed = wallets.find(({ error }) => isClosed(error));
    const delivered = (await Promise.all(deliveries)).flat();
    if (closed) throw closed.error;
    return {
      at,
      wallets,
      alerts: delivered.map(({ alert }) => alert),
      undelivered: delivered.flatMap(({ undelivered }) => undelivered),
    };
  };

  readonly drift = (wallet?: string): DriftWatch | undefined =>
    (wallet === undefined ? undefined : this.#drift.of(wallet)) ??
    this.#drift.of(this.#guard.internals.wallet(wallet).key);

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#timer.stop();
    this.#events.close();
    await this.#drift.close();
    await this.#queue;
    await this.#deliveries.idle();
    this.#stopRecording();
  };

  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close();

  readonly internals: MonitorInternals = {
    alerts: () => this.#deliveries.latest,
    report: (wallet) => this.#reports.find((report) => report.wallet === wallet),
    thresholds: (key) => {
      const wallet = this.#options.wallets.find((one) => one.wallet === key);
      return wallet?.thresholds.map((one) => formatMinorUnits(one.thresholdMinor, wallet.currency)) ?? [];
    },
  };

  // Does not wait for deliveries: a webhook that hangs delays no round.
  async #scheduledRound(): Promise<void> {
    if (this.#isInRound) return;
    const { wallets } = await this.#round();
    if (wallets.some(({ error }) => isClosed(error))) this.#timer.stop();
  }

  #round(): Promise<{ at: Date; wallets: WalletReport[]; deliveries: Promise<Delivered[]>[] }> {
    const round = this.#queue.then(async () => {
      this.#isInRound = true;
      const at = new Date(this.#options.clock.now());
      const checked = await Promise.all(this.#checks.map((check) => this.#check(check)));
      await this.#events.forgetEnded().catch(() => {});
      const deliveries = [...checked.map((one) => one.deliveries), this.#deliverDrift()];
      const wallets = checked.map(({ report }) => report);
      this.#reports = wallets;
      const failed = wallets.filter(({ error }) => error).map(({ wallet }) => wallet);
      this.#log('info', { wallets: wallets.length, unreachable: failed }, 'The monitor has checked its wallets.');
      return { at, wallets, deliveries };
    });
    const ended = () => {
      this.#isInRound = false;
    };
    this.#queue = round.then(ended, ended);
    return round;
  }

  // The alerts of a wallet don't wait for the checks of the others.
  async #check(check: WalletCheck): Promise<{ report: WalletReport; deliveries: Promise<Delivered[]> }> {
    const { report, claims } = await check.run();
    return { report, deliveries: this.#deliveries.deliverAll(claims) };
  }

  async #deliverDrift(): Promise<Delivered[]> {
    return this.#deliveries.deliverAll(await this.#drift.claim());
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new BalanceUnavailableError('closed', { detail: 'or its monitor' });
  }
}

/** The outbox in the store, and one in memory: an alert that the store does not respond cannot be kept in the store. */
function outboxes(
  notes: Notes,
  { deliveryTimeoutMs, clock }: ResolvedMonitorOptions,
  owner: string,
): { shared: AlertOutbox; own: AlertOutbox } {
  const options = { owner, leaseMs: deliveryTimeoutMs + leaseMarginMs, clock };
  return { shared: new AlertOutbox(notes, options), own: new AlertOutbox(memoryStore(), options) };
}
