// The holds that a process restores after a loss, when answers of the database overtake each other.
import { describe, expect, it } from '@jest/globals';
import type { HoldRecord } from 'payout-guard';
import { OwnHolds } from '../../src/stores/shared/own-holds.js';

const reserved: HoldRecord = {
  reference: 'a',
  wallet: 'w',
  state: 'reserved',
  attempt: 'one',
  amountMinor: 5n,
  currency: { code: 'KES', exponent: 2 },
  createdAtMs: 1_000,
  expiresAtMs: 61_000,
  metadata: {},
};
const sent: HoldRecord = { ...reserved, state: 'sent', expiresAtMs: undefined, sentAtMs: 1_100, sendsUntilMs: 9_000 };
const returned: HoldRecord = { ...sent, sendsUntilMs: 1_500 };
const released: HoldRecord = { ...sent, state: 'released', endedAtMs: 1_600 };
const failed: HoldRecord = { ...released, failed: true };
const awaiting: HoldRecord = {
  ...sent,
  state: 'captured',
  capturedMinor: 5n,
  endedAtMs: 1_700,
  visibleAtMs: 5_000,
  awaitsOutcome: true,
};
const captured: HoldRecord = { ...awaiting, awaitsOutcome: undefined };
const failedLater: HoldRecord = { ...captured, failed: true };
const again: HoldRecord = { ...sent, attempt: 'two', createdAtMs: 2_000, turn: 2 };

const nowMs = 3_000;

/** A process that has this hold in the epoch. */
function having(hold: HoldRecord): OwnHolds {
  const own = new OwnHolds();
  own.notIn('epoch');
  own.add(hold, 'epoch');
  return own;
}

describe('the holds that a process would restore', () => {
  // Each is further than all before it.
  const steps = { reserved, sent, returned, awaiting, captured, failedLater };
  const names = Object.keys(steps) as (keyof typeof steps)[];
  const pairs = names.flatMap((further, index) => names.slice(0, index).map((behind) => [further, behind] as const));

  it.each(pairs)('stay %s after an answer of %s', (further, behind) => {
    const own = having(steps[further]);
    own.seen('a', steps[behind], 'epoch', nowMs);
    own.moved(steps[behind], 'epoch', nowMs);
    expect(own.get('a')).toBe(steps[further]);
  });

  it.each(pairs)('become %s when they were %s', (further, behind) => {
    for (const by of ['seen', 'moved'] as const) {
      const own = having(steps[behind]);
      if (by === 'seen') own.seen('a', steps[further], 'epoch', nowMs);
      else own.moved(steps[further], 'epoch', nowMs);
      expect(own.get('a')).toBe(steps[further]);
    }
  });

  it.each([
    ['released', released],
    ['failed', failed],
  ])('end when one was %s, and stay captured when that is older than a late capture', (_, ended) => {
    for (const open of [reserved, sent, returned]) {
      const own = having(open);
      own.seen('a', ended, 'epoch', nowMs);
      expect(own.size).toBe(0);
    }
    const own = having(captured);
    own.seen('a', ended, 'epoch', nowMs);
    own.moved(ended, 'epoch', nowMs);
    expect(own.get('a')).toBe(captured);
  });

  it('include a capture that came after the release, until it shows', () => {
    const own = new OwnHolds();
    own.moved({ ...captured, failed: true }, 'epoch', nowMs);
    expect(own.size).toBe(1);
    own.seen('a', { ...captured, failed: true }, 'epoch', 5_000);
    expect(own.size).toBe(0);
  });

  it('are not ended by an answer from before they were granted', () => {
    const own = having(again);
    own.seen('a', undefined, 'epoch', 1_999);
    own.seen('a', undefined, 'epoch', 2_000);
    own.seen('a', released, 'epoch', nowMs);
    own.moved(released, 'epoch', nowMs);
    expect(own.get('a')).toBe(again);
    own.seen('a', undefined, 'epoch', 2_001);
    expect(own.size).toBe(0);
  });

  it('give way to a later attempt with their reference', () => {
    const own = having(sent);
    own.seen('a', again, 'epoch', nowMs);
    expect(own.size).toBe(0);
    const other = having(sent);
    other.moved(again, 'epoch', nowMs);
    expect(other.get('a')).toBe(again);
  });

  it('are not ended, nor set back, by a database that lost data', () => {
    const own = having(captured);
    own.seen('a', undefined, 'later', nowMs);
    own.seen('a', sent, 'later', nowMs);
    own.moved(returned, 'later', nowMs);
    expect(own.notIn('later')).toEqual([captured]);
  });
});
