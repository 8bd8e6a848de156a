// Generates api/public-types.d.ts: every type that a user of the package can reach, from the compiler's declarations of
// all entry points, without comments. A change of the public surface is a change of that file. With --check it only
// compares them. The installed compiler (7) has no API in JavaScript, so TypeScript 5.9 reads the declarations.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import ts from 'typescript-5.9';
import { Surface } from './surface.mjs';

const file = 'api/public-types.d.ts';
const declarations = mkdtempSync(join(tmpdir(), 'payout-guard-types-'));
let text;
try {
  emitDeclarations();
  text = page();
} finally {
  rmSync(declarations, { recursive: true });
}

if (!process.argv.includes('--check')) {
  mkdirSync('api', { recursive: true });
  writeFileSync(file, text);
} else if (readFileSync(file, 'utf8') !== text) {
  console.error(`${file} differs from the types: run node scripts/public-types.mjs and look at its diff`);
  process.exitCode = 1;
}

function emitDeclarations() {
  const options = ['-p', 'tsconfig.esm.json', '--emitDeclarationOnly', '--outDir', declarations];
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...options], { stdio: 'inherit' });
}

function page() {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  const entries = Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, target]) => [subpath.replace('.', 'payout-guard'), resolveEntry(target.import.types)]);
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [] };
  const program = ts.createProgram(
    entries.map(([, path]) => path),
    { ...options, target: ts.ScriptTarget.ES2022, noLib: true },
  );
  const checker = program.getTypeChecker();
  const surface = new Surface(checker, declarations);
  const blocks = entries.map(([name, path]) => {
    const source = program.getSourceFile(path);
    if (!source) throw new Error(`${name}: there is no ${path}`);
    return surface.entry(name, checker.getExportsOfModule(checker.getSymbolAtLocation(source)));
  });
  const header = '// Generated from the entry points of the package by scripts/public-types.mjs. DO NOT EDIT.';
  return `${[header, ...blocks, ...surface.others()].join('\n\n')}\n`;
}

function resolveEntry(path) {
  return join(declarations, relative('dist/esm', path));
}
