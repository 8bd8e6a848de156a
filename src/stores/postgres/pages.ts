// Pages of holds: for operators, and for reconciliation.
import type { HoldState } from '../../core/hold.js';
import type { ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import { type HoldText, readHold } from './batch.js';

export interface Query {
  readonly text: string;
  readonly values: unknown[];
}

/** Holds that match, oldest first, one more than asked for. Each state is a walk along the index of its holds by age. */
export function listQuery(schema: string, filter: HoldFilter): Query {
  const { wallet, state, olderThanMs, limit, after = '0' } = filter;
  const now = `(SELECT ${schema}.now_ms())`;
  const values: unknown[] = [after, limit + 1];
  const conditions = ['h.seq > $1::bigint'];
  if (wallet !== undefined) conditions.push(`h.wallet = $${values.push(wallet)}`);
  // Told by the order, so that the walk ends there: see the column seq.
  if (olderThanMs !== undefined) conditions.push(`h.seq < (${now} - $${values.push(olderThanMs)}::bigint + 1) << 21`);
  const isExpired = `h.state = 'reserved' AND h.due_at_ms <= ${now}`;
  // A reservation whose time is over is released, though the next batch of its wallet is what writes it down.
  const parts: Readonly<Record<HoldState, readonly string[]>> = {
    reserved: [`h.state = 'reserved' AND h.due_at_ms > ${now}`],
    sent: [`h.state = 'sent'`],
    captured: [`h.state = 'captured'`],
    released: [`h.state = 'released'`, isExpired],
  };
  const walks = (state === undefined ? Object.values(parts).flat() : parts[state]).map((part) => {
    const hold = part === isExpired ? `${schema}.expired(h)` : 'h';
    return `(SELECT h.seq, ${hold} AS hold FROM ${schema}.holds h
      WHERE ${part} AND ${conditions.join(' AND ')} ORDER BY h.seq LIMIT $2)`;
  });
  const text = `
    SELECT found.seq::text AS cursor, ${schema}.hold_json(found.hold) AS hold
    FROM (${walks.join(' UNION ALL ')}) found ORDER BY found.seq LIMIT $2`;
  return { text, values };
}

export function claimQuery(schema: string, request: ClaimRequest): Query {
  const { owner, olderThanMs, leaseMs, limit, after = '0' } = request;
  // One more than asked for would lease one too many: a full page says that there may be another.
  const text = `SELECT seq::text AS cursor, hold FROM ${schema}.claim_sent($1, $2, $3, $4, $5)`;
  return { text, values: [owner, olderThanMs, leaseMs, after, limit] };
}

/** Deletes finished holds of one state, so many at most. */
export function deleteQuery(
  schema: string,
  state: HoldState,
  olderThanMs: number,
  after: string,
  limit: number,
): Query {
  const text = `SELECT deleted::integer, last::text FROM ${schema}.delete_finished($1, $2, $3, $4)`;
  return { text, values: [state, olderThanMs, after, limit] };
}

export function readPage(rows: readonly unknown[], limit: number, isOneMore: boolean): HoldPage {
  const page = (rows as readonly { cursor: string; hold: string }[]).slice(0, limit);
  const holds = page.map(({ hold }) => readHold(JSON.parse(hold) as HoldText));
  const hasNext = isOneMore ? rows.length > limit : rows.length === limit;
  return hasNext ? { holds, next: page.at(-1)?.cursor } : { holds };
}
