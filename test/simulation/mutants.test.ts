// Mistakes that the simulation must find. `npm test` runs a third of those that it finds within 70 histories. `npm run
// test:proof` runs all of them, and the rare ones below, with the large budget.
import { describe, expect, it } from '@jest/globals';
import { budget, byBudget } from '../support/budget.js';
import { mutants as allMutants, type Mutant } from './mutants/index.js';
import { simulate } from './run.js';
import { hazards } from './world.js';

const firstSeed = 1;
/** The number of histories within which each must be found. The guard passes the same histories. */
const histories = byBudget({ small: 70, large: 6_000 });

/** Mistakes that the small budget does not find. */
const rare: readonly string[] = [
  'the mark is read after the balance',
  'a hold may be moved on by any attempt with its reference',
  'references that were released make the store forget captured ones',
  'a capture after the reservation expired is dropped',
  'a payout of unknown outcome is released',
  'a payout is paid although the store did not confirm it as sent',
  'a reservation of a frozen wallet is sent',
  'close waits as long as payouts take',
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
  'a taken reference is held again in a payroll',
  'a payroll is divided without taking its money out of the sum',
  'a payroll is divided out of a sum that has expired',
  'an undo releases a payout that another handle sends',
  'a capture counts as visible at once',
  'a limit is compared and counted in two steps',
  'a late capture is not counted',
  'a payee has used what the wallet has',
  'the payouts of a divided payroll count on the day of their own hold',
  'the payouts of a divided payroll are not counted',
  'a divided payroll counts twice',
  'a payroll is not compared with the limits of its payees',
  'a store that lost its data begins the day anew',
  'what an operator accepted outlives a loss of data',
];

const mutants = allMutants.filter(({ only }) => only !== 'shared');
const common = mutants.filter(({ name }) => !rare.includes(name));
const step = byBudget({ small: 3, large: 1 });
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
  it.each(cases(common.filter((_, index) => index % step === 0)))('finds that %s: %s', (_, rule, mutant) =>
    expectFound(rule, mutant),
  );

  (budget === 'large' ? it : it.skip).each(cases(mutants.filter(({ name }) => rare.includes(name))))(
    'finds that %s: %s',
    (_, rule, mutant) => expectFound(rule, mutant),
  );

  it('has every mistake in the list of rare ones', () => {
    const names = mutants.map(({ name }) => name);
    expect(rare.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('has the rule of each mistake, and no name twice', () => {
    expect(allMutants.filter(({ standsFor }) => standsFor === '')).toEqual([]);
    expect(new Set(allMutants.map(({ name }) => name)).size).toBe(allMutants.length);
  });

  // A hazard that the library has learned to withstand leaves the list, and every history may then contain it.
  // It takes about 250 histories.
  (budget === 'large' ? it : it.skip).each(hazards)(
    'finds the hazard that the library does not withstand yet: %s',
    async (hazard) => {
      const { failure } = await simulate({
        seed: firstSeed,
        goesOn: (done) => done < histories,
        hazards: new Set([hazard]),
      });
      expect(failure?.rule).toBe('uncovered');
    },
  );

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
