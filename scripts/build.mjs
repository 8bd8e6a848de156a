// Compiles src twice: ES modules to dist/esm, CommonJS to dist/cjs, each with its own type declarations. Comments are
// in the declarations, where editors show them, and not in the code, which would be half as long again. The command
// line is a program that no code imports, so it is there once, and without declarations.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeConsoleAssets } from './console-assets.mjs';

rmSync('dist', { recursive: true, force: true });
for (const project of ['tsconfig.esm.json', 'tsconfig.cjs.json']) {
  for (const options of [
    ['--removeComments', '--declaration', 'false', '--isolatedDeclarations', 'false'],
    ['--emitDeclarationOnly'],
  ]) {
    const args = ['node_modules/typescript/bin/tsc', '-p', project, ...options];
    execFileSync(process.execPath, args, { stdio: 'inherit' });
  }
}
const declarations = readdirSync('dist/esm/cli', { recursive: true }).filter((file) => file.endsWith('.d.ts'));
for (const file of declarations) rmSync(join('dist/esm/cli', file));
writeFileSync('dist/cjs/package.json', '{"type":"commonjs"}\n');
await writeConsoleAssets();
// The `imports` of package.json are for the sources. CommonJS files have a package.json of their own, without them.
nameAssets('dist/esm/console/assets.js', '../../cjs/console/page-assets.cjs');
nameAssets('dist/cjs/console/assets.js', './page-assets.cjs');

function nameAssets(file, path) {
  const parts = readFileSync(file, 'utf8').split("'#console-assets'");
  if (parts.length !== 2) throw new Error(`${file}: '#console-assets' is not imported exactly once`);
  writeFileSync(file, parts.join(`'${path}'`));
}
