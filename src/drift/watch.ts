// Watches the balance of a wallet for money that moved without a payout or a reported credit.
import { elapsedMs } from '../core/clock.js';
import { ConfigurationError } from '../core/errors.js';
import type { GuardEvents } from '../core/events.js';
import type { HoldInfo } from '../core/hold-info.js';
import { type AmountInput, minorUnits, parseAmount } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { type DayReport, dayReport } from '../history/day-report.js';
import { DrainFreeze } from './drain-freeze.js';
import type { Evidence } from './evidence.js';
import { LagMeter } from './lag.js';
import { DriftLedger } from './ledger.js';
import { Observer, type Reading } from './observer.js';
import { type DriftOptions, type ResolvedDriftOptions, resolveDriftOptions } from './options.js';
import { DriftReports } from './reports.js';

/** Money that came into the wallet. */
export interface ReportedCredit {
  /** In major units. */
  readonly amount: AmountInput;
  /**
   * Time at which the balance shows it, within the tolerance.
   * @defaultValue now
   */
  readonly at?: Date | undefined;
}

export interface DriftWatch {
  /**
   * Reports money that came in, before the balance shows it or within the tolerance after. A later report does not
   * prevent the drift event.
   *
   * @throws `InvalidAmountError`
   */
  readonly credit: (credit: ReportedCredit) => void;
  /** Reads the balance now. Resolves when its drift was reported. @throws the errors of `guard.funds`. */
  readonly check: () => Promise<void>;
  /**
   * Adds up a day of the wallet, from the history.
   *
   * @throws `ConfigurationError` the watch has no history, or the day or the time zone is not valid.
   */
  readonly report: (options: { day: string; timeZone?: string | undefined }) => Promise<DayReport>;
  /** Stops listening, and waits for the reading under way. Idempotent. */
  readonly close: () => Promise<void>;
}

/**
 * Compares each balance that the guard reads with what payouts and credits explain, and reports the rest. Its causes
 * may be another system that spends from the wallet, a fee that was not counted, or a payout that was never captured.
 *
 * One process should watch a wallet; it covers the payouts of all processes that share the store. It reads the store
 * after each balance, and never asks the provider by itself. Captures of all processes must have the same
 * `visibilityLagMs`.
 *
 * @throws `ConfigurationError` naming every problem; also for an observing guard, whose store does not have every
 *   payout.
 */
export function watchDrift(guard: PayoutGuard, options: DriftOptions): DriftWatch {
  return new Watch(guard, options);
}

/** Most holds of this process whose beginning is remembered. */
const maxHolds = 1_000;

/** A reading, and its times on the monotonic clock. */
interface TimedReading extends Reading {
  readonly requestedMs: number;
  readonly receivedMs: number;
}

class Watch implements DriftWatch {
  readonly #guard: PayoutGuard;
  readonly #options: ResolvedDriftOptions;
  readonly #reports: DriftReports;
  readonly #freeze: DrainFreeze;
  readonly #stops: readonly (() => void)[];
  #observer: Observer;
  #ledger: DriftLedger;
  #lag: LagMeter;
  #epoch: string | undefined;
  #processing: Promise<void> = Promise.resolve();
  #count = 0;
  /** The last reading of the store failed. */
  #hasStoreFailed = false;
  /** The next snapshot when each of the latest holds was taken, by attempt. */
  readonly #heldAt = new Map<string, number>();

