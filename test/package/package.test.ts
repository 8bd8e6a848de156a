// The package itself: packed, installed, and used by child processes without access to the repository, in every kind of
// project. `npm run test:proof` alone runs it.
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  compile,
  filesBelow,
  frameworks,
  type Installed,
  makeProject,
  packAndInstall,
  run,
} from '../support/installed.js';
import { root } from '../support/programs.js';
import '../support/proof-only.js';
import { closingCases } from './closing-cases.js';

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
}

interface Loaded {
  readonly exported: Readonly<Record<string, readonly string[]>>;
  readonly sideEffects: readonly string[];
  readonly openBefore: readonly string[];
  readonly openAfter: readonly string[];
}

let installed: Installed;
/** The import specifiers of a user: `payout-guard`, `payout-guard/express`, and so on. */
let entries: string[];

beforeAll(async () => {
  installed = await packAndInstall();
  const manifest: Manifest = JSON.parse(await readFile(join(installed.library, 'package.json'), 'utf8'));
  entries = Object.keys(manifest.exports).map((subpath) => subpath.replace('.', 'payout-guard'));
});

afterAll(async () => {
  if (installed) await rm(installed.directory, { recursive: true, force: true });
});

describe('the tarball', () => {
  it('contains both builds of every source file, the texts, and nothing else', async () => {
    // The page of the console is one bundled module.
    const isModule = (file: string) => /(?<!\.d)\.ts$/.test(file) && !file.startsWith('console/page/');
    const sources = (await filesBelow(join(installed.source, 'src'))).filter(isModule);
    const modules = sources.map((file) => file.replace(/\.ts$/, ''));
    // The command line is a program, which is there once and without declarations.
    const isProgram = (module: string) => module.startsWith('cli/');
    const built = ['esm', 'cjs'].flatMap((format) =>
      modules
        .filter((module) => !isProgram(module))
        .flatMap((module) => [`dist/${format}/${module}.js`, `dist/${format}/${module}.d.ts`]),
    );
    built.push(...modules.filter(isProgram).map((module) => `dist/esm/${module}.js`));
    const migrations = (await filesBelow(join(installed.source, 'src/stores/postgres/migrations'))).map((file) =>
      join('src/stores/postgres/migrations', file),
    );
    const texts = ['CHANGELOG.md', 'LICENSE', 'README.md', ...migrations];
    expect(await filesBelow(installed.library)).toEqual(
      [...built, ...texts, 'dist/cjs/console/page-assets.cjs', 'dist/cjs/package.json', 'package.json'].sort(),
    );
  });

  it('is at most 800 kB to download and 4.3 MB on disk', async () => {
    const files = await filesBelow(installed.library);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(installed.library, file))).size));
    const { size: packed } = await stat(installed.tarball);
    const unpacked = sizes.reduce((sum, size) => sum + size, 0);
    // A package far below today's size lacks files.
    expect(packed).toBeGreaterThan(30_000);
    expect(packed).toBeLessThan(800_000);
    expect(unpacked).toBeGreaterThan(200_000);
    expect(unpacked).toBeLessThan(4_300_000);
  });

  it('names no file that it does not contain and no place on the machine that built it', async () => {
    const machine = [installed.directory, join(root, 'node_modules'), join(root, 'src')];
    const forbidden = ['sourceMappingURL', 'file://', '/home/', '/Users/', ...machine];
    const found: string[] = [];
    for (const file of await filesBelow(installed.library)) {
      const text = await readFile(join(installed.library, file), 'utf8');
      found.push(...forbidden.filter((part) => text.includes(part)).map((part) => `${file}: ${part}`));
    }
    expect(found).toEqual([]);
  });
});

describe('a project of type module, without Express', () => useWithoutExpress('module'));
describe('a project of type commonjs, without Express', () => useWithoutExpress('commonjs'));

