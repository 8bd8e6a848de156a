// The beginning and end of a day in a time zone.
import { ConfigurationError } from '../core/errors.js';

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

function formatOf(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new ConfigurationError(['timeZone: must be an IANA name such as "Africa/Nairobi"']);
  }
}
