// Any batches on PostgreSQL against the memory store, which runs the same operations one by one: every answer must be
// the same, to the millisecond, because both clocks are moved by the test.
import { PGlite } from '@electric-sql/pglite';
import { afterAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { postgresStore } from 'payout-guard/stores/postgres';
import { budget, byBudget } from '../support/budget.js';
import { testDatabase } from '../support/postgres.js';
import { manualClock } from '../support/postgres-clock.js';
import { step } from './postgres-model-steps.js';
import { schema, Twins } from './postgres-model-twins.js';
import '../support/proof-only.js';

const database = await testDatabase();
// `npm test` leaves PGlite, which takes seconds to start, to `npm run test:proof`.
const embedded = budget === 'large' ? await PGlite.create() : undefined;
afterAll(async () => {
  await embedded?.close();
  await database?.drop();
});

const engines = { PostgreSQL: database?.pool({ max: 1 }), ...(embedded && { PGlite: embedded }) };
describe.each(Object.entries(engines))('the batches of the store on %s', (_, client) => {
  (client ? it : it.skip)('answer as the memory store does, operation by operation', async () => {
    if (!client) return;
    await postgresStore({ pool: client, schema }).migrate();
    const clock = await manualClock(client, schema);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }), async (steps) => {
        const twins = await Twins.open(client, clock);
        for (const one of steps) await twins.take(one);
        await twins.compareAll();
      }),
      { numRuns: byBudget({ small: 30, large: 400 }) },
    );
  });
});
