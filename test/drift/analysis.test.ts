// Movements that positions of successive snapshots prove.
import { describe, expect, it } from '@jest/globals';
import { firstMovement, withoutBlips } from '../../src/drift/analysis.js';
import { DriftLedger } from '../../src/drift/ledger.js';
import { common, type Ranges, upTo, withOrWithout } from '../../src/drift/ranges.js';

const set = (...amounts: number[]): Ranges => amounts.map((minor) => ({ least: BigInt(minor), most: BigInt(minor) }));
const exactly = (minor: number) => ({ least: BigInt(minor), most: BigInt(minor) });

describe('firstMovement', () => {
  it('finds nothing where something in common explains all', () => {
    expect(firstMovement([set(10)])).toBeUndefined();
    expect(firstMovement([set(8, 10), set(10, 12), set(3, 10)])).toBeUndefined();
  });

  it('takes the difference of two positions that are certain, in the narrowest window', () => {
    const positions = [set(10), set(7, 10), set(10, 12), set(7, 12), set(5, 7), set(7)];
    expect(firstMovement(positions)).toEqual({ debitedMinor: exactly(3), from: 2, to: 3, next: 5 });
  });

  it('takes one movement if it explains all, and each way to do so has the same amount', () => {
    expect(firstMovement([set(8, 10), set(9, 10), set(6, 7), set(6, 8)])).toEqual({
      debitedMinor: exactly(4),
      from: 1,
      to: 2,
      next: 2,
    });
  });

  it('waits while the amount is not certain, and returns a range when it never will be', () => {
    expect(firstMovement([set(8, 10), set(7, 8), set(6, 7)])).toBeUndefined();
    expect(firstMovement([set(8, 10), set(7, 8), set(7)])).toEqual({
      debitedMinor: { least: 1n, most: 3n },
      from: 0,
      to: 2,
      next: 2,
    });
  });
});

describe('a ledger', () => {
  const found = (...balances: (readonly [available: bigint, ...debits: bigint[]])[]) => {
    const ledger = new DriftLedger({ lagMs: 0, creditToleranceMs: 0, mayBlip: false });
    for (const [number, [availableMinor, ...debitsMinor]] of balances.entries()) {
      ledger.add({
        number,
        requestedAtMs: number,
        receivedAtMs: number,
        availableMinor,
        markMinor: 0n,
        debitsMinor,
        furtherMinor: 0n,
      });
    }
    return ledger.findings(balances.length).map(({ debitedMinor }) => debitedMinor);
  };

  it('finds a range, and nothing where that may be nothing in the end', () => {
    expect(found([100n, 10n], [90n])).toEqual([{ least: 10n, most: 20n }]);
    expect(found([100n, 10n], [120n])).toEqual([{ least: -20n, most: -10n }]);
    expect(found([100n, 10n], [105n])).toEqual([]);
    expect(found([100n], [90n], [100n])).toEqual([exactly(10), exactly(-10)]);
  });
});

describe('withoutBlips', () => {
  const kept = (all: Ranges[], established = true) =>
    withoutBlips(
      all.map((positions) => ({ positions })),
      established,
    ).map(({ positions }) => all.indexOf(positions));

  it('leaves out what the next snapshot does not confirm, though it could be either', () => {
    expect(kept([set(10), set(7), set(10)])).toEqual([0, 2]);
    expect(kept([set(10), set(7), set(7, 10), set(10)])).toEqual([0, 2, 3]);
    expect(kept([set(10), set(7), set(7)])).toEqual([0, 1, 2]);
    expect(kept([set(10), set(7), set(5), set(3)])).toEqual([0, 1, 2]);
  });

  it('drops the first only as long as nothing has confirmed it', () => {
    expect(kept([set(7), set(10), set(10)], false)).toEqual([1, 2]);
    expect(kept([set(7), set(10), set(10)], true)).toEqual([0, 1, 2]);
  });
});

describe('ranges', () => {
  it('hold each amount with and without another, and what is between', () => {
    expect(withOrWithout(set(0, 5), 5n)).toEqual(set(0, 5, 10));
    expect(upTo(set(0, 5, 10), 6n)).toEqual([{ least: 0n, most: 16n }]);
    expect(
      common(
        [
          { least: 0n, most: 5n },
          { least: 9n, most: 9n },
        ],
        [{ least: 5n, most: 9n }],
      ),
    ).toEqual(set(5, 9));
    expect(common(set(1), set(2))).toEqual([]);
  });

  it('cover more than is known rather than less when there are too many', () => {
    let ranges = set(0);
    for (let bit = 0; bit < 8; bit++) ranges = withOrWithout(ranges, BigInt(3 ** bit));
    expect(ranges).toHaveLength(256);
    expect(withOrWithout(ranges, BigInt(3 ** 8))).toEqual([{ least: 0n, most: 9_841n }]);
  });
});
