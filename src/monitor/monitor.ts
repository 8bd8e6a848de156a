// Read this first: looks at wallets from time to time, and tells those who want to know.
import { randomUUID } from 'node:crypto';
import { asPayoutGuardError, BalanceUnavailableError, type PayoutGuardError } from '../core/errors.js';
import type { GuardEvents } from '../core/events.js';
import type { Funds, PayoutGuard } from '../core/guard.js';
import { parseNonNegative } from '../core/money.js';
import { askStore } from '../core/store.js';
import { warn } from '../core/warn.js';
import { memoryStore } from '../stores/memory/index.js';
import type { Alert } from './alert.js';
import { AlertBook, type Claim } from './alert-book.js';
import { level, reachable, unreachable, type Watcher } from './conditions.js';
import { deliver, type Undelivered } from './delivery.js';
import type { DriftWatch } from './drift/index.js';
import { Drifts } from './drifts.js';
import { safely } from './logger.js';
import { type MonitorOptions, type ResolvedMonitorOptions, resolveMonitorOptions } from './options.js';
import { OverdueHolds } from './overdue-holds.js';
import { CapturedRate, type Runway } from './runway.js';
import { Timer } from './timer.js';
import { Webhook } from './webhook.js';

/** A wallet as one round has seen it. */
export interface WalletReport {
  readonly wallet: string;
  /** Present if the balance could be told. */
  readonly funds?: Funds;
  /** When the wallet runs dry at the rate of the last hours; absent as long as nothing was captured. */
  readonly runway?: Runway;
  /** Why the balance could not be told. */
  readonly error?: PayoutGuardError;
}

/** What a round has seen and told. */
export interface Round {
  /** When it began. */
  readonly at: Date;
  /** In the order of the options. */
  readonly wallets: readonly WalletReport[];
  /** The alerts that this process delivered, or tried to. Others may have been delivered by other processes. */
  readonly alerts: readonly Alert[];
  /** Those of them that did not arrive. */
  readonly undelivered: readonly Undelivered[];
}

/** Looks at wallets by a schedule. No method needs `this`. */
export interface Monitor {
  /** Begins: with an interval the first round is now, with cron at its next time. May be repeated. Timers do not keep the process alive. */
  readonly start: () => void;
  /**
   * One round now. Resolves when its alerts were delivered, or given up. A wallet that cannot be told does not make it reject.
   *
   * @throws `BalanceUnavailableError` with reason `closed`: the monitor or its guard was closed.
   */
  readonly check: () => Promise<Round>;
  /** The watch for drift of a wallet, if there is one: report money that came in to it. */
  readonly drift: (wallet?: string) => DriftWatch | undefined;
  /** Stops, when what is under way has ended: alerts that this process has to deliver are delivered, or given up. Idempotent. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/**
 * Makes a monitor. It reads the snapshots of the guard, so that it asks the provider no more often than `cache.maxAgeMs` says.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 * @example
 * ```ts
 * const monitor = createMonitor(guard, {
 *   wallets: [{ thresholds: ['100000', '50000'] }],
 *   schedule: { cron: '0 9,15 * * *', timeZone: 'Africa/Nairobi' },
 *   onAlert: (alert) => page(alert),
 * });
 * monitor.start();
 * ```
 */
export function createMonitor(guard: PayoutGuard, options: MonitorOptions): Monitor {
  return new GuardMonitor(guard, resolveMonitorOptions(guard, options));
}

/** Clocks of processes may be so far apart, and a process may stand still for so long, in milliseconds. */
const leaseMarginMs = 30_000;
/** That a wallet is unreachable stands for so long at most before others may say otherwise, in milliseconds. */
const longestWordMs = 600_000;

/** What this process remembers of a wallet from round to round. */
interface Watched {
  readonly wallet: string;
  readonly thresholds: ResolvedMonitorOptions['wallets'][number]['thresholds'];
  readonly rate: CapturedRate;
  /** Rounds in a row in which the provider did not tell the balance. */
  providerFailures: number;
  /** Rounds in a row in which the store did not answer. */
  storeFailures: number;
}

/** What became of the alerts of one claim. */
interface Told {
  readonly alert: Alert;
  readonly undelivered: readonly Undelivered[];
}

class GuardMonitor implements Monitor {
  readonly #guard: PayoutGuard;
  readonly #options: ResolvedMonitorOptions;
  readonly #owner = randomUUID();
  readonly #watched: readonly Watched[];
  readonly #shared: AlertBook;
  /** That the store does not answer cannot be kept in it: each process tells that for itself. */
  readonly #own: AlertBook;
  readonly #webhook: Webhook | undefined;
  readonly #overdue: OverdueHolds;
  readonly #drifts: Drifts;
  readonly #stopListening: () => void;
  readonly #timer: Timer;
  /** Deliveries, and whatever else must end before this is closed. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** The end of the line of rounds: they look one after the other. */
  #line: Promise<unknown> = Promise.resolve();
  #isLooking = false;
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
    const { store } = guard;
    const leased = { owner: this.#owner, leaseMs: deliveryTimeoutMs + leaseMarginMs, clock };
    this.#shared = new AlertBook(
      {
        note: (key) => askStore(store, () => store.note(`${name}/${key}`)),
        swapNote: (key, expected, value) => askStore(store, () => store.swapNote(`${name}/${key}`, expected, value)),
      },
      leased,
    );
    this.#own = new AlertBook(memoryStore(), leased);
    this.#webhook = webhook && new Webhook(webhook, deliveryTimeoutMs, clock);
    this.#overdue = new OverdueHolds(guard, this.#shared, clock);
    this.#stopListening = guard.on('overdue', (event) => void this.#track(this.#tellOverdue(event)));
    const keys = wallets.map(({ wallet }) => wallet);
    const onDrift = () => void this.#track(this.#tellDrift());
    this.#drifts = new Drifts(guard, keys, options.drift, { book: this.#shared, owner: this.#owner, clock, onDrift });
    this.#timer = new Timer(schedule, clock, () => void this.#scheduledRound());
  }

