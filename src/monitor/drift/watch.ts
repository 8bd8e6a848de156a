// Watches the balance of a wallet for money that moved without us.
import { ConfigurationError } from '../../core/errors.js';
import type { GuardEvents } from '../../core/events.js';
import type { PayoutGuard } from '../../core/guard.js';
import { type AmountInput, formatMinorUnits, parseAmount } from '../../core/money.js';
import { warn } from '../../core/warn.js';
import { type DayReport, dayReport } from '../history/day-report.js';
import type { HistoryEntry } from '../history/entry.js';
import { driftEvent } from './drift-event.js';
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
   * Reports money that came in, before the balance shows it or within the tolerance after. One that is reported later than that has
   * been told as drift by then.
   *
   * @throws `InvalidAmountError`
   */
  readonly credit: (credit: ReportedCredit) => void;
  /** Reads the balance now; resolves when what it shows was told. @throws what `guard.funds` throws. */
  readonly check: () => Promise<void>;
  /** A day of the wallet, from the history. @throws `ConfigurationError` there is none, or the day or zone is not one. */
  readonly report: (options: { day: string; timeZone?: string | undefined }) => Promise<DayReport>;
  /** Stops listening, and waits for the look under way. Idempotent. */
  readonly close: () => Promise<void>;
}

/**
 * Compares each balance that the guard reads with what payouts and credits explain, and tells what is left: somebody else spends from
 * the wallet, a fee nobody counted, a payout that was made and never captured.
 *
 * One process should watch a wallet; it sees the payouts of all that share the store. It reads the store after each balance, and the
 * provider never by itself. Captures of all processes must have the same `visibilityLagMs`.
 *
 * @throws `ConfigurationError` naming every problem; also for a guard in mode `observe`, whose store does not know all payouts.
 */
export function watchDrift(guard: PayoutGuard, options: DriftOptions): DriftWatch {
  return new Watch(guard, options);
}

class Watch implements DriftWatch {
  readonly #guard: PayoutGuard;
  readonly #options: ResolvedDriftOptions;
  readonly #stop: readonly (() => void)[];
  #observer: Observer;
  #ledger: DriftLedger;
  #epoch: string | undefined;
  #looks: Promise<void> = Promise.resolve();
  #count = 0;
  /** The last look failed. */
  #isBlind = false;
  /** Why the wallet is to be frozen, until it is. */
  #mustFreezeFor: string | undefined;
  /** It was frozen for a movement whose amount is not known yet. */
  #isAlarmed = false;

  constructor(guard: PayoutGuard, options: DriftOptions) {
    this.#guard = guard;
    this.#options = resolveDriftOptions(guard, options);
    const { wallet, creditToleranceMs } = this.#options;
    const { lagMs, visibleAt } = guard.debits;
    this.#observer = this.#newObserver();
    this.#ledger = new DriftLedger({ lagMs, creditToleranceMs, mayBlip: visibleAt !== 'completion' });
    this.#stop = [
      guard.on('snapshot', (event) => this.#see(event)),
      guard.on('released', ({ hold }) => {
        if (hold.wallet === wallet && hold.sentAt) this.#observer.released(guard.clock.now());
      }),
    ];
  }

  readonly credit = ({ amount, at }: ReportedCredit): void => {
    const { clock, currency } = this.#guard;
    const amountMinor = parseAmount(amount, currency);
    const when = at ?? new Date(clock.now());
    if (Number.isNaN(when.getTime())) throw new ConfigurationError(['at: must be a valid date']);
    this.#ledger.credit({ amountMinor, atMs: when.getTime() });
    this.#note('credit', when, formatMinorUnits(amountMinor, currency), {});
  };

  readonly check = async (): Promise<void> => {
    await this.#guard.funds({ wallet: this.#options.wallet, refresh: true });
    await this.#looks;
  };

