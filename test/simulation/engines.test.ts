// The same histories on real engines, fewer of them: each process has its own store there, and its own client. What is real
// and what is not is said in `engines/memory.ts`. More of them: `npm run simulate -- --engine redis`.
//
// `npm test` has fewer histories and leaves out the mistakes that are slow to find; `npm run test:proof` has everything.
import { afterAll, describe, expect, it } from '@jest/globals';
import { budget, byBudget } from '../support/budget.js';
import { type EngineName, engineNames, type RealEngine, startEngine } from './engines/engine.js';
import { engineKinds } from './event-log.js';
import { type Mutant, mutants } from './mutants/index.js';
import { type SimulationOptions, type SimulationResult, simulate } from './run.js';

const firstSeed = 1;
/** From here on, in the first of them, memory is lost in every way there is. */
const eventfulSeed = 1_200;
const histories: Readonly<Record<EngineName, number>> = byBudget({
  small: { redis: 40, postgres: 5, pglite: 3 },
  large: { redis: 200, postgres: 15, pglite: 10 },
});
/** Within how many histories a mistake must be found there; the others take more than there is time for. */
const budgets: Readonly<Record<EngineName, number>> = { redis: 250, postgres: 10, pglite: 10 };

const quick: Readonly<Record<EngineName, readonly string[]>> = {
  redis: [
    'every process has a store of its own',
    'a sent hold expires',
    'check and hold are two steps',
    'a taken reference is accepted',
    'a capture is not counted',
    'the mark is not renewed',
    'the adapter keeps balances',
    'the floor is ignored',
    'the fee is not held',
    'nothing waits for open holds to be put back',
  ],
  postgres: [
    'every process has a store of its own',
    'check and hold are two steps',
    'a sent hold expires',
    'the mark is not renewed',
    'the floor is ignored',
  ],
  pglite: ['check and hold are two steps'],
};
/** Found in seconds, on any engine. The others take a few tenths of one. */
const slow = 'nothing waits for open holds to be put back';

const engines = new Map<EngineName, RealEngine>();
for (const name of engineNames) {
  const engine = await startEngine(name);
  if (engine) engines.set(name, engine);
}
afterAll(async () => {
  for (const engine of engines.values()) await engine.close();
});

/** Throws what was found, so that the report shows the seed and the last events. */
async function run(options: Pick<SimulationOptions, 'engine' | 'seed'>, count: number): Promise<SimulationResult> {
  const result = await simulate({ ...options, goesOn: (done) => done < count });
  if (result.failure) throw new Error(result.failure.message);
  return result;
}

describe.each([...engines])('the guard on %s', (name, engine) => {
  const count = histories[name];

  it(`keeps every rule in ${count} histories`, async () => {
    const result = await run({ engine, seed: eventfulSeed }, count);
    expect(result.histories).toBe(count);
    if (name === 'redis' && budget === 'large') {
      expect(engineKinds.filter((kind) => !result.coverage.has(kind))).toEqual([]);
    }
  });

  const expectFound = async (_: string, mutant: Mutant) => {
    const { failure, histories: taken } = await simulate({
      seed: firstSeed,
      goesOn: (done) => done < budgets[name],
      mutant,
      engine,
      watch: [mutant.breaks],
    });
    expect(failure?.rule).toBe(mutant.breaks);
    expect(failure?.message).toMatch(`--seed ${firstSeed + taken - 1} --histories 1 --engine ${name} --mutant`);
  };
  it.each(mutantsOf(name, (wanted) => wanted !== slow))('would be found out if %s', expectFound);
  const rest = mutantsOf(name, (wanted) => wanted === slow);
  if (rest.length > 0) (budget === 'large' ? it : it.skip).each(rest)('would be found out if %s', expectFound);

  it('repeats a history for the same seed', async () => {
    const [once, again] = [await run({ engine, seed: 77 }, 3), await run({ engine, seed: 77 }, 3)];
    expect(again.hash).toBe(once.hash);
  });
});

function mutantsOf(engine: EngineName, isIn: (name: string) => boolean): (readonly [string, Mutant])[] {
  return quick[engine].filter(isIn).map((wanted) => {
    const mutant = mutants.find(({ name }) => name === wanted);
    if (!mutant) throw new Error(`There is no mutant of the name: ${wanted}`);
    return [wanted, mutant];
  });
}
