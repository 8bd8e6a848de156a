// The promise of the library on engines of several servers: one fault of each topology in `npm run test:proof`, and all
// of them with `npm run faults -- --topology cluster`.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { byBudget } from '../support/budget.js';
import { ProcessPool } from './process.js';
import { conclusiveRun } from './session.js';
import { topologies } from './topologies/topology.js';
import '../support/proof-only.js';

const isRun = byBudget({ small: false, large: true });
const seed = 1;
const pool = new ProcessPool();
// The store of the checker warns as those of the processes do, which are counted.
beforeAll(() => void jest.spyOn(process, 'emitWarning').mockImplementation(() => {}));
afterAll(async () => {
  jest.restoreAllMocks();
  expect(await pool.close()).toEqual([]);
});

for (const { name, missing, cases, inProof } of topologies) {
  if (isRun && missing !== undefined) {
    // PgBouncer is the one engine that a machine may do without: `.ci/run` installs it if it can.
    if (process.env.CI && missing !== 'pgbouncer') {
      throw new Error(`There is no ${missing}: the fault tests of the topology ${name} cannot run`);
    }
    console.warn(`There is no ${missing}: the fault tests of the topology ${name} are SKIPPED`);
  }
  (isRun && missing === undefined ? describe : describe.skip)(`processes that share a store in ${name}`, () => {
    for (const one of cases.filter((each) => each.name === inProof)) {
      it(one.promise, async () => {
        const session = await one.open(pool);
        try {
          const { problems, approvals, outage } = await conclusiveRun(session, seed);
          expect(problems).toEqual([]);
          expect(approvals).toBeGreaterThan(0);
          expect(outage?.firstMs).toBeGreaterThan(0);
        } finally {
          await session.close();
        }
      });
    }
  });
}
