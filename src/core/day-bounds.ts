// The days of a time zone: the day of a moment, and the beginning and end of a day.
import { ConfigurationError } from './errors.js';

const aDayMs = 86_400_000;

/**
 * Returns the first moment of a day and that of the next: 23 or 25 hours apart where clocks change.
 *
 * @throws `ConfigurationError` the day is not a date as `YYYY-MM-DD`, or the zone is not an IANA name.
 */
export function dayBounds(day: string, timeZone: string): { readonly from: Date; readonly to: Date } {
  const midnightMs = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(midnightMs) || new Date(midnightMs).toISOString().slice(0, 10) !== day) {
    throw new ConfigurationError(['day: must be a date, as YYYY-MM-DD']);
  }
  const format = formatOf(timeZone);
  return { from: new Date(firstMs(midnightMs, format)), to: new Date(firstMs(midnightMs + aDayMs, format)) };
}

/** A day in a time zone. Days follow each other without a gap: each ends where the next begins. */
export interface CalendarDay {
  /** Its date, as `YYYY-MM-DD`. */
  readonly name: string;
  /** Its date as the number of days since 1970-01-01. */
  readonly number: number;
  /** Its first moment, and that of the next day, in epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Returns the day of a moment. @throws `ConfigurationError` the zone is not an IANA name. */
export function dayAt(ms: number, timeZone: string): CalendarDay {
  const format = formatOf(timeZone);
  const guessed = Math.floor(wallTimeMs(ms, format) / aDayMs);
  // A date has a few minutes that belong to the day before or after, where clocks are set back over midnight.
  for (const number of [guessed, guessed - 1, guessed + 1]) {
    const startMs = firstMs(number * aDayMs, format);
    const endMs = firstMs((number + 1) * aDayMs, format);
    if (startMs <= ms && ms < endMs) return { name: dayName(number), number, startMs, endMs };
  }
  throw new ConfigurationError([`timeZone: ${timeZone} has no day at ${new Date(ms).toISOString()}`]);
}

/** Returns the date of a day, as `YYYY-MM-DD`. */
export function dayName(number: number): string {
  return new Date(number * aDayMs).toISOString().slice(0, 10);
}

/** Returns true for an IANA name that this runtime supports. */
export function isTimeZone(timeZone: unknown): timeZone is string {
  if (typeof timeZone !== 'string') return false;
  try {
    formatOf(timeZone);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the first moment at which local clocks show this time or a later one; `wallMs` is local time as if it were
 * UTC.
 */
function firstMs(wallMs: number, format: Intl.DateTimeFormat): number {
  // No zone is further than a day from UTC. Between two dates local clocks only go forward, except for an hour or so
  // around a change.
  let [before, after] = [wallMs - aDayMs, wallMs + aDayMs];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallTimeMs(middle, format) >= wallMs) after = middle;
    else before = middle;
  }
  return after;
}

function wallTimeMs(ms: number, format: Intl.DateTimeFormat): number {
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Making one takes more than a millisecond. There are some hundred zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
    return format;
  } catch {
    throw new ConfigurationError(['timeZone: must be an IANA name such as "Africa/Nairobi"']);
  }
}
