// What happened, and how it is found again: in memory and in PostgreSQL.
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createPayoutGuard } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';
import {
  type DayReport,
  dayReport,
  type History,
  type HistoryEntry,
  type HistoryQuery,
  memoryHistory,
  type PostgresHistory,
  postgresHistory,
  recordHistory,
  toCsv,
} from '../../src/monitor/history/index.js';
import { testDatabase } from '../support/postgres.js';
import { scriptedWallet, stoppedClock } from '../support/wallet.js';

const database = await testDatabase();
const KES = { code: 'KES', exponent: 2 };
const open: { close(): Promise<unknown> }[] = [];
let shared: PostgresHistory;

beforeAll(async () => {
  if (!database) return;
  shared = postgresHistory({ pool: database.pool(), schema: 'shared', keepForMs: 3_600_000 });
  // Two processes may do it at once.
  await Promise.all([shared.migrate(), shared.migrate()]);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(open.splice(0).map((party) => party.close()));
});

afterAll(async () => {
  await shared?.close();
  await database?.drop();
});

const kinds: [string, () => Promise<History>][] = [['memory', async () => memoryHistory()]];
if (database) kinds.push(['postgres', async () => emptied()]);

/** The shared table, empty. */
async function emptied(): Promise<PostgresHistory> {
  await shared.flush();
  await database?.pool().query('TRUNCATE shared.history');
  return shared;
}

async function written(history: History): Promise<History> {
  await (history as Partial<PostgresHistory>).flush?.();
  return history;
}

const at = (time: string) => new Date(`2024-05-06T${time}Z`);
const entry = (kind: HistoryEntry['kind'], time: string, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  kind,
  at: at(time),
  wallet: 'w',
  data: {},
  ...more,
});

