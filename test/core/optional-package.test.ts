// Packages that only some users install, in a bundle: esbuild puts a stand-in for `require` into ES modules.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { root, runProgram } from '../support/programs.js';

let folder: string;
beforeAll(async () => {
  // Within reach of node_modules, as the bundle of an application is.
  folder = await mkdtemp(join(root, 'node_modules/.payout-guard-bundle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const program = `
  import { sqliteStore } from './src/stores/sqlite/index.js';
  async function main() {
    const store = sqliteStore({ file: process.argv[2] });
    console.log((await store.totals('w')).active);
    await store.close();
  }
  main();`;

describe('better-sqlite3 beside a bundle', () => {
  it.each(['esm', 'cjs'] as const)('is found by a module of the form %s', async (format) => {
    const outfile = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
    await build({
      stdin: { contents: program, resolveDir: root },
      outfile,
      format,
      bundle: true,
      platform: 'node',
      packages: 'external',
      logLevel: 'error',
    });
    const { code, stdout, stderr } = await runProgram(process.execPath, [outfile, join(folder, `${format}.db`)]);
    expect([code, stdout.trim(), stderr]).toEqual([0, '0n', '']);
  });
});
