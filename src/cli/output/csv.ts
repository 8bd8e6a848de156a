// Rows as CSV, after RFC 4180.
import { csvCell } from '../../history/csv.js';
import { escaped } from './escape.js';

export function csvText(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map((cell) => csvCell(escaped(cell))).join(',')).join('\r\n');
}
