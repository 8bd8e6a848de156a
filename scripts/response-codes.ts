// Writes docs/response-codes.md out of the table in src/providers/shared/response-codes.ts; with --check it only says
// whether they agree.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { payoutOutcome, responseCodes } from '../src/providers/shared/response-codes.js';

const path = fileURLToPath(new URL('../docs/response-codes.md', import.meta.url));
const text = page();

if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (readIfAny() !== text) {
  console.error('docs/response-codes.md is not what the table says: run npx tsx scripts/response-codes.ts');
  process.exitCode = 1;
}

function page(): string {
  const rows = Object.entries(responseCodes).map(([code, { text: words, payment, balance, retry, doubt }]) =>
    [`\`${code}\``, words, payment, balance, retry, payoutOutcome(code) + (doubt ? `: ${doubt}` : '')].join(' | '),
  );
  return `<!-- Made by scripts/response-codes.ts. -->

# Response codes of Interswitch Uganda

What the adapters \`phoenix\` and \`interswitch\` make of each code, as text or as a number. Any other code is no balance, is
not worth another attempt, and leaves a payment unknown.

- **payment**: what a code says when it answers a payment. \`OK\` made, \`PEND\` under way, \`UNK\` nobody knows, \`FAIL\` not made,
  \`AUTH\` not let in, \`DUP\` the reference was used before. \`PEND\`, \`UNK\` and \`DUP\`: ask for the status, and never send the payment
  again under another reference. \`90020\` also stands for codes that nobody mapped: ask for the status before you believe it.
- **balance**: what it says when it answers a question for a balance or a session. \`ok\` here it is, \`busy\` and \`no\` are
  \`provider_error\`, \`unauthorized\` is itself, \`operator\` is \`forbidden\`: somebody has to set something up.
- **again**: whether that question may be asked again. \`later\` a moment later, \`renew\` once with a new session and the same
  reference, which is the only one that is also true of a payment.
- **lookup**: what it says when it answers a question about a payment. Only \`completed\` and \`failed\` settle a hold. A code that may
  be about the question leaves it held, with the reason.

code | text | payment | balance | again | lookup
---|---|---|---|---|---
${rows.join('\n')}
`;
}

function readIfAny(): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
