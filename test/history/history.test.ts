// Entries and the queries that find them: in memory, in SQLite and in PostgreSQL.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createPayoutGuard, memoryStore, type PayoutAnswer, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import {
  type DayReport,
  dayReport,
  type History,
  type HistoryEntry,
  type HistoryQuery,
  historyKinds,
  memoryHistory,
  recordHistory,
  type SharedHistory,
  type SharedHistoryOptions,
  sqliteHistory,
  toCsv,
} from 'payout-guard/history';
import { jpay } from 'payout-guard/providers/jpay';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { jpaySimulator } from 'payout-guard/testing';
import { runProgram } from '../support/programs.js';
import { deferred, scriptedWallet, stoppedClock } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { type HistoryPlace, historyPlaces } from './places.js';

const warnings = collectWarnings();
const places = await historyPlaces();
const KES = { code: 'KES', exponent: 2 };
const open: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(open.splice(0).map((party) => party.close()));
});

const kinds: [string, () => Promise<History>][] = [
  ['memory', async () => memoryHistory()],
  ...places.map((place): [string, () => Promise<History>] => [place.name, () => emptied(place)]),
];

/** A history of a shared place, which has nothing yet. */
async function emptied(place: HistoryPlace, options: Partial<SharedHistoryOptions> = {}): Promise<SharedHistory> {
  await place.empty();
  const history = place.open({ keepForMs: 3_600_000, ...options });
  open.push(history);
  return history;
}