  readonly report = async ({ day, timeZone }: { day: string; timeZone?: string | undefined }): Promise<DayReport> => {
    const { history, wallet } = this.#options;
    if (!history) throw new ConfigurationError(['history: a report is made from one; pass it to watchDrift']);
    return dayReport(history, { wallet, currency: this.#guard.currency, day, timeZone });
  };

  readonly close = async (): Promise<void> => {
    for (const stop of this.#stop) stop();
    await this.#looks;
  };

  #newObserver(): Observer {
    const { wallet, debitsWithinHolds } = this.#options;
    const { store, debits } = this.#guard;
    const mayShowFailed = debits.visibleAt !== 'completion';
    return new Observer({ store, wallet, lagMs: debits.lagMs, mayShowFailed, debitsWithinHolds });
  }

  #see({ wallet, available, capturedMark, epoch, asOf, receivedAt }: GuardEvents['snapshot']): void {
    if (wallet !== this.#options.wallet) return;
    const reading = {
      number: this.#count,
      requestedAtMs: asOf.getTime(),
      receivedAtMs: receivedAt.getTime(),
      availableMinor: minorOf(available),
      markMinor: minorOf(capturedMark),
      epoch,
    };
    this.#count += 1;
    this.#looks = this.#looks.then(() => this.#look(reading));
  }

  /** Never rejects: a store that does not answer leaves this snapshot out. */
  async #look(reading: Reading): Promise<void> {
    // Marks of different epochs have nothing to do with each other.
    if (this.#epoch !== undefined && reading.epoch !== this.#epoch) this.#beginEpoch();
    this.#epoch = reading.epoch;
    const now = () => this.#guard.clock.now();
    try {
      for (const evidence of await this.#observer.look(reading, now)) this.#ledger.add(evidence);
      this.#isBlind = false;
    } catch (error) {
      if (!this.#isBlind) this.#warn('Drift cannot be told while the store does not answer', error);
      this.#isBlind = true;
      return;
    }
    for (const finding of this.#ledger.findings(now())) this.#tell(finding);
    await this.#freezeIfDrained();
  }

  #beginEpoch(): void {
    this.#observer = this.#newObserver();
    // Nobody knows what was released in the meantime.
    this.#observer.released(this.#guard.clock.now());
    this.#ledger = this.#ledger.renewed();
    this.#isAlarmed = false;
  }

  #tell(finding: Finding): void {
    const { currency, debits } = this.#guard;
    const { wallet, onDrift, freezeAboveMinor } = this.#options;
    const event = driftEvent(finding, { wallet, currency, lagMs: debits.lagMs });
    const isTooMuch = freezeAboveMinor !== undefined && finding.debitedMinor.least > freezeAboveMinor;
    if (isTooMuch && !this.#isAlarmed) this.#mustFreezeFor = drained;
    this.#isAlarmed = false;
    const { amount, from, to, direction, atMost, expected, actual } = event;
    const window = { from: from.toISOString(), to: to.toISOString() };
    this.#note('drift', to, amount, { direction, ...(atMost && { atMost }), ...window, expected, actual });
    try {
      onDrift(event);
    } catch (error) {
      this.#warn('onDrift threw', error);
    }
  }

  /** Freezes once for each movement: an operator who unfreezes knows why. A freeze that fails is tried again at the next look. */
  async #freezeIfDrained(): Promise<void> {
    const { freezeAboveMinor: limit, wallet } = this.#options;
    if (limit !== undefined && !this.#isAlarmed && this.#ledger.provenDebitMinor() > limit) {
      this.#mustFreezeFor = drained;
      this.#isAlarmed = true;
    }
    if (this.#mustFreezeFor === undefined) return;
    try {
      await this.#guard.freeze(wallet, this.#mustFreezeFor);
      this.#mustFreezeFor = undefined;
    } catch (error) {
      this.#warn('The wallet could not be frozen', error);
    }
  }

  #note(kind: 'credit' | 'drift', at: Date, amount: string, data: HistoryEntry['data']): void {
    const { history, wallet } = this.#options;
    const { code } = this.#guard.currency;
    if (!history) return;
    const noted = (async () => history.add([{ kind, at, wallet, amount, data: { currency: code, ...data } }]))();
    noted.catch((error) => this.#warn(`The history did not take a ${kind}`, error));
  }

  #warn(what: string, error: unknown): void {
    warn('PAYOUT_GUARD_DRIFT', `${what} (wallet ${this.#options.wallet}).`, error);
  }
}

const drained = 'more than the limit was debited without explanation; see the drift events';

function minorOf(text: string): bigint {
  return BigInt(text.replace('.', ''));
}
