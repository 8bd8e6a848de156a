// A payment API that receives SIGTERM under load.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startEngine } from '../faults/engines.js';
import { budget, byBudget } from '../support/budget.js';
import { hasInitdb } from '../support/postgres.js';
import { hasRedis } from '../support/redis.js';
import type { StoreName } from './payment-api.js';
import { overtimeMs, shutdownProblems } from './shutdown-checks.js';
import { planOf, underWay } from './shutdown-plan.js';
import { type Facts, runShutdown } from './shutdown-run.js';
import '../support/proof-only.js';

// The test's own store emits the same warnings as the API's.
beforeAll(() => void jest.spyOn(process, 'emitWarning').mockImplementation(() => {}));
afterAll(() => void jest.restoreAllMocks());

const runs = byBudget({ small: 1, large: 20 });

/** Runs all plans of one store, one after another. */
async function runAll(store: StoreName): Promise<Facts[]> {
  const engine = store === 'memory' ? undefined : await startEngine(store, false);
  try {
    const all: Facts[] = [];
    for (let run = 0; run < runs; run++) all.push(await runShutdown(planOf(store, run), engine));
    return all;
  } finally {
    await engine?.close();
  }
}

const stores = { memory: true, redis: hasRedis, postgres: hasInitdb };
const here = (Object.keys(stores) as StoreName[]).filter((store) => stores[store]);
/** All stores at once, because a shutdown mostly waits. */
const finished = new Map<StoreName, Promise<Facts[]>>();
beforeAll(() => {
  for (const store of here) {
    const facts = runAll(store);
    // The test that awaits it fails.
    facts.catch(() => {});
    finished.set(store, facts);
  }
});
afterAll(() => Promise.allSettled(finished.values()));

for (const store of Object.keys(stores) as StoreName[]) {
  (stores[store] ? describe : describe.skip)(`a payment API with its holds in ${store} that is told to stop`, () => {
    let all: Facts[];
    beforeAll(async () => {
      all = (await finished.get(store)) ?? [];
      if (budget === 'large') console.info(`${store}: ${summaryOf(all)}`);
    });

    it(`S5. loses nothing of ${underWay} payouts under way, reports what it leaves open, and ends in time`, () => {
      const problems = all.flatMap((facts) =>
        shutdownProblems(facts).map((problem) => `run ${facts.plan.run}, ${facts.plan.network}: ${problem}`),
      );
      expect(problems).toEqual([]);
      expect(all.length).toBe(runs);
    });

    it('covers payouts that are paid, payouts that are rejected, and payouts that do not end in time', () => {
      const outcomes = all.flatMap(({ book }) => [...book.values()].map(({ outcome }) => outcome));
      expect([...new Set(outcomes)].sort()).toEqual(['paid', 'pending', 'rejected']);
      expect(all.some(({ report }) => report.open.some(({ pending }) => pending === 'paying'))).toBe(true);
    });
  });
}

function summaryOf(all: readonly Facts[]): string {
  const count = (countOf: (facts: Facts) => number) => all.reduce((sum, facts) => sum + countOf(facts), 0);
  const held = (state: string) =>
    count(({ holds }) => [...holds.values()].filter((hold) => hold.state === state).length);
  const left = (isIt: (pending: string) => boolean) =>
    count(({ report }) => report.open.filter(({ pending }) => isIt(pending)).length);
  const worstMs = Math.max(...all.map(overtimeMs));
  const measuredMs = Math.max(...all.map(({ plan, report, exit }) => exit.atMs - report.signalledAtMs - plan.waitMs));
  return [
    `${all.length} runs, ${count(({ plan }) => plan.payouts.length)} payouts under way`,
    `${held('captured')} captured, ${held('released')} released, ${held('sent')} sent, ${held('reserved')} reserved`,
    `${left((pending) => pending === 'paying')} left paying, ${left((pending) => pending !== 'paying')} verdicts left`,
    `${count(({ report }) => report.unsettled.length)} verdicts late`,
    `exit codes ${all.map(({ exit }) => exit.code).join('')}`,
    `worst end ${Math.round(measuredMs)} ms after waitMs, ${Math.round(worstMs)} ms without the lag of the machine`,
  ].join('; ');
}
