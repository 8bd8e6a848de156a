// Parses a query, and the place at which a page ended.
import * as z from 'zod';
import { ConfigurationError } from '../core/errors.js';
import { readOptions } from '../core/problems.js';
import { type HistoryKind, type HistoryQuery, historyKinds } from './entry.js';

/** The place of an entry in the order: its time, then its id. */
export interface Place {
  readonly atMs: number;
  readonly id: string;
}

/** {@link HistoryQuery} with defaults. */
export interface ResolvedQuery {
  readonly wallet: string | undefined;
  readonly kind: HistoryKind | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly reference: string | undefined;
  readonly isNewestFirst: boolean;
  readonly limit: number;
  readonly after: Place | undefined;
}

/** The range of a Date, in milliseconds either side of the epoch. */
const everMs = 8.64e15;

const querySchema: z.ZodType<HistoryQuery> = z.strictObject({
  wallet: z.string().optional(),
  kind: z.enum(historyKinds).optional(),
  from: z.date().optional(),
  to: z.date().optional(),
  reference: z.string().optional(),
  first: z.enum(['oldest', 'newest']).optional(),
  limit: z.int().min(1).max(1_000).optional(),
  after: z.string().optional(),
});

/** @throws `ConfigurationError` naming every problem. */
export function resolveQuery(query: HistoryQuery): ResolvedQuery {
  const { wallet, kind, from, to, reference, first, limit = 100, after } = readOptions(querySchema, query);
  return {
    wallet,
    kind,
    fromMs: from?.getTime() ?? -everMs,
    toMs: to?.getTime() ?? everMs,
    reference,
    isNewestFirst: first === 'newest',
    limit,
    after: after === undefined ? undefined : readPlace(after),
  };
}

export function placeText({ atMs, id }: Place): string {
  return `${atMs} ${id}`;
}

function readPlace(text: string): Place {
  const [, atMs, id] = /^(-?\d{1,16}) ([\x21-\x7e]{1,64})$/.exec(text) ?? [];
  if (atMs === undefined || id === undefined) throw new ConfigurationError(['after: must be the next of a page']);
  return { atMs: Number(atMs), id };
}

/** Compares the places of two entries. Ids are plain text, compared by their characters. */
export function comparePlaces(one: Place, other: Place): number {
  if (one.atMs !== other.atMs) return one.atMs - other.atMs;
  if (one.id === other.id) return 0;
  return one.id < other.id ? -1 : 1;
}
