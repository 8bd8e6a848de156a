import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CalendarDay, dayAt, isTimeZone } from '../../src/core/day-bounds.js';

const anHourMs = 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function dateIn(timeZone: string, ms: number): string {
  const options = { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', options);
  formats.set(timeZone, format);
  return format.format(ms);
}

const lengthOf = ({ startMs, endMs }: CalendarDay) => (endMs - startMs) / anHourMs;
const at = (text: string) => Date.parse(text);

describe('the day of a moment', () => {
  it.each([
    ['Africa/Nairobi', '2026-11-26T20:59:59.999Z', '2026-11-26', '2026-11-25T21:00:00.000Z', 24],
    ['Africa/Nairobi', '2026-11-26T21:00:00.000Z', '2026-11-27', '2026-11-26T21:00:00.000Z', 24],
    ['Africa/Kampala', '2027-01-01T00:00:00.000Z', '2027-01-01', '2026-12-31T21:00:00.000Z', 24],
    ['UTC', '2024-02-29T23:59:59.999Z', '2024-02-29', '2024-02-29T00:00:00.000Z', 24],
    // Clocks go forward, and back.
    ['Europe/Berlin', '2026-03-29T12:00:00.000Z', '2026-03-29', '2026-03-28T23:00:00.000Z', 23],
    ['Europe/Berlin', '2026-10-25T12:00:00.000Z', '2026-10-25', '2026-10-24T22:00:00.000Z', 25],
    ['Africa/Cairo', '2026-04-24T12:00:00.000Z', '2026-04-24', '2026-04-23T22:00:00.000Z', 23],
    // Midnight itself is skipped, or comes twice.
    ['America/Sao_Paulo', '2018-11-04T12:00:00.000Z', '2018-11-04', '2018-11-04T03:00:00.000Z', 23],
    ['Australia/Lord_Howe', '2026-04-05T00:00:00.000Z', '2026-04-05', '2026-04-04T13:00:00.000Z', 24.5],
    // The day before did not happen.
    ['Pacific/Apia', '2011-12-30T10:00:00.000Z', '2011-12-31', '2011-12-30T10:00:00.000Z', 24],
  ])('in %s at %s is %s', (timeZone, moment, name, start, hours) => {
    const day = dayAt(at(moment), timeZone);
    expect([day.name, new Date(day.startMs).toISOString(), lengthOf(day)]).toEqual([name, start, hours]);
    expect(day.number).toBe(at(name) / 86_400_000);
  });

  it('has the date that clocks of the zone show, and every moment is in one day, in any zone', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    expect(zones.length).toBeGreaterThan(300);
    const moments = fc.integer({ min: at('2015-01-01'), max: at('2040-01-01') });
    fc.assert(
      fc.property(fc.constantFrom(...zones), moments, (timeZone, ms) => {
        const day = dayAt(ms, timeZone);
        expect(day.startMs <= ms && ms < day.endMs).toBe(true);
        expect(day.name).toBe(dateIn(timeZone, ms));
        expect(dateIn(timeZone, day.startMs)).toBe(day.name);
        expect(dateIn(timeZone, day.endMs - 1)).toBe(day.name);
        expect([22, 23, 23.5, 24, 24.5, 25, 26]).toContain(lengthOf(day));
        // The days before and after meet it.
        const [before, after] = [dayAt(day.startMs - 1, timeZone), dayAt(day.endMs, timeZone)];
        expect([before.endMs, before.number, after.startMs, after.number]).toEqual([
          day.startMs,
          day.number - 1,
          day.endMs,
          day.number + 1,
        ]);
      }),
      { numRuns: 300 },
    );
  });

  it('is one where clocks are set back over midnight', () => {
    // In St. John's clocks went from 0:01 back to 23:01 until 2011.
    const changeMs = at('2010-11-07T02:31:00Z');
    let last = dayAt(changeMs - 2 * anHourMs, 'America/St_Johns');
    const seen = [last.name];
    for (let ms = changeMs - 2 * anHourMs; ms < changeMs + 2 * anHourMs; ms += 10_000) {
      const day = dayAt(ms, 'America/St_Johns');
      if (day.number === last.number) expect(day).toEqual(last);
      else {
        expect([day.number, day.startMs]).toEqual([last.number + 1, last.endMs]);
        seen.push(day.name);
      }
      last = day;
    }
    expect(seen).toEqual(['2010-11-06', '2010-11-07']);
  });
});

describe('a time zone', () => {
  it.each(['Africa/Nairobi', 'Africa/Kampala', 'UTC', 'Etc/GMT-3'])('may be %s', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each(['Africa/Kikuyu', 'EAT+3', '', 3, null, undefined])('cannot be %j', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
});
