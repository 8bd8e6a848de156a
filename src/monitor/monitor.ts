// Read this first: checks wallets from time to time, and raises alerts.
import { randomUUID } from 'node:crypto';
import { askStore } from '../core/ask-store.js';
import type { Funds } from '../core/calls.js';
import { asPayoutGuardError, BalanceUnavailableError, type PayoutGuardError } from '../core/errors.js';
import { memoryStore } from '../core/memory-store/index.js';
import { minorUnits } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { warn } from '../core/warn.js';
import type { DriftWatch } from '../drift/index.js';
import type { Alert } from './alert.js';
import { AlertOutbox, type Claim } from './alert-outbox.js';
import { level, reachable, unreachable, type Watcher } from './alert-rules.js';
import { deliver, type Undelivered } from './delivery.js';
import { DriftAlerts } from './drift-alerts.js';
import { EventAlerts } from './event-alerts.js';
import { safely } from './logger.js';
import {
  type MonitorOptions,
  type ResolvedMonitorOptions,
  type ResolvedWallet,
  resolveMonitorOptions,
} from './options.js';
import { CapturedRate, type Runway } from './runway.js';
import { Timer } from './timer.js';
import { Webhook } from './webhook.js';

/** A wallet in one round. */
export interface WalletReport {
  readonly wallet: string;
  /** Present if the balance could be read. */
  readonly funds?: Funds;
  /** When the wallet runs dry at the rate of the last hours; absent as long as nothing was captured. */
  readonly runway?: Runway;
  /** Why the balance could not be read. */
  readonly error?: PayoutGuardError;
}

/** The result of a round. */
export interface Round {
  /** When it began. */
  readonly at: Date;
  /** In the order of the options. Amounts of different wallets may be in different currencies. */
  readonly wallets: readonly WalletReport[];
  /** The alerts that this process delivered, or tried to. Other processes may have delivered others. */
  readonly alerts: readonly Alert[];
  /** Those of them that did not arrive. */
  readonly undelivered: readonly Undelivered[];
}

/** Checks wallets by a schedule. No method needs `this`. */
export interface Monitor {
  /**
   * Starts the schedule: with an interval the first round is now, with cron at its next time. May be repeated. Timers
   * do not keep the process alive.
   */
  readonly start: () => void;
  /**
   * Runs one round now. Resolves when its alerts were delivered, or given up. A wallet that cannot be read does not
   * make it reject.
   *
   * @throws `BalanceUnavailableError` with reason `closed`: the monitor or its guard was closed.
   */
  readonly check: () => Promise<Round>;
  /**
   * The drift watch of a wallet, to report credits to; undefined without the option `drift`.
   * @throws `ConfigurationError` `InvalidArgumentError` the guard has no such wallet, or several and none is named.
   */
  readonly drift: (wallet?: string) => DriftWatch | undefined;
  /**
   * Stops, when alerts that this process has to deliver are delivered or given up. Idempotent. Close the guard first,
   * so that payouts it leaves open raise their alerts, and the store last.
   */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/**
 * Makes a monitor. It reads the snapshots of the guard, so the provider is asked no more often than `cache.maxAgeMs`
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

/** Clocks of processes may differ by this, and a process may stand still for this long, in milliseconds. */
const leaseMarginMs = 30_000;
/** The word of a process that a wallet is unreachable stands for so long at most, in milliseconds. */
const longestWordMs = 600_000;

/** The memory of this process about a wallet, from round to round. */
interface Watched extends ResolvedWallet {
  readonly rate: CapturedRate;
  /** Rounds in a row in which the provider did not give the balance. */
  providerFailures: number;
  /** Rounds in a row in which the store did not respond. */
  storeFailures: number;
}

/** The delivery of one alert. */
interface Delivered {
  readonly alert: Alert;
  readonly undelivered: readonly Undelivered[];
}

class GuardMonitor implements Monitor {
  readonly #guard: PayoutGuard;
  readonly #options: ResolvedMonitorOptions;
  readonly #owner = randomUUID();
  readonly #watched: readonly Watched[];
  readonly #shared: AlertOutbox;
  /** That the store does not respond cannot be kept in it: each process raises that alert for itself. */
  readonly #own: AlertOutbox;
  readonly #webhook: Webhook | undefined;
  readonly #events: EventAlerts;
  readonly #drift: DriftAlerts;
  readonly #timer: Timer;
  /** Deliveries, and other work that `close` waits for. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** The last round of the line: rounds run one after the other. */
  #line: Promise<unknown> = Promise.resolve();
  #isInRound = false;
  #isClosed = false;

