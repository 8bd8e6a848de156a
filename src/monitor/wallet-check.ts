// One wallet, from round to round: its balance against its thresholds, and whether it can be read.
import { askStore } from '../core/ask-store.js';
import type { Funds } from '../core/calls.js';
import { asPayoutGuardError, type PayoutGuardError } from '../core/errors.js';
import { minorUnits } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { type AlertOutbox, type Claim, leaseMarginMs } from './alert-outbox.js';
import { level, reachable, unreachable, type Watcher } from './alert-rules.js';
import { errorFields, isClosed, reasonOf } from './error-reason.js';
import { type Log, logTo } from './logger.js';
import type { ResolvedMonitorOptions, ResolvedWallet } from './options.js';
import { CapturedRate, type Runway } from './runway.js';

/** A wallet in one round. */
export interface WalletReport {
  readonly wallet: string;
  /** Present if the balance could be read. */
  readonly funds?: Funds;
  /** Time at which the wallet is empty at the rate of the last hours; absent as long as nothing was captured. */
  readonly runway?: Runway;
  /** The error that kept the balance from being read. */
  readonly error?: PayoutGuardError;
}

/** The result of a check, and the alerts that this process has to deliver. */
export interface CheckedWallet {
  readonly report: WalletReport;
  readonly claims: readonly Claim[];
}

export interface WalletCheckOptions {
  readonly monitor: Pick<
    ResolvedMonitorOptions,
    'clock' | 'schedule' | 'unreachableAfter' | 'runwayLookBackMs' | 'logger'
  >;
  /** Outbox in the store. */
  readonly shared: AlertOutbox;
  /** Outbox of this process, for alerts about the store. */
  readonly own: AlertOutbox;
  /** The id of this process. */
  readonly owner: string;
}

/** Longest lease of a process on the alert that a wallet is unreachable, in milliseconds. */
const longestLeaseMs = 600_000;

export class WalletCheck {
  readonly #guard: PayoutGuard;
  readonly #wallet: ResolvedWallet;
  readonly #options: WalletCheckOptions;
  readonly #log: Log;
  readonly #rate: CapturedRate;
  /** Rounds in a row in which the provider did not give the balance. */
  #providerFailures = 0;
  /** Rounds in a row in which the store did not respond. */
  #storeFailures = 0;

  constructor(guard: PayoutGuard, wallet: ResolvedWallet, options: WalletCheckOptions) {
    this.#guard = guard;
    this.#wallet = wallet;
    this.#options = options;
    this.#log = logTo(options.monitor.logger);
    this.#rate = new CapturedRate(options.monitor.runwayLookBackMs);
  }

  /** Reads the balance and claims the alerts that follow from it. A balance that cannot be read is in the report. */
  async run(): Promise<CheckedWallet> {
    const { wallet } = this.#wallet;
    const claims: (Claim | undefined)[] = [];
    let report: WalletReport = { wallet };
    try {
      report = await this.#read();
      this.#providerFailures = 0;
      claims.push(await this.#options.shared.settle(`${wallet}/reach`, reachable(this.#watcher())));
      await this.#compareLevels(report, claims);
    } catch (error) {
      report = { ...report, error: asPayoutGuardError(error) };
      this.#log('warn', { wallet, ...errorFields(report.error) }, 'The balance of a wallet could not be read.');
    }
    await this.#updateReach(report, claims);
    return { report, claims: claims.filter((claim) => claim !== undefined) };
  }

  async #read(): Promise<WalletReport> {
    const { wallet, currency } = this.#wallet;
    const funds = await this.#guard.funds({ wallet });
    const totals = await askStore(this.#guard.internals.store, (store) => store.totals(wallet));
    const nowMs = this.#options.monitor.clock.now();
    const runway = this.#rate.runway(totals, minorUnits(funds.spendable), nowMs, currency);
    return runway ? { wallet, funds, runway } : { wallet, funds };
  }

  async #compareLevels({ funds, runway }: WalletReport, claims: (Claim | undefined)[]): Promise<void> {
    if (!funds) return;
    const { wallet, currency, thresholds } = this.#wallet;
    const { shared, monitor } = this.#options;
    const spendableMinor = minorUnits(funds.spendable);
    const asOfMs = funds.asOf.getTime();
    const balance = { wallet, currency, spendableMinor, asOfMs, nowMs: monitor.clock.now(), runway };
    for (const threshold of thresholds) {
      const key = `${wallet}/below/${threshold.thresholdMinor}`;
      claims.push(await shared.settle(key, level(balance, threshold)));
    }
  }

  /** Decides whether the wallet, or the store, is unreachable by now. */
  async #updateReach({ error }: WalletReport, claims: (Claim | undefined)[]): Promise<void> {
    const { wallet } = this.#wallet;
    const { shared, own, monitor } = this.#options;
    const { unreachableAfter } = monitor;
    if (isClosed(error)) return;
    let isStore = reasonOf(error) === 'store';
    if (error && !isStore) {
      this.#providerFailures += 1;
      if (this.#providerFailures >= unreachableAfter) {
        try {
          claims.push(await shared.settle(`${wallet}/reach`, unreachable(this.#watcher(), reasonOf(error))));
        } catch {
          isStore = true;
        }
      }
    }
    this.#storeFailures = isStore ? this.#storeFailures + 1 : 0;
    if (this.#storeFailures > 0 && this.#storeFailures < unreachableAfter) return;
    const watcher = this.#watcher();
    const decide = this.#storeFailures > 0 ? unreachable(watcher, 'store') : reachable(watcher);
    claims.push(await own.settle(`${wallet}/store`, decide));
  }

  #watcher(): Watcher {
    const { wallet, currency } = this.#wallet;
    const { owner, monitor } = this.#options;
    const nowMs = monitor.clock.now();
    const untilNextMs = (monitor.schedule.nextMs(nowMs) ?? nowMs) - nowMs;
    const leaseUntilMs = nowMs + Math.min(untilNextMs, longestLeaseMs) + leaseMarginMs;
    return { wallet, currency: currency.code, owner, nowMs, leaseUntilMs };
  }
}
