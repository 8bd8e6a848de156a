// The same histories on real engines, fewer of them: each process has its own store there, and its own client. What is real
// and what is not is said in `engines/memory.ts`. More of them: `npm run simulate -- --engine redis`.
import { afterAll, describe, expect, it } from '@jest/globals';
import { type EngineName, engineNames, type RealEngine, startEngine } from './engines/engine.js';
import { engineKinds } from './journal.js';
import { type Mistake, mistakes } from './mistakes.js';
import { type SimulationOptions, type SimulationResult, simulate } from './run.js';

const firstSeed = 1;
/** From here on, in the first of them, memory is lost in every way there is. */
const eventfulSeed = 1_200;
const histories: Readonly<Record<EngineName, number>> = { redis: 200, postgres: 15, pglite: 10 };
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
    'nobody waits for open holds to be put back',
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

  it(`neither overspends, nor pays twice, nor leaves anything held or refused for nothing, in ${count} histories`, async () => {
    const result = await run({ engine, seed: eventfulSeed }, count);
    expect(result.histories).toBe(count);
    if (name === 'redis') expect(engineKinds.filter((kind) => !result.coverage.has(kind))).toEqual([]);
  }, 60_000);

  it.each(mistakesOf(name))(
    'would be found out if %s',
    async (_, mistake) => {
      const { failure, histories: taken } = await simulate({
        seed: firstSeed,
        goesOn: (done) => done < budgets[name],
        mistake,
        engine,
        watch: [mistake.breaks],
      });
      expect(failure?.rule).toBe(mistake.breaks);
      expect(failure?.message).toMatch(`--seed ${firstSeed + taken - 1} --histories 1 --engine ${name} --mistake`);
    },
    60_000,
  );

  it('does the same again for the same seed', async () => {
    const [once, again] = [await run({ engine, seed: 77 }, 3), await run({ engine, seed: 77 }, 3)];
    expect(again.hash).toBe(once.hash);
  }, 60_000);
});

function mistakesOf(engine: EngineName): (readonly [string, Mistake])[] {
  return quick[engine].map((wanted) => {
    const mistake = mistakes.find(({ name }) => name === wanted);
    if (!mistake) throw new Error(`There is no mistake of the name: ${wanted}`);
    return [wanted, mistake];
  });
}
