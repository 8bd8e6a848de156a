// The time at which a wallet is empty, at the rate of its captures.
import type { Currency } from '../core/currency.js';
import { formatMinorUnits } from '../core/money.js';
import type { WalletTotals } from '../core/store.js';

/** The time that the money lasts at the captured rate of the last hours. */
export interface Runway {
  /** The captured amount per hour, rounded down; decimal text in major units. */
  readonly perHour: string;
  /** The time that the rate was measured over, in milliseconds. */
  readonly watchedMs: number;
  /** Time at which nothing is spendable any more at that rate, in ISO 8601; at most 100 years from now. */
  readonly emptyAt: string;
}

interface Sample {
  readonly atMs: number;
  readonly epoch: string;
  readonly capturedMinor: bigint;
}

const anHourMs = 3_600_000n;
const longestMs = 100n * 365n * 24n * anHourMs;
/** A rate needs at least this long, in milliseconds. */
const shortestMs = 60_000;
/** Samples that are kept within the time to look back on. */
const samplesKept = 100;

/**
 * The rate of the captures of one wallet, which the store counts for all processes: between the oldest sample within
 * the time to look back on, and now.
 */
export class CapturedRate {
  readonly #lookBackMs: number;
  #samples: Sample[] = [];

  constructor(lookBackMs: number) {
    this.#lookBackMs = lookBackMs;
  }

  /**
   * Adds the current totals, and returns how long the spendable amount lasts; undefined as long as nothing was
   * captured.
   */
  runway(totals: WalletTotals, spendableMinor: bigint, atMs: number, currency: Currency): Runway | undefined {
    const now: Sample = { atMs, epoch: totals.epoch, capturedMinor: totals.captured };
    // Another epoch counts from zero again, and a clock that was set back makes earlier samples useless.
    if (this.#samples.some((sample) => sample.epoch !== now.epoch || sample.atMs > atMs)) this.#samples = [];
    while ((this.#samples[1]?.atMs ?? atMs) <= atMs - this.#lookBackMs) this.#samples.shift();
    const newest = this.#samples.at(-1);
    if (!newest || atMs - newest.atMs >= this.#lookBackMs / samplesKept) this.#samples.push(now);
    return runwayBetween(this.#samples[0] ?? now, now, spendableMinor, currency);
  }
}

function runwayBetween(first: Sample, now: Sample, spendableMinor: bigint, currency: Currency): Runway | undefined {
  const watchedMs = now.atMs - first.atMs;
  const capturedMinor = now.capturedMinor - first.capturedMinor;
  if (watchedMs < shortestMs || capturedMinor <= 0n) return undefined;
  const leftMinor = spendableMinor > 0n ? spendableMinor : 0n;
  const lastsMs = (leftMinor * BigInt(watchedMs)) / capturedMinor;
  return {
    perHour: formatMinorUnits((capturedMinor * anHourMs) / BigInt(watchedMs), currency),
    watchedMs,
    emptyAt: new Date(now.atMs + Number(lastsMs < longestMs ? lastsMs : longestMs)).toISOString(),
  };
}
