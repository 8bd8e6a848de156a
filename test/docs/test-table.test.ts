// Checks that the tests and the seeded mistakes that test/README.md lists for each rule and fault exist.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { mutants } from '../simulation/mutants/index.js';

const folder = new URL('..', import.meta.url);
const names = (letter: string, count: number) => Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
const rules = [
  ...names('P', 11),
  ...names('R', 4),
  'B1',
  'B2',
  ...names('W', 4),
  ...names('S', 6),
  ...names('T', 6),
  'F1',
];
const faults = names('', 17);

/** The rows of the tables whose first cell is a rule or a fault. */
const rows = readFileSync(new URL('README.md', folder), 'utf8')
  .split('\n')
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .filter(([name = '']) => /^[A-Z]?\d+$/.test(name))
  .map(([name = '', , tests = '', ...others]) => ({
    name,
    tests: testsIn(tests),
    mistakes: mistakesIn(others.at(-1)),
  }));

/** Parses `file` "title", "title"; `file` "title". */
function testsIn(cell: string): { file: string; titles: string[] }[] {
  return [...cell.matchAll(/`([^`]+)` ((?:"[^"]+"(?:, )?)+)/g)].map(([, file = '', titles = '']) => ({
    file,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }));
}

/** Replaces all quotes by the same kind. */
function plain(source: string): string {
  return source.replaceAll("\\'", "'").replaceAll('"', "'");
}

function mistakesIn(cell = ''): string[] {
  return [...cell.matchAll(/\*([^*]+)\*/g)].map(([, name = '']) => name);
}

describe('the tables of test/README.md', () => {
  it('list every rule and every fault once, each with a test', () => {
    expect(rows.map(({ name }) => name)).toEqual([...rules, ...faults]);
    expect(rows.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  it.each(rows.map(({ name, tests }) => [name, tests] as const))('name tests of %s that exist', (_, tests) => {
    const missing = tests.flatMap(({ file, titles }) => {
      const source = plain(readFileSync(new URL(file, folder), 'utf8'));
      const isThere = (title: string) => source.includes(`'${title}'`) || source.includes(`\`${title}\``);
      return titles.filter((title) => !isThere(title)).map((title) => `${file}: ${title}`);
    });
    expect(missing).toEqual([]);
  });

  it('name mistakes that the simulation makes, and all that stand for a rule beside it', () => {
    const known = new Set(mutants.map(({ name }) => name));
    expect(rows.flatMap(({ mistakes }) => mistakes).filter((name) => !known.has(name))).toEqual([]);
    const left = mutants.flatMap(({ name, standsFor }) =>
      (standsFor.match(/\b[PRWSF]\d+\b/g) ?? [])
        .filter((rule) => !rows.find((row) => row.name === rule)?.mistakes.includes(name))
        .map((rule) => `${rule}: ${name}`),
    );
    expect(left).toEqual([]);
  });
});
