// Reports as CSV, after RFC 4180.
import type { DayReport } from './day-report.js';
import { historyKinds } from './entry.js';

const fields = [
  'wallet',
  'currency',
  'day',
  'timeZone',
  'from',
  'to',
  'opening',
  'openingAt',
  'closing',
  'closingAt',
  'credits',
  'captured',
  'fees',
  'unexplained',
  'otherDays',
] as const satisfies readonly (keyof DayReport)[];

/**
 * Writes one line for each report, below a line of names; lines end with CR LF. Amounts are as exact as in the report.
 * A text that a spreadsheet would take for a formula gets an apostrophe.
 */
export function toCsv(reports: DayReport | readonly DayReport[]): string {
  const all = 'day' in reports ? [reports] : reports;
  const lines = all.map((report) => [
    ...fields.map((field) => report[field] ?? ''),
    ...historyKinds.map((kind) => String(report.counts[kind])),
  ]);
  return [[...fields, ...historyKinds], ...lines].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** A text that a spreadsheet would take for a formula gets an apostrophe. */
export function csvCell(text: string): string {
  const isNumber = /^-?\d+(\.\d+)?$/.test(text);
  const harmless = !isNumber && /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
