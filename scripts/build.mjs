// Compiles src twice: ES modules to dist/esm, CommonJS to dist/cjs, each with its own type declarations. Comments are
// in the declarations, where editors show them, and not in the code, which would be half as long again.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

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
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