describe.each(kinds)('a history in %s', (_, make) => {
  it('answers why a payout was refused at 14:03, with every number of the rule', async () => {
    const simulator = await jpaySimulator({ payout: '1000.00' });
    const { url: baseUrl, appKey, appSecret } = simulator;
    const clock = stoppedClock(at('14:03:00').getTime());
    const guard = createPayoutGuard({
      provider: jpay({ baseUrl, appKey, appSecret }),
      currency: 'KES',
      floor: '100.00',
      clock,
      reconcileEveryMs: 0,
    });
    const history = await make();
    const stop = recordHistory(guard, history);
    open.push(guard, simulator);
    await guard.hold({ amount: '250.50', reference: 'first', state: 'sent' });
    const paid = await guard.hold({ amount: '200.00', reference: 'second', state: 'sent' });
    clock.advance(900);
    await paid.capture('201.00');
    await expect(guard.hold({ amount: '500.00', reference: 'big' })).rejects.toMatchObject({ status: 422 });
    stop();
    await guard.checkFunds('1.00');
    await written(history);

    const expected = {
      kind: 'refused',
      wallet: 'default',
      reference: 'big',
      amount: '500.00',
      at: at('14:03:00.900'),
      data: {
        sufficient: false,
        temporary: true,
        wallet: 'default',
        currency: 'KES',
        required: '500.00',
        available: '1000.00',
        floor: '100.00',
        held: '250.50',
        capturedSince: '201.00',
        spendable: '448.50',
        shortfall: '51.50',
        asOf: '2024-05-06T14:03:00.000Z',
      },
    };
    const byReference = await history.query({ reference: 'big' });
    expect(byReference).toEqual({ entries: [expected] });
    const minute = { kind: 'refused', from: at('14:03:00'), to: at('14:04:00') } as const;
    expect(await history.query(minute)).toEqual(byReference);
    const { entries } = await history.query({ wallet: 'default' });
    expect(entries.map(({ kind, reference, amount }) => [kind, reference, amount])).toEqual([
      ['snapshot', undefined, '1000.00'],
      ['approved', 'first', '250.50'],
      ['held', 'first', '250.50'],
      ['approved', 'second', '200.00'],
      ['held', 'second', '200.00'],
      ['captured', 'second', '201.00'],
      ['refused', 'big', '500.00'],
    ]);
  });

  it('finds by wallet, kind, time and reference, in both directions, page by page', async () => {
    const history = await make();
    const all = Array.from({ length: 40 }, (_, index) =>
      entry((['held', 'captured', 'snapshot'] as const)[index % 3] as 'held', `10:00:${10 + Math.floor(index / 2)}`, {
        wallet: index % 4 === 0 ? 'other' : 'w',
        ...(index % 5 === 0 && { reference: `r${index % 2}` }),
        amount: `${index}.50`,
      }),
    );
    history.add(all);
    await written(history);
    const queries: HistoryQuery[] = [
      {},
      { wallet: 'w' },
      { kind: 'held' },
      { wallet: 'other', kind: 'captured' },
      { reference: 'r1' },
      { reference: 'r0', wallet: 'other', kind: 'snapshot' },
      { from: at('10:00:15'), to: at('10:00:20') },
      { wallet: 'w', from: at('10:00:12') },
      { wallet: 'nobody' },
    ];
    for (const query of queries) {
      const { wallet, kind, reference, from = new Date(0), to = new Date(8.64e15) } = query;
      const expected = all.filter(
        (one) =>
          (wallet ?? one.wallet) === one.wallet &&
          (kind ?? one.kind) === one.kind &&
          (reference ?? one.reference) === one.reference &&
          one.at >= from &&
          one.at < to,
      );
      for (const limit of [1, 7, 1_000]) {
        expect(await everything(history, { ...query, limit })).toEqual(expected);
        expect(await everything(history, { ...query, limit, first: 'newest' })).toEqual(expected.toReversed());
      }
    }
  });

  it('gives back amounts and texts as they were written', async () => {
    const history = await make();
    const entries = [
      entry('snapshot', '10:00:00', {
        amount: '92233720368547758070.12',
        data: { 'a\u0000b': '\u0000"\\ \ud800 é', n: 1, b: false },
      }),
      entry('drift', '10:00:01', { amount: '0.00', wallet: undefined }),
      entry('captured', '10:00:02', { amount: '-1.10' }),
    ];
    history.add(entries);
    await written(history);
    expect((await history.query()).entries).toEqual(entries);
  });

  it('refuses a query that is none', async () => {
    const history = await make();
    for (const query of [
      { limit: 0 },
      { limit: 1_001 },
      { kind: 'odd' },
      { from: '2024' },
      { after: "1 '; --\n" },
      { x: 1 },
    ]) {
      await expect((async () => history.query(query as HistoryQuery))()).rejects.toMatchObject({
        code: 'configuration',
      });
    }
  });

  it('adds up a day of a time zone', async () => {
    const history = await make();
    const data = (amount: string) => ({ amount, currency: 'KES' });
    history.add([
      entry('snapshot', '20:59:58', { amount: '1000.00' }),
      entry('captured', '20:59:59.999', { amount: '7.00', data: data('7.00') }),
      // Nairobi is three hours ahead: its 7 May begins here.
      entry('captured', '21:00:00', { amount: '100.25', data: data('100.00') }),
      entry('held', '21:00:01', { amount: '9.00', data: data('9.00') }),
      entry('credit', '21:00:02', { amount: '50.00' }),
      entry('captured', '21:00:03', { amount: '9.00', data: data('9.50') }),
      entry('drift', '21:00:04', { amount: '1.00', data: { direction: 'debit' } }),
      entry('drift', '21:00:05', { amount: '0.25', data: { direction: 'credit' } }),
      entry('snapshot', '21:00:06', { amount: '933.00' }),
      entry('captured', '21:00:06', { wallet: 'other', amount: '5.00', data: data('5.00') }),
    ]);
    await written(history);
    const report = await dayReport(history, {
      wallet: 'w',
      currency: KES,
      day: '2024-05-07',
      timeZone: 'Africa/Nairobi',
    });
    const none = { approved: 0, refused: 0, rejected: 0, released: 0, overdue: 0, unsettled: 0 };
    expect(report).toEqual({
      wallet: 'w',
      currency: 'KES',
      day: '2024-05-07',
      timeZone: 'Africa/Nairobi',
      from: '2024-05-06T21:00:00.000Z',
      to: '2024-05-07T21:00:00.000Z',
      opening: '1000.00',
      openingAt: '2024-05-06T20:59:58.000Z',
      closing: '933.00',
      closingAt: '2024-05-06T21:00:06.000Z',
      credits: '50.00',
      captured: '109.25',
      fees: '-0.25',
      unexplained: '0.75',
      // The 7.00 that were captured between the opening balance and midnight.
      otherDays: '7.00',
      counts: {
        ...none,
        snapshot: 1,
        held: 1,
        captured: 2,
        frozen: 0,
        unfrozen: 0,
        providerFailure: 0,
        credit: 1,
        drift: 2,
      },
    });
    expect(await dayReport(history, { wallet: 'w', currency: KES, day: '2023-01-01' })).toMatchObject({
      credits: '0.00',
      unexplained: '0.00',
    });
  });
});

