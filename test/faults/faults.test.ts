// The promise of the library when machines, networks and engines fail: several processes, a real engine, a bank that knows the truth.
// `npm run faults` runs the same with more seeds.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { hasInitdb } from '../support/postgres.js';
import { hasRedis } from '../support/redis.js';
import { Crew } from './process.js';
import { scenarios } from './scenarios.js';
import { judgedRun, Session } from './session.js';

if (!hasInitdb) {
  if (process.env.CI) throw new Error('There is no initdb: the fault tests of the PostgreSQL store cannot run');
  console.warn('There is no initdb: the fault tests of the PostgreSQL store are SKIPPED');
}

/** Another one each day would find more, and fail where nobody has changed anything. */
const seed = 1;

const crew = new Crew();
// The store of the judge warns as those of the processes do, which are counted.
beforeAll(() => void jest.spyOn(process, 'emitWarning').mockImplementation(() => {}));
afterAll(async () => {
  jest.restoreAllMocks();
  expect(await crew.leave()).toEqual([]);
}, 20_000);

for (const [engine, isHere] of [
  ['redis', hasRedis],
  ['postgres', hasInitdb],
] as const) {
  (isHere ? describe : describe.skip)(`processes that share a store in ${engine}`, () => {
    it.each(scenarios.map((scenario) => [scenario.promise, scenario] as const))(
      '%s',
      async (_promise, scenario) => {
        const session = await Session.start(scenario, engine, crew);
        try {
          const { problems, approvals } = await judgedRun(session, seed);
          expect(problems).toEqual([]);
          expect(approvals).toBeGreaterThan(0);
        } finally {
          await session.close();
        }
      },
      60_000,
    );
  });
}