  readonly start = (): void => {
    this.#assertOpen();
    this.#timer.start();
  };

  readonly check = async (): Promise<Round> => {
    this.#assertOpen();
    const { at, wallets, telling } = await this.#look();
    const closed = wallets.find(({ error }) => isClosed(error));
    const told = (await Promise.all(telling)).flat();
    if (closed) throw closed.error;
    return {
      at,
      wallets,
      alerts: told.map(({ alert }) => alert),
      undelivered: told.flatMap(({ undelivered }) => undelivered),
    };
  };

  readonly drift = (wallet?: string): DriftWatch | undefined => this.#drifts.of(this.#guard.walletKey(wallet));

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#timer.stop();
    this.#stopListening();
    await this.#drifts.close();
    await this.#line;
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  };

  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close();

  // Its alerts are delivered while later rounds look: a webhook that hangs does not make us blind.
  async #scheduledRound(): Promise<void> {
    if (this.#isLooking) return;
    const { wallets } = await this.#look();
    if (wallets.some(({ error }) => isClosed(error))) this.#timer.stop();
  }

  #look(): Promise<{ at: Date; wallets: WalletReport[]; telling: Promise<Told[]>[] }> {
    const look = this.#line.then(async () => {
      this.#isLooking = true;
      const at = new Date(this.#options.clock.now());
      const seen = await Promise.all(this.#watched.map((watched) => this.#lookAt(watched)));
      await this.#overdue.forgetEnded().catch(() => {});
      const telling = [...seen.map((one) => one.telling), this.#tellDrift()];
      const wallets = seen.map(({ report }) => report);
      const unreachable = wallets.filter(({ error }) => error).map(({ wallet }) => wallet);
      this.#log('info', { wallets: wallets.length, unreachable }, 'The monitor has looked at its wallets.');
      return { at, wallets, telling };
    });
    const ended = () => {
      this.#isLooking = false;
    };
    this.#line = look.then(ended, ended);
    return look;
  }

  async #lookAt(watched: Watched): Promise<{ report: WalletReport; telling: Promise<Told[]> }> {
    const { wallet } = watched;
    const claims: (Claim | undefined)[] = [];
    let report: WalletReport = { wallet };
    try {
      report = await this.#reportOn(watched);
      watched.providerFailures = 0;
      claims.push(await this.#shared.settle(`${wallet}/reach`, reachable(this.#watcher(wallet))));
      await this.#compareLevels(watched, report, claims);
    } catch (error) {
      report = { ...report, error: asPayoutGuardError(error) };
      this.#log('warn', { wallet, ...named(report.error) }, 'The balance of a wallet cannot be told.');
    }
    await this.#judge(watched, report, claims);
    return { report, telling: this.#tellAll(claims.filter((claim) => claim !== undefined)) };
  }

  async #reportOn({ wallet, rate }: Watched): Promise<WalletReport & { funds: Funds }> {
    const funds = await this.#guard.funds({ wallet });
    const { store, currency } = this.#guard;
    const totals = await askStore(store, () => store.totals(wallet));
    const runway = rate.runway(totals, this.#minor(funds.spendable), this.#options.clock.now(), currency);
    return runway ? { wallet, funds, runway } : { wallet, funds };
  }

  async #compareLevels(
    { wallet, thresholds }: Watched,
    { funds, runway }: WalletReport,
    claims: (Claim | undefined)[],
  ): Promise<void> {
    if (!funds) return;
    const { currency } = this.#guard;
    const spendableMinor = this.#minor(funds.spendable);
    const asOfMs = funds.asOf.getTime();
    const sight = { wallet, currency, spendableMinor, asOfMs, nowMs: this.#options.clock.now(), runway };
    for (const threshold of thresholds) {
      const key = `${wallet}/below/${threshold.thresholdMinor}`;
      claims.push(await this.#shared.settle(key, level(sight, threshold)));
    }
  }

  /** Whether the wallet, or the store, is unreachable by now. */
  async #judge(watched: Watched, report: WalletReport, claims: (Claim | undefined)[]): Promise<void> {
    const { wallet } = watched;
    const { unreachableAfter } = this.#options;
    if (isClosed(report.error)) return;
    let isStore = reasonOf(report.error) === 'store';
    if (report.error && !isStore) {
      watched.providerFailures += 1;
      if (watched.providerFailures >= unreachableAfter) {
        try {
          const decide = unreachable(this.#watcher(wallet), reasonOf(report.error));
          claims.push(await this.#shared.settle(`${wallet}/reach`, decide));
        } catch {
          isStore = true;
        }
      }
    }
    watched.storeFailures = isStore ? watched.storeFailures + 1 : 0;
    if (watched.storeFailures > 0 && watched.storeFailures < unreachableAfter) return;
    const watcher = this.#watcher(wallet);
    const decide = watched.storeFailures > 0 ? unreachable(watcher, 'store') : reachable(watcher);
    claims.push(await this.#own.settle(`${wallet}/store`, decide));
  }

  async #tellOverdue(event: GuardEvents['overdue']): Promise<void> {
    const { hold } = event;
    try {
      const claim = await this.#overdue.claim(event);
      if (claim) await this.#tellAll([claim]);
    } catch (error) {
      // The guard tells it again at its next reconciliation.
      const { reference, wallet } = hold;
      this.#log('warn', { wallet, reference, ...named(error) }, 'An overdue hold could not be told; it will be.');
    }
  }

  async #tellDrift(): Promise<Told[]> {
    return this.#tellAll(await this.#drifts.claim());
  }

  async #tellAll(claims: readonly Claim[]): Promise<Told[]> {
    return Promise.all(claims.map((claim) => this.#track(this.#tell(claim))));
  }

  async #tell(claim: Claim): Promise<Told> {
    const { alert } = claim;
    const { onAlert, deliveryTimeoutMs } = this.#options;
    const { kind, wallet, currency, id } = alert;
    const isBad = kind !== 'recovered' && kind !== 'reachable';
    const threshold = 'threshold' in alert ? { threshold: alert.threshold } : {};
    this.#log(isBad ? 'warn' : 'info', { kind, wallet, currency, id, ...threshold }, 'Alert.');
    const undelivered = await deliver(alert, { onAlert, webhook: this.#webhook, timeoutMs: deliveryTimeoutMs });
    for (const one of undelivered) this.#giveUp(one);
    await claim.book.confirm(claim);
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

  #watcher(wallet: string): Watcher {
    const { clock, schedule } = this.#options;
    const nowMs = clock.now();
    const untilNextMs = (schedule.nextMs(nowMs) ?? nowMs) - nowMs;
    const keptUntilMs = nowMs + Math.min(untilNextMs, longestWordMs) + leaseMarginMs;
    return { wallet, currency: this.#guard.currency.code, owner: this.#owner, nowMs, keptUntilMs };
  }

  /** Spendable amounts may be negative. */
  #minor(text: string): bigint {
    const { currency } = this.#guard;
    return text.startsWith('-') ? -parseNonNegative(text.slice(1), currency) : parseNonNegative(text, currency);
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

/** What a log may say of an error. */
function named(error: unknown): { code: string; reason: string } {
  const known = asPayoutGuardError(error);
  return { code: known.code, reason: reasonOf(known) };
}
