// Tables for people. Amounts are never shortened, and line up at their decimal point.
import { escaped } from './escape.js';

/** A column; `amount` lines up decimals, `right` the last characters. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right' | 'amount';
}

/** One line of titles, and one line for each row. Lines have no blanks at their end. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => columns.map((_, index) => escaped(row[index] ?? '')));
  const aligned = columns.map((column, index) =>
    align(
      column,
      cells.map((row) => row[index] ?? ''),
    ),
  );
  const lines = [-1, ...rows.keys()].map((row) =>
    aligned
      .map((column) => column[row + 1] ?? '')
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

/** The title and the cells of a column, all of one width. */
function align({ title, align: how = 'left' }: Column, cells: readonly string[]): readonly string[] {
  const texts = how === 'amount' ? atThePoint(cells) : cells;
  const width = Math.max(...[title, ...texts].map((cell) => cell.length));
  return [title, ...texts].map((cell) => (how === 'left' ? cell.padEnd(width) : cell.padStart(width)));
}

function atThePoint(cells: readonly string[]): readonly string[] {
  const decimalsOf = (cell: string) => (cell.includes('.') ? cell.length - cell.indexOf('.') : 0);
  const most = Math.max(0, ...cells.map(decimalsOf));
  return cells.map((cell) => cell + ' '.repeat(most - decimalsOf(cell)));
}
