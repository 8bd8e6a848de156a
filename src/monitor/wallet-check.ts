// One wallet, from round to round: its balance against its thresholds, and whether it can be read.
import { askStore } from '../core/ask-store.js';
import type { Funds } from '../core/calls.js';
import { asPayoutGuardError, type PayoutGuardError } from '../core/errors.js';
import { minorUnits, parseBalance } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { type AlertOutbox, type Claim, leaseMarginMs } from './alert-outbox.js';
import { reachable, unreachable, type Watcher } from './alert-rules.js';
import { errorFields, isClosed, reasonOf } from './error-reason.js';
import { dropped, figureLevel, level, runwayLevel } from './level-rules.js';
import { type Log, logTo } from './logger.js';
import type { Notes } from './notes.js';
import type { ResolvedMonitorOptions } from './options.js';
import { type MeasuredRunway, measureRunway, type Runway, rateSamples } from './runway.js';
import { nearest, Samples } from './samples.js';
import type { ResolvedWallet } from './wallet-options.js';

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
    'clock' | 'schedule' | 'pace' | 'unreachableAfter' | 'runwayLookBackMs' | 'logger'
  >;
  /** Notes of the store. */
  readonly notes: Notes;
  /** Outbox in them. */
  readonly shared: AlertOutbox;
  /** Outbox of this process, for alerts about the store. */
  readonly own: AlertOutbox;
  /** The id of this process. */
  readonly owner: string;
}

/** Longest lease of a process on the alert that a wallet is unreachable, in milliseconds. */
const longestLeaseMs = 600_000;

const aDayMs = 86_400_000;
/** Longest distance of a sample from 24 hours before, to stand for that balance, in milliseconds. */
const toleranceMs = 1_800_000;
/** 4 samples an hour, as long as any may be compared with. */
const daySamples = { everyMs: 900_000, keptMs: aDayMs + toleranceMs };

export class WalletCheck {
  readonly #guard: PayoutGuard;
  readonly #wallet: ResolvedWallet;
  readonly #options: WalletCheckOptions;
  readonly #log: Log;
  /** Samples of the captured total. */
  readonly #captured: Samples;
  /** Samples of the balance. */
  readonly #balances: Samples;
  /** Rounds in a row in which the provider did not give the balance. */
  #providerFailures = 0;
  /** Rounds in a row in which the store did not respond. */
  #storeFailures = 0;

  constructor(guard: PayoutGuard, wallet: ResolvedWallet, options: WalletCheckOptions) {
    this.#guard = guard;
    this.#wallet = wallet;
    this.#options = options;
    this.#log = logTo(options.monitor.logger);
    const { notes, monitor } = options;
    this.#captured = new Samples(notes, `${wallet.wallet}/captured`, rateSamples(monitor.runwayLookBackMs));
    this.#balances = new Samples(notes, `${wallet.wallet}/balances`, daySamples);
  }

  /** Reads the balance and claims the alerts that follow from it. A balance that cannot be read is in the report. */
  async run(): Promise<CheckedWallet> {
    const { wallet } = this.#wallet;
    const claims: (Claim | undefined)[] = [];
    let report: WalletReport = { wallet };
    try {
      const { funds, measured } = await this.#read();
      report = { wallet, funds, ...(measured && { runway: measured.runway }) };
      this.#providerFailures = 0;
      claims.push(await this.#options.shared.settle(`${wallet}/reach`, reachable(this.#watcher())));
      await this.#compareLevels(funds, measured, claims);
    } catch (error) {
      report = { ...report, error: asPayoutGuardError(error) };
      this.#log('warn', { wallet, ...errorFields(report.error) }, 'The balance of a wallet could not be read.');
    }
    await this.#updateReach(report, claims);
    return { report, claims: claims.filter((claim) => claim !== undefined) };
  }

  async #read(): Promise<{ funds: Funds; measured: MeasuredRunway | undefined }> {
    const { wallet, currency } = this.#wallet;
    const funds = await this.#guard.funds({ wallet });
    const { captured, epoch } = await askStore(this.#guard.internals.store, (store) => store.totals(wallet));
    const now = { atMs: this.#options.monitor.clock.now(), minor: captured };
    const samples = await this.#captured.add(now, epoch);
    return { funds, measured: measureRunway(samples, now, minorUnits(funds.spendable), currency) };
  }

  async #compareLevels(
    funds: Funds,
    measured: MeasuredRunway | undefined,
    claims: (Claim | undefined)[],
  ): Promise<void> {
    const { wallet, currency, thresholds, figures, runwayBelowMs, belowPercentOfYesterday } = this.#wallet;
    const { shared, monitor } = this.#options;
    const { pace } = monitor;
    const balance = {
      wallet,
      currency,
      availableMinor: minorUnits(funds.available),
      heldMinor: minorUnits(funds.held),
      spendableMinor: minorUnits(funds.spendable),
      asOfMs: funds.asOf.getTime(),
      nowMs: monitor.clock.now(),
      measured,
    };
    for (const [index, threshold] of thresholds.entries()) {
      const key = `${wallet}/below/${threshold.thresholdMinor}`;
      const lower = thresholds[index + 1];
      const isLowest = !lower || balance.spendableMinor >= lower.thresholdMinor;
      claims.push(await shared.settle(key, level(balance, threshold, isLowest, pace)));
    }
    for (const [name, threshold] of figures) {
      const value = parseBalance(funds.details[name], currency);
      if (value === undefined) continue;
      const key = `${wallet}/figure/${name}/${threshold.thresholdMinor}`;
      claims.push(await shared.settle(key, figureLevel(balance, name, value, threshold, pace)));
    }
    if (runwayBelowMs !== undefined && measured) {
      claims.push(await shared.settle(`${wallet}/runway`, runwayLevel(balance, measured, runwayBelowMs, pace)));
    }
    if (belowPercentOfYesterday !== undefined) {
      const { asOfMs: atMs, availableMinor: minor } = balance;
      const yesterday = nearest(await this.#balances.add({ atMs, minor }), atMs - aDayMs, toleranceMs);
      if (yesterday) {
        claims.push(await shared.settle(`${wallet}/drop`, dropped(balance, yesterday, belowPercentOfYesterday)));
      }
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
