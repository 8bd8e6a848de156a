// The whole life of one payout: its hold as it is now, and every entry of the history about it.
import type { HoldInfo } from '../core/hold-info.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { History } from '../history/index.js';
import { type CollapsedEntry, collapseRuns } from './collapse-entries.js';

export interface PayoutLife {
  /** Absent when the store has no hold of the reference: it was refused, or forgotten. */
  readonly hold?: HoldInfo;
  /** Oldest first. */
  readonly entries: readonly CollapsedEntry[];
  /** Entries between the oldest and the newest ones are not shown. */
  readonly isCut: boolean;
}

/** Entries of one payout that are read from each end: a payout that stays overdue for days has thousands. */
const mostEntries = 500;

/** @throws what `guard.getHold` and the history throw. */
export async function payoutLife(
  guard: PayoutGuard,
  history: History | undefined,
  reference: string,
): Promise<PayoutLife> {
  const [hold, entries] = await Promise.all([guard.getHold(reference), entriesOf(history, reference)]);
  return { ...(hold && { hold }), ...entries };
}

async function entriesOf(history: History | undefined, reference: string): Promise<Omit<PayoutLife, 'hold'>> {
  if (!history) return { entries: [], isCut: false };
  const oldest = await history.query({ reference, limit: mostEntries });
  if (oldest.next === undefined) return { entries: collapseRuns(oldest.entries), isCut: false };
  const rest = await history.query({ reference, limit: mostEntries, after: oldest.next });
  if (rest.next === undefined) return { entries: collapseRuns([...oldest.entries, ...rest.entries]), isCut: false };
  const newest = await history.query({ reference, limit: mostEntries, first: 'newest' });
  return { entries: collapseRuns([...oldest.entries, ...newest.entries.toReversed()]), isCut: true };
}