describe('memoryHistory', () => {
  it('keeps the last entries only, and adds as fast when it is full', () => {
    const history = memoryHistory({ maxEntries: 3 });
    history.add(['1', '2', '3', '4', '5'].map((second) => entry('held', `10:00:0${second}`)));
    expect(history.query().entries.map(({ at }) => at.getSeconds())).toEqual([3, 4, 5]);
    expect(() => memoryHistory({ maxEntries: 0 })).toThrow(/maxEntries/);
  });
});

(database ? describe : describe.skip)('postgresHistory', () => {
  const pool = () => database?.pool() as NonNullable<ReturnType<NonNullable<typeof database>['pool']>>;

  it('delays and fails nobody while the database is down, writes everything once when it is back, and counts what it dropped', async () => {
    await emptied();
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const real = pool();
    let isDown = true;
    const query = async (text: string, values: unknown[]) => {
      // Written, and the answer lost: the worst kind.
      const answer = await real.query(text, values);
      if (isDown) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
      return answer;
    };
    const history = postgresHistory({ pool: { query }, schema: 'shared', keepForMs: 3_600_000, maxQueue: 5 });
    open.push(history);
    expect(history.add(Array.from({ length: 8 }, (_, index) => entry('held', `10:00:0${index}`)))).toBeUndefined();
    await history.flush();
    expect(history.counts).toEqual({ written: 0, waiting: 5, dropped: 3 });
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      'The history loses entries: too many entries wait to be written. See its counts.',
    ]);
    isDown = false;
    await history.flush();
    expect(history.counts).toEqual({ written: 5, waiting: 0, dropped: 3 });
    expect((await history.query()).entries).toHaveLength(5);
  });

  it('does not go on for ever with data that the database refuses', async () => {
    await emptied();
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const history = postgresHistory({ pool: pool(), schema: 'shared', keepForMs: 3_600_000 });
    open.push(history);
    history.add([entry('held', '10:00:00', { amount: 'odd' })]);
    await history.flush();
    history.add([entry('held', '10:00:01')]);
    await history.flush();
    expect(history.counts).toEqual({ written: 1, waiting: 0, dropped: 1 });
  });

  it('deletes what is older than it is to be kept, and nothing else', async () => {
    const clock = stoppedClock(at('12:00:00').getTime());
    await emptied();
    const history = postgresHistory({ pool: pool(), schema: 'shared', keepForMs: 3_600_000, clock });
    open.push(history);
    history.add([
      ...Array.from({ length: 2_500 }, () => entry('held', '10:59:59.999')),
      entry('captured', '11:00:00'),
      entry('captured', '11:30:00'),
    ]);
    await history.flush();
    expect(await history.deleteOld()).toBe(2_500);
    expect(await history.deleteOld()).toBe(0);
    expect((await history.query()).entries.map(({ at }) => at.toISOString().slice(11, 16))).toEqual(['11:00', '11:30']);
  });

  it('walks along an index for each kind of question', async () => {
    const history = await emptied();
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
    const real = pool();
    await real.query('ANALYZE shared.history');
    const plans: string[] = [];
    const explain = async (text: string, values: unknown[]) => {
      const { rows } = await real.query(`EXPLAIN ${text}`, values);
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
      return { rows: [] };
    };
    const explained = postgresHistory({ pool: { query: explain }, schema: 'shared', keepForMs: 3_600_000 });
    open.push(explained);
    const from = new Date(start + 4_000_000);
    for (const query of [
      { reference: 'r7' },
      { kind: 'drift' },
      { wallet: 'w3' },
      { wallet: 'w3', kind: 'drift' },
      {},
    ] as const) {
      await explained.query({ ...query, from, limit: 5 });
    }
    expect(plans.map((plan) => /Index Scan(?: Backward)? using (\w+)/.exec(plan)?.[1])).toEqual([
      'history_by_reference',
      'history_by_kind',
      'history_by_wallet',
      'history_by_wallet',
      'history_pkey',
    ]);
    expect(plans.filter((plan) => plan.includes('Seq Scan'))).toEqual([]);
  });

  it('refuses options that are none', () => {
    const attempt = (options: object) => () => postgresHistory({ pool: pool(), keepForMs: 60_000, ...options });
    expect(attempt({ pool: {} })).toThrow(/pool: needs query/);
    expect(attempt({ schema: 'a"; DROP' })).toThrow(/schema/);
    expect(attempt({ keepForMs: 59_999 })).toThrow(/keepForMs/);
  });
});

