// The overview: every wallet as it is now, and what the whole guard is in.
import { elapsedMs, runAfter } from '../core/clock.js';
import type { WalletInfo } from '../core/internals.js';
import { minorUnits } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { Runway } from '../monitor/runway.js';
import type { WalletStatus } from '../operate/index.js';
import { CapturedRate } from './captured-rate.js';
import type { ResolvedConsoleOptions } from './options.js';
import { Samples } from './samples.js';
import { type ReadOptions, type WalletReading, WalletReadings } from './wallet-readings.js';

/** A wallet of the overview. Amounts are decimal text in its currency. */
export interface WalletView extends WalletStatus {
  /** It was not read yet: neither funds nor a problem. */
  readonly isPending?: true;
  readonly frozen?: { readonly reason: string; readonly since: Date };
  /** The store gave no answer about a freeze of the wallet. */
  readonly isFreezeUnknown?: true;
  /** Positive while the store waits for open holds to be restored, in milliseconds. */
  readonly recoveringForMs?: number;
  readonly runway?: Runway;
  readonly hasDailyLimits?: true;
  /** Below it the monitor raises an alert. */
  readonly thresholds: readonly string[];
}

export interface Overview {
  readonly at: Date;
  readonly isObserving: boolean;
  /** The guard of this process is closing or closed, so it approves nothing. */
  readonly isClosed: boolean;
  readonly isStoreUnreachable: boolean;
  readonly wallets: readonly WalletView[];
}

/** The time whose captures the runway of a wallet without a monitor is computed from, in milliseconds. */
const lookBackMs = 6 * 3_600_000;
/** An overview waits so long for its wallets: a provider that does not answer delays no other wallet. */
const patienceMs = 300;

export class Overviews {
  readonly samples: Samples = new Samples();
  readonly #guard: PayoutGuard;
  readonly #monitor: ResolvedConsoleOptions['monitor'];
  readonly #rates = new Map<string, CapturedRate>();
  readonly #readings: WalletReadings;

  constructor(guard: PayoutGuard, { monitor }: ResolvedConsoleOptions) {
    this.#guard = guard;
    this.#monitor = monitor;
    this.#readings = new WalletReadings(guard, (wallet, reading) => this.#sample(wallet, reading));
  }

  /** True while a wallet is being read: events of that reading are no news. */
  get isReading(): boolean {
    return this.#readings.isReading;
  }

  /** Calls the function for each wallet that arrives. Returns a function that stops it. */
  onArrival(listener: () => void): () => void {
    return this.#readings.onArrival(listener);
  }

  /** Reads all wallets, and returns what has arrived in time: of the others what was known before. */
  async read(options: ReadOptions = {}): Promise<Overview> {
    let cancel = () => {};
    const patience = new Promise<void>((resolve) => {
      cancel = runAfter(this.#guard.internals.clock, patienceMs, resolve);
    });
    await Promise.race([this.#readings.read(options), patience]);
    cancel();
    return this.current();
  }

  current(): Overview {
    const { clock, observes, closing, wallets } = this.#guard.internals;
    const at = new Date(clock.now());
    const infos = wallets();
    return {
      at,
      isObserving: observes,
      isClosed: closing.aborted,
      isStoreUnreachable: infos.some(({ key }) => this.#readings.of(key).isStoreUnreachable),
      wallets: infos.map((info) => this.#view(info, at)),
    };
  }

  #view(info: WalletInfo, at: Date): WalletView {
    const { key: wallet, currency, providerName, hasDailyLimits } = info;
    const { funds, problem, totals, isStoreUnreachable } = this.#readings.of(wallet);
    const runway = this.#runway(wallet, at);
    const age = funds && funds.value.ageMs + elapsedMs(this.#guard.internals.clock) - funds.readAtMs;
    return {
      wallet,
      currency: currency.code,
      exponent: currency.exponent,
      provider: providerName,
      // The age is the one at this moment, however long the funds have waited for other wallets.
      ...(funds && age !== undefined && { funds: { ...funds.value, ageMs: Math.round(age) } }),
      ...(problem && { problem }),
      ...(!funds && !problem && { isPending: true }),
      ...(totals?.frozen && { frozen: { reason: totals.frozen.reason, since: new Date(totals.frozen.sinceMs) } }),
      ...((isStoreUnreachable || !totals) && { isFreezeUnknown: true }),
      ...(totals?.recoveringForMs && { recoveringForMs: totals.recoveringForMs }),
      ...(runway && { runway }),
      ...(hasDailyLimits && { hasDailyLimits }),
      thresholds: this.#monitor?.internals.thresholds(wallet) ?? [],
    };
  }

  #sample(wallet: string, { funds, problem }: WalletReading): void {
    if (!funds || problem) return;
    const { available, spendable } = funds.value;
    this.samples.add(wallet, { atMs: this.#guard.internals.clock.now(), available, spendable });
  }

  /** The monitor's, which sees the wallet all the time; otherwise from what was read for this page. */
  #runway(wallet: string, at: Date): Runway | undefined {
    const report = this.#monitor?.internals.report(wallet);
    if (report) return report.runway;
    const { funds, problem, totals } = this.#readings.of(wallet);
    if (!funds || problem || !totals) return undefined;
    const rate = this.#rates.get(wallet) ?? new CapturedRate(lookBackMs);
    this.#rates.set(wallet, rate);
    const { currency } = this.#guard.internals.wallet(wallet);
    return rate.runway(totals, minorUnits(funds.value.spendable), at.getTime(), currency);
  }
}