function useWithoutExpress(type: 'module' | 'commonjs'): void {
  const loader = type === 'module' ? 'load.mjs' : 'load.cjs';
  let project: string;

  beforeAll(async () => {
    project = await makeProject(installed, type, {
      type,
      files: { 'payments.ts': 'payments.ts', 'main.ts': 'main.ts', [loader]: loader },
      packages: ['@types/node', '@opentelemetry/api', 'better-sqlite3', ...frameworks],
    });
    await compile(project);
  });

  it('compiles strictly to its own module format', async () => {
    const main = await readFile(join(project, 'main.js'), 'utf8');
    expect(main.includes('require("./payments.js")') ? 'commonjs' : 'module').toBe(type);
  });

  it('approves a payout the wallet covers, refuses one it does not, and ends', async () => {
    expect(JSON.parse(await run(project, process.execPath, 'main.js'))).toEqual({
      approved: true,
      available: '12000.00',
      refused: true,
      recognised: true,
      shortfall: '8000.00',
    });
  });

  it('shows the page of the console', async () => {
    const load = type === 'module' ? '(name) => import(name)' : 'async (name) => require(name)';
    const script = `(async () => {
      const load = ${load};
      const { createPayoutGuard } = await load('payout-guard');
      const { payoutConsole } = await load('payout-guard/console');
      const fetchBalance = async () => ({ available: '1.00', currency: 'KES' });
      const provider = { name: 'p', accountId: 'a', debitVisibleAt: 'completion', fetchBalance };
      const guard = createPayoutGuard({ provider, currency: 'KES' });
      const page = payoutConsole(guard, { authorize: () => ({ name: 'ada', canAct: false }) });
      const answer = await page.fetch(new Request('http://localhost/'));
      const [, path] = /src="([^"]+)"/.exec(await answer.text());
      const code = await page.fetch(new Request('http://localhost/' + path));
      console.log(answer.status, code.status, (await code.text()).length > 10_000);
      page.close();
      await guard.close();
    })();`;
    expect(await run(project, process.execPath, '-e', script)).toBe('200 200 true\n');
  });

  it('has no Express', async () => {
    await expect(run(project, process.execPath, '-e', "require('express')")).rejects.toThrow(
      "Cannot find module 'express'",
    );
  });

  it('loads every entry point, the one for Express too, without a timer, a socket or an open handle', async () => {
    const loaded: Loaded = JSON.parse(await run(project, process.execPath, loader, ...entries));
    expect(Object.keys(loaded.exported)).toEqual(entries);
    expect(loaded.sideEffects).toEqual([]);
    expect(loaded.openAfter).toEqual(loaded.openBefore);
  });
}

describe('a project without @opentelemetry/api', () => {
  const payouts = `
    const provider = { name: 'own', accountId: 'own', debitVisibleAt: 'completion',
      fetchBalance: async () => ({ available: '10.00', currency: 'KES' }) };
    const run = async ({ createPayoutGuard }) => {
      const guard = createPayoutGuard({ provider, currency: 'KES', settles: 'onReturn' });
      await guard.withHold({ amount: '9.00', reference: 'p-1' }, () => {});
      const refused = await guard.hold({ amount: '9.00', reference: 'p-2' }).catch((error) => error.code);
      console.log(refused, (await guard.getHold('p-1')).state);
      await guard.close();
    };`;
  let project: string;

  beforeAll(async () => {
    project = await makeProject(installed, 'without-telemetry', { type: 'module', files: {} });
  });

  /** The output of a program. Rejects with its error output. */
  async function outputOf(file: string, text: string): Promise<string> {
    await writeFile(join(project, file), text);
    return run(project, process.execPath, file);
  }

  it.each([
    ['core.mjs', `import * as library from 'payout-guard';${payouts} await run(library);`],
    ['core.cjs', `const library = require('payout-guard');${payouts} run(library);`],
  ])('holds and refuses payouts in %s', async (file, code) => {
    expect(await outputOf(file, code)).toBe('insufficient_funds captured\n');
  });

  it.each([
    ['telemetry.mjs', "await import('payout-guard/telemetry');"],
    ['telemetry.cjs', "require('payout-guard/telemetry');"],
  ])('is told what is missing by %s', async (file, code) => {
    await expect(outputOf(file, code)).rejects.toThrow(/Cannot find (package|module) '@opentelemetry\/api'/);
  });

  it('loads every other part: telemetry alone imports OpenTelemetry', async () => {
    const importers = new Set<string>();
    for (const file of await filesBelow(join(installed.library, 'dist'))) {
      const text = await readFile(join(installed.library, 'dist', file), 'utf8');
      if (text.includes('@opentelemetry/')) importers.add(dirname(file));
    }
    expect([...importers].sort()).toEqual(['cjs/telemetry', 'esm/telemetry']);
    const loads = "await import('payout-guard/express'); await import('payout-guard/stores/postgres');";
    expect(await outputOf('others.mjs', loads)).toBe('');
  });
});

