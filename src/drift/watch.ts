// Watches the balance of a wallet for money that moved without a payout or a reported credit.
import { elapsedMs } from '../core/clock.js';
import { ConfigurationError } from '../core/errors.js';
import type { GuardEvents } from '../core/events.js';
import type { HoldInfo } from '../core/hold-info.js';
import { type AmountInput, formatMinorUnits, minorUnits, parseAmount } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { warn } from '../core/warn.js';
import { type DayReport, dayReport } from '../history/day-report.js';
import type { HistoryEntry } from '../history/entry.js';
import { driftEvent, type VisibilityLagEvent } from './drift-event.js';
import type { Evidence } from './evidence.js';
import { LagMeter, type LateCapture } from './lag.js';
import { DriftLedger, type Finding } from './ledger.js';
import { Observer, type Reading } from './observer.js';
import { type DriftOptions, type ResolvedDriftOptions, resolveDriftOptions } from './options.js';

/** Money that came into the wallet. */
export interface ReportedCredit {
  /** In major units. */
  readonly amount: AmountInput;
  /**
   * When the balance shows it, give or take the tolerance.
   * @defaultValue now
   */
  readonly at?: Date | undefined;
}

export interface DriftWatch {
  /**
   * Reports money that came in, before the balance shows it or within the tolerance after. A later report comes after
   * the drift event.
   *
   * @throws `InvalidAmountError`
   */
  readonly credit: (credit: ReportedCredit) => void;
  /** Reads the balance now; resolves when its drift was reported. @throws what `guard.funds` throws. */
  readonly check: () => Promise<void>;
  /**
   * A day of the wallet, from the history. @throws `ConfigurationError` there is none, or the day or zone is not one.
   */
  readonly report: (options: { day: string; timeZone?: string | undefined }) => Promise<DayReport>;
  /** Stops listening, and waits for the reading under way. Idempotent. */
  readonly close: () => Promise<void>;
}

/**
 * Compares each balance that the guard reads with what payouts and credits explain, and reports what is left: another
 * system spends from the wallet, a fee was not counted, a payout was made and never captured.
 *
 * One process should watch a wallet; it sees the payouts of all processes that share the store. It reads the store
 * after each balance, and never asks the provider by itself. Captures of all processes must have the same
 * `visibilityLagMs`.
 *
 * @throws `ConfigurationError` naming every problem; also for an observing guard, whose store does not know every
 *   payout.
 */
export function watchDrift(guard: PayoutGuard, options: DriftOptions): DriftWatch {
  return new Watch(guard, options);
}

/** Holds of this process whose beginning is remembered. */
const maxHolds = 1_000;

/** A reading, and its times on the monotonic clock. */
interface TimedReading extends Reading {
  readonly requestedMs: number;
  readonly receivedMs: number;
}

class Watch implements DriftWatch {
  readonly #guard: PayoutGuard;
  readonly #options: ResolvedDriftOptions;
  readonly #stops: readonly (() => void)[];
  #observer: Observer;
  #ledger: DriftLedger;
  #lag: LagMeter;
  #epoch: string | undefined;
  #looks: Promise<void> = Promise.resolve();
  #count = 0;
  /** The last reading of the store failed. */
  #isBlind = false;
  /** Why the wallet is to be frozen, until it is. */
  #mustFreezeFor: string | undefined;
  /** It was frozen for a movement whose amount is not known yet. */
  #isAlarmed = false;
  /** The next snapshot when each of the latest holds was taken, by attempt. */
  readonly #heldAt = new Map<string, number>();

  constructor(guard: PayoutGuard, options: DriftOptions) {
    this.#guard = guard;
    this.#options = resolveDriftOptions(guard, options);
    const { creditToleranceMs } = this.#options;
    this.#observer = this.#newObserver();
    this.#lag = this.#newLagMeter();
    this.#ledger = new DriftLedger({ lagMs: this.#lagMs, creditToleranceMs, mayBlip: this.#mayBlip });
    const { tap } = guard.internals;
    this.#stops = [
      tap('snapshot', (event) => this.#see(event)),
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
    await this.#looks;
  };

  readonly report = async ({ day, timeZone }: { day: string; timeZone?: string | undefined }): Promise<DayReport> => {
    const { history, wallet } = this.#options;
    if (!history) throw new ConfigurationError(['history: pass one to watchDrift; a report is made from it']);
    return dayReport(history, { wallet: wallet.key, currency: wallet.currency, day, timeZone });
  };

  readonly close = async (): Promise<void> => {
    for (const stop of this.#stops) stop();
    await this.#looks;
  };

  get #key(): string {
    return this.#options.wallet.key;
  }
  get #lagMs(): number {
    return this.#options.wallet.debits.lagMs;
  }
  /** Whether a balance may show a payout that fails, until the provider has given the money back. */
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

