// Look-ups at providers that have no filter for our reference: a window of time around the payout, read page by page.
import * as z from 'zod';
import type { PayoutVerdict } from '../../core/verdict.js';
import { answerOfAll } from './several-outcomes.js';

/** Pages of one look-up. A window with more payouts needs a shorter `windowMs`. */
const maxPages = 20;

/** An hour: payment code may send for 2 minutes by default, and clocks differ. */
const defaultWindowMs = 3_600_000;

/** The option for the length of the window, on either side of the time of the payout. */
export const windowMs: z.ZodType<number | undefined> = z.int().min(60_000).max(1_209_600_000).optional();

/** The window of a search, in epoch milliseconds. */
export function windowAround(
  sentAtMs: number,
  lengthMs: number = defaultWindowMs,
): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: Math.max(0, sentAtMs - lengthMs), toMs: sentAtMs + lengthMs };
}

export interface SearchPage<Row> {
  readonly rows: readonly Row[];
  /** There is no page after this one. */
  readonly isLast: boolean;
}

export interface Search<Row> {
  /** Reads the page after these rows; the first one after none. */
  readonly readPage: (earlier: readonly Row[]) => Promise<SearchPage<Row>>;
  readonly isMeant: (row: Row) => boolean;
  readonly verdictOf: (row: Row) => PayoutVerdict;
}

export interface Found<Row> {
  readonly outcome: PayoutVerdict;
  /** Number of payouts that were made, of those on one page. */
  readonly timesPaid?: number | undefined;
  /** The payout, if it was made. */
  readonly paid?: Row | undefined;
  /** The provider has no row at all for this question. */
  readonly isEmpty?: boolean | undefined;
}

/**
 * Reads pages until a payout that was made is found or there are no more. Returns that payout with the outcome. When
 * pages are left unread, anything else that was found proves nothing.
 */
export async function searchPages<Row>({ readPage, isMeant, verdictOf }: Search<Row>): Promise<Found<Row>> {
  const rows: Row[] = [];
  for (let pages = 0; pages < maxPages; pages += 1) {
    const page = await readPage(rows);
    const paid = page.rows.filter((row) => isMeant(row) && verdictOf(row) === 'completed');
    if (paid.length > 0) return { ...answerOfAll(paid.map(verdictOf), false), paid: paid[0] };
    rows.push(...page.rows);
    if (page.isLast) return { ...answerOfAll(rows.filter(isMeant).map(verdictOf), false), isEmpty: rows.length === 0 };
  }
  return { outcome: 'unknown' };
}
