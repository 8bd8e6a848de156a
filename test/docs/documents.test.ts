// Documents are correct. ../support/documents.ts lists the checks and explains how to write examples.
import { beforeAll, describe, expect, it } from '@jest/globals';
import '../support/proof-only.js';
import { countBlocks, documents, linkedFiles, problemsOf } from '../support/documents.js';

const files = await documents();
const fixture = (name: string) => `test/docs/fixtures/${name}.md`;
const [good, bad] = [fixture('good'), fixture('bad')];
/** The documents of the package, which test/package compares with the tarball. */
const packed = ['README.md', 'CHANGELOG.md'];

let problems: string[];
const isIn = (file: string) => (problem: string) => problem.startsWith(`${file}:`);

// One compilation for all of them, because compilation dominates the time.
beforeAll(async () => {
  problems = await problemsOf([...files, good, bad]);
});

for (const file of files) {
  it(`${file} is correct`, () => {
    expect(problems.filter(isIn(file))).toEqual([]);
  });
}

it('the sources that the documents use compile', () => {
  const isElsewhere = (problem: string) => ![...files, good, bad].some((file) => isIn(file)(problem));
  expect(problems.filter(isElsewhere)).toEqual([]);
});

// A reader of the package has no other file. It names the pages of the repository instead.
it.each(packed)('%s, which is in the package, links no file that is not', (file) => {
  expect(linkedFiles(file).filter((link) => !packed.includes(link))).toEqual([]);
});

it('README.md exists and shows TypeScript', () => {
  expect(files).toContain('README.md');
  expect(countBlocks('README.md', 'ts')).toBeGreaterThan(0);
});

describe('the check', () => {
  it('finds no mistake in a good document', () => {
    expect(problems.filter(isIn(good))).toEqual([]);
  });

  it('names the line of each mistake in a bad one', () => {
    expect(problems.filter(isIn(bad))).toEqual([
      `${bad}:8: TS2345: Argument of type 'number' is not assignable to parameter of type 'bigint'.`,
      `${bad}:14: TS2322: Type 'string' is not assignable to type 'number'.`,
      `${bad}:21: TS2304: Cannot find name 'payment'.`,
      `${bad}:24: not valid JSON`,
      `${bad}:29: package.json has no script 'no-such-script'`,
      `${bad}:30: there is no examples/no-such-example.ts`,
      `${bad}:33: no check for 'typescript'`,
      `${bad}:37: no check for 'ts runs'`,
      `${bad}:41: no check for ''`,
      `${bad}:45: prints\none\ninstead of\ntwo`,
      expect.stringMatching(/bad\.md:53: failed: .+\/bad\.md:54\n.*thrown on purpose/),
      `${bad}:60: no text block with the output follows`,
      `${bad}:64: no such heading: docs/stores.md#no-such-heading`,
      `${bad}:64: no such heading: good.md#no-such-heading`,
      `${bad}:64: the link leads nowhere: no-such-file.md`,
      `${bad}:64: there is no docs/no-such-page.md`,
      `${bad}:66: a fence that is not closed, or not at the start of its line`,
      `${bad}:68: a fence that is not closed, or not at the start of its line`,
    ]);
  });

  it('finds links to other files', () => {
    expect(linkedFiles(good)).toEqual(['bad.md', '/package.json']);
  });

  it('counts no block in a document without one', () => {
    expect(['ts', 'js', 'json', 'bash'].map((language) => countBlocks(fixture('empty'), language))).toEqual([
      0, 0, 0, 0,
    ]);
    expect(countBlocks(good, 'ts')).toBe(2);
  });
});
