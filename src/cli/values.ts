// Values of arguments and options. A value that is refused is named by its kind, and repeated only in a form that no
// secret has.
import { UsageError } from './usage.js';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration such as `90s` or `2h`.
 * @param range - The shortest and the longest that is taken, inclusive. @defaultValue any
 * @throws `UsageError`
 */
export function durationMs(option: string, given: string, range?: Range): number {
  const ms = milliseconds(given);
  const [least, most] = (range ?? [given, given]).map(milliseconds) as [number, number];
  if (Number.isSafeInteger(ms) && ms >= least && ms <= most) return ms;
  const bounds = range ? ` from ${range[0]} to ${range[1]}` : '';
  throw refused(`--${option}`, `a duration${bounds}, as a whole number with a unit (500ms, 90s, 30m, 2h or 3d)`, given);
}

type Range = readonly [least: string, most: string];

function milliseconds(duration: string): number {
  const [, number, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(duration) ?? [];
  return Number(number) * (units[unit] ?? Number.NaN);
}

/** A whole number of a range. @throws `UsageError` */
export function wholeNumber(option: string, given: string, [least, most]: readonly [number, number]): number {
  const number = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw refused(`--${option}`, `a whole number from ${least} to ${most}`, given);
}

/** One of several words. @throws `UsageError` */
export function oneOf<Word extends string>(name: string, given: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === given);
  if (found !== undefined) return found;
  throw refused(name, `one of ${words.join(', ')}`, given);
}

/** Text of some printable characters. @throws `UsageError` */
export function printableText(name: string, given: string, longest: number): string {
  if (given.trim() !== '' && new RegExp(`^[^\\p{C}]{1,${longest}}$`, 'u').test(given)) return given;
  throw refused(name, `1 to ${longest} printable characters`, given);
}

/** A day, or a time of ISO 8601 with its zone. A day is its first moment in UTC. @throws `UsageError` */
export function moment(option: string, given: string): Date {
  const isTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(given);
  const date = new Date(isTime ? given : Number.NaN);
  if (!Number.isNaN(date.getTime()) && isDate(given.slice(0, 10))) return date;
  throw refused(`--${option}`, 'a day (2026-11-26) or a time with its zone (2026-11-26T10:00:00Z)', given);
}

/** A date of the calendar, as `YYYY-MM-DD`. @throws `UsageError` */
export function calendarDay(argument: string, given: string): string {
  if (isDate(given)) return given;
  throw refused(argument, 'a date of the calendar, as YYYY-MM-DD', given);
}

/** 30 February is none. */
function isDate(text: string): boolean {
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : Number.NaN);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** @param name - Of the argument in capitals, or of the option. */
export function refused(name: string, rule: string, given: string): UsageError {
  return new UsageError(`${name} must be ${rule}; got ${kindOf(given)}`);
}

/** Forms that are repeated: none is that of a key, a token or an account. */
const harmless = /^(\d{1,9}(ms|s|m|h|d)?|\d{4}-\d{2}-\d{2}(T[\d:.]{5,12}(Z|[+-]\d{2}:\d{2})?)?)$/;

/** The kind of a value, to name it without repeating it. */
export function kindOf(given: string): string {
  if (given === '') return 'an empty text';
  if (given.trim() === '') return 'blanks';
  if (harmless.test(given)) return given;
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(given)) return 'a text with control characters';
  if (/^-?\d+$/.test(given)) return given.startsWith('-') ? 'a negative number' : `a number of ${given.length} digits`;
  if (/^-?\d*\.?\d+$/.test(given)) return 'a decimal number';
  if (/^-?[\d.,_'\s]+$/.test(given)) return 'a number with separators';
  const length = [...given].length;
  return `a text of ${length} ${length === 1 ? 'character' : 'characters'}`;
}
