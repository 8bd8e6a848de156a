// The rate of the captures of one wallet, from what was read for the page: for consoles without a monitor.
import type { Currency } from '../core/currency.js';
import type { WalletTotals } from '../core/store.js';
import { measureRunway, type Runway } from '../monitor/runway.js';

interface Sample {
  readonly atMs: number;
  readonly epoch: string;
  readonly minor: bigint;
}

/** Samples that are kept within the time to look back on. */
const samplesKept = 100;

export class CapturedRate {
  readonly #lookBackMs: number;
  #samples: Sample[] = [];

  constructor(lookBackMs: number) {
    this.#lookBackMs = lookBackMs;
  }

  /** Adds the current totals, and returns how long the spendable amount lasts; undefined while nothing is captured. */
  runway(totals: WalletTotals, spendableMinor: bigint, atMs: number, currency: Currency): Runway | undefined {
    const now: Sample = { atMs, epoch: totals.epoch, minor: totals.captured };
    // Another epoch counts from zero again, and a clock that was set back makes earlier samples useless.
    if (this.#samples.some((sample) => sample.epoch !== now.epoch || sample.atMs > atMs)) this.#samples = [];
    while ((this.#samples[1]?.atMs ?? atMs) <= atMs - this.#lookBackMs) this.#samples.shift();
    const newest = this.#samples.at(-1);
    if (!newest || atMs - newest.atMs >= this.#lookBackMs / samplesKept) this.#samples.push(now);
    return measureRunway(this.#samples, now, spendableMinor, currency)?.runway;
  }
}
