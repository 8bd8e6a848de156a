// The weight of the package: the code that a bundle gets, and the time that a process takes to load it.
// `npm run test:proof` alone runs it. package.test.ts has the size of the tarball.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { type Installed, makeProject, packAndInstall, run } from '../support/installed.js';
import '../support/proof-only.js';

let installed: Installed;
let project: string;

beforeAll(async () => {
  installed = await packAndInstall();
  project = await makeProject(installed, 'size', { type: 'module', files: {} });
  await writeFile(join(project, 'core.js'), "export { createPayoutGuard } from 'payout-guard';");
});

afterAll(async () => {
  if (installed) await rm(installed.directory, { recursive: true, force: true });
});

describe('a minified bundle of createPayoutGuard', () => {
  it.each([
    // A bundle far below today's size (262 and 164 kB) lacks code.
    ['with its dependencies', [], 100_000, 280_000],
    ['without zod', ['zod'], 50_000, 170_000],
  ])('%s is within its limit', async (_, external, atLeast, atMost) => {
    const bytes = await bundleSize(external);
    expect(bytes).toBeGreaterThan(atLeast);
    expect(bytes).toBeLessThan(atMost);
  });
});

describe("import('payout-guard') in a new process", () => {
  it('takes at most 8 times as long as a process that does nothing', async () => {
    const times = { empty: [] as number[], core: [] as number[] };
    // In turns, so that a busy machine slows down both. The fastest of each is the one with the least of it.
    for (let round = 0; round < 7; round += 1) {
      times.empty.push(await duration(''));
      times.core.push(await duration("await import('payout-guard');"));
    }
    const [empty, core] = [Math.min(...times.empty), Math.min(...times.core)];
    // Today's ratio is 3 to 5. Loading takes time: otherwise the program did not load it.
    expect(core / empty).toBeGreaterThan(1.1);
    expect(core / empty).toBeLessThan(8);
  });
});

async function bundleSize(external: string[]): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [join(project, 'core.js')],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    external,
    write: false,
    absWorkingDir: project,
  });
  const [file] = outputFiles;
  if (!file) throw new Error('esbuild made no file');
  return file.contents.length;
}

async function duration(code: string): Promise<number> {
  const began = performance.now();
  await run(project, process.execPath, '--input-type=module', '--eval', code);
  return performance.now() - began;
}
