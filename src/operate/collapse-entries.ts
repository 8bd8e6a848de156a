// Repeated entries of one payout as one: a payout that stays overdue leaves one with every look-up.
import type { HistoryEntry, HistoryKind } from '../history/index.js';

/** An entry that may stand for several. The entry itself is the latest of them. */
export interface CollapsedEntry extends HistoryEntry {
  /** The number of entries; absent for one. */
  readonly times?: number;
  /** Time of the earliest of several. */
  readonly firstAt?: Date;
}

/** Kinds that repeat what is known until a payout ends. */
const repeated: ReadonlySet<HistoryKind> = new Set(['overdue', 'neverSeen']);

/** Joins the entries of one payout and kind, wherever they are in the list. Newest first. */
export function collapseEntries(entries: readonly HistoryEntry[]): CollapsedEntry[] {
  const places = new Map<string, number>();
  const collapsed: CollapsedEntry[] = [];
  for (const entry of entries) {
    const key = `${entry.kind} ${entry.wallet} ${entry.reference}`;
    const place = repeated.has(entry.kind) ? places.get(key) : undefined;
    const latest = place === undefined ? undefined : collapsed[place];
    if (place === undefined || !latest) {
      places.set(key, collapsed.length);
      collapsed.push(entry);
    } else collapsed[place] = joined(latest, entry);
  }
  return collapsed;
}

/** Joins entries of a kind that follow each other, with only such entries between them. Oldest first. */
export function collapseRuns(entries: readonly HistoryEntry[]): CollapsedEntry[] {
  const collapsed: CollapsedEntry[] = [];
  let run: HistoryEntry[] = [];
  const end = () => {
    collapsed.push(...collapseEntries(run.toReversed()).toReversed());
    run = [];
  };
  for (const entry of entries) {
    if (repeated.has(entry.kind)) run.push(entry);
    else {
      end();
      collapsed.push(entry);
    }
  }
  end();
  return collapsed;
}

function joined(latest: CollapsedEntry, earlier: HistoryEntry): CollapsedEntry {
  return { ...latest, times: (latest.times ?? 1) + 1, firstAt: earlier.at };
}