  /** The payout failed after its debit was recorded: the provider gives the money back. */
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
    this.#note('credit', at, this.#text(amountMinor), {}, reference);
  }

  #see({ wallet, available, capturedMark, epoch, asOf, receivedAt }: GuardEvents['snapshot']): void {
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
    this.#looks = this.#looks.then(() => this.#look(reading));
  }

  /** Never rejects: a snapshot is left out when the store does not respond. */
  async #look(reading: TimedReading): Promise<void> {
    // Marks of different epochs have nothing to do with each other.
    if (this.#epoch !== undefined && reading.epoch !== this.#epoch) this.#beginEpoch();
    this.#epoch = reading.epoch;
    try {
      for (const evidence of await this.#observer.look(reading, () => this.#now())) this.#add(evidence, reading);
      this.#isBlind = false;
    } catch (error) {
      if (!this.#isBlind) this.#warn('The store did not respond, so drift cannot be detected until it does', error);
      this.#isBlind = true;
      return;
    }
    for (const finding of this.#ledger.findings(this.#now())) this.#report(finding);
    await this.#freezeIfDrained();
  }

  #add(evidence: Evidence, { number, requestedMs, receivedMs }: TimedReading): void {
    this.#ledger.add(evidence);
    const isResting = evidence.debitsMinor.length === 0 && evidence.furtherMinor === 0n;
    // A snapshot of an earlier reading had to wait for payouts that were under way.
    if (!isResting || evidence.number !== number) return;
    const late = this.#lag.add({ evidence, requestedMs, receivedMs });
    if (!late) return;
    for (const corrected of late.corrected) this.#ledger.add(corrected);
    this.#reportLag(late, new Date(evidence.receivedAtMs));
  }

  #beginEpoch(): void {
    this.#observer = this.#newObserver();
    // Payouts may have been released in the meantime.
    this.#observer.released(this.#now());
    this.#ledger = this.#ledger.renewed();
    this.#lag = this.#newLagMeter();
    this.#isAlarmed = false;
  }

  #report(finding: Finding): void {
    const { wallet, onDrift, freezeAboveMinor } = this.#options;
    const event = driftEvent(finding, { wallet: wallet.key, currency: wallet.currency, lagMs: this.#lagMs });
    const isTooMuch = freezeAboveMinor !== undefined && finding.debitedMinor.least > freezeAboveMinor;
    if (isTooMuch && !this.#isAlarmed) this.#mustFreezeFor = drained;
    this.#isAlarmed = false;
    const { amount, from, to, direction, atMost, expected, actual } = event;
    const window = { from: from.toISOString(), to: to.toISOString() };
    this.#note('drift', to, amount, { direction, ...(atMost && { atMost }), ...window, expected, actual });
    this.#call('onDrift', () => onDrift(event));
  }

  #reportLag({ capture, longerThanMs, atMostMs }: LateCapture, at: Date): void {
    const { wallet, onLag } = this.#options;
    const { reference, attempt, debitedMinor } = capture;
    const [amount, lagMs] = [this.#text(debitedMinor), this.#lagMs];
    const about = { wallet: wallet.key, currency: wallet.currency.code };
    const event: VisibilityLagEvent = { ...about, reference, attempt, amount, lagMs, longerThanMs, atMostMs };
    this.#note('visibilityLag', at, amount, { attempt, lagMs, longerThanMs, atMostMs }, reference);
    if (onLag) this.#call('onLag', () => onLag(event));
    else {
      const seen = `The balance showed payout ${reference} ${longerThanMs} to ${atMostMs} ms after its capture, and visibilityLagMs is ${lagMs}`;
      this.#warn(`${seen}. Raise it to at least ${atMostMs} in every process`);
    }
  }

  /**
   * Freezes once for each movement: the operator who unfreezes knows why. A freeze that fails is repeated at the next
   * balance.
   */
  async #freezeIfDrained(): Promise<void> {
    const { freezeAboveMinor: limit } = this.#options;
    if (limit !== undefined && !this.#isAlarmed && this.#ledger.provenDebitMinor() > limit) {
      this.#mustFreezeFor = drained;
      this.#isAlarmed = true;
    }
    if (this.#mustFreezeFor === undefined) return;
    try {
      await this.#guard.freeze(this.#key, this.#mustFreezeFor);
      this.#mustFreezeFor = undefined;
    } catch (error) {
      this.#warn('The wallet could not be frozen; the next balance repeats it', error);
    }
  }

  #note(
    kind: 'credit' | 'drift' | 'visibilityLag',
    at: Date,
    amount: string,
    data: HistoryEntry['data'],
    reference?: string,
  ): void {
    const { history, wallet } = this.#options;
    if (!history) return;
    const about = { kind, at, wallet: wallet.key, amount, ...(reference !== undefined && { reference }) };
    const entry = { ...about, data: { currency: wallet.currency.code, ...data } };
    const noted = (async () => history.add([entry]))();
    noted.catch((error) => this.#warn(`The history rejected a ${kind} entry`, error));
  }

  #text(minor: bigint): string {
    return formatMinorUnits(minor, this.#options.wallet.currency);
  }

  #call(name: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#warn(`${name} threw`, error);
    }
  }

  #warn(what: string, error?: unknown): void {
    warn('PAYOUT_GUARD_DRIFT', `${what} (wallet ${this.#key}).`, error);
  }
}

const drained = 'more than the limit was debited without explanation; see the drift events';
