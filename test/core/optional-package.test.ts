// Packages that only some users install: absent, built for another runtime, and beside a bundle, for which esbuild puts
// a stand-in for `require` into ES modules.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { root, runProgram } from '../support/programs.js';

it('a SQLite store or history without better-sqlite3 is refused at creation, and everything else works', async () => {
  const code = `
    import Module from 'node:module';
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name !== 'better-sqlite3') return resolve.call(this, name, ...rest);
      throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
    };
    const { memoryHistory, sqliteHistory } = await import('./src/history/index.ts');
    const { sqliteStore } = await import('./src/stores/sqlite/index.ts');
    memoryHistory().add([]);
    const history = () => sqliteHistory({ file: 'x.db', keepForMs: 60_000 });
    for (const make of [() => sqliteStore({ file: 'x.db' }), history]) {
      try {
        make();
      } catch ({ name, problems }) {
        console.log(name, problems.join());
      }
    }`;
  const { stdout } = await runProgram(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
  const line = 'ConfigurationError needs the package better-sqlite3; run npm install better-sqlite3\n';
  expect(stdout).toBe(line.repeat(2));
});

it('a SQLite store whose better-sqlite3 was built for another runtime is refused with what to do', async () => {
  const code = `
    import Module from 'node:module';
    const load = Module._extensions['.node'];
    Module._extensions['.node'] = (module, file) => {
      if (!file.includes('better_sqlite3')) return load(module, file);
      const error = new Error('The module was compiled against another version.\\nMore.');
      throw Object.assign(error, { code: 'ERR_DLOPEN_FAILED' });
    };
    const { sqliteStore } = await import('./src/stores/sqlite/index.ts');
    try {
      sqliteStore({ file: 'x.db' });
    } catch ({ name, problems }) {
      console.log(name, problems.join());
    }`;
  const { stdout } = await runProgram(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
  expect(stdout).toBe(
    'ConfigurationError better-sqlite3 does not run in this process (The module was compiled against another ' +
      'version.). After an update of Node.js, run npm rebuild better-sqlite3. Bun and Deno cannot run it; use ' +
      'another store there\n',
  );
});

const program = `
  import { sqliteStore } from './src/stores/sqlite/index.js';
  async function main() {
    const store = sqliteStore({ file: process.argv[2] });
    console.log((await store.totals('w')).active);
    await store.close();
  }
  main();`;

describe('better-sqlite3 beside a bundle', () => {
  let folder: string;
  beforeAll(async () => {
    // Within reach of node_modules, as the bundle of an application is.
    folder = await mkdtemp(join(root, 'node_modules/.payout-guard-bundle-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

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
