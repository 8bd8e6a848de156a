// Two runs of one list at the same time, in one process and in two.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type Hold, PayoutRejectedError } from 'payout-guard';
import { type BatchReport, runBatch } from 'payout-guard/batch';
import { Child } from '../processes/child.js';
import { databases } from '../processes/databases.js';
import { Random } from '../simulation/random.js';
import { byBudget } from '../support/budget.js';
import { thrownBy } from '../support/errors.js';
import { everyStore } from '../support/every-store.js';
import { changed } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { outcomes, type Salary, salaries, setUp } from './batch-support.js';
import type { FromRunner, ToRunner } from './list-runner.js';

// Each guard has a store of its own, as each process has, which a process that sees both warns of.
collectWarnings();

const count = 30;
const seeds = Array.from({ length: byBudget({ small: 1, large: 25 }) }, (_, index) => index + 1);

/** Every payout was made once, by the run whose row has no `earlier`, and no run saw an error in it. */
function expectEachPaidOnce(reports: readonly BatchReport[], made: readonly string[]): void {
  expect(made.length).toBe(count);
  expect(new Set(made).size).toBe(count);
  for (const { rows, stopped } of reports) {
    expect(stopped).toBe(false);
    expect(rows.filter((row) => 'error' in row)).toEqual([]);
  }
  // The run whose last payment ended later has seen the end of all.
  expect(reports.some(({ rows }) => rows.every(({ outcome }) => outcome === 'paid'))).toBe(true);
  for (let index = 0; index < count; index++) {
    const rows = reports.map((report) => report.rows[index]);
    // The other run may have been making it when this one read it.
    const seen = rows.map((row) => (row?.earlier ? `${row.outcome} earlier` : row?.outcome)).sort();
    expect([
      ['paid', 'paid earlier'],
      ['open earlier', 'paid'],
    ]).toContainEqual(seen);
  }
}

describe.each(await everyStore())('two runs of one list at once, on %s', (_, { open }) => {
  it.each(seeds)('pay every payout once and agree about it (seed %i)', async (seed) => {
    // Exactly the sum.
    const wallet = scriptedWallet('3000.00');
    const guards = [1, 2].map(() => wallet.guard({ store: open(wallet.clock), settles: 'onReturn' }));
    const made: string[] = [];
    const run = async (index: number): Promise<BatchReport> => {
      const random = new Random(seed * 2 + index);
      const pay = async ({ reference }: Hold) => {
        await sleep(random.between(0, 4));
        made.push(reference);
      };
      await sleep(index * random.between(0, 15));
      const guard = guards[index];
      if (!guard) throw new Error('no guard');
      return runBatch(guard, salaries(count), pay, { concurrency: random.between(1, 4) });
    };
    expectEachPaidOnce(await Promise.all([run(0), run(1)]), made);
    await Promise.all(guards.map((guard) => guard.close()));
  });
});

describe.each(databases)('two runs of one list at once in two processes, on %s', (_, start) => {
  const ends: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  it('pay every payout once and agree about it', async () => {
    const database = await start();
    if (!database) return;
    ends.push(() => database.close());
    const runners = await Promise.all(
      [1, 2].map(async () => {
        const runner = new Child<ToRunner, FromRunner>(new URL('./list-runner.ts', import.meta.url));
        ends.push(() => runner.kill());
        await runner.next('ready');
        await runner.ask({ kind: 'open', place: database.place, available: `${count}.00` }, 'opened');
        return runner;
      }),
    );
    for (const seed of seeds) {
      const answers = await Promise.all(
        runners.map((runner, index) =>
          runner.ask({ kind: 'run', prefix: `list-${seed}`, count, seed: seed * 2 + index }, 'ran'),
        ),
      );
      expectEachPaidOnce(
        answers.map(({ report }) => report),
        answers.flatMap(({ made }) => made),
      );
    }
  });
});

