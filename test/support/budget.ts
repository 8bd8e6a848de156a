// How much the tests with a budget do: `npm test` is what a newcomer waits for, `npm run test:proof` is everything.
//
// The npm script sets TEST_BUDGET. A suite that imports this file has a larger budget, and is run again by
// `test:proof`; see jest.config.js.

const given = process.env.TEST_BUDGET ?? 'small';
if (given !== 'small' && given !== 'large') throw new Error(`TEST_BUDGET must be small or large; got ${given}`);

export const budget: 'small' | 'large' = given;

/** Picks what belongs to the budget of this run. */
export function byBudget<T>(choices: { readonly small: T; readonly large: T }): T {
  return choices[budget];
}
