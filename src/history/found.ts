// Rows of a table as a page.
import type { HistoryEntry, HistoryPage } from './entry.js';
import { placeText } from './query.js';

interface Found {
  readonly at_ms: string | number;
  readonly id: string;
  readonly kind: HistoryEntry['kind'];
  readonly wallet: string | null;
  readonly reference: string | null;
  readonly amount: string | null;
  readonly data: string;
}

/** @param rows - Of the page, and one more if there is one. */
export function readPage(rows: readonly unknown[], limit: number): HistoryPage {
  const page = (rows as readonly Found[]).slice(0, limit);
  const last = page.at(-1);
  const entries = page.map(readEntry);
  return last && rows.length > limit
    ? { entries, next: placeText({ atMs: Number(last.at_ms), id: last.id }) }
    : { entries };
}

function readEntry({ at_ms, kind, wallet, reference, amount, data }: Found): HistoryEntry {
  return {
    kind,
    at: new Date(Number(at_ms)),
    ...(wallet !== null && { wallet }),
    ...(reference !== null && { reference }),
    ...(amount !== null && { amount }),
    data: JSON.parse(data) as HistoryEntry['data'],
  };
}
