// The line that operations of one process wait in. The round trips are the test's own, so that it decides when each one
// ends.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { busy } from '../../src/stores/shared/engine.js';
import { open, outcome, pass } from './group-commit-support.js';

describe('group commit', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('sends what was asked for in one turn in one round trip, without waiting', async () => {
    const { line, trips, sent } = open();
    const answers = ['a', 'b'].map((op) => line.submit(op));
    await Promise.resolve();
    expect(sent()).toEqual(['ab']);
    trips[0]?.answer();
    expect(await Promise.all(answers)).toEqual(['a!', 'b!']);
    await line.close();
  });

  it('lets what comes meanwhile wait, unless it fills a round trip', async () => {
    const { line, trips, sent } = open();
    const answers = [line.submit('a')];
    await Promise.resolve();
    for (const op of ['b', 'c']) answers.push(line.submit(op));
    await Promise.resolve();
    expect(sent()).toEqual(['a']);
    for (const op of ['d', 'e']) answers.push(line.submit(op));
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
    const first = outcome(line.submit('a'));
    await pass(60);
    const second = outcome(line.submit('b'));
    await pass(39);
    expect(uncertain).toEqual([]);
    await pass(1);
    expect(await first).toMatch(/^store: .*no answer in time/);
    expect(uncertain).toEqual(['a']);
    // The line continues beside the round trip that is given up, and `b` has its own time.
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
    const answers = ['a', 'b'].map((op) => outcome(line.submit(op)));
    await pass(100);
    expect(await Promise.all(answers)).toEqual([expect.stringMatching(/in time/), expect.stringMatching(/in time/)]);
    expect(uncertain).toEqual(['a']);
    trips[0]?.answer();
  });

  it('asks no more when several round trips are beyond their deadline, and asks again when one has ended', async () => {
    const { line, trips } = open({ deadlineMs: 20, maxBatch: 1, maxUnderWay: 4 });
    const answers = ['a', 'b', 'c', 'd'].map((op) => outcome(line.submit(op)));
    await pass(20);
    await Promise.all(answers);
    expect(await outcome(line.submit('e'))).toMatch(/stopped answering/);
    expect(trips).toHaveLength(4);
    trips[2]?.fail();
    await pass(1);
    const again = line.submit('f');
    await Promise.resolve();
    trips[4]?.answer();
    expect(await again).toBe('f!');
    for (const trip of trips) trip.answer();
  });

  it('probes a silent engine each second, and asks it again as soon as a probe is answered', async () => {
    const { line, trips, sent } = open({ deadlineMs: 20, maxBatch: 1, maxUnderWay: 4 });
    const answers = ['a', 'b', 'c', 'd'].map((op) => outcome(line.submit(op)));
    await pass(20);
    await Promise.all(answers);
    await pass(1_000);
    expect(sent()).toEqual(['a', 'b', 'c', 'd', '']);
    expect(await outcome(line.submit('e'))).toMatch(/stopped answering/);
    await pass(1_000);
    trips[5]?.answer();
    await pass(1);
    // The others never end.
    const again = line.submit('f');
    await Promise.resolve();
    trips[6]?.answer();
    expect(await again).toBe('f!');
    await pass(2_000);
    expect(sent()).toEqual(['a', 'b', 'c', 'd', '', '', 'f']);
    await line.close();
  });

  it('refuses at once what the queue has no room for', async () => {
    const { line, trips } = open({ maxQueue: 2, maxUnderWay: 1 });
    const answers = ['a', 'b', 'c'].map((op) => outcome(line.submit(op)));
    await Promise.resolve();
    trips[0]?.answer();
    expect(await Promise.all(answers)).toEqual(['a!', 'b!', expect.stringMatching(/too many operations wait/)]);
  });

  it('reports of a failed round trip only that it failed', async () => {
    const { line, trips, uncertain } = open();
    const answers = ['a', 'b'].map((op) => outcome(line.submit(op)));
    await Promise.resolve();
    trips[0]?.fail();
    const [a, b] = await Promise.all(answers);
    expect([a, b, uncertain]).toEqual([expect.not.stringMatching(/secret/), a, ['a', 'b']]);
  });

  it('asks apart and again for those whose wallet is locked, and lets the others continue', async () => {
    const { line, trips, uncertain, sent } = open();
    const [locked, free] = [line.submit('a'), line.submit('b')];
    await Promise.resolve();
    trips[0]?.answer('a');
    expect(await free).toBe('b!');
    const next = line.submit('c');
    await pass(5);
    expect(sent()).toEqual(['ab', 'c', 'a']);
    trips[1]?.answer();
    expect(await next).toBe('c!');
    trips[2]?.answer('a');
    await pass(5);
    trips[3]?.answer();
    expect(await locked).toBe('a!');
    expect(uncertain).toEqual([]);
  });

  it('refuses what was locked until its deadline, and does not call that uncertain', async () => {
    const { line, trips, uncertain } = open({
      run: async (ops) => ops.map(() => busy),
    });
    const locked = outcome(line.submit('a'));
    await pass(99);
    const late = outcome(line.submit('b'));
    await pass(2);
    expect(await locked).toMatch(/^store: .*another transaction keeps the wallet locked/);
    await pass(100);
    expect(await late).toMatch(/locked/);
    expect([trips, uncertain]).toEqual([[], []]);
    await line.close();
  });

  it('reads answers that arrived while the process itself stood still, before it refuses', async () => {
    jest.useRealTimers();
    const answers: (() => void)[] = [];
    const { line, uncertain } = open({
      deadlineMs: 30,
      // As a socket does: the answer is there, and is read when the event loop comes to it.
      run: (ops) =>
        new Promise((resolve) => answers.push(() => setImmediate(() => resolve(ops.map((op) => `${op}!`))))),
    });
    const answer = outcome(line.submit('a'));
    await Promise.resolve();
    answers[0]?.();
    const untilMs = performance.now() + 60;
    while (performance.now() < untilMs);
    expect([await answer, uncertain]).toEqual(['a!', []]);
    await line.close();
  });

  it('answers what is under way before it closes, and accepts nothing more', async () => {
    const { line, trips } = open();
    const answer = line.submit('a');
    await Promise.resolve();
    const closed = line.close();
    expect(await outcome(line.submit('b'))).toMatch(/^closed/);
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

  describe('an operation that stands for several', () => {
    /** `A` stands for five of them, `B` for seven. */
    const weightAlone = (op: string) => ({ A: 5, B: 7 })[op];

    it('travels alone, beside others, in the order of the calls', async () => {
      const { line, trips, sent } = open({ weightAlone, maxQueue: 20 });
      const answers = ['a', 'A', 'b', 'B'].map((op) => line.submit(op));
      await Promise.resolve();
      expect(sent()).toEqual(['ab', 'A']);
      trips[1]?.answer();
      await pass(1);
      expect(sent()).toEqual(['ab', 'A', 'B']);
      for (const trip of trips) trip.answer();
      expect(await Promise.all(answers)).toEqual(['a!', 'A!', 'b!', 'B!']);
      await line.close();
    });

    it('does not hold up the others, nor they it, when both keep coming', async () => {
      const { line, trips, sent } = open({ weightAlone, maxUnderWay: 1, maxQueue: 100 });
      const answers = ['a', 'A', 'b', 'B'].map((op) => line.submit(op));
      for (let trip = 0; trip < 4; trip++) {
        await pass(1);
        if (trip === 0) answers.push(line.submit('c'));
        trips[trip]?.answer();
      }
      expect(await Promise.all(answers)).toEqual(['a!', 'A!', 'b!', 'B!', 'c!']);
      expect(sent()).toEqual(['ab', 'A', 'B', 'c']);
      await line.close();
    });

    it('counts in the queue for as many as it stands for, unless it would be the only one there', async () => {
      const { line, trips } = open({ weightAlone, maxUnderWay: 1, maxQueue: 6 });
      const first = line.submit('a');
      await Promise.resolve();
      const large = line.submit('B');
      expect(await outcome(line.submit('b'))).toMatch(/too many operations wait/);
      trips[0]?.answer();
      await pass(1);
      trips[1]?.answer();
      expect(await Promise.all([first, large])).toEqual(['a!', 'B!']);
      const [second, third] = [line.submit('c'), line.submit('A')];
      await Promise.resolve();
      expect(await outcome(line.submit('A'))).toMatch(/too many operations wait/);
      await pass(1);
      trips[2]?.answer();
      await pass(1);
      trips[3]?.answer();
      expect(await Promise.all([second, third])).toEqual(['c!', 'A!']);
      await line.close();
    });

    it('is sent again alone when its wallet was locked', async () => {
      const { line, trips, sent } = open({ weightAlone, maxUnderWay: 2 });
      const answers = ['a', 'A'].map((op) => line.submit(op));
      await Promise.resolve();
      trips[0]?.answer('a');
      trips[1]?.answer('A');
      await pass(5);
      expect(sent().slice(2).sort()).toEqual(['A', 'a']);
      for (const trip of trips.slice(2)) trip.answer();
      expect(await Promise.all(answers)).toEqual(['a!', 'A!']);
      await line.close();
    });

    it('is refused at its deadline, as uncertain only if it was sent', async () => {
      const { line, trips, uncertain } = open({ weightAlone, maxUnderWay: 1, maxQueue: 20 });
      const answers = ['A', 'B'].map((op) => outcome(line.submit(op)));
      await pass(100);
      expect(await Promise.all(answers)).toEqual([
        expect.stringMatching(/no answer in time/),
        expect.stringMatching(/which was not sent/),
      ]);
      expect(uncertain).toEqual(['A']);
      trips[0]?.answer();
      await line.close();
    });
  });
});
