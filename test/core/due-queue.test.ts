import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Due, DueQueue } from '../../src/core/memory-store/due-queue.js';

describe('the due queue', () => {
  it('returns remaining items soonest first, in any order of adding and removing', () => {
    const times = fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 50 }), isTakenOut: fc.boolean() }));
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 50 }), (items, nowMs) => {
        const queue = new DueQueue<number>();
        const entries = items.map(({ atMs }) => queue.add(atMs, atMs));
        for (const [index, { isTakenOut }] of items.entries())
          if (isTakenOut) queue.remove(entries[index] as Due<number>);
        const taken: number[] = [];
        for (let item = queue.takeDue(nowMs); item !== undefined; item = queue.takeDue(nowMs)) taken.push(item);
        const expected = items.filter(({ atMs, isTakenOut }) => !isTakenOut && atMs <= nowMs).map(({ atMs }) => atMs);
        expect(taken).toEqual(expected.sort((one, other) => one - other));
      }),
    );
  });

  it('does not grow from items that are removed before they are due', () => {
    const queue = new DueQueue<string>();
    const stays = Array.from({ length: 500 }, (_, index) => queue.add(60_000 - index, `stays-${index}`));
    for (let index = 0; index < 100_000; index++) queue.remove(queue.add(60_000 + index, 'goes'));
    expect(queue.size).toBeLessThanOrEqual(2_000);
    const taken = Array.from({ length: 500 }, () => queue.takeDue(60_000));
    expect(taken).toEqual(stays.map((_, index) => `stays-${499 - index}`));
    expect(queue.takeDue(10_000_000)).toBeUndefined();
    expect(queue.size).toBe(0);
  });

  it('removes an item once', () => {
    const queue = new DueQueue<string>();
    const due = queue.add(1, 'one');
    expect(queue.takeDue(1)).toBe('one');
    queue.remove(due);
    queue.add(2, 'two');
    expect([queue.takeDue(2), queue.takeDue(2)]).toEqual(['two', undefined]);
  });
});
