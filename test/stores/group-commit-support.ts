// A line whose round trips end when the test says so.
import { jest } from '@jest/globals';
import { busy } from '../../src/stores/shared/engine.js';
import { GroupCommit, type GroupCommitOptions } from '../../src/stores/shared/group-commit.js';

/** A round trip that the test ends. */
export interface Trip {
  readonly ops: readonly string[];
  /** Each operation with `!`, but for those whose wallet is locked. */
  answer(locked?: string): void;
  fail(): void;
}

export interface Opened {
  readonly line: GroupCommit<string, string>;
  readonly trips: readonly Trip[];
  /** The operations that may have happened. */
  readonly uncertain: readonly string[];
  /** The operations of each round trip. */
  sent(): string[];
}

export function open(options: Partial<GroupCommitOptions<string, string>> = {}): Opened {
  const trips: Trip[] = [];
  const uncertain: string[] = [];
  const line = new GroupCommit<string, string>({
    deadlineMs: 100,
    maxBatch: 3,
    maxQueue: 10,
    maxUnderWay: 2,
    soon: queueMicrotask,
    run: (ops) =>
      new Promise((resolve, reject) => {
        trips.push({
          ops,
          answer: (locked = '') => resolve(ops.map((op) => (locked.includes(op) ? busy : `${op}!`))),
          fail: () => reject(new Error('redis://:secret@host')),
        });
      }),
    onUncertain: (op) => uncertain.push(op),
    ...options,
  });
  return { line, trips, uncertain, sent: () => trips.map(({ ops }) => ops.join('')) };
}

export const outcome = (answer: Promise<string>): Promise<string> =>
  answer.catch(({ reason, message }: { reason: string; message: string }) => `${reason}: ${message}`);

/** Lets time pass, in which the machine may be as slow as it likes. */
export const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
