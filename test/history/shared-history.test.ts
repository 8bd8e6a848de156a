// Histories of several processes, days, and CSV.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { type DayReport, dayReport, historyKinds, memoryHistory, sqliteHistory, toCsv } from 'payout-guard/history';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { runProgram } from '../support/programs.js';
import '../support/proof-only.js';
import { stoppedClock } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { at, emptied, entry, everything } from './history-support.js';
import { historyPlaces } from './places.js';

const warnings = collectWarnings();
const places = await historyPlaces();
const KES = { code: 'KES', exponent: 2 };

describe.each(places.map((place) => [place.name, place] as const))(
  'a history that processes share, in %s',
  (_, place) => {
    it('delays and fails no payout while the database is down, then writes all once, and counts losses', async () => {
      const history = await emptied(place, { maxQueue: 5 });
      const end = await place.fail();
      expect(history.add(Array.from({ length: 8 }, (_, index) => entry('held', `10:00:0${index}`)))).toBeUndefined();
      let ticks = 0;
      const watch = setInterval(() => ticks++, 5);
      await history.flush();
      clearInterval(watch);
      expect(history.counts).toEqual({ written: 0, waiting: 5, dropped: 3 });
      // To wait for a lock blocks no event loop (T4).
      if (place.name === 'sqlite') expect(ticks).toBeGreaterThan(20);
      expect(warnings).toEqual([
        'PAYOUT_GUARD_HISTORY: The history is losing entries: too many entries wait to be written. See its counts.',
      ]);
      await end();
      await history.flush();
      expect(history.counts).toEqual({ written: 5, waiting: 0, dropped: 3 });
      expect((await history.query()).entries).toHaveLength(5);
    });

    it('does not retry data that the database refuses', async () => {
      const history = await emptied(place);
      for (const odd of [{ amount: 'odd' }, { at: new Date(Number.NaN) }]) {
        history.add([entry('held', '10:00:00', odd)]);
        await history.flush();
      }
      history.add([entry('held', '10:00:01')]);
      await history.flush();
      expect(history.counts).toEqual({ written: 1, waiting: 0, dropped: 2 });
    });

    it('loses only the entry that the database refuses, and not those that were added with it', async () => {
      const history = await emptied(place);
      const odd = { amount: '1,0.00' };
      history.add([entry('held', '10:00:00'), entry('operator', '10:00:01', odd), entry('released', '10:00:02')]);
      await history.flush();
      expect(history.counts).toEqual({ written: 2, waiting: 0, dropped: 1 });
      expect((await history.query()).entries.map(({ kind }) => kind)).toEqual(['held', 'released']);
    });

    it('deletes entries older than keepForMs and nothing else, and yields between batches', async () => {
      const clock = stoppedClock(at('12:00:00').getTime());
      const history = await emptied(place, { clock });
      history.add([
        ...Array.from({ length: 2_500 }, () => entry('held', '10:59:59.999')),
        entry('captured', '11:00:00'),
        entry('captured', '11:30:00'),
      ]);
      expect(await turnsDuring(() => history.flush())).toBeGreaterThanOrEqual(5);
      expect(await turnsDuring(async () => expect(await history.deleteOld()).toBe(2_500))).toBeGreaterThanOrEqual(5);
      expect(await history.deleteOld()).toBe(0);
      expect((await history.query()).entries.map(({ at }) => at.toISOString().slice(11, 16))).toEqual([
        '11:00',
        '11:30',
      ]);
    });

    it('walks along an index for each kind of question', async () => {
      const history = await emptied(place);
      const start = at('00:00:00').getTime();
      history.add(
        Array.from({ length: 9_000 }, (_, index) => ({
          kind: index % 100 === 0 ? ('drift' as const) : ('held' as const),
          at: new Date(start + index * 1_000),
          wallet: `w${index % 50}`,
          reference: `r${index}`,
          data: {},
        })),
      );
      await history.flush();
      const from = new Date(start + 4_000_000);
      const wanted = [
        [{ reference: 'r7' }, 'history_by_reference'],
        [{ reference: 'r7', wallet: 'w3', kind: 'drift' }, 'history_by_reference'],
        [{ kind: 'drift' }, 'history_by_kind'],
        [{ wallet: 'w3' }, 'history_by_wallet'],
        [{ wallet: 'w3', kind: 'drift' }, place.walletAndKind],
        [{}, place.byTime],
      ] as const;
      for (const [query, index] of wanted) {
        for (const first of ['oldest', 'newest'] as const) {
          expect([query, await place.indexOf({ ...query, from, limit: 5, first })]).toEqual([query, index]);
        }
      }
    });

    it('is written by three processes at once, beside their holds, and keeps every entry once', async () => {
      const history = await emptied(place);
      const file = fileURLToPath(new URL('process.ts', import.meta.url));
      const runs = await Promise.all(
        ['a', 'b', 'c'].map((name) =>
          runProgram(process.execPath, ['--import', 'tsx', file, name, ...place.arguments]),
        ),
      );
      expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual(
        Array.from({ length: 3 }, () => [0, 'held 40 written 80 dropped 0\n']),
      );
      const found = await everything(history, { limit: 1_000 });
      const expected = ['a', 'b', 'c'].flatMap((name) =>
        Array.from({ length: 40 }, (_, index) => [`approved ${name}-${index}`, `held ${name}-${index}`]).flat(),
      );
      expect(found.map(({ kind, reference }) => `${kind} ${reference}`).sort()).toEqual(expected.sort());
    });

    it('refuses invalid options', () => {
      const attempt = (options: object) => () => place.open({ keepForMs: 60_000, ...options });
      for (const [options, message] of place.wrongOptions) expect(attempt(options)).toThrow(message);
      expect(attempt({ keepForMs: 59_999 })).toThrow(/keepForMs/);
      expect(attempt({ maxQueue: 0 })).toThrow(/maxQueue/);
    });
  },
);

