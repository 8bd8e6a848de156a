// Mistakes that the simulation must find.
import { describe, expect, it } from '@jest/globals';
import '../support/proof-only.js';
import { mutants as allMutants, type Mutant } from './mutants/index.js';
import { simulate } from './run.js';
import { hazards } from './world.js';

const firstSeed = 1;
/** The number of histories within which each must be found. The guard passes the same histories. */
const histories = 6_000;

const mutants = allMutants.filter(({ only }) => only !== 'shared');
const cases = mutants.map((mutant) => [mutant.name, mutant.breaks, mutant] as const);

async function expectFound(rule: string, mutant: Mutant): Promise<void> {
  const { failure, histories: taken } = await simulate({
    seed: firstSeed,
    goesOn: (done) => done < histories,
    mutant,
    watch: [mutant.breaks],
  });
  expect(failure?.rule).toBe(rule);
  expect(failure?.message).toMatch(`--seed ${firstSeed + taken - 1} --histories 1 --mutant`);
}

describe('the simulation', () => {
  // The guard passes the same seeds without the mistake: `simulation.test.ts` begins with them.
  it.each(cases)('finds that %s: %s', (_, rule, mutant) => expectFound(rule, mutant));

  it('has the rule of each mistake, and no name twice', () => {
    expect(allMutants.filter(({ standsFor }) => standsFor === '')).toEqual([]);
    expect(new Set(allMutants.map(({ name }) => name)).size).toBe(allMutants.length);
  });

  // A hazard that the library has learned to withstand leaves the list, and every history may then contain it.
  // It takes about 250 histories.
  it.each(hazards)('finds the hazard that the library does not withstand yet: %s', async (hazard) => {
    const { failure } = await simulate({
      seed: firstSeed,
      goesOn: (done) => done < histories,
      hazards: new Set([hazard]),
    });
    expect(failure?.rule).toBe('uncovered');
  });

  it('reports the rule, the step, the last events and how to replay them', async () => {
    const [mutant] = mutants;
    const { failure } = await simulate({ seed: firstSeed, goesOn: () => true, mutant });
    const again = await simulate({ seed: seedOf(failure?.message), goesOn: () => true, mutant });
    expect(again.histories).toBe(1);
    expect(again.failure).toEqual(failure);
    expect(failure?.message).toMatch(
      /^overspent: \d+ promised of a balance of \d+ with a floor of \d+\nseed \d+, step \d+;/,
    );
    expect(failure?.message.match(/^ {2}\d+ ms {2}/gm)?.length).toBeGreaterThanOrEqual(10);
  });
});

function seedOf(message = ''): number {
  return Number(message.match(/--seed (\d+)/)?.[1]);
}
