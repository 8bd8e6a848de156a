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
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${basename(program.pathname, '.ts')}-${process.pid}.mjs`);
  buildSync({
    absWorkingDir: root,
    entryPoints: [fileURLToPath(program)],
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    external: ['#console-assets'],
    banner: { js: requireOfModules },
    logLevel: 'error',
  });
  files.set(program.href, file);
  return file;
}