describe('sqliteHistory', () => {
  it('begins no file in the place of one that is gone, and heals when it is back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'payout-guard-history-'));
    const file = join(folder, 'payouts.db');
    const history = sqliteHistory({ file, keepForMs: 60_000 });
    history.add([entry('held', '10:00:00')]);
    await history.flush();
    renameSync(file, `${file}.away`);
    history.add([entry('held', '10:00:01')]);
    await history.flush();
    expect([existsSync(file), history.counts.waiting]).toEqual([false, 1]);
    await expect(history.query()).rejects.toThrow(/the file is gone/);
    renameSync(`${file}.away`, file);
    await history.flush();
    expect((await history.query()).entries).toHaveLength(2);
    await history.close();
    rmSync(folder, { recursive: true });
  });

  it('is no sign of an older file: the store on the same file finds nothing new', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'payout-guard-history-'));
    const file = join(folder, 'payouts.db');
    // First, so that the store finds tables and no row of its own.
    const history = sqliteHistory({ file, keepForMs: 60_000 });
    history.add([entry('held', '10:00:00')]);
    await history.flush();
    const store = sqliteStore({ file, recoveryMs: 0, deadlineMs: 10_000 });
    const { epoch } = await store.totals('w');
    history.add([entry('held', '10:00:01')]);
    await history.close();
    expect(await store.totals('w')).toEqual({ epoch, active: 0n, captured: 0n });
    await store.close();
    expect(warnings).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe('a day', () => {
  const hours = async (day: string, timeZone: string) => {
    const { from, to } = await dayReport(memoryHistory(), { wallet: 'w', currency: KES, day, timeZone });
    return [from, (Date.parse(to) - Date.parse(from)) / 3_600_000];
  };

  it('has 23 or 25 hours where clocks change, and begins at midnight of its zone', async () => {
    expect(await hours('2024-05-07', 'UTC')).toEqual(['2024-05-07T00:00:00.000Z', 24]);
    expect(await hours('2024-03-31', 'Europe/Berlin')).toEqual(['2024-03-30T23:00:00.000Z', 23]);
    expect(await hours('2024-10-27', 'Europe/Berlin')).toEqual(['2024-10-26T22:00:00.000Z', 25]);
    expect(await hours('2024-05-07', 'Asia/Kathmandu')).toEqual(['2024-05-06T18:15:00.000Z', 24]);
    // Midnight does not exist there: clocks went from 23:59:59 to 01:00.
    expect(await hours('2024-04-26', 'Africa/Cairo')).toEqual(['2024-04-25T22:00:00.000Z', 23]);
  });

  it('is refused when it is none, as is a zone', async () => {
    for (const [day, zone] of [
      ['2024-02-30', 'UTC'],
      ['7.5.2024', 'UTC'],
      ['2024-05-07', 'Nairobi'],
    ] as const) {
      await expect(hours(day, zone)).rejects.toMatchObject({ code: 'configuration' });
    }
  });
});

describe('toCsv', () => {
  it('quotes, keeps amounts exact, and lets no text be a formula', async () => {
    const empty = await dayReport(memoryHistory(), { wallet: '@w', currency: KES, day: '2024-05-07' });
    const report: DayReport = { ...empty, wallet: '=cmd|"x",1', unexplained: '-1234567890123.10' };
    const [names, first, second, end] = toCsv([report, empty]).split('\r\n');
    expect(names?.split(',').slice(0, 15).join(',')).toBe(
      'wallet,currency,day,timeZone,from,to,opening,openingAt,closing,closingAt,credits,captured,fees,' +
        'unexplained,otherDays',
    );
    const rest = historyKinds.map(() => '0').join(',');
    const span = 'KES,2024-05-07,UTC,2024-05-07T00:00:00.000Z,2024-05-08T00:00:00.000Z';
    expect(first).toBe(`"'=cmd|""x"",1",${span},,,,,0.00,0.00,0.00,-1234567890123.10,,${rest}`);
    expect(second).toBe(`'@w,${span},,,,,0.00,0.00,0.00,0.00,,${rest}`);
    expect(end).toBe('');
    expect(toCsv(empty)).toBe(`${names}\r\n${second}\r\n`);
  });
});

/** Turns of the event loop that other work gets meanwhile. */
async function turnsDuring(act: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await act();
  isOver = true;
  return turns;
}
