// Samples of one figure over time, in a note that all processes of a store share.
import * as z from 'zod';
import { oldestBalanceMs } from '../core/options.js';
import type { Notes } from './notes.js';

export interface Sample {
  /** Time of the sample, in epoch milliseconds. */
  readonly atMs: number;
  readonly minor: bigint;
}

export interface SamplesOptions {
  /** Shortest time between two samples, in milliseconds. */
  readonly everyMs: number;
  /** Time that samples are kept for, in milliseconds; at most 150 times `everyMs`, so that they fit into a note. */
  readonly keptMs: number;
}

const noteSchema = z.object({
  epoch: z.string(),
  samples: z.array(z.tuple([z.number(), z.string().regex(/^-?\d+$/)])),
});

export class Samples {
  readonly #notes: Notes;
  readonly #key: string;
  readonly #options: SamplesOptions;

  constructor(notes: Notes, key: string, options: SamplesOptions) {
    this.#notes = notes;
    this.#key = key;
    this.#options = options;
  }

  /**
   * Returns the samples up to now, the oldest first, and adds the figure as it is now if it is time. Samples of another
   * epoch are forgotten. Rejects when the store does.
   */
  async add(now: Sample, epoch = ''): Promise<readonly Sample[]> {
    const { everyMs, keptMs } = this.#options;
    const text = (await this.#notes.note(this.#key)) ?? undefined;
    // A time further ahead than clocks differ comes from a wrong clock.
    const known = read(text, epoch).filter(({ atMs }) => atMs <= now.atMs + oldestBalanceMs);
    // The newest of those that are too old stays: the time to look back on begins after it.
    while (known[1] && known[1].atMs <= now.atMs - keptMs) known.shift();
    const newest = known.at(-1);
    if (!newest || now.atMs - newest.atMs >= everyMs) {
      known.push(now);
      const samples = known.map(({ atMs, minor }) => [atMs, `${minor}`]);
      // If another process has changed the note meanwhile, its sample is as good.
      await this.#notes.swapNote(this.#key, text, JSON.stringify({ epoch, samples }));
    }
    return known.filter(({ atMs }) => atMs <= now.atMs);
  }
}

/** Returns the sample that is nearest to a time; undefined if it is further away than the tolerance. */
export function nearest(samples: readonly Sample[], atMs: number, toleranceMs: number): Sample | undefined {
  const distance = (sample: Sample) => Math.abs(sample.atMs - atMs);
  return samples
    .filter((sample) => distance(sample) <= toleranceMs)
    .reduce<Sample | undefined>((best, one) => (best && distance(best) <= distance(one) ? best : one), undefined);
}

/** Reads a note. An unreadable one counts as none, so samples are collected anew. */
function read(text: string | undefined, epoch: string): Sample[] {
  if (text === undefined) return [];
  try {
    const note = noteSchema.parse(JSON.parse(text));
    return note.epoch === epoch ? note.samples.map(([atMs, minor]) => ({ atMs, minor: BigInt(minor) })) : [];
  } catch {
    return [];
  }
}
