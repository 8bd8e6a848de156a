// Balances that were read for the overview: the chart of a console without a history, and its latest points with one.

export interface Sample {
  readonly atMs: number;
  /** Decimal text, as `spendable`. */
  readonly available: string;
  readonly spendable?: string | undefined;
}

/** Samples that are kept of each wallet, and the least time between two, in milliseconds. */
const mostSamples = 2_000;
const apartMs = 1_000;

export class Samples {
  readonly #byWallet = new Map<string, Sample[]>();

  /** Of several samples within a second, the first and the last are kept. */
  add(wallet: string, sample: Sample): void {
    const samples = this.#byWallet.get(wallet) ?? [];
    this.#byWallet.set(wallet, samples);
    const before = samples.at(-2);
    if (before && sample.atMs - before.atMs < apartMs) samples.pop();
    samples.push(sample);
    if (samples.length > mostSamples) samples.splice(0, samples.length - mostSamples);
  }

  since(wallet: string, fromMs: number): Sample[] {
    return (this.#byWallet.get(wallet) ?? []).filter(({ atMs }) => atMs >= fromMs);
  }
}
