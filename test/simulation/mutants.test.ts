// Mistakes that the simulation must find. Those that it finds within a few hundred histories are in every `npm test`;
// the rare ones below, and the same once more with the whole budget, in `npm run test:proof`.
import { describe, expect, it } from '@jest/globals';
import { budget, byBudget } from '../support/budget.js';
import { mutants as allMutants, type Mutant } from './mutants/index.js';
import { simulate } from './run.js';
import { hazards } from './world.js';

const firstSeed = 1;
/** Within how many histories each must be found: some of those that the guard passes. */
const histories = byBudget({ small: 300, large: 6_000 });

/** Found later than that with the small budget. */
const rare: readonly string[] = [
  'a crash releases the holds of its process',
  'a rejection releases the outer payout as well',
  'a rejection releases every hold of its request',
  'the ledger balance decides',
  'the age of the figure is ignored',
  'the payee is not compared',
  'a client that leaves releases the hold of its request',
  'a "failed" of a look-up is believed while the payment code may send',
  'the first of several rows decides',
  'a verdict that the store cannot take is tried once',
  'the reply to an earlier question is believed',
];

const mutants = allMutants.filter(({ only }) => only !== 'shared');
const cases = (wanted: readonly Mutant[]) => wanted.map((mutant) => [mutant.name, mutant.breaks, mutant] as const);

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
  it.each(cases(mutants.filter(({ name }) => !rare.includes(name))))('finds that %s: %s', (_, rule, mutant) =>
    expectFound(rule, mutant),
  );

  (budget === 'large' ? it : it.skip).each(cases(mutants.filter(({ name }) => rare.includes(name))))(
    'finds that %s: %s',
    (_, rule, mutant) => expectFound(rule, mutant),
  );

  it('knows every mistake that is called rare', () => {
    const names = mutants.map(({ name }) => name);
    expect(rare.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('says for each mistake what it stands for, and names none twice', () => {
    expect(allMutants.filter(({ standsFor }) => standsFor === '')).toEqual([]);
    expect(new Set(allMutants.map(({ name }) => name)).size).toBe(allMutants.length);
  });

  // Once the library withstands one of them, it goes from the list of hazards, and every history may have it.
  it.each(hazards)('finds what the library does not withstand yet: %s', async (hazard) => {
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