async function written(history: History): Promise<History> {
  await (history as Partial<SharedHistory>).flush?.();
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
      visibilityLagMs: 0,
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
      kind: 'insufficient',
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
    const minute = { kind: 'insufficient', from: at('14:03:00'), to: at('14:04:00') } as const;
    expect(await history.query(minute)).toEqual(byReference);
    const { entries } = await history.query({ wallet: 'default' });
    expect(entries.map(({ kind, reference, amount }) => [kind, reference, amount])).toEqual([
      ['snapshot', undefined, '1000.00'],
      ['approved', 'first', '250.50'],
      ['held', 'first', '250.50'],
      ['approved', 'second', '200.00'],
      ['held', 'second', '200.00'],
      ['captured', 'second', '201.00'],
      ['insufficient', 'big', '500.00'],
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

  it('refuses an invalid query', async () => {
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
    const none = Object.fromEntries(historyKinds.map((kind) => [kind, 0]));
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
      counts: { ...none, snapshot: 1, held: 1, captured: 2, credit: 1, drift: 2 },
    });
    expect(await dayReport(history, { wallet: 'w', currency: 'KES', day: '2023-01-01' })).toMatchObject({
      credits: '0.00',
      unexplained: '0.00',
    });
  });

  it('adds up each wallet in its own currency, and refuses another one', async () => {
    const [kes, ugx] = [scriptedWallet('1000.00'), scriptedWallet()];
    ugx.balance = { available: '70000', currency: 'UGX' };
    const clock = stoppedClock(at('10:00:00').getTime());
    const guard = createPayoutGuard({
      wallets: {
        kes: { provider: kes.provider, currency: 'KES' },
        ugx: { provider: ugx.provider, currency: 'UGX' },
      },
      clock,
      reconcileEveryMs: 0,
    });
    open.push(guard);
    const history = await make();
    recordHistory(guard, history);
    for (const [wallet, amount] of [
      ['kes', '1.50'],
      ['ugx', '1500'],
    ] as const) {
      await (await guard.hold({ wallet, amount, reference: wallet, state: 'sent' })).capture();
    }
    await written(history);
    const day = '2024-05-06';
    expect(await dayReport(history, { wallet: 'kes', currency: 'KES', day })).toMatchObject({
      opening: '1000.00',
      captured: '1.50',
    });
    expect(await dayReport(history, { wallet: 'ugx', currency: 'UGX', day })).toMatchObject({
      currency: 'UGX',
      opening: '70000',
      captured: '1500',
    });
    await expect(dayReport(history, { wallet: 'ugx', currency: 'KES', day })).rejects.toMatchObject({
      code: 'configuration',
      problems: ['currency: wallet ugx has entries in UGX, not in KES'],
    });
    // The opening balance is of the day before.
    await expect(dayReport(history, { wallet: 'ugx', currency: 'KES', day: '2024-05-07' })).rejects.toMatchObject({
      problems: ['currency: wallet ugx has entries in UGX, not in KES'],
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

describe('recordHistory', () => {
  it('records the events of payouts under their names, and none of what it was not asked for', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ reconcileEveryMs: 0, overdueAfterMs: 1_000 });
    const history = memoryHistory();
    recordHistory(guard, history);
    const few = memoryHistory();
    recordHistory(guard, few, { kinds: ['insufficient', 'frozen'] });
    const hold = await guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
    await hold.capture('9.00');
    await guard.hold({ amount: '10.00', reference: 'b', state: 'sent' });
    await guard.release('b', { reason: 'the payee has closed the account' });
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
    const { entries } = history.query();
    expect(entries.map(line)).toEqual([
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
      'checkFailed d',
      'unfrozen',
      'checkFailed no reference',
      'snapshot 1000.00',
      'insufficient 5000.00',
      'providerFailure',
      'checkFailed',
    ]);
    expect(new Set(entries.map((one) => one.wallet))).toEqual(new Set(['default']));
    expect(few.query().entries.map(({ kind }) => kind)).toEqual(['frozen', 'insufficient']);
    const [released] = history.query({ kind: 'released' }).entries;
    expect(released?.data).toEqual({
      state: 'released',
      attempt: expect.stringMatching(/^[0-9a-f-]{36}\/2$/),
      amount: '10.00',
      currency: 'KES',
      createdAt: '2023-11-14T22:13:20.000Z',
      sentAt: '2023-11-14T22:13:20.000Z',
      failed: true,
      reason: 'the payee has closed the account',
    });
    // To record an event is not to handle it.
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_OVERDUE', 'PAYOUT_GUARD_MEMORY_LOST']);
  });

  it('records every event that needs an operator, and leaves its process warning', async () => {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    let answer: PayoutAnswer = { outcome: 'unknown', absent: true };
    const guard = wallet.guard({
      store,
      reconcileEveryMs: 0,
      overdueAfterMs: 1_000,
      lookupsPerSecond: 1_000,
      debitVisibleAt: 'acceptance',
      verdictOfResult: () => 'pending',
      lookup: async () => answer,
    });
    const history = memoryHistory();
    recordHistory(guard, history);
    const kindsOf = (reference?: string) =>
      history
        .query({ reference, limit: 1_000 })
        .entries.filter(({ kind }) => !['snapshot', 'approved', 'held'].includes(kind))
        .map(({ kind, data: { createdAt, sentAt, attempt, message, ...data } }) => [kind, data]);

    // Debited at acceptance, and failed.
    await guard.withHold({ amount: '10.00', reference: 'failed' }, () => 'accepted');
    answer = { outcome: 'failed' };
    await guard.reconcile({ reference: 'failed' });
    const held = { amount: '10.00', currency: 'KES' };
    expect(kindsOf('failed')).toEqual([
      ['captured', { ...held, state: 'captured', captured: '10.00', awaitsOutcome: true }],
      ['failedAfterCapture', { ...held, state: 'captured', captured: '10.00', failed: true }],
    ]);

    // Paid after its reservation had expired.
    const late = await guard.hold({ amount: '10.00', reference: 'late' });
    wallet.clock.advance(60_000);
    await late.capture();
    const captured = { ...held, state: 'captured', captured: '10.00' };
    expect(kindsOf('late')).toEqual([
      ['captured', captured],
      ['paidAfterRelease', { ...captured, paidAttempt: late.attempt, perhapsTwice: false }],
    ]);

    // Captured by one verdict and rejected by another.
    const paying = guard.withHold({ amount: '10.00', reference: 'both' }, async () => {
      await guard.capture('both');
      throw new PayoutRejectedError();
    });
    await expect(paying).rejects.toMatchObject({ code: 'payout_rejected' });
    expect(kindsOf('both')).toEqual([
      ['captured', captured],
      ['contradiction', { wanted: 'released', found: 'captured' }],
    ]);

    // Never seen by the provider, twenty times, and of a wallet that no process serves.
    answer = { outcome: 'unknown', absent: true };
    await hold20(guard);
    const foreign = createPayoutGuard({
      wallets: { gone: { provider: scriptedWallet().provider, currency: 'KES' } },
      store,
      clock: wallet.clock,
      reconcileEveryMs: 0,
    });
    await foreign.hold({ wallet: 'gone', amount: '1.00', reference: 'x', state: 'sent' });
    await foreign.close();
    wallet.clock.advance(900_000);
    await guard.reconcile();
    expect(kindsOf('p-7')).toEqual([
      ['overdue', { amount: '1.00', currency: 'KES', state: 'sent', ageMs: 900_000, outcome: 'unknown' }],
      ['neverSeen', { amount: '1.00', currency: 'KES', state: 'sent', ageMs: 900_000 }],
    ]);
    expect(history.query({ kind: 'lookupFindsNothing' }).entries.map(({ wallet, data }) => [wallet, data])).toEqual([
      ['default', { inARow: 20 }],
    ]);
    expect(history.query({ kind: 'orphanWallet' }).entries.map(({ wallet, data }) => [wallet, data])).toEqual([
      ['gone', {}],
    ]);

    // Left open, and then known while the store is down.
    const payment = deferred<string>();
    const last = guard.withHold({ amount: '1.00', reference: 'left' }, () => payment.promise);
    await new Promise(setImmediate);
    await guard.close({ waitMs: 0 });
    jest.spyOn(store, 'settle').mockImplementation(() => {
      throw new Error('down');
    });
    payment.resolve('accepted');
    await last;
    expect(kindsOf('left')).toEqual([
      ['leftOpen', { pending: 'paying' }],
      ['settlementFailed', { code: 'balance_unavailable', reason: 'store', retried: false }],
    ]);
    expect(new Set(codesOf(warnings))).toEqual(
      new Set([
        'PAYOUT_GUARD_PAID_AFTER_RELEASE',
        'PAYOUT_GUARD_CONTRADICTION',
        'PAYOUT_GUARD_LOOKUP',
        'PAYOUT_GUARD_ORPHAN',
        'PAYOUT_GUARD_OVERDUE',
        'PAYOUT_GUARD_NEVER_SEEN',
        'PAYOUT_GUARD_LEFT_OPEN',
        'PAYOUT_GUARD_SETTLEMENT_FAILED',
      ]),
    );
  });
});

/** Twenty payouts, one after the other. */
async function hold20(guard: PayoutGuard): Promise<void> {
  for (let index = 0; index < 20; index++) {
    await guard.hold({ amount: '1.00', reference: `p-${index}`, state: 'sent' });
  }
}

function line({ kind, reference, amount }: HistoryEntry): string {
  return [kind, reference, amount].filter(Boolean).join(' ');
}

it('a history that fails changes nothing for the payout, and is reported', async () => {
  const guard = scriptedWallet().guard();
  recordHistory(guard, {
    add: () => Promise.reject(new Error('full')),
    query: () => ({ entries: [] }),
    close: async () => {},
  });
  await expect(guard.checkFunds('1.00')).resolves.toMatchObject({ sufficient: true });
  await guard.close();
  expect(warnings).toEqual([
    'PAYOUT_GUARD_HISTORY: The history rejected an entry (snapshot). (Error: (message withheld: it may contain ' +
      'secrets))',
    'PAYOUT_GUARD_HISTORY: The history rejected an entry (approved). (Error: (message withheld: it may contain ' +
      'secrets))',
  ]);
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
