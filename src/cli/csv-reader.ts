// Reads CSV strictly, after RFC 4180: what a lenient reader would repair may be a payout to another amount.
import { UsageError } from './usage.js';

/** A row with the line that it began on, counted from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

const byteOrderMark = '\ufeff';

/** @throws `UsageError` naming the line. Repeats no cell. */
export function readCsv(given: string): CsvRow[] {
  const text = given.startsWith(byteOrderMark) ? given.slice(1) : given;
  const rows: CsvRow[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const first = line;
    const cells: string[] = [];
    for (let isLast = false; !isLast; ) {
      const cell = text[at] === '"' ? readQuoted(text, at, line) : readPlain(text, at, line);
      cells.push(cell.value);
      line += cell.breaks;
      at = cell.end;
      isLast = text[at] !== ',';
      if (!isLast) at += 1;
    }
    at = afterBreak(text, at, line);
    line += 1;
    rows.push({ line: first, cells });
  }
  return rows;
}

interface Cell {
  readonly value: string;
  readonly end: number;
  /** Line breaks within the quotes. */
  readonly breaks: number;
}

function readPlain(text: string, at: number, line: number): Cell {
  let end = at;
  while (end < text.length && !',\r\n'.includes(text.charAt(end))) {
    if (text[end] === '"') throw new UsageError(`line ${line}: a quote within a cell that does not begin with one`);
    end += 1;
  }
  return { value: text.slice(at, end), end, breaks: 0 };
}

function readQuoted(text: string, at: number, line: number): Cell {
  let value = '';
  for (let from = at + 1; ; ) {
    const quote = text.indexOf('"', from);
    if (quote === -1) throw new UsageError(`line ${line}: a quote that is not closed`);
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1, breaks: value.split('\n').length - 1 };
    value += '"';
    from = quote + 2;
  }
}

function afterBreak(text: string, at: number, line: number): number {
  if (at === text.length) return at;
  if (text[at] === '\n') return at + 1;
  if (text.startsWith('\r\n', at)) return at + 2;
  throw new UsageError(`line ${line}: text after a closing quote, or a carriage return without a line feed`);
}
