// The rows of `endings.ts` again, with SQLite, Redis and PostgreSQL between the process that pays and the process that
// handles the retry.
import { describe, expect, it } from '@jest/globals';
import { byBudget } from '../support/budget.js';
import { sharedStores } from '../support/every-store.js';
import { codesOfProcesses, collectWarnings } from '../support/warnings.js';
import { cleanUp, frameworks } from './api.js';
import { endings, titleOf } from './endings.js';
import { runEnding } from './endings-run.js';

const stores = await sharedStores();
const atTheEnd = cleanUp();
const warnings = collectWarnings();

/** The many kinds of errors of this library take one way through a store. */
const isOneOfMany = (handler: string) => /^throws (?!HoldStateError|PayoutRejectedError|Error)/.test(handler);
const rows = byBudget({ small: endings.filter(({ handler }) => !isOneOfMany(handler)), large: endings });

// With the small budget, `endings.test.ts` covers both versions of Express, and this file only the newest.
const versions = byBudget({ small: frameworks.slice(0, 1), large: frameworks });
const places = stores.flatMap(([name, store]) => versions.map((framework) => [name, ...framework, store] as const));

describe.each(places)('who ended the request how, with %s on %s', (_, __, express, { open }) => {
  it.each(rows.map((ending) => [titleOf(ending), ending] as const))('%s', async (_title, ending) => {
    const { hold, answer, retry, made, warns = [] } = ending;
    const outcome = await runEnding(express, ending, atTheEnd, open);
    expect([outcome, codesOfProcesses(warnings)]).toEqual([
      { hold, answer, retry, made, madeAgain: retry === 'paid' ? 1 : 0 },
      warns,
    ]);
  });
});
