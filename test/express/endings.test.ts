// Every row of `endings.ts`, on Express 4 and 5.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { codesOfProcesses, collectWarnings } from '../support/warnings.js';
import { cleanUp, frameworks } from './api.js';
import { endings, titleOf } from './endings.js';
import { runEnding } from './endings-run.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

describe.each(frameworks)('who ended the request how, on %s', (_, express) => {
  it.each(endings.map((ending) => [titleOf(ending), ending] as const))('%s', async (_title, ending) => {
    const { hold, answer, retry, made, warns = [] } = ending;
    const outcome = await runEnding(express, ending, atTheEnd);
    expect([outcome, codesOfProcesses(warnings)]).toEqual([
      { hold, answer, retry, made, madeAgain: retry === 'paid' ? 1 : 0 },
      warns,
    ]);
  });
});

describe('the table', () => {
  it("never pays twice under one reference, and releases a paid payout only on the application's verdict", () => {
    const paidTwice = endings.filter(({ made, retry }) => made > 0 && retry === 'paid');
    const freed = endings.filter(({ made, hold }) => made > 0 && /failed|released/.test(hold));
    expect(paidTwice).toEqual([]);
    expect(freed.map(titleOf)).toEqual([
      'requireSufficientFunds: the payment completed, the handler answers 404',
      'requireSufficientFunds: the payment throws an HTTP client error of status 404, the handler passes the error on',
    ]);
  });

  it('has no row twice', () => {
    const titles = endings.map(titleOf);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
    expect(titles.length).toBeGreaterThanOrEqual(40);
  });

  it('is what docs/endings.md shows', async () => {
    const command = ['node_modules/tsx/dist/cli.mjs', 'scripts/endings-docs.ts', '--check'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command);
    expect([stdout, stderr]).toEqual(['', '']);
  });
});
