// When a wallet runs dry at the rate of its captures.
import type { Currency } from '../core/currency.js';
import { formatMinorUnits } from '../core/money.js';
import type { WalletTotals } from '../core/store.js';

/** How long the money lasts at the captured rate of the last hours. */
export interface Runway {
  /** What was captured per hour, rounded down; decimal text in major units. */
  readonly perHour: string;
  /** How long that was watched, in milliseconds. */
  readonly watchedMs: number;
  /** When nothing can be spent any more at that rate, in ISO 8601. Not later than 100 years. */
  readonly emptyAt: string;
}

interface Sample {
  readonly atMs: number;
  readonly epoch: string;
  readonly capturedMinor: bigint;
}

const anHourMs = 3_600_000n;
const longestMs = 100n * 365n * 24n * anHourMs;
/** Less than this long says nothing of a rate, in milliseconds. */
const shortestMs = 60_000;
/** Samples that are kept for the time that is looked back on. */
const samplesKept = 100;

/**
 * Watches the cumulative captured amount of one wallet, which the store keeps for all processes. The rate is that between the oldest
 * sample within the time looked back on, and now.
 */
export class CapturedRate {
  readonly #lookBackMs: number;
  #samples: Sample[] = [];

  constructor(lookBackMs: number) {
    this.#lookBackMs = lookBackMs;
  }

  /** Notes the totals of now, and tells how long the spendable amount lasts; undefined as long as nothing was captured. */
  runway(totals: WalletTotals, spendableMinor: bigint, atMs: number, currency: Currency): Runway | undefined {
    const now: Sample = { atMs, epoch: totals.epoch, capturedMinor: totals.captured };
    // Another epoch counts from another beginning; a clock that was set back makes no sense of what was before.
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
