// The days of time zones, without the code of the library.

const aDayMs = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The date of a moment in a time zone, as the number of days since 1970-01-01. */
export function dayOf(ms: number, timeZone: string): number {
  // The Swedish form of a date is YYYY-MM-DD.
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  formats.set(timeZone, format);
  return Date.parse(format.format(ms)) / aDayMs;
}

/** Days whose counters a store surely keeps, at this time. */
export function isKept(day: number, nowMs: number): boolean {
  return day >= Math.floor(nowMs / aDayMs) - 3;
}
