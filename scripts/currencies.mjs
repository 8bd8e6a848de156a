// Writes the currencies of ISO 4217 into src/core/currencies.generated.ts, from the package currency-codes: their codes
// and decimals, a ninth of its list. With --check it fails if the file is out of date.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const list = require('currency-codes/data.js');
const { version } = require('currency-codes/package.json');
const file = 'src/core/currencies.generated.ts';

const rows = list.map(({ code, number, digits }) => `${code} ${number} ${digits}`).sort();
const text = `// Generated from currency-codes ${version} by scripts/currencies.mjs. DO NOT EDIT.
/** The alphabetic code, the numeric code and the decimals of each currency of ISO 4217. */
export const currencies: readonly string[] = \`
${rows.join('\n')}
\`
  .trim()
  .split('\\n');
`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error(`${file} does not match currency-codes: run node scripts/currencies.mjs`);
  process.exitCode = 1;
}
