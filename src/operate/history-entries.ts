// Entries of several kinds as one page, newest first.
import type { History, HistoryEntry, HistoryKind } from '../history/index.js';

export interface EntriesQuery {
  readonly wallet?: string | undefined;
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly to?: Date | undefined;
  /**
   * Most entries of one kind on a page.
   * @defaultValue 100
   */
  readonly limit?: number | undefined;
}

export interface EntriesPage {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Pass it as `to` for the next page; undefined on the last one. */
  readonly before?: Date;
}

/** Most entries that one millisecond of one kind may have: further ones of that moment are not shown. */
const mostOfOneMoment = 1_000;

/**
 * Reads the newest entries of these kinds. A page ends with a whole millisecond, so that the next one begins at a time
 * and repeats nothing.
 * @throws what the history throws.
 */
export async function entriesOfKinds(
  history: History,
  kinds: readonly HistoryKind[],
  { limit = 100, ...query }: EntriesQuery,
): Promise<EntriesPage> {
  const pages = await Promise.all(kinds.map((kind) => history.query({ ...query, kind, limit, first: 'newest' })));
  // A kind that has more entries is complete down to the oldest one that was read, not including its millisecond.
  const ends = pages.flatMap(({ entries, next }) => (next === undefined ? [] : (entries.at(-1)?.at.getTime() ?? [])));
  const end = Math.max(Number.NEGATIVE_INFINITY, ...ends);
  const entries = pages
    .flatMap((page) => page.entries)
    .filter(({ at }) => at.getTime() > end)
    .sort((one, other) => other.at.getTime() - one.at.getTime());
  if (ends.length === 0) return { entries };
  if (entries.length > 0) return { entries, before: new Date(end + 1) };
  if (limit < mostOfOneMoment) return entriesOfKinds(history, kinds, { ...query, limit: mostOfOneMoment });
  return { entries: pages.flatMap((page) => page.entries), before: new Date(end) };
}