describe('of two runs of one list', () => {
  it('one that stops leaves the holds of the other one alone', async () => {
    const { open, made, pay } = setUp('800.00');
    const gate = deferred<void>();
    const slow = async (hold: Hold, salary: Salary) => {
      await gate.promise;
      pay(hold, salary);
    };
    const first = runBatch(open(), salaries(8), slow, { concurrency: 1 });
    await sleep(10);
    const down = () => Promise.reject(new Error('ECONNRESET'));
    const second = await runBatch(open(), salaries(8), down, { concurrency: 1 });
    // It sees that the other run sends the first payout, sends three itself, and stops.
    expect(second.stopped).toBe(true);
    expect(outcomes(second)).toEqual([
      ...['s-0 open', 's-1 open', 's-2 open', 's-3 open'],
      ...['s-4 notSent', 's-5 notSent', 's-6 notSent', 's-7 notSent'],
    ]);
    gate.resolve();
    const { rows, stopped } = await first;
    expect(stopped).toBe(false);
    expect(rows.map(({ reference, outcome, earlier }) => [reference, outcome, earlier])).toEqual([
      ['s-0', 'paid', undefined],
      ...['s-1', 's-2', 's-3'].map((reference) => [reference, 'open', true]),
      ...['s-4', 's-5', 's-6', 's-7'].map((reference) => [reference, 'paid', undefined]),
    ]);
    expect(rows.filter((row) => 'error' in row)).toEqual([]);
    expect(made.length).toBe(5);
  });

  it('one that stops reports what the other one has made meanwhile', async () => {
    const { open, pay } = setUp('800.00');
    const first = open();
    await first.holdAll(
      salaries(4).map(({ reference, amount }) => ({ reference, amount })),
      { policy: 'all' },
    );
    const leaving = new AbortController();
    const overtaken = async (hold: Hold, salary: Salary) => {
      pay(hold, salary);
      // Of its own holds.
      await (await first.resume('s-1')).pay(() => 'made');
      await (await first.resume('s-2')).sent();
      await first.release('s-3');
      // And of those that this run has taken.
      await (await first.resume('s-4')).pay(() => 'made');
      await (await first.resume('s-5')).sent();
      await thrownBy((await first.resume('s-6')).pay(() => Promise.reject(new PayoutRejectedError())));
      leaving.abort();
    };
    const { rows } = await runBatch(open(), salaries(8), overtaken, { concurrency: 1, signal: leaving.signal });
    expect(rows.map(({ reference, outcome, earlier }) => [reference, outcome, earlier])).toEqual([
      ['s-0', 'paid', undefined],
      ['s-1', 'paid', true],
      ['s-2', 'open', true],
      ['s-3', 'notSent', undefined],
      ['s-4', 'paid', true],
      ['s-5', 'open', true],
      ['s-6', 'failed', true],
      ['s-7', 'notSent', undefined],
    ]);
    expect((await first.funds()).held).toBe('200.00');
  });

  it('one that stops because the store is silent reports nothing as not sent: the other may have sent it', async () => {
    const { wallet, store, pay } = setUp('800.00');
    let isSilent = false;
    const silent = changed(store, {
      get: (reference) => {
        if (isSilent) throw new Error('connection terminated');
        return store.get(reference);
      },
      settle: (request) => {
        if (isSilent) throw new Error('connection terminated');
        return store.settle(request);
      },
    });
    const guard = wallet.guard({ store: silent, settles: 'onReturn' });
    const leaving = new AbortController();
    const cutOff = (hold: Hold, salary: Salary) => {
      pay(hold, salary);
      isSilent = true;
      leaving.abort();
    };
    const report = await runBatch(guard, salaries(3), cutOff, { concurrency: 1, signal: leaving.signal });
    expect(outcomes(report)).toEqual(['s-0 open', 's-1 open', 's-2 open']);
    isSilent = false;
    await guard.close();
  });
});