it('records every event under its name, and none of what it was not asked for', async () => {
  const wallet = scriptedWallet('1000.00');
  const guard = wallet.guard({ reconcileEveryMs: 0, overdueAfterMs: 1_000 });
  const history = memoryHistory();
  recordHistory(guard, history);
  const few = memoryHistory();
  recordHistory(guard, few, { kinds: ['refused', 'frozen'] });
  const hold = await guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
  await hold.capture('9.00');
  await (await guard.hold({ amount: '10.00', reference: 'b' })).release();
  await guard.hold({ amount: '10.00', reference: 'c', state: 'sent' });
  wallet.clock.advance(1_000);
  await guard.reconcile();
  await guard.freeze('default', 'audit');
  await expect(guard.hold({ amount: '1.00', reference: 'd' })).rejects.toMatchObject({ status: 423 });
  await guard.unfreeze('default');
  await expect(guard.hold({ amount: '1.00', reference: 'no reference' })).rejects.toMatchObject({ status: 400 });
  await guard.checkFunds('5000.00');
  wallet.answer = () => Promise.reject(new Error('down'));
  wallet.clock.advance(60_000);
  await expect(guard.checkFunds('1.00')).rejects.toMatchObject({ status: 503 });
  await guard.close();
  const seen = history
    .query()
    .entries.map(({ kind, reference, amount }) => [kind, reference, amount].filter(Boolean).join(' '));
  expect(seen).toEqual([
    'snapshot 1000.00',
    'approved a 10.00',
    'held a 10.00',
    'captured a 9.00',
    'approved b 10.00',
    'held b 10.00',
    'released b 10.00',
    'approved c 10.00',
    'held c 10.00',
    'overdue c 10.00',
    'frozen',
    'rejected d',
    'unfrozen',
    'rejected no reference',
    'snapshot 1000.00',
    'refused 5000.00',
    'providerFailure',
    'rejected',
  ]);
  expect(few.query().entries.map(({ kind }) => kind)).toEqual(['frozen', 'refused']);
});

it('a history that fails changes nothing for the payout, and is said', async () => {
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const guard = scriptedWallet().guard();
  recordHistory(guard, {
    add: () => Promise.reject(new Error('full')),
    query: () => ({ entries: [] }),
    close: async () => {},
  });
  await expect(guard.checkFunds('1.00')).resolves.toMatchObject({ sufficient: true });
  await guard.close();
  expect(warned.mock.calls.map(([message]) => message)).toEqual([
    'The history did not take a snapshot.',
    'The history did not take a approved.',
  ]);
});

describe('a day', () => {
  const hours = async (day: string, timeZone: string) => {
    const { from, to } = await dayReport(memoryHistory(), { wallet: 'w', currency: KES, day, timeZone });
    return [from, (Date.parse(to) - Date.parse(from)) / 3_600_000];
  };

  it('has 23 or 25 hours where clocks are changed, and begins when clocks say so', async () => {
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
      'wallet,currency,day,timeZone,from,to,opening,openingAt,closing,closingAt,credits,captured,fees,unexplained,otherDays',
    );
    const rest = `${'0,'.repeat(13)}0`;
    const span = 'KES,2024-05-07,UTC,2024-05-07T00:00:00.000Z,2024-05-08T00:00:00.000Z';
    expect(first).toBe(`"'=cmd|""x"",1",${span},,,,,0.00,0.00,0.00,-1234567890123.10,,${rest}`);
    expect(second).toBe(`'@w,${span},,,,,0.00,0.00,0.00,0.00,,${rest}`);
    expect(end).toBe('');
    expect(toCsv(empty)).toBe(`${names}\r\n${second}\r\n`);
  });
});

async function everything(history: History, query: HistoryQuery): Promise<HistoryEntry[]> {
  const found: HistoryEntry[] = [];
  let after: string | undefined;
  for (let pages = 0; pages < 100; pages++) {
    const page = await history.query({ ...query, after });
    found.push(...page.entries);
    after = page.next;
    if (after === undefined) return found;
  }
  throw new Error('the pages do not end');
}
