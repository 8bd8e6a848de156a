// Measures the time from a capture to the balance that shows it, if that is certain. Pure. Durations are of the
// monotonic clock.
//
// A balance that lags behind the declared `visibilityLagMs` looks like money that came in and left again: the capture
// is in the mark, and the balance still has its amount. A lag is certain only under three conditions. The wallet was at
// rest before, during and after. The amount was that of the one capture that entered the mark meanwhile, and this
// process recorded it. No balance of the ten minutes before was lower, which would mean that another capture was
// missing too. Everything else is left to the ledger. The first balance of a watch is assumed to show all captures
// before it.
import type { Evidence } from './evidence.js';

/** A payout that this process recorded as made. */
export interface RecordedCapture {
  readonly reference: string;
  readonly attempt: string;
  /** The real debit, in minor units. */
  readonly debitedMinor: bigint;
  /** Time at which the store had recorded it. */
  readonly atMs: number;
}

/** A balance of a moment at which no payout was under way: it follows from the mark alone. */
export interface RestingBalance {
  readonly evidence: Evidence;
  /** Times of the request and of the answer. */
  readonly requestedMs: number;
  readonly receivedMs: number;
}

/** A capture that the balance showed late. */
export interface LateCapture {
  readonly capture: RecordedCapture;
  /** Time after the capture at which the balance did not show it, in milliseconds. */
  readonly longerThanMs: number;
  /** Time after the capture at which the balance showed it, in milliseconds. */
  readonly atMostMs: number;
  /** The balances that did not show it, with their marks corrected: without the capture. */
  readonly corrected: readonly Evidence[];
}

/** Balances in a row that are equal, marks included. */
interface Run {
  /** Balance plus mark. */
  readonly minor: bigint;
  readonly balances: RestingBalance[];
}

const maxCaptures = 256;
const maxRuns = 8;
/** A capture may be missing for this long, in milliseconds: the cap of `visibilityLagMs`. */
const longestLagMs = 600_000;
/** Balances of one run that are kept: its first, which bounds the window, and the latest. */
const maxBalances = 64;

export class LagMeter {
  readonly #lagMs: number;
  /** A single balance may show a payout that fails, so two equal ones are needed where that happens. */
  readonly #confirmations: number;
  #captures: RecordedCapture[] = [];
  #runs: Run[] = [];
  /** Balance plus mark of the latest balances, and the last time of each; kept for longer than runs. */
  readonly #seen = new Map<bigint, number>();

  constructor({ lagMs, mayBlip }: { lagMs: number; mayBlip: boolean }) {
    this.#lagMs = lagMs;
    this.#confirmations = mayBlip ? 2 : 1;
  }

  captured(capture: RecordedCapture): void {
    this.#captures = [...this.#captures, capture].slice(-maxCaptures);
  }

  /** Adds a balance, in the order in which they came. Returns the capture that it shows and those before it did not. */
  add(balance: RestingBalance): LateCapture | undefined {
    const { availableMinor, markMinor } = balance.evidence;
    const minor = availableMinor + markMinor;
    this.#remember(minor, balance.receivedMs);
    const last = this.#runs.at(-1);
    if (last?.minor === minor) {
      if (last.balances.length === maxBalances) last.balances.splice(1, 1);
      last.balances.push(balance);
    } else this.#runs = [...this.#runs, { minor, balances: [balance] }].slice(-maxRuns);

    const [before, without, after] = this.#runs.filter((run) => run.balances.length >= this.#confirmations).slice(-3);
    const late = before && without && after && this.#lateIn(before, without, after);
    if (late) this.#runs = [after];
    return late;
  }

  #remember(minor: bigint, nowMs: number): void {
    // Deleted first, to keep the oldest in front.
    this.#seen.delete(minor);
    this.#seen.set(minor, nowMs);
    for (const [oldest, lastMs] of this.#seen) {
      if (nowMs - lastMs <= longestLagMs) return;
      this.#seen.delete(oldest);
    }
  }

  #lateIn(before: Run, without: Run, after: Run): LateCapture | undefined {
    const [base, missing] = [before.balances.at(-1), without.balances.at(-1)];
    const [shown] = after.balances;
    if (!base || !missing || !shown || before.minor !== after.minor) return undefined;
    if ([...this.#seen.keys()].some((minor) => minor < before.minor)) return undefined;
    const debitedMinor = without.minor - before.minor;
    const entered = without.balances.map(({ evidence }) => evidence.markMinor - base.evidence.markMinor);
    if (debitedMinor <= 0n || entered.some((minor) => minor !== debitedMinor)) return undefined;
    // No other one of that amount can have entered the mark meanwhile.
    const capture = this.#captures.find(
      (one) => one.debitedMinor === debitedMinor && one.atMs >= base.receivedMs && one.atMs < missing.requestedMs,
    );
    const longerThanMs = missing.requestedMs - (capture?.atMs ?? 0);
    if (!capture || longerThanMs <= this.#lagMs) return undefined;
    const corrected = without.balances.map(({ evidence }) => ({
      ...evidence,
      markMinor: evidence.markMinor - debitedMinor,
    }));
    return { capture, longerThanMs, atMostMs: shown.receivedMs - capture.atMs, corrected };
  }
}