  constructor(guard: PayoutGuard, options: ResolvedMonitorOptions) {
    const { clock, deliveryTimeoutMs, webhook, name, wallets, runwayLookBackMs, schedule } = options;
    this.#guard = guard;
    this.#options = options;
    this.#watched = wallets.map((one) => ({
      ...one,
      rate: new CapturedRate(runwayLookBackMs),
      providerFailures: 0,
      storeFailures: 0,
    }));
    const { store } = guard.internals;
    const leased = { owner: this.#owner, leaseMs: deliveryTimeoutMs + leaseMarginMs, clock };
    this.#shared = new AlertOutbox(
      {
        note: (key) => askStore(store, () => store.note(`${name}/${key}`)),
        swapNote: (key, expected, value) => askStore(store, () => store.swapNote(`${name}/${key}`, expected, value)),
      },
      leased,
    );
    this.#own = new AlertOutbox(memoryStore(), leased);
    this.#webhook = webhook && new Webhook(webhook, deliveryTimeoutMs, clock);
    this.#events = new EventAlerts(guard, {
      shared: this.#shared,
      own: this.#own,
      clock,
      deliver: (claim) => this.#deliver(claim),
      track: (work) => void this.#track(work),
      onDelay: ({ wallet, reference }, error) =>
        this.#log('warn', { wallet, reference, ...named(error) }, 'Could not raise an alert; will retry.'),
    });
    this.#drift = new DriftAlerts(guard, {
      wallets,
      drift: options.drift,
      outbox: this.#shared,
      owner: this.#owner,
      clock,
      onDrift: () => void this.#track(this.#deliverDrift()),
      raise: (condition) => this.#events.raise(condition),
    });
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
    await this.#line;
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  };

  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close();

  // Alerts are delivered while later rounds run: a webhook that hangs delays no round.
  async #scheduledRound(): Promise<void> {
    if (this.#isInRound) return;
    const { wallets } = await this.#round();
    if (wallets.some(({ error }) => isClosed(error))) this.#timer.stop();
  }

  #round(): Promise<{ at: Date; wallets: WalletReport[]; deliveries: Promise<Delivered[]>[] }> {
    const round = this.#line.then(async () => {
      this.#isInRound = true;
      const at = new Date(this.#options.clock.now());
      const checked = await Promise.all(this.#watched.map((watched) => this.#checkWallet(watched)));
      await this.#events.forgetEnded().catch(() => {});
      const deliveries = [...checked.map((one) => one.deliveries), this.#deliverDrift()];
      const wallets = checked.map(({ report }) => report);
      const failed = wallets.filter(({ error }) => error).map(({ wallet }) => wallet);
      this.#log('info', { wallets: wallets.length, unreachable: failed }, 'The monitor has checked its wallets.');
      return { at, wallets, deliveries };
    });
    const ended = () => {
      this.#isInRound = false;
    };
    this.#line = round.then(ended, ended);
    return round;
  }

  async #checkWallet(watched: Watched): Promise<{ report: WalletReport; deliveries: Promise<Delivered[]> }> {
    const { wallet } = watched;
    const claims: (Claim | undefined)[] = [];
    let report: WalletReport = { wallet };
    try {
      report = await this.#reportOn(watched);
      watched.providerFailures = 0;
      claims.push(await this.#shared.settle(`${wallet}/reach`, reachable(this.#watcher(watched))));
      await this.#compareLevels(watched, report, claims);
    } catch (error) {
      report = { ...report, error: asPayoutGuardError(error) };
      this.#log('warn', { wallet, ...named(report.error) }, 'The balance of a wallet could not be read.');
    }
    await this.#judgeReach(watched, report, claims);
    return { report, deliveries: this.#deliverAll(claims.filter((claim) => claim !== undefined)) };
  }

  async #reportOn({ wallet, currency, rate }: Watched): Promise<WalletReport & { funds: Funds }> {
    const funds = await this.#guard.funds({ wallet });
    const totals = await askStore(this.#guard.internals.store, (store) => store.totals(wallet));
    const runway = rate.runway(totals, minorUnits(funds.spendable), this.#options.clock.now(), currency);
    return runway ? { wallet, funds, runway } : { wallet, funds };
  }

  async #compareLevels(
    { wallet, currency, thresholds }: Watched,
    { funds, runway }: WalletReport,
    claims: (Claim | undefined)[],
  ): Promise<void> {
    if (!funds) return;
    const spendableMinor = minorUnits(funds.spendable);
    const asOfMs = funds.asOf.getTime();
    const sight = { wallet, currency, spendableMinor, asOfMs, nowMs: this.#options.clock.now(), runway };
    for (const threshold of thresholds) {
      const key = `${wallet}/below/${threshold.thresholdMinor}`;
      claims.push(await this.#shared.settle(key, level(sight, threshold)));
    }
  }

  /** Decides whether the wallet, or the store, is unreachable by now. */
  async #judgeReach(watched: Watched, report: WalletReport, claims: (Claim | undefined)[]): Promise<void> {
    const { wallet } = watched;
    const { unreachableAfter } = this.#options;
    if (isClosed(report.error)) return;
    let isStore = reasonOf(report.error) === 'store';
    if (report.error && !isStore) {
      watched.providerFailures += 1;
      if (watched.providerFailures >= unreachableAfter) {
        try {
          const decide = unreachable(this.#watcher(watched), reasonOf(report.error));
          claims.push(await this.#shared.settle(`${wallet}/reach`, decide));
        } catch {
          isStore = true;
        }
      }
    }
    watched.storeFailures = isStore ? watched.storeFailures + 1 : 0;
    if (watched.storeFailures > 0 && watched.storeFailures < unreachableAfter) return;
    const watcher = this.#watcher(watched);
    const decide = watched.storeFailures > 0 ? unreachable(watcher, 'store') : reachable(watcher);
    claims.push(await this.#own.settle(`${wallet}/store`, decide));
  }

  async #deliverDrift(): Promise<Delivered[]> {
    return this.#deliverAll(await this.#drift.claim());
  }

  async #deliverAll(claims: readonly Claim[]): Promise<Delivered[]> {
    return Promise.all(claims.map((claim) => this.#deliver(claim)));
  }

  #deliver(claim: Claim): Promise<Delivered> {
    return this.#track(this.#deliverNow(claim));
  }

  async #deliverNow(claim: Claim): Promise<Delivered> {
    const { alert } = claim;
    const { onAlert, deliveryTimeoutMs: timeoutMs, clock } = this.#options;
    const { kind, wallet, id } = alert;
    const isBad = kind !== 'recovered' && kind !== 'reachable';
    const fields = {
      kind,
      wallet,
      ...('currency' in alert && { currency: alert.currency }),
      id,
      ...('threshold' in alert && { threshold: alert.threshold }),
      ...('reference' in alert && { reference: alert.reference }),
    };
    this.#log(isBad ? 'warn' : 'info', fields, 'Alert.');
    const undelivered = await deliver(alert, { onAlert, webhook: this.#webhook, timeoutMs, clock });
    for (const one of undelivered) this.#giveUp(one);
    await claim.outbox.confirm(claim);
    return { alert, undelivered };
  }

  #giveUp(undelivered: Undelivered): void {
    const { onUndelivered, logger } = this.#options;
    const { alert, channel, reason, cause } = undelivered;
    const { kind, wallet, id } = alert;
    const what = 'An alert could not be delivered and is given up';
    this.#log('error', { kind, wallet, id, channel, reason, ...(cause && { err: cause }) }, `${what}.`);
    if (onUndelivered) safely('onUndelivered', () => onUndelivered(undelivered));
    else if (!logger) warn('PAYOUT_GUARD_UNDELIVERED', `${what}: ${kind} of ${wallet}, ${channel}: ${reason}.`, cause);
  }

  #watcher({ wallet, currency }: Watched): Watcher {
    const { clock, schedule } = this.#options;
    const nowMs = clock.now();
    const untilNextMs = (schedule.nextMs(nowMs) ?? nowMs) - nowMs;
    const keptUntilMs = nowMs + Math.min(untilNextMs, longestWordMs) + leaseMarginMs;
    return { wallet, currency: currency.code, owner: this.#owner, nowMs, keptUntilMs };
  }

  #log(at: 'info' | 'warn' | 'error', fields: Readonly<Record<string, unknown>>, message: string): void {
    const { logger } = this.#options;
    if (logger) safely('The logger of the monitor', () => logger[at](fields, message));
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const ended = work.finally(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
    return ended;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new BalanceUnavailableError('closed', { detail: 'or its monitor' });
  }
}

function isClosed(error: PayoutGuardError | undefined): boolean {
  return reasonOf(error) === 'closed';
}

function reasonOf(error: PayoutGuardError | undefined): string {
  return (error as Partial<BalanceUnavailableError> | undefined)?.reason ?? error?.code ?? '';
}

/** The parts of an error that may be logged. */
function named(error: unknown): { code: string; reason: string } {
  const known = asPayoutGuardError(error);
  return { code: known.code, reason: reasonOf(known) };
}
