// A history in the memory of this process: its latest entries.
import * as z from 'zod';
import { readOptions } from '../core/problems.js';
import type { History, HistoryEntry, HistoryPage, HistoryQuery } from './entry.js';
import { comparePlaces, type Place, placeText, type ResolvedQuery, resolveQuery } from './query.js';

export interface MemoryHistoryOptions {
  /**
   * Entries that are kept; the one that was added first is dropped first. 1 to 10,000,000, at about 1 kB each.
   * @defaultValue 10,000
   */
  maxEntries?: number | undefined;
}

const optionsSchema: z.ZodType<MemoryHistoryOptions> = z.strictObject({
  maxEntries: z.int().min(1).max(10_000_000).optional(),
});

/**
 * Makes a history that ends with the process. Adding costs the same however many entries there are; a query reads every
 * entry.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function memoryHistory(options: MemoryHistoryOptions = {}): MemoryHistory {
  return new Ring(readOptions(optionsSchema, options).maxEntries ?? 10_000);
}

/** A {@link History} that works synchronously. */
export interface MemoryHistory extends History {
  add(entries: readonly HistoryEntry[]): void;
  query(query?: HistoryQuery): HistoryPage;
}

interface Row extends Place {
  readonly entry: HistoryEntry;
}

class Ring implements MemoryHistory {
  readonly #maxEntries: number;
  readonly #rows: Row[] = [];
  #added = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  add(entries: readonly HistoryEntry[]): void {
    for (const entry of entries) {
      const row = { atMs: entry.at.getTime(), id: String(this.#added).padStart(16, '0'), entry };
      this.#rows[this.#added % this.#maxEntries] = row;
      this.#added += 1;
    }
  }

  query(query: HistoryQuery = {}): HistoryPage {
    const wanted = resolveQuery(query);
    const turn = wanted.isNewestFirst ? -1 : 1;
    const found = this.#rows
      .filter((row) => matches(row, wanted))
      .sort((one, other) => turn * comparePlaces(one, other))
      .filter((row) => !wanted.after || turn * comparePlaces(row, wanted.after) > 0);
    const page = found.slice(0, wanted.limit);
    const entries = page.map(({ entry }) => entry);
    const last = page.at(-1);
    return last && found.length > page.length ? { entries, next: placeText(last) } : { entries };
  }

  async close(): Promise<void> {}
}

function matches({ atMs, entry }: Row, { wallet, kind, reference, fromMs, toMs }: ResolvedQuery): boolean {
  return (
    atMs >= fromMs &&
    atMs < toMs &&
    (wallet ?? entry.wallet) === entry.wallet &&
    (kind ?? entry.kind) === entry.kind &&
    (reference ?? entry.reference) === entry.reference
  );
}
