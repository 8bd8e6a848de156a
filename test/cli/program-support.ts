// The program itself in processes of its own, for what only a process has: signals, pipes, warnings, its end.
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { build } from 'esbuild';
import { type ProgramResult, root, runProgram } from '../support/programs.js';
import { isSeen } from '../support/secret-scan.js';
import { secret } from './secret.js';

/** The sources as JavaScript: a process starts in a fifth of the time that it takes to compile them. */
export class BuiltProgram {
  /** Where the program runs, and its guard module is. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<BuiltProgram> {
    const folder = await mkdtemp(join(tmpdir(), 'payout-guard-program-'));
    const entries = ['cli/main', 'index', 'history/index', 'stores/sqlite/index'];
    await build({
      absWorkingDir: root,
      entryPoints: entries.map((name) => `src/${name}.ts`),
      outdir: join(folder, 'lib'),
      outbase: 'src',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      external: ['#console-assets'],
      logLevel: 'error',
      // For packages that are loaded only when they are needed.
      banner: {
        js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
      },
    });
    await writeFile(join(folder, 'lib/package.json'), '{"type":"module"}');
    await symlink(join(root, 'node_modules'), join(folder, 'lib/node_modules'));
    return new BuiltProgram(folder);
  }

  /** The arguments of Node.js for a command. */
  command(...args: readonly string[]): string[] {
    return [join(this.folder, 'lib/cli/main.js'), ...args];
  }

  /** Writes a guard module that imports the library as `./lib/index.js`. Returns its name. */
  async module(text: string, name: string = 'payout-guard.config.mjs'): Promise<string> {
    await writeFile(join(this.folder, name), text);
    return name;
  }

  /** Runs a command with its output in pipes. No secret and no stack trace may be in it. */
  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ProgramResult> {
    const outcome = await runProgram(process.execPath, this.command(...args), { cwd: this.folder, env });
    assertHarmless(outcome.stdout + outcome.stderr);
    return outcome;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** No secret and no stack trace is in what a program printed. */
export function assertHarmless(shown: string): void {
  expect(isSeen(secret, shown)).toBe(false);
  expect(shown).not.toMatch(/^\s+at .*:\d+/m);
}