  constructor(guard: PayoutGuard, options: DriftOptions) {
    this.#guard = guard;
    this.#options = resolveDriftOptions(guard, options);
    const { creditToleranceMs, freezeAboveMinor } = this.#options;
    this.#reports = new DriftReports(this.#options);
    this.#freeze = new DrainFreeze({
      limitMinor: freezeAboveMinor,
      freeze: (reason) => guard.freeze(this.#key, reason),
      onFailure: (error) => this.#reports.warn('The wallet could not be frozen; the next balance repeats it', error),
    });
    this.#observer = this.#newObserver();
    this.#lag = this.#newLagMeter();
    this.#ledger = new DriftLedger({ lagMs: this.#lagMs, creditToleranceMs, mayBlip: this.#mayBlip });
    const { tap } = guard.internals;
    this.#stops = [
      tap('snapshot', (event) => this.#onSnapshot(event)),
      tap('held', ({ hold }) => this.#held(hold)),
      tap('captured', ({ hold }) => this.#captured(hold)),
      tap('released', ({ hold }) => this.#released(hold)),
      tap('failedAfterCapture', ({ hold }) => this.#refunded(hold)),
      tap('paidAfterRelease', (event) => this.#paidAfterRelease(event)),
    ];
  }

  readonly credit = ({ amount, at }: ReportedCredit): void => {
    const amountMinor = parseAmount(amount, this.#options.wallet.currency);
    const when = at ?? new Date(this.#now());
    if (Number.isNaN(when.getTime())) throw new ConfigurationError(['at: must be a valid date']);
    this.#credit(amountMinor, when, undefined);
  };

  readonly check = async (): Promise<void> => {
    await this.#guard.funds({ wallet: this.#key, refresh: true });
    await this.#processing;
  };

  readonly report = async ({ day, timeZone }: { day: string; timeZone?: string | undefined }): Promise<DayReport> => {
    const { history, wallet } = this.#options;
    if (!history) throw new ConfigurationError(['history: pass one to watchDrift; a report is made from it']);
    return dayReport(history, { wallet: wallet.key, currency: wallet.currency, day, timeZone });
  };

  readonly close = async (): Promise<void> => {
    for (const stop of this.#stops) stop();
    await this.#processing;
  };

  get #key(): string {
    return this.#options.wallet.key;
  }
  get #lagMs(): number {
    return this.#options.wallet.debits.lagMs;
  }
  /** A balance may show a payout that fails, until the provider has given the money back. */
  get #mayBlip(): boolean {
    return this.#options.wallet.debits.visibleAt !== 'completion';
  }

  #now(): number {
    return this.#guard.internals.clock.now();
  }

  #elapsed(): number {
    return elapsedMs(this.#guard.internals.clock);
  }

  #newObserver(): Observer {
    const { wallet, debitsWithinHolds } = this.#options;
    const { store } = this.#guard.internals;
    const mayShowFailed = this.#mayBlip;
    return new Observer({ store, wallet: wallet.key, lagMs: this.#lagMs, mayShowFailed, debitsWithinHolds });
  }

  #newLagMeter(): LagMeter {
    return new LagMeter({ lagMs: this.#lagMs, mayBlip: this.#mayBlip });
  }

  #held({ wallet, attempt }: HoldInfo): void {
    if (wallet !== this.#key) return;
    this.#heldAt.set(attempt, this.#count);
    const [oldest] = this.#heldAt.keys();
    if (oldest !== undefined && this.#heldAt.size > maxHolds) this.#heldAt.delete(oldest);
  }

  #captured({ wallet, reference, attempt, captured, amount }: HoldInfo): void {
    if (wallet !== this.#key) return;
    const debitedMinor = minorUnits(captured ?? amount);
    this.#lag.captured({ reference, attempt, debitedMinor, atMs: this.#elapsed() });
  }

  #released({ wallet, sentAt }: HoldInfo): void {
    if (wallet === this.#key && sentAt) this.#observer.released(this.#now());
  }

  /** Expects the refund of a payout that failed after its debit was recorded. */
  #refunded({ wallet, reference, captured, amount }: HoldInfo): void {
    if (wallet === this.#key) this.#credit(minorUnits(captured ?? amount), new Date(this.#now()), reference);
  }

  #paidAfterRelease({ hold, perhapsTwice }: GuardEvents['paidAfterRelease']): void {
    // The debit of a payout whose reference another one holds is in no record, so it stays unexplained.
    if (hold.wallet !== this.#key || perhapsTwice) return;
    const amountMinor = minorUnits(hold.captured ?? hold.amount);
    const fromNumber = this.#heldAt.get(hold.attempt) ?? 0;
    this.#ledger.lateDebit({ amountMinor, fromNumber, recordedAtMs: this.#now() });
  }

  #credit(amountMinor: bigint, at: Date, reference: string | undefined): void {
    this.#ledger.credit({ amountMinor, atMs: at.getTime() });
    this.#reports.credit(amountMinor, at, reference);
  }

  #onSnapshot({ wallet, available, capturedMark, epoch, asOf, receivedAt }: GuardEvents['snapshot']): void {
    if (wallet !== this.#key) return;
    const receivedMs = this.#elapsed();
    const tookMs = Math.max(0, receivedAt.getTime() - asOf.getTime());
    const reading = {
      number: this.#count,
      requestedAtMs: asOf.getTime(),
      receivedAtMs: receivedAt.getTime(),
      availableMinor: minorUnits(available),
      markMinor: minorUnits(capturedMark),
      epoch,
      requestedMs: receivedMs - tookMs,
      receivedMs,
    };
    this.#count += 1;
    this.#processing = this.#processing.then(() => this.#process(reading));
  }

  /** Adds a snapshot. Never rejects: a snapshot is left out when the store does not respond. */
  async #process(reading: TimedReading): Promise<void> {
    // Marks of different epochs cannot be compared.
    if (this.#epoch !== undefined && reading.epoch !== this.#epoch) this.#beginEpoch();
    this.#epoch = reading.epoch;
    try {
      for (const evidence of await this.#observer.read(reading, () => this.#now())) this.#add(evidence, reading);
      this.#hasStoreFailed = false;
    } catch (error) {
      if (!this.#hasStoreFailed)
        this.#reports.warn('The store did not respond, so drift cannot be detected until it does', error);
      this.#hasStoreFailed = true;
      return;
    }
    for (const finding of this.#ledger.findings(this.#now())) {
      this.#freeze.found(finding.debitedMinor.least);
      this.#reports.drift(finding);
    }
    this.#freeze.proven(this.#ledger.provenDebitMinor());
    await this.#freeze.freezeIfDue();
  }

  #add(evidence: Evidence, { number, requestedMs, receivedMs }: TimedReading): void {
    this.#ledger.add(evidence);
    const isResting = evidence.debitsMinor.length === 0 && evidence.furtherMinor === 0n;
    // A snapshot of an earlier reading had to wait for payouts that were under way.
    if (!isResting || evidence.number !== number) return;
    const late = this.#lag.add({ evidence, requestedMs, receivedMs });
    if (!late) return;
    for (const corrected of late.corrected) this.#ledger.add(corrected);
    this.#reports.lag(late, new Date(evidence.receivedAtMs));
  }

  #beginEpoch(): void {
    this.#observer = this.#newObserver();
    // Payouts may have been released in the meantime.
    this.#observer.released(this.#now());
    this.#ledger = this.#ledger.renewed();
    this.#lag = this.#newLagMeter();
    this.#freeze.forget();
  }
}
