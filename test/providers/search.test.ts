import { describe, expect, it } from '@jest/globals';
import { searchPages } from '../../src/providers/shared/search.js';

type Row = 'ours paid' | 'ours failed' | 'other paid';

const search = (...pages: readonly (readonly Row[])[]) => {
  let read = 0;
  return searchPages<Row>({
    readPage: async () => {
      const rows = pages[read] ?? [];
      read += 1;
      return { rows, isLast: read >= pages.length };
    },
    isMeant: (row) => row.startsWith('ours'),
    verdictOf: (row) => (row.endsWith('paid') ? 'completed' : 'failed'),
  });
};

describe('a search through pages', () => {
  it('counts payouts that were made under one reference, and none of another', async () => {
    expect(await search(['other paid', 'ours paid', 'ours failed', 'ours paid'])).toMatchObject({
      outcome: 'completed',
      timesPaid: 2,
      paid: 'ours paid',
    });
    expect(await search(['ours failed'], ['ours paid', 'other paid'])).toEqual({
      outcome: 'completed',
      paid: 'ours paid',
    });
  });

  it('is failed only if all of ours are', async () => {
    expect((await search(['ours failed', 'other paid'])).outcome).toBe('failed');
    expect(await search([])).toEqual({ outcome: 'unknown', isEmpty: true });
  });
});
