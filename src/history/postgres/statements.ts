// The SQL of the history in PostgreSQL.
import { arrayText } from '../../stores/postgres/question.js';
import type { Row } from '../background-history.js';
import { type HistoryEntry, historyKinds } from '../entry.js';
import type { ResolvedQuery } from '../query.js';

interface Statement {
  readonly text: string;
  /** Texts, or null: see the client. */
  readonly values: (string | null)[];
}

export function insertStatement(schema: string, rows: readonly Row[]): Statement {
  const text = `
    INSERT INTO ${schema}.history (at_ms, id, kind, wallet, reference, amount, data)
    SELECT * FROM unnest($1::text::bigint[], $2::text::text[], $3::text::text[], $4::text::text[], $5::text::text[],
      $6::text::numeric[], $7::text::json[])
    ON CONFLICT DO NOTHING`;
  const column = (read: (entry: HistoryEntry) => string | undefined) =>
    arrayText(rows.map(({ entry }) => read(entry) ?? null));
  const values = [
    column(({ at }) => `${at.getTime()}`),
    arrayText(rows.map(({ id }) => id)),
    column(({ kind }) => kind),
    column(({ wallet }) => wallet),
    column(({ reference }) => reference),
    column(({ amount }) => amount),
    column(({ data }) => JSON.stringify(data)),
  ];
  return { text, values };
}

/** Reads a page and one entry more, along one index: by reference, by wallet and kind, by kind, or by time. */
export function pageStatement(schema: string, query: ResolvedQuery): Statement {
  const { wallet, kind, reference, fromMs, toMs, isNewestFirst, limit, after } = query;
  const values: string[] = [`${fromMs}`, `${toMs}`, `${limit + 1}`];
  const add = (value: string) => `$${values.push(value)}::text`;
  const conditions = ['h.at_ms >= $1::text::bigint', 'h.at_ms < $2::text::bigint'];
  if (wallet !== undefined) conditions.push(`h.wallet = ${add(wallet)}`);
  if (reference !== undefined) conditions.push(`h.reference = ${add(reference)}`);
  if (kind !== undefined) conditions.push(`h.kind = ${add(kind)}`);
  if (after)
    conditions.push(`(h.at_ms, h.id) ${isNewestFirst ? '<' : '>'} (${add(`${after.atMs}`)}::bigint, ${add(after.id)})`);
  const turn = isNewestFirst ? 'DESC' : 'ASC';
  const walk = (also: readonly string[]) => `
    SELECT * FROM ${schema}.history h WHERE ${[...conditions, ...also].join(' AND ')}
    ORDER BY h.at_ms ${turn}, h.id ${turn} LIMIT $3::text::bigint`;
  // All kinds of one wallet are one walk for each kind: the index has the kind before the time.
  const isByKinds = wallet !== undefined && kind === undefined && reference === undefined;
  const found = isByKinds
    ? `SELECT w.* FROM unnest(${add(arrayText([...historyKinds]))}::text[]) AS k (kind)
    CROSS JOIN LATERAL (${walk(['h.kind = k.kind'])}) w`
    : walk([]);
  const text = `
    SELECT f.at_ms::text, f.id, f.kind, f.wallet, f.reference, f.amount::text, f.data::text FROM (${found}) f
    ORDER BY f.at_ms ${turn}, f.id ${turn} LIMIT $3::text::bigint`;
  return { text, values };
}

export function deleteStatement(schema: string, beforeMs: number, limit: number): Statement {
  const text = `
    WITH gone AS (
      DELETE FROM ${schema}.history h USING (
        SELECT at_ms, id FROM ${schema}.history WHERE at_ms < $1::text::bigint ORDER BY at_ms, id LIMIT $2::text::bigint
      ) old
      WHERE h.at_ms = old.at_ms AND h.id = old.id RETURNING 1
    )
    SELECT count(*)::text AS deleted FROM gone`;
  return { text, values: [`${beforeMs}`, `${limit}`] };
}
