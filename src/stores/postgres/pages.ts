// Pages of holds: for operators, and for reconciliation.
import type { ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import { type HoldText, readHold } from './batch.js';

export interface Query {
  readonly text: string;
  readonly values: unknown[];
}

/** Holds that match, oldest first, one more than asked for. */
export function listQuery(schema: string, filter: HoldFilter): Query {
  const { wallet, state, olderThanMs, limit, after = '0' } = filter;
  const now = `${schema}.now_ms()`;
  // A reservation whose time is over is released, though the next batch of its wallet is what writes it down.
  const states = {
    reserved: `h.state = 'reserved' AND h.due_at_ms > (SELECT ${now})`,
    sent: `h.state = 'sent'`,
    captured: `h.state = 'captured'`,
    released: `(h.state = 'released' OR h.state = 'reserved' AND h.due_at_ms <= (SELECT ${now}))`,
  };
  const values: unknown[] = [after, limit + 1];
  const conditions = ['h.seq > $1::bigint'];
  if (wallet !== undefined) conditions.push(`h.wallet = $${values.push(wallet)}`);
  if (state !== undefined) conditions.push(states[state]);
  if (olderThanMs !== undefined)
    conditions.push(`h.created_at_ms <= (SELECT ${now}) - $${values.push(olderThanMs)}::bigint`);
  const text = `
    SELECT h.seq::text AS cursor, ${schema}.hold_json(CASE WHEN h.state = 'reserved' AND h.due_at_ms <= (SELECT ${now})
      THEN ${schema}.expired(h) ELSE h END) AS hold
    FROM ${schema}.holds h WHERE ${conditions.join(' AND ')} ORDER BY h.seq LIMIT $2`;
  return { text, values };
}

/** Leases sent holds, in the order they were sent. Those that another process is about to lease, or to change, are passed over. */
export function claimQuery(schema: string, request: ClaimRequest): Query {
  const { owner, olderThanMs, leaseMs, limit, after = '0' } = request;
  const text = `
    WITH found AS (
      SELECT h.reference FROM ${schema}.holds h
      WHERE h.state = 'sent' AND h.sent_seq > $1::bigint AND h.sent_at_ms <= (SELECT ${schema}.now_ms()) - $3::bigint
        AND (h.lease_owner IS NULL OR h.lease_owner = $4 OR h.lease_until_ms <= (SELECT ${schema}.now_ms()))
      ORDER BY h.sent_seq LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE ${schema}.holds h SET lease_owner = $4, lease_until_ms = (SELECT ${schema}.now_ms()) + $5::bigint
      FROM found WHERE h.reference = found.reference RETURNING h.sent_seq, ${schema}.hold_json(h) AS hold
    )
    SELECT sent_seq::text AS cursor, hold FROM claimed ORDER BY sent_seq`;
  // One more than asked for would lease one too many: a full page says that there may be another.
  return { text, values: [after, limit, olderThanMs, owner, leaseMs] };
}

/** Deletes finished holds, so many at most, and answers with a row for each. */
export function deleteQuery(schema: string, olderThanMs: number, limit: number): Query {
  const text = `
    DELETE FROM ${schema}.holds d USING (
      SELECT h.reference FROM ${schema}.holds h
      WHERE h.state IN ('captured', 'released') AND h.due_at_ms IS NULL
        AND h.ended_at_ms <= (SELECT ${schema}.now_ms()) - $1::bigint
      ORDER BY h.seq LIMIT $2 FOR UPDATE SKIP LOCKED
    ) found WHERE d.reference = found.reference RETURNING 1`;
  return { text, values: [olderThanMs, limit] };
}

export function readPage(rows: readonly unknown[], limit: number, isOneMore: boolean): HoldPage {
  const page = (rows as readonly { cursor: string; hold: string }[]).slice(0, limit);
  const holds = page.map(({ hold }) => readHold(JSON.parse(hold) as HoldText));
  const hasNext = isOneMore ? rows.length > limit : rows.length === limit;
  return hasNext ? { holds, next: page.at(-1)?.cursor } : { holds };
}
