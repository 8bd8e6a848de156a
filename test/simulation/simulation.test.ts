// The proof of the guard: the real one, in thousands of histories in which everything happens that can. What is true at
// every step of them is in `invariants.ts`, what they are made of in `settings.ts`. More of them: `npm run simulate`.
import { describe, expect, it } from '@jest/globals';
import { kinds } from './journal.js';
import { mistakes as allMistakes } from './mistakes.js';
import { type SimulationOptions, type SimulationResult, simulate } from './run.js';
import { hazards } from './world.js';

const firstSeed = 1;
const parts = 10;
const historiesPerPart = 2_000;
/** Within how many histories each mistake must be found: some of those that the guard passes. The rarest takes some 1,600. */
const budget = 6_000;

const mistakes = allMistakes.filter(({ only }) => only !== 'shared');

/** Throws what was found, so that the report shows the seed and the last events. */
async function run(seed: number, histories: number, more: Partial<SimulationOptions> = {}): Promise<SimulationResult> {
  const result = await simulate({ seed, goesOn: (done) => done < histories, ...more });
  if (result.failure) throw new Error(result.failure.message);
  return result;
}

describe('the guard', () => {
  it.each(Array.from({ length: parts }, (_, part) => firstSeed + part * historiesPerPart))(
    `neither overspends, nor pays twice, nor leaves anything held or refused for nothing, in ${historiesPerPart} histories from seed %d`,
    async (seed) => {
      const { histories } = await run(seed, historiesPerPart);
      expect(histories).toBe(historiesPerPart);
    },
    60_000,
  );
});

describe('the simulation', () => {
  it('does the same again for the same seed, and something else for another', async () => {
    const [once, again, other] = [await run(77, 50), await run(77, 50), await run(78, 50)];
    expect(again.hash).toBe(once.hash);
    expect(other.hash).not.toBe(once.hash);
  });

  it('sees every kind of event', async () => {
    const { coverage } = await run(500_000, 2_000);
    expect(kinds.filter((kind) => !coverage.has(kind))).toEqual([]);
  }, 60_000);

  // The guard passes the same seeds without the mistake: they are among those above.
  it.each(mistakes.map((mistake) => [mistake.name, mistake.breaks, mistake] as const))(
    'finds that %s: %s',
    async (_, rule, mistake) => {
      const { failure, histories } = await simulate({
        seed: firstSeed,
        goesOn: (done) => done < budget,
        mistake,
        watch: [rule],
      });
      expect(failure?.rule).toBe(rule);
      expect(failure?.message).toMatch(`--seed ${firstSeed + histories - 1} --histories 1 --mistake`);
    },
    60_000,
  );

  // Once the library withstands one of them, it goes from the list of hazards, and every history may have it.
  it.each(hazards)(
    'finds what the library does not withstand yet: %s',
    async (hazard) => {
      const { failure } = await simulate({
        seed: firstSeed,
        goesOn: (done) => done < budget,
        hazards: new Set([hazard]),
      });
      expect(failure?.rule).toBe('uncovered');
    },
    60_000,
  );

  it('tells the rule, the step, the last events and how to replay them', async () => {
    const [mistake] = mistakes;
    const { failure } = await simulate({ seed: firstSeed, goesOn: () => true, mistake });
    const again = await simulate({ seed: seedOf(failure?.message), goesOn: () => true, mistake });
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
