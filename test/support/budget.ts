// The two budgets of the tests: `npm test` has the small one, for every change, and `npm run test:proof` the large one.
//
// The npm script sets TEST_BUDGET. A suite that imports this file has a larger budget, and `test:proof` runs it again.
// See jest.config.js.

const given = process.env.TEST_BUDGET ?? 'small';
if (given !== 'small' && given !== 'large') throw new Error(`TEST_BUDGET must be small or large; got ${given}`);

export const budget: 'small' | 'large' = given;

/** Picks the value for the budget of this run. */
export function byBudget<T>(choices: { readonly small: T; readonly large: T }): T {
  return choices[budget];
}
