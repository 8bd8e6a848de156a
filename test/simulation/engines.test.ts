// The same histories on real engines, in smaller numbers: each process has its own store there, and its own client.
// `engines/memory.ts` describes the real and the simulated parts. For more: `npm run simulate -- --engine redis`.
//
// `npm test` runs fewer histories, and leaves out PGlite and the mistakes that are slow to find. `npm run test:proof`
// runs everything.
import { afterAll, describe, expect, it } from '@jest/globals';
import { budget, byBudget } from '../support/budget.js';
import { type EngineName, engineNames, type RealEngine, startEngine } from './engines/engine.js';
import { engineKinds } from './event-log.js';
import { type Mutant, mutants } from './mutants/index.js';
import { type SimulationOptions, type SimulationResult, simulate } from './run.js';
import '../support/proof-only.js';

const firstSeed = 1;
/** The first history from here on loses the store's memory in every possible way. */
const eventfulSeed = 1_200;
const histories: Readonly<Record<EngineName, number>> = byBudget({
  small: { redis: 40, postgres: 5, pglite: 0, sqlite: 40 },
  large: { redis: 200, postgres: 15, pglite: 10, sqlite: 500 },
});
/** The number of histories within which a mistake must be found. */
const budgets: Readonly<Record<EngineName, number>> = { redis: 1_000, postgres: 10, pglite: 10, sqlite: 1_000 };

/** Seeds that reveal mistakes hidden in most histories. The guard passes these seeds as well. */
const seedsOf: Readonly<Record<string, Partial<Record<EngineName, number>>>> = {
  'a batch that a client sends twice is executed twice': { redis: 1_950 },
  'a payout of unknown outcome is released': { redis: 1_490 },
  'a batch that comes too late is executed': { redis: 5_000, sqlite: 3_100 },
  'an attempt is undone for the last time before it is too late': { redis: 5_000, sqlite: 3_100 },
  'nothing waits for open holds to be restored': { redis: 1_001, sqlite: 40_000 },
  'a clock that steps ends the recovery': { sqlite: 2_000 },
  'a process without other business does not notice that memory was lost': { sqlite: 900_000 },
  'a store that lost its data begins the day anew': { redis: 1_400, sqlite: 1_000 },
  'what an operator accepted outlives a loss of data': { redis: 1_400, sqlite: 1_000 },
};

/** Mistakes for the small budget on the fast engines. */
const onFast: readonly string[] = [
  'every process has a store of its own',
  'a sent hold expires',
  'check and hold are two steps',
  'a taken reference is accepted',
  'the mark is not renewed',
  'the floor is ignored',
  'the fee is not held',
];
/** Mistakes for the small budget on all engines, slow ones included. */
const quick: Readonly<Record<EngineName, readonly string[]>> = {
  redis: onFast,
  sqlite: onFast,
  postgres: [
    'every process has a store of its own',
    'check and hold are two steps',
    'a sent hold expires',
    'the floor is ignored',
  ],
  pglite: ['check and hold are two steps'],
};
/**
 * Mistakes that take more than {@link budgets} histories on a fast engine. The simulation finds them on the memory
 * store.
 */
const rareOnEngines: readonly string[] = [
  'the ledger balance decides',
  'a capture counts as visible at once',
  'the age of the figure is ignored',
  'a crash releases the holds of its process',
  'a rejection releases the outer payout as well',
  'a rejection releases every hold of its request',
  'the first of several rows decides',
  'a verdict that the store cannot take is tried once',
  'a payroll is divided out of a sum that has expired',
  'an undo releases a payout that another handle sends',
  'the payouts of a divided payroll are not counted',
];

/** The same on one engine: found on another one. */
const rareOn: Partial<Record<EngineName, readonly string[]>> = { redis: ['a clock that steps ends the recovery'] };

const engines = new Map<EngineName, RealEngine>();
for (const name of engineNames.filter((one) => histories[one] > 0)) {
  const engine = await startEngine(name);
  if (engine) engines.set(name, engine);
}
afterAll(async () => {
  for (const engine of engines.values()) await engine.close();
});

/** Throws the failure found, so that the report shows the seed and the last events. */
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
    const seed = seedsOf[mutant.name]?.[name] ?? firstSeed;
    const { failure, histories: taken } = await simulate({
      seed,
      goesOn: (done) => done < budgets[name],
      mutant,
      engine,
      watch: [mutant.breaks],
    });
    expect(failure?.rule).toBe(mutant.breaks);
    expect(failure?.message).toMatch(`--seed ${seed + taken - 1} --histories 1 --engine ${name} --mutant`);
  };
  it.each(mutantsOf(name))('would be found out if %s', expectFound);

  it('repeats a history for the same seed', async () => {
    const [once, again] = [await run({ engine, seed: 77 }, 3), await run({ engine, seed: 77 }, 3)];
    expect(again.hash).toBe(once.hash);
  });
});

function mutantsOf(engine: EngineName): (readonly [string, Mutant])[] {
  const isEvery = quick[engine] === onFast && budget === 'large';
  const wanted = isEvery ? mutants.filter((one) => isOn(engine, one)).map(({ name }) => name) : quick[engine];
  return wanted.map((name) => {
    const mutant = mutants.find((one) => one.name === name);
    if (!mutant) throw new Error(`There is no mutant of the name: ${name}`);
    return [name, mutant];
  });
}

/** Mistakes in the messages of an engine show only on engines with such messages. */
function isOn(engine: EngineName, { name, only, flaws }: Mutant): boolean {
  const isRare = rareOnEngines.includes(name) || rareOn[engine]?.includes(name);
  return only !== 'local' && !isRare && (flaws === undefined || engine === 'redis');
}
