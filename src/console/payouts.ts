// Holds for the pages of payouts: lists, and the life of one.
import type { HoldState } from '../core/hold.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { History } from '../history/index.js';
import { findHolds, payoutLife } from '../operate/index.js';
import { RequestError } from './exchange.js';
import { numberIn, oneOf, textIn } from './query.js';

const states: readonly HoldState[] = ['reserved', 'sent', 'captured', 'released'];
const pageSize = 50;
const longestMs = 10 * 365 * 86_400_000;

/** A page of holds, and the decimals of each currency in it. */
export async function listPayouts(guard: PayoutGuard, query: URLSearchParams): Promise<unknown> {
  const { holds, next } = await findHolds(guard, {
    wallet: textIn(query, 'wallet'),
    state: oneOf(query, 'state', states),
    reference: textIn(query, 'reference'),
    text: textIn(query, 'text'),
    amountFrom: textIn(query, 'amountFrom'),
    amountTo: textIn(query, 'amountTo'),
    olderThanMs: numberIn(query, 'olderThanMs', longestMs),
    after: textIn(query, 'after'),
    limit: pageSize,
  });
  return { now: now(guard), holds, ...(next !== undefined && { next }) };
}

/** @throws {@link RequestError} 404 there is neither a hold nor an entry. */
export async function readPayout(
  guard: PayoutGuard,
  history: History | undefined,
  query: URLSearchParams,
): Promise<unknown> {
  const reference = textIn(query, 'reference');
  if (reference === undefined) throw new RequestError(400, 'invalid_query', 'Name the reference of the payout.');
  const life = await payoutLife(guard, history, reference);
  if (!life.hold && life.entries.length === 0) {
    throw new RequestError(404, 'unknown_payout', 'No payout has this reference, or it was forgotten.');
  }
  return { now: now(guard), ...life };
}

function now(guard: PayoutGuard): Date {
  return new Date(guard.internals.clock.now());
}
