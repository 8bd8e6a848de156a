import { afterAll, describe, it } from '@jest/globals';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { byBudget } from '../support/budget.js';
import { filesInMemory } from '../support/sqlite.js';
import { expectAnswersOfMemory } from './answers.js';
import '../support/proof-only.js';

const newFile = filesInMemory(afterAll);

describe('the SQLite store and the memory store', () => {
  it('give the same answers to any sequence of operations', async () => {
    await expectAnswersOfMemory(byBudget({ small: 150, large: 5_000 }), (clock) =>
      sqliteStore({ file: newFile(), clock, deadlineMs: 10_000 }),
    );
  });
});
