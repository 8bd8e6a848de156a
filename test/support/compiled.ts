// TypeScript programs as JavaScript: a process starts in a fifth of the time that it takes to compile them.
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** CommonJS in a bundle of ES modules needs it; esbuild leaves that to its users. */
const requireOfModules =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";
const files = new Map<string, string>();

/** Compiles a program with everything that it imports, once in this process. Returns the file. */
export function compiled(program: URL): string {
  const known = files.get(program.href);
  if (known) return known;
  // Within reach of node_modules. Processes of tests write files of their own.
  const folder = join(root, 'node_modules/.cache/payout-guard-tests');
  const name = `${basename(program.pathname, '.ts')}-${process.pid}`;
  compileAll({ [name]: fileURLToPath(program) }, folder);
  const file = join(folder, `${name}.mjs`);
  files.set(program.href, file);
  return file;
}

/** Compiles programs, given by the names of their files in the folder, which share what they import. */
export function compileAll(programs: Readonly<Record<string, string>>, folder: string): void {
  mkdirSync(folder, { recursive: true });
  buildSync({
    absWorkingDir: root,
    entryPoints: { ...programs },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    splitting: Object.keys(programs).length > 1,
    sourcemap: 'inline',
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    external: ['#console-assets'],
    banner: { js: requireOfModules },
    logLevel: 'error',
  });
}
