// Generates the tables of docs/endings.md from test/web/endings. With --check it only compares them.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type AdapterName, adapterNames, deviations, endingsOf } from '../test/web/endings/deviations.js';
import type { Ending, Route } from '../test/web/endings/ending.js';
import { endings } from '../test/web/endings/table.js';

const headings: Readonly<Record<Route, string>> = {
  payoutRoute: '`payoutRoute`',
  requireSufficientFunds:
    "`requireSufficientFunds`, with `verdictOn`: 201 is `'completed'`, 404 and 410 are `'failed'`",
  "requireSufficientFunds, verdictOn: 'none'": "`requireSufficientFunds`, with `verdictOn: 'none'`",
  'requireSufficientFunds, holdOf(res).pay': '`requireSufficientFunds`, and a handler that pays with `holdOf(res).pay`',
  'requireSufficientFunds twice': '`requireSufficientFunds` twice on one route',
};

const path = fileURLToPath(new URL('../docs/endings.md', import.meta.url));
const before = readFileSync(path, 'utf8');
const after = before.replace(
  /(<!-- The tables are made by scripts\/endings-docs\.ts\. -->\n)[\s\S]*?(<!-- End of the tables\. -->)/,
  (_, start, end) => `${start}\n${tables()}\n${end}`,
);

if (!process.argv.includes('--check')) writeFileSync(path, after);
else if (before !== after || !after.includes(tables())) {
  console.error('docs/endings.md differs from test/web/endings: run npx tsx scripts/endings-docs.ts');
  process.exitCode = 1;
}

function tables(): string {
  return [...(Object.keys(headings) as Route[]).map(table), deviationTable()].join('\n');
}

function table(route: Route): string {
  const rows = endings.filter((ending) => ending.route === route).map(row);
  return `## ${headings[route]}

Payment | Handler | Besides | Hold | Answer | Retry | Made
---|---|---|---|---|---|---
${rows.join('\n')}
`;
}

function deviationTable(): string {
  const rows = deviations.map(({ adapters, reason, concerns }) => {
    const concerned = endings.filter(concerns);
    return [adapters.join(', '), reason, String(concerned.length)].join(' | ');
  });
  return `## Where a framework differs

Frameworks | Why | Rows
---|---|---
${rows.join('\n')}

Their results:

Framework | Route | Payment | Handler | Besides | Hold | Answer | Retry
---|---|---|---|---|---|---|---
${adapterNames.flatMap(differing).join('\n')}
`;
}

/** The rows of a framework that differ from the tables above. */
function differing(name: AdapterName): string[] {
  return endings.flatMap((ending) => {
    const [own] = endingsOf(name, [ending]);
    if (own && row(own) === row(ending)) return [];
    const { route, payment = 'none', handler, meanwhile = '' } = ending;
    const result = own ? [code(own.hold), code(own.answer), code(own.retry)] : ['cannot happen', '', ''];
    return [[name, route, payment, handler, meanwhile, ...result].join(' | ')];
  });
}

function row(ending: Ending): string {
  const { payment = 'none', handler, hold, answer, retry, made } = ending;
  return [payment, handler, besides(ending), code(hold), code(answer), code(retry), String(made)].join(' | ');
}

function besides({ meanwhile, repeated }: Ending): string {
  return `${meanwhile ?? ''}${repeated === undefined ? '' : `, and answered ${code(repeated)}`}`;
}

function code(text: string): string {
  return `\`${text}\``;
}
