// docs/glossary.md against the code: each term is defined where the page says, and the private words of earlier drafts
// are gone.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { HoldState, PayoutVerdict } from 'payout-guard';

const page = readFileSync('docs/glossary.md', 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| term '))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, term = '', meaning = '', place = '']) => ({ term, meaning, place }));

// The compiler refuses a missing one and one too many.
const states: Readonly<Record<HoldState, true>> = { reserved: true, sent: true, captured: true, released: true };
const verdicts: Readonly<Record<PayoutVerdict, true>> = { completed: true, pending: true, failed: true, unknown: true };

/** Words that have a better one, or name nobody in particular: none of them is in a text that users read. */
const replaced = /\b(nobody|somebody|whoever|everybody|cannot be told|said aloud|lets? go of|tombstones?|agenda)\b/i;

function textsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|lua|sql|md)$/.test(file) && !file.startsWith('decisions'))
    .map((file) => join(folder, file));
}

describe('the glossary', () => {
  it.each(rows)('defines $term where the code does', ({ place }) => {
    const [, name = '', file = ''] = /^`(\w+)` in `(src\/[\w./-]+\.ts)`$/.exec(place) ?? [];
    expect(name).not.toBe('');
    const declares = new RegExp(
      `\\b(class|interface|type|function|readonly|get) ${name}\\b|\\b${name}[?(]|'${name}'|\\b${name}:`,
    );
    expect(readFileSync(file, 'utf8')).toMatch(declares);
  });

  it('has a row for each state of a hold, and names each verdict', () => {
    const terms = rows.map(({ term }) => term);
    expect(terms).toEqual(expect.arrayContaining(Object.keys(states)));
    const { meaning = '' } = rows.find(({ term }) => term === 'verdict') ?? {};
    expect([...meaning.matchAll(/`(\w+)`/g)].map(([, word]) => word).sort()).toEqual(Object.keys(verdicts).sort());
  });

  it('has each term once', () => {
    const terms = rows.map(({ term }) => term);
    expect(terms.length).toBeGreaterThan(20);
    expect(terms.filter((term, index) => terms.indexOf(term) !== index)).toEqual([]);
  });

  it('has replaced the private words', () => {
    const files = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...textsBelow('src'), ...textsBelow('docs')];
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter((file) => replaced.test(readFileSync(file, 'utf8')))).toEqual([]);
  });
});
