// The line that operations of one process wait in. The round trips are the test's own, so that it decides when each one ends.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GroupCommit, type GroupCommitOptions } from '../../src/stores/shared/group-commit.js';

/** A round trip that the test ends. */
interface Trip {
  readonly ops: readonly string[];
  answer(): void;
  fail(): void;
}

function open(options: Partial<GroupCommitOptions<string, string>> = {}) {
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
          answer: () => resolve(ops.map((op) => `${op}!`)),
          fail: () => reject(new Error('redis://:secret@host')),
        });
      }),
    onUncertain: (op) => uncertain.push(op),
    ...options,
  });
  return { line, trips, uncertain, sent: () => trips.map(({ ops }) => ops.join('')) };
}

const outcome = (answer: Promise<string>): Promise<string> =>
  answer.catch(({ reason, message }: { reason: string; message: string }) => `${reason}: ${message}`);

/** Lets time pass, in which the machine may be as slow as it likes. */
const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('group commit', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('sends what was asked for in one turn in one round trip, without waiting', async () => {
    const { line, trips, sent } = open();
    const answers = ['a', 'b'].map((op) => line.submit(op, ''));
    await Promise.resolve();
    expect(sent()).toEqual(['ab']);
    trips[0]?.answer();
    expect(await Promise.all(answers)).toEqual(['a!', 'b!']);
    await line.close();
  });

  it('lets what comes meanwhile wait, unless it fills a round trip', async () => {
    const { line, trips, sent } = open();
    const answers = [line.submit('a', '')];
    await Promise.resolve();
    for (const op of ['b', 'c']) answers.push(line.submit(op, ''));
    await Promise.resolve();
    expect(sent()).toEqual(['a']);
    for (const op of ['d', 'e']) answers.push(line.submit(op, ''));
    await Promise.resolve();
    expect(sent()).toEqual(['a', 'bcd']);
    trips[1]?.answer();
    await pass(1);
    // Still one under way, and one that waits: not enough to go beside it.
    expect(sent()).toEqual(['a', 'bcd']);
    trips[0]?.answer();
    await pass(1);
    expect(sent()).toEqual(['a', 'bcd', 'e']);
    trips[2]?.answer();
    expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!']);
  });

  it('refuses each operation at its own deadline, and names those that may have happened', async () => {
    const { line, trips, uncertain, sent } = open({ maxBatch: 2 });
    const first = outcome(line.submit('a', ''));
    await pass(60);
    const second = outcome(line.submit('b', ''));
    await pass(39);
    expect(uncertain).toEqual([]);
    await pass(1);
    expect(await first).toMatch(/^store: .*no answer in time/);
    expect(uncertain).toEqual(['a']);
    // The line goes on beside the round trip that is given up, and `b` has its own time.
    await pass(20);
    expect(sent()).toEqual(['a', 'b']);
    trips[1]?.answer();
    expect(await second).toBe('b!');
    trips[0]?.answer();
    await line.close();
    expect(uncertain).toEqual(['a']);
  });

  it('refuses what waited too long without having been sent, and does not call that uncertain', async () => {
    const { line, trips, uncertain } = open({ maxUnderWay: 1, maxBatch: 1 });
    const answers = ['a', 'b'].map((op) => outcome(line.submit(op, '')));
    await pass(100);
    expect(await Promise.all(answers)).toEqual([expect.stringMatching(/in time/), expect.stringMatching(/in time/)]);
    expect(uncertain).toEqual(['a']);
    trips[0]?.answer();
  });

  it('asks no more when several round trips are beyond their deadline, and asks again when one has ended', async () => {
    const { line, trips } = open({ deadlineMs: 20, maxBatch: 1, maxUnderWay: 4 });
    const answers = ['a', 'b', 'c', 'd'].map((op) => outcome(line.submit(op, '')));
    await pass(20);
    await Promise.all(answers);
    expect(await outcome(line.submit('e', ''))).toMatch(/stopped answering/);
    expect(trips).toHaveLength(4);
    trips[2]?.fail();
    await pass(1);
    const again = line.submit('f', '');
    await Promise.resolve();
    trips[4]?.answer();
    expect(await again).toBe('f!');
    for (const trip of trips) trip.answer();
  });

  it('refuses at once what the queue has no room for', async () => {
    const { line, trips } = open({ maxQueue: 2, maxUnderWay: 1 });
    const answers = ['a', 'b', 'c'].map((op) => outcome(line.submit(op, '')));
    await Promise.resolve();
    trips[0]?.answer();
    expect(await Promise.all(answers)).toEqual(['a!', 'b!', expect.stringMatching(/too many operations wait/)]);
  });

  it('reports of a failed round trip only that it failed', async () => {
    const { line, trips, uncertain } = open();
    const answers = ['a', 'b'].map((op) => outcome(line.submit(op, '')));
    await Promise.resolve();
    trips[0]?.fail();
    const [a, b] = await Promise.all(answers);
    expect([a, b, uncertain]).toEqual([expect.not.stringMatching(/secret/), a, ['a', 'b']]);
  });

  it('takes several lanes along in one round trip, and lets those that failed travel alone until they succeed', async () => {
    const { line, trips, sent } = open();
    const submit = (text: string) => Promise.all([...text].map((op) => outcome(line.submit(op, op.toLowerCase()))));
    const failed = submit('ab');
    await Promise.resolve();
    trips[0]?.fail();
    await failed;
    const more = submit('ABc');
    await pass(1);
    // Two at once: `a`, whose turn it is, and then `b`; `c` has done nothing, but there is no room.
    expect(sent()).toEqual(['ab', 'A', 'B']);
    trips[2]?.answer();
    await pass(1);
    expect(sent()).toEqual(['ab', 'A', 'B', 'c']);
    trips[3]?.answer();
    trips[1]?.fail();
    await more;
    const last = submit('abc');
    await pass(1);
    // `b` is trusted again, `a` is not.
    expect(sent().slice(4)).toEqual(['a', 'bc']);
    for (const trip of trips) trip.answer();
    await last;
  });

  it('does not let a lane without answers hold up the others', async () => {
    const { line, trips, sent } = open({ deadlineMs: 30 });
    const stuck = outcome(line.submit('a', 'a'));
    await Promise.resolve();
    const others = ['b', 'c', 'd', 'e', 'f'].map((op) => line.submit(op, op));
    for (let at = 1; at <= 2; at++) {
      await pass(1);
      trips[at]?.answer();
    }
    expect(await Promise.all(others)).toEqual(['b!', 'c!', 'd!', 'e!', 'f!']);
    expect(sent()).toEqual(['a', 'bcd', 'ef']);
    await pass(30);
    expect(await stuck).toMatch(/in time/);
  });

  it('answers what is under way before it closes, and accepts nothing more', async () => {
    const { line, trips } = open();
    const answer = line.submit('a', '');
    await Promise.resolve();
    const closed = line.close();
    expect(await outcome(line.submit('b', ''))).toMatch(/^closed/);
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    await pass(10);
    expect(isClosed).toBe(false);
    trips[0]?.answer();
    expect(await answer).toBe('a!');
    await closed;
  });
});
