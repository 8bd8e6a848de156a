// The rows of `test/web/endings/table.ts` again, with SQLite, Redis and PostgreSQL between the process that pays and
// the process that handles the retry.
import { describe, expect, it } from '@jest/globals';
import '../support/proof-only.js';
import { sharedStores } from '../support/every-store.js';
import { codesOfProcesses, collectWarnings } from '../support/warnings.js';
import { endingsOf } from '../web/endings/deviations.js';
import { expressDriver } from '../web/endings/express.js';
import { runEnding } from '../web/endings/run.js';
import { endings, titleOf } from '../web/endings/table.js';
import { expectedOutcome } from '../web/endings/world.js';
import { cleanUp, frameworks } from './api.js';

const stores = await sharedStores();
const atTheEnd = cleanUp();
const warnings = collectWarnings();

const rows = endingsOf('Express 5', endings);
const places = stores.flatMap(([name, store]) => frameworks.map((framework) => [name, ...framework, store] as const));

describe.each(places)('who ended the request how, with %s on %s', (_, name, express, { open }) => {
  it.each(rows.map((ending) => [titleOf(ending), ending] as const))('%s', async (_title, ending) => {
    const { warns = [] } = ending;
    const outcome = await runEnding(expressDriver(name, express), ending, atTheEnd, open);
    expect([outcome, codesOfProcesses(warnings)]).toEqual([expectedOutcome(ending), warns]);
  });
});
