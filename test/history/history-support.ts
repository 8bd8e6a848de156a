// Shared by the tests of the history.
import { afterEach, jest } from '@jest/globals';
import type { History, HistoryEntry, HistoryQuery, SharedHistory, SharedHistoryOptions } from 'payout-guard/history';
import type { HistoryPlace } from './places.js';

export const open: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(open.splice(0).map((party) => party.close()));
});

/** A history of a shared place, which has nothing yet. */
export async function emptied(
  place: HistoryPlace,
  options: Partial<SharedHistoryOptions> = {},
): Promise<SharedHistory> {
  await place.empty();
  const history = place.open({ keepForMs: 3_600_000, ...options });
  open.push(history);
  return history;
}

export const at = (time: string): Date => new Date(`2024-05-06T${time}Z`);

export const entry = (kind: HistoryEntry['kind'], time: string, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  kind,
  at: at(time),
  wallet: 'w',
  data: {},
  ...more,
});

export async function everything(history: History, query: HistoryQuery): Promise<HistoryEntry[]> {
  const found: HistoryEntry[] = [];
  let after: string | undefined;
  for (let pages = 0; pages < 100; pages++) {
    const page = await history.query({ ...query, after });
    found.push(...page.entries);
    after = page.next;
    if (after === undefined) return found;
  }
  throw new Error('the pages do not end');
}
