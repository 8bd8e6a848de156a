// The promise of the library when machines, networks and engines fail: several processes, a real engine, a bank that
// has the truth. `npm test` runs a few scenarios on each engine, `npm run test:proof` every scenario on every
// engine, and `npm run faults` the same with more seeds.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { budget } from '../support/budget.js';
import { hasInitdb } from '../support/postgres.js';
import { hasRedis } from '../support/redis.js';
import { startEngine } from './engines.js';
import type { EngineName } from './messages.js';
import { ProcessPool } from './process.js';
import { scenariosOf } from './scenarios.js';
import { conclusiveRun, Session } from './session.js';
import '../support/proof-only.js';

if (!hasInitdb) {
  if (process.env.CI) throw new Error('There is no initdb: the fault tests of the PostgreSQL store cannot run');
  console.warn('There is no initdb: the fault tests of the PostgreSQL store are SKIPPED');
}

/** A new seed each day would find more, and fail where nothing has changed. */
const seed = 1;

/** With the small budget. */
const inEveryRun: Readonly<Record<EngineName, readonly string[]>> = {
  sqlite: ['restart-older'],
  redis: ['kill-process', 'flush'],
  postgres: ['cut-connections'],
};

const pool = new ProcessPool();
// The store of the checker warns as those of the processes do, which are counted.
beforeAll(() => void jest.spyOn(process, 'emitWarning').mockImplementation(() => {}));
afterAll(async () => {
  jest.restoreAllMocks();
  expect(await pool.close()).toEqual([]);
});

for (const [engine, isHere] of [
  ['redis', hasRedis],
  ['postgres', hasInitdb],
  ['sqlite', true],
] as const) {
  (isHere ? describe : describe.skip)(`processes that share a store in ${engine}`, () => {
    for (const scenario of scenariosOf(engine)) {
      const isIn = budget === 'large' || inEveryRun[engine].includes(scenario.name);
      (isIn ? it : it.skip)(scenario.promise, async () => {
        const session = Session.of(scenario, await startEngine(engine, scenario.isDurable), pool);
        try {
          const { problems, approvals } = await conclusiveRun(session, seed);
          expect(problems).toEqual([]);
          expect(approvals).toBeGreaterThan(0);
        } finally {
          await session.close();
        }
      });
    }
  });
}
