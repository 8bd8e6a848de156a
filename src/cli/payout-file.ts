// A CSV file of payouts: wallet (optional), reference, amount, fee (optional), by the names of its first line.
import type { PlannedPayout } from '../core/calls.js';
import { readCsv } from './csv-reader.js';
import { UsageError } from './usage.js';

const known = ['wallet', 'reference', 'amount', 'fee'] as const;
type Name = (typeof known)[number];

/** A payout of the file, with its line. */
export interface PayoutRow extends PlannedPayout {
  readonly amount: string;
  readonly fee: string;
  readonly line: number;
}

/**
 * @param only - The wallet of rows that name none.
 * @throws `UsageError` naming the line and the column. Repeats no cell.
 */
export function readPayouts(text: string, only: string | undefined): PayoutRow[] {
  const [header, ...rows] = readCsv(text);
  if (!header) throw new UsageError('the file is empty');
  const names = header.cells.map((cell) => cell.trim());
  const unknown = names.findIndex((name) => !known.includes(name as Name));
  if (unknown !== -1) throw new UsageError(`line 1: column ${unknown + 1} is none of ${known.join(', ')}`);
  if (new Set(names).size !== names.length) throw new UsageError('line 1: a column is there twice');
  for (const name of ['reference', 'amount']) {
    if (!names.includes(name)) throw new UsageError(`line 1: the column ${name} is missing`);
  }
  if (rows.length === 0) throw new UsageError('the file has no payouts below its first line');
  const lineOf = new Map<string, number>();
  return rows.map(({ line, cells }) => {
    if (cells.length !== names.length) {
      throw new UsageError(`line ${line}: ${cells.length} cells below ${names.length} columns`);
    }
    const cell = (name: Name) => cells[names.indexOf(name)] ?? '';
    const reference = cell('reference');
    const [wallet, fee] = [cell('wallet') || only, cell('fee')];
    for (const name of ['reference', 'amount'] as const) {
      if (cell(name) === '') throw new UsageError(`line ${line}: ${name} is empty`);
    }
    const before = lineOf.get(reference);
    if (before !== undefined) throw new UsageError(`line ${line}: the reference of line ${before}`);
    lineOf.set(reference, line);
    return { line, wallet, reference, amount: cell('amount'), fee: fee === '' ? '0' : fee };
  });
}
