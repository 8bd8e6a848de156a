// The runbook shows each step three ways: on the page, by command, and in code.
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

/** They explain, and have no step. */
const others = ['Process warnings', 'Stop observing'];
const sections = readFileSync('docs/operations.md', 'utf8')
  .split('\n## ')
  .slice(1)
  .map((text): [heading: string, text: string] => [text.slice(0, text.indexOf('\n')), text])
  .filter(([heading]) => !others.includes(heading));

it.each(sections)('%s has a page, a command and code', (_, text) => {
  expect(text).toContain('[console](console.md)');
  expect(text).toContain('npx payout-guard ');
  expect(text).toMatch(/\b(guard|history|watch)\.\w+\(/);
});

it('the runbook has its nine steps', () => {
  expect(sections).toHaveLength(9);
});
