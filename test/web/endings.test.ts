// Every ending of a request, in functions from Request to Response; and what all frameworks have in common.
import { describe, expect, it } from '@jest/globals';
import { adapterNames, deviations, endingsOf } from './endings/deviations.js';
import { fetchDriver } from './endings/hono.js';
import { matrixOf } from './endings/matrix.js';
import { endings, titleOf } from './endings/table.js';

matrixOf(fetchDriver);

describe.each(adapterNames)('the table for %s', (name) => {
  const rows = endingsOf(name, endings);

  it("frees no payout that was made, and pays none twice, except by the application's own verdictOn", () => {
    const freed = rows.filter(({ made, hold }) => made > 0 && /failed|released/.test(hold));
    expect(freed.filter(({ route }) => route !== 'requireSufficientFunds').map(titleOf)).toEqual([]);
    // Their verdictOn takes 410 for "not paid", also where it was answered after the payment.
    expect(freed.filter((row) => !/410/.test(titleOf(row)))).toEqual([]);
    expect(freed.length).toBeLessThanOrEqual(1);
    expect(rows.filter(({ made, retry }) => made > 0 && retry === 'paid')).toEqual([]);
  });

  it('has more than 25 endings, and leaves out only what its handlers cannot do', () => {
    expect(rows.length).toBeGreaterThan(25);
    const gone = endings.filter((row) => endingsOf(name, [row]).length === 0);
    expect(new Set(gone.map(({ handler }) => handler)).size).toBeLessThanOrEqual(1);
  });
});

describe('a deviation', () => {
  it.each(deviations.map((deviation) => [deviation.reason, deviation] as const))(
    'concerns rows: %s',
    (_, deviation) => {
      expect(endings.filter(deviation.concerns).length).toBeGreaterThan(0);
    },
  );
});
