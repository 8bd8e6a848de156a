// Generates the tables of docs/endings.md from test/express/endings.ts. With --check it only compares them.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Ending, endings, type Route } from '../test/express/endings.js';

const headings: Readonly<Record<Route, string>> = {
  payoutRoute: '`payoutRoute`',
  requireSufficientFunds: "`requireSufficientFunds`, with `verdictOn`: 201 is `'completed'`, 404 is `'failed'`",
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
  console.error('docs/endings.md differs from test/express/endings.ts: run npx tsx scripts/endings-docs.ts');
  process.exitCode = 1;
}

function tables(): string {
  return (Object.keys(headings) as Route[]).map(table).join('\n');
}

function table(route: Route): string {
  const rows = endings.filter((ending) => ending.route === route).map(row);
  return `## ${headings[route]}

Payment | Handler | Besides | Hold | Answer | Retry | Made
---|---|---|---|---|---|---
${rows.join('\n')}
`;
}

function row(ending: Ending): string {
  const { payment = 'none', handler, meanwhile = '', hold, answer, retry, made } = ending;
  return [payment, handler, meanwhile, code(hold), code(answer), code(retry), String(made)].join(' | ');
}

function code(text: string): string {
  return `\`${text}\``;
}
