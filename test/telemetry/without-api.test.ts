// The library where @opentelemetry/api cannot be resolved: a copy of it, built, with its other dependencies beside it.
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { filesBelow, run as runOrThrow } from '../support/installed.js';
import { root, runProgram } from '../support/programs.js';

let directory: string;
let library: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'payout-guard-without-'));
  library = join(directory, 'node_modules/payout-guard');
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  await mkdir(library, { recursive: true });
  await writeFile(join(library, 'package.json'), JSON.stringify(manifest));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  for (const format of ['esm', 'cjs']) {
    const dist = join(library, 'dist', format);
    await runOrThrow(root, process.execPath, tsc, '-p', join(root, `tsconfig.${format}.json`), '--outDir', dist);
  }
  await writeFile(join(library, 'dist/cjs/package.json'), '{ "type": "commonjs" }');
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(directory, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, 'node_modules', name), link, 'dir');
  }
});

afterAll(() => rm(directory, { recursive: true, force: true }));

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

/** Rejects with what a program complained of, when it fails. */
async function run(file: string, text: string): Promise<{ stdout: string; stderr: string }> {
  await writeFile(join(directory, file), text);
  const { code, stdout, stderr } = await runProgram(process.execPath, [file], { cwd: directory });
  if (code !== 0) throw new Error(stderr);
  return { stdout, stderr };
}

describe('without @opentelemetry/api', () => {
  it.each([
    ['core.mjs', `import * as library from 'payout-guard';${payouts} await run(library);`],
    ['core.cjs', `const library = require('payout-guard');${payouts} run(library);`],
  ])('%s holds and refuses payouts', async (file, code) => {
    expect(await run(file, code)).toEqual({ stdout: 'insufficient_funds captured\n', stderr: '' });
  });

  it.each([
    ['telemetry.mjs', "await import('./node_modules/payout-guard/dist/esm/telemetry/index.js');"],
    ['telemetry.cjs', "require('./node_modules/payout-guard/dist/cjs/telemetry/index.js');"],
  ])('%s fails, and says what is missing', async (file, code) => {
    await expect(run(file, code)).rejects.toThrow(/Cannot find (package|module) '@opentelemetry\/api'/);
  });

  it('every other part loads: telemetry alone imports OpenTelemetry', async () => {
    for (const format of ['esm', 'cjs']) {
      const files = await filesBelow(join(library, 'dist', format));
      const importers = [];
      for (const file of files.filter((name) => name.endsWith('.js') || name.endsWith('.d.ts'))) {
        const text = await readFile(join(library, 'dist', format, file), 'utf8');
        if (text.includes('@opentelemetry/')) importers.push(dirname(file));
      }
      expect([...new Set(importers)]).toEqual(['telemetry']);
    }
    const loads = "await import('payout-guard/express'); await import('payout-guard/stores/postgres');";
    expect(await run('others.mjs', loads)).toEqual({ stdout: '', stderr: '' });
  });
});
