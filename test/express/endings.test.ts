// Every row of `test/web/endings/table.ts`, on Express 4 and 5.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { expressDriver } from '../web/endings/express.js';
import { matrixOf } from '../web/endings/matrix.js';
import { endings, titleOf } from '../web/endings/table.js';
import { frameworks } from './api.js';

describe.each(frameworks)('who ended the request how, on %s', (name, express) => {
  matrixOf(expressDriver(name, express), endings);
});

describe('the table', () => {
  it("never pays twice under one reference, and releases a paid payout only on the application's verdict", () => {
    const paidTwice = endings.filter(({ made, retry }) => made > 0 && retry === 'paid');
    const freed = endings.filter(({ made, hold }) => made > 0 && /failed|released/.test(hold));
    expect(paidTwice).toEqual([]);
    expect(freed.map(titleOf)).toEqual(['requireSufficientFunds: the payment completed, the handler answers 410']);
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
