// The time at which a wallet is empty, at the rate of its captures.
import type { Currency } from '../core/currency.js';
import { formatMinorUnits } from '../core/money.js';
import type { Sample, SamplesOptions } from './samples.js';

/** The time that the money lasts at the captured rate of the last hours. */
export interface Runway {
  /** The captured amount per hour, rounded down; decimal text in major units. */
  readonly perHour: string;
  /** The time that the rate was measured over, in milliseconds. */
  readonly watchedMs: number;
  /** Time at which nothing is spendable any more at that rate, in ISO 8601; at most 100 years from now. */
  readonly emptyAt: string;
}

const anHourMs = 3_600_000n;
const longestMs = 100n * 365n * 24n * anHourMs;
/** A rate needs at least this long, in milliseconds. */
const shortestMs = 60_000;
/** Samples that are kept within the time to look back on. */
const samplesKept = 100;

/** The time that the money lasts, exactly and for display. */
export interface MeasuredRunway {
  /** The time from now on, in milliseconds, rounded down. */
  readonly lastsMs: bigint;
  readonly runway: Runway;
}

/** Options of the samples of the captured total that a runway is measured by. */
export function rateSamples(lookBackMs: number): SamplesOptions {
  return { everyMs: lookBackMs / samplesKept, keptMs: lookBackMs };
}

/**
 * Returns how long the spendable amount lasts at the rate of the captures, which the store counts for all processes:
 * between the oldest sample of their total, and now. Undefined if nothing was captured in between, or if that is too
 * short a time.
 */
export function measureRunway(
  samples: readonly Sample[],
  now: Sample,
  spendableMinor: bigint,
  currency: Currency,
): MeasuredRunway | undefined {
  const first = samples[0] ?? now;
  const watchedMs = now.atMs - first.atMs;
  const capturedMinor = now.minor - first.minor;
  if (watchedMs < shortestMs || capturedMinor <= 0n) return undefined;
  const leftMinor = spendableMinor > 0n ? spendableMinor : 0n;
  const lastsMs = (leftMinor * BigInt(watchedMs)) / capturedMinor;
  const runway = {
    perHour: formatMinorUnits((capturedMinor * anHourMs) / BigInt(watchedMs), currency),
    watchedMs,
    emptyAt: new Date(now.atMs + Number(lastsMs < longestMs ? lastsMs : longestMs)).toISOString(),
  };
  return { lastsMs, runway };
}
