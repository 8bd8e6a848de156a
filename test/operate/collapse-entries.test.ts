// Repeated entries of one payout.
import { expect, it } from '@jest/globals';
import type { HistoryEntry, HistoryKind } from 'payout-guard/history';
import { memoryHistory } from 'payout-guard/history';
import { collapseEntries, collapseRuns, payoutLife } from '../../src/operate/index.js';
import { scriptedWallet } from '../support/wallet.js';

const entry = (kind: HistoryKind, seconds: number, reference = 'a'): HistoryEntry => ({
  kind,
  at: new Date(1_700_000_000_000 + seconds * 1_000),
  wallet: 'default',
  reference,
  data: { seconds },
});
const shown = (entries: ReturnType<typeof collapseRuns>) =>
  entries.map(({ kind, reference, data, times, firstAt }) => [
    kind,
    reference,
    data.seconds,
    ...(times === undefined ? [] : [times, (Number(firstAt) - 1_700_000_000_000) / 1_000]),
  ]);

it('entries of a page are one for each payout and kind, at the latest, with their number and the first time', () => {
  const newestFirst = [
    entry('overdue', 9),
    entry('overdue', 8, 'b'),
    entry('neverSeen', 8),
    entry('drift', 7),
    entry('overdue', 6),
    entry('drift', 5),
    entry('overdue', 4, 'b'),
    entry('overdue', 3),
    entry('neverSeen', 2, 'b'),
  ];
  expect(shown(collapseEntries(newestFirst))).toEqual([
    ['overdue', 'a', 9, 3, 3],
    ['overdue', 'b', 8, 2, 4],
    ['neverSeen', 'a', 8],
    ['drift', 'a', 7],
    ['drift', 'a', 5],
    ['neverSeen', 'b', 2],
  ]);
});

it('a life joins them between other entries alone, in the order of time', () => {
  const oldestFirst = [
    entry('held', 0),
    entry('overdue', 1),
    entry('neverSeen', 1),
    entry('overdue', 2),
    entry('neverSeen', 2),
    entry('operator', 3),
    entry('overdue', 4),
    entry('captured', 5),
  ];
  expect(shown(collapseRuns(oldestFirst))).toEqual([
    ['held', 'a', 0],
    ['overdue', 'a', 2, 2, 1],
    ['neverSeen', 'a', 2, 2, 1],
    ['operator', 'a', 3],
    ['overdue', 'a', 4],
    ['captured', 'a', 5],
  ]);
});

it('a life of thousands of look-ups shows how it began and how it ended', async () => {
  const guard = scriptedWallet().guard();
  const history = memoryHistory({ maxEntries: 10_000 });
  history.add([entry('held', 0), ...Array.from({ length: 2_000 }, (_, index) => entry('overdue', index + 1))]);
  history.add([entry('captured', 3_000)]);
  const { entries, isCut } = await payoutLife(guard, history, 'a');
  expect([entries.map(({ kind }) => kind), isCut]).toEqual([['held', 'overdue', 'captured'], true]);
  history.add([entry('captured', 3_000, 'b')]);
  const short = await payoutLife(guard, history, 'b');
  expect([short.entries.length, short.isCut]).toEqual([1, false]);
  await guard.close();
});
