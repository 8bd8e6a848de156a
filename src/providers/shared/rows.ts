// The one row of a list that is meant.
import { HttpFailure } from '../../http/failure.js';

/**
 * Returns the only row that matches. A provider with two rows of one currency has two accounts, and the first of them
 * may be the wrong one.
 *
 * @throws `HttpFailure` when no row or more than one matches.
 */
export function onlyRow<Row>(rows: readonly Row[], isMeant: (row: Row) => boolean, what: string): Row {
  const [row, another] = rows.filter(isMeant);
  if (row === undefined) throw new HttpFailure({ kind: 'shape', detail: `no ${what}` });
  if (another !== undefined) throw new HttpFailure({ kind: 'shape', detail: `more than one ${what}` });
  return row;
}
