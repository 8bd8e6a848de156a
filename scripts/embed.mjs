// Writes each script of a store, a .lua file, into a .generated.ts next to it, so that nothing is read from disk at runtime.
// `-- @include other.lua` brings in another file; comments stay behind. With --check it fails if a file is not up to date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../src/stores/redis');
const isCheck = process.argv.includes('--check');
const names = readdirSync(folder).filter((name) => name.endsWith('.lua'));
const included = new Set(
  names.flatMap((name) => [...read(name).matchAll(/^-- @include (.+)$/gm)].map(([, part]) => part)),
);
let stale = 0;

for (const name of names.filter((name) => !included.has(name))) {
  const path = join(folder, name.replace(/\.lua$/, '.generated.ts'));
  const text = generated(name);
  if (text === readIfAny(path)) continue;
  stale += 1;
  if (isCheck) console.error(`${path} is not what ${name} says: run node scripts/embed.mjs`);
  else writeFileSync(path, text);
}
if (isCheck && stale > 0) process.exitCode = 1;

function generated(name) {
  const source = expanded(name).replace(/[\\`]|\$\{/g, '\\$&');
  return `// Made of ${name} by scripts/embed.mjs.\nexport const ${name.replace(/\.lua$/, '')}Script: string = \`${source}\`;\n`;
}

function expanded(name) {
  const lines = read(name)
    .split('\n')
    .flatMap((line) => {
      const part = /^-- @include (.+)$/.exec(line)?.[1];
      if (part) return expanded(part).split('\n');
      return /^\s*(--|$)/.test(line) ? [] : [line];
    });
  return lines.filter((line) => line !== '').join('\n');
}

function read(name) {
  return readFileSync(join(folder, name), 'utf8');
}

function readIfAny(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