describe('both module formats', () => {
  it('export the same names', async () => {
    const project = await makeProject(installed, 'names', {
      type: 'module',
      files: { 'load.mjs': 'load.mjs', 'load.cjs': 'load.cjs' },
      packages: ['@opentelemetry/api', 'better-sqlite3', ...frameworks],
    });
    const code = entries.filter((entry) => !entry.endsWith('.json'));
    const [esm, cjs] = await Promise.all(
      ['load.mjs', 'load.cjs'].map(async (loader): Promise<Loaded> => {
        return JSON.parse(await run(project, process.execPath, loader, ...code));
      }),
    );
    for (const entry of code) {
      const names = [...(esm?.exported[entry] ?? [])].sort();
      expect({ entry, names }).not.toEqual({ entry, names: [] });
      expect({ entry, names }).toEqual({ entry, names: [...(cjs?.exported[entry] ?? [])].sort() });
    }
  });

  it("recognise each other's errors by their brand, where instanceof does not", async () => {
    const project = await makeProject(installed, 'formats', {
      type: 'module',
      files: { 'formats.mjs': 'formats.mjs' },
    });
    expect(JSON.parse(await run(project, process.execPath, 'formats.mjs'))).toEqual({
      esmByEsm: [true, true],
      esmByCjs: [true, false],
      cjsByEsm: [true, false],
      cjsByCjs: [true, true],
      stranger: [false, false],
    });
  });

  it.each(['module', 'commonjs'] as const)('guard a route of an Express application of type %s', async (type) => {
    const project = await makeProject(installed, `express-${type}`, {
      type,
      files: { 'express-main.ts': 'express-main.ts' },
      packages: ['@types/node', '@types/express', 'express'],
    });
    await compile(project);
    expect(await run(project, process.execPath, 'express-main.js')).toBe(
      [
        '201 application/json; charset=utf-8',
        '409 application/problem+json; charset=utf-8',
        '422 application/problem+json; charset=utf-8',
        'captured\n',
      ].join('\n'),
    );
  });
});

describe('a CommonJS project tested with jest', () => {
  it('loads every entry point, approves and refuses', async () => {
    const project = await makeProject(installed, 'jest', {
      type: 'commonjs',
      files: { 'payments.ts': 'payments.ts', 'payments.test.cjs': 'jest-test.cjs' },
      packages: ['@types/node', '@opentelemetry/api', 'better-sqlite3', ...frameworks],
    });
    await compile(project);
    const jestCli = join(root, 'node_modules/jest/bin/jest.js');
    const report = JSON.parse(
      await run(project, process.execPath, jestCli, '--json', '--globals', JSON.stringify({ entries })),
    );
    expect([report.success, report.numPassedTests]).toEqual([true, entries.length + 1]);
  });
});

describe('a process that closed its guard', () => closingCases(() => installed));
