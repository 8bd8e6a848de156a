// The rows of `test/web/endings/table.ts` again, with SQLite, Redis and PostgreSQL between the process that pays and
// the process that handles the retry.
import { describe, expect, it } from '@jest/globals';
import { byBudget } from '../support/budget.js';
import { sharedStores } from '../support/every-store.js';
import { codesOfProcesses, collectWarnings } from '../support/warnings.js';
import { endingsOf } from '../web/endings/deviations.js';
import { expressDriver } from '../web/endings/express.js';
import { isOneOfMany } from '../web/endings/matrix.js';
import { runEnding } from '../web/endings/run.js';
import { endings, titleOf } from '../web/endings/table.js';
import { expectedOutcome } from '../web/endings/world.js';
import { cleanUp, frameworks } from './api.js';

const stores = await sharedStores();
const atTheEnd = cleanUp();
const warnings = collectWarnings();

const all = endingsOf('Express 5', endings);
const rows = byBudget({ small: all.filter((row) => !isOneOfMany(row)), large: all });

// With the small budget, the stores take the rows in turn.
const turns = byBudget({ small: stores.length, large: 1 });

// With the small budget, `endings.test.ts` covers both versions of Express, and this file only the newest.
const versions = byBudget({ small: frameworks.slice(0, 1), large: frameworks });
const places = stores.flatMap(([name, store], turn) => {
  const own = rows.filter((_, index) => index % turns === turn % turns);
  return versions.map((framework) => [name, ...framework, store, own] as const);
});

describe.each(places)('who ended the request how, with %s on %s', (_, name, express, { open }, own) => {
  it.each(own.map((ending) => [titleOf(ending), ending] as const))('%s', async (_title, ending) => {
    const { warns = [] } = ending;
    const outcome = await runEnding(expressDriver(name, express), ending, atTheEnd, open);
    expect([outcome, codesOfProcesses(warnings)]).toEqual([expectedOutcome(ending), warns]);
  });
});
