// Entries and the queries that find them: in memory, in SQLite and in PostgreSQL.
import { describe, expect, it } from '@jest/globals';
import { createPayoutGuard } from 'payout-guard';
import {
  dayReport,
  type History,
  type HistoryQuery,
  historyKinds,
  memoryHistory,
  recordHistory,
  type SharedHistory,
} from 'payout-guard/history';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';
import { scriptedWallet, stoppedClock } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { at, emptied, entry, everything, open } from './history-support.js';
import { historyPlaces } from './places.js';

collectWarnings();

const places = await historyPlaces();
const KES = { code: 'KES', exponent: 2 };

const kinds: [string, () => Promise<History>][] = [
  ['memory', async () => memoryHistory()],
  ...places.map((place): [string, () => Promise<History>] => [place.name, () => emptied(place)]),
];

async function written(history: History): Promise<History> {
  await (history as Partial<SharedHistory>).flush?.();
  return history;
}

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
      ['debitAboveHold', 'second', '201.00'],
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
