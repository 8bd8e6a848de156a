// The SQL of the history in a SQLite file; its table is in `stores/sqlite/migrations.ts`.
import type { Row } from '../background-history.js';
import type { ResolvedQuery } from '../query.js';

export const insertStatement = `
  INSERT INTO history (at_ms, id, kind, wallet, reference, amount, data) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (at_ms, id) DO NOTHING`;

export function valuesOf({ id, entry }: Row): unknown[] {
  const { at, kind, wallet = null, reference = null, amount = null, data } = entry;
  return [at.getTime(), id, kind, wallet, reference, amount, JSON.stringify(data)];
}

/** The oldest entries from before a time, at most so many. */
export const deleteStatement = `
  DELETE FROM history WHERE rowid IN (SELECT rowid FROM history WHERE at_ms < ? ORDER BY at_ms, id LIMIT ?)`;

/** Reads a page and one entry more, along one index. Without `INDEXED BY`, SQLite guesses which one is the shortest. */
export function pageStatement(query: ResolvedQuery): { readonly text: string; readonly values: unknown[] } {
  const { wallet, kind, reference, fromMs, toMs, isNewestFirst, limit, after } = query;
  const conditions = ['at_ms >= ?', 'at_ms < ?'];
  const values: unknown[] = [fromMs, toMs];
  const add = (condition: string, ...more: unknown[]) => {
    conditions.push(condition);
    values.push(...more);
  };
  if (wallet !== undefined) add('wallet = ?', wallet);
  if (reference !== undefined) add('reference = ?', reference);
  if (kind !== undefined) add('kind = ?', kind);
  if (after) add(`(at_ms, id) ${isNewestFirst ? '<' : '>'} (?, ?)`, after.atMs, after.id);
  const turn = isNewestFirst ? 'DESC' : 'ASC';
  const text = `
    SELECT at_ms, id, kind, wallet, reference, amount, data FROM history INDEXED BY ${indexFor(query)}
    WHERE ${conditions.join(' AND ')} ORDER BY at_ms ${turn}, id ${turn} LIMIT ?`;
  return { text, values: [...values, limit + 1] };
}

function indexFor({ wallet, kind, reference }: ResolvedQuery): string {
  if (reference !== undefined) return 'history_by_reference';
  if (wallet !== undefined) return kind === undefined ? 'history_by_wallet' : 'history_by_wallet_and_kind';
  return kind === undefined ? 'history_by_time' : 'history_by_kind';
}
