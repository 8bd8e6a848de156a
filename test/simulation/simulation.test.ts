// The proof of the guard: the real one, in thousands of histories with every kind of event. `invariants.ts` has the
// rules that hold at every step, and `settings.ts` the settings. `npm test` runs the first hundred histories,
// `npm run test:proof` all of them, and `npm run simulate` any number. `mutants.test.ts` tests that mistakes are found.
import { describe, expect, it } from '@jest/globals';
import { budget, byBudget } from '../support/budget.js';
import { kinds } from './event-log.js';
import { type SimulationResult, simulate } from './run.js';

const firstSeed = 1;
const { parts, historiesPerPart } = byBudget({
  small: { parts: 1, historiesPerPart: 100 },
  large: { parts: 10, historiesPerPart: 2_000 },
});
const repeated = byBudget({ small: 10, large: 50 });
const itInProof = budget === 'large' ? it : it.skip;

/** Throws the failure found, so that the report shows the seed and the last events. */
async function run(seed: number, histories: number): Promise<SimulationResult> {
  const result = await simulate({ seed, goesOn: (done) => done < histories });
  if (result.failure) throw new Error(result.failure.message);
  return result;
}

describe('the guard', () => {
  it.each(Array.from({ length: parts }, (_, part) => firstSeed + part * historiesPerPart))(
    `keeps every rule in ${historiesPerPart} histories from seed %d`,
    async (seed) => {
      const { histories } = await run(seed, historiesPerPart);
      expect(histories).toBe(historiesPerPart);
    },
  );
});

describe('the simulation', () => {
  it('repeats a history for the same seed, and runs another one for another seed', async () => {
    const [once, again, other] = [await run(77, repeated), await run(77, repeated), await run(78, repeated)];
    expect(again.hash).toBe(once.hash);
    expect(other.hash).not.toBe(once.hash);
  });

  // The rarest kinds take more histories than `npm test` has time for.
  itInProof('sees every kind of event', async () => {
    const { coverage } = await run(500_000, 4_000);
    expect(kinds.filter((kind) => !coverage.has(kind))).toEqual([]);
  });
});
