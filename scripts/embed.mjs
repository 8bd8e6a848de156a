// Writes the scripts of the stores, .lua and .sql files, into .generated.ts files beside them, so that nothing is read
// from disk at runtime. Comments are removed: the package has the .sql files with theirs. In Lua, `-- @include
// other.lua` inserts another file, and constants are replaced by their numbers. With --check it fails if a file is out
// of date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const stores = join(dirname(fileURLToPath(import.meta.url)), '../src/stores');
const isCheck = process.argv.includes('--check');

for (const [path, text] of [...redisScripts(), postgresMigrations()]) {
  if (text === readIfAny(path)) continue;
  if (!isCheck) writeFileSync(path, text);
  else {
    console.error(`${path} does not match its sources: run node scripts/embed.mjs`);
    process.exitCode = 1;
  }
}

/** One generated file for each script that no other script includes. */
function redisScripts() {
  const folder = join(stores, 'redis');
  const read = (name) => readFileSync(join(folder, name), 'utf8');
  const names = readdirSync(folder).filter((name) => name.endsWith('.lua'));
  const included = names.flatMap((name) => [...read(name).matchAll(/^-- @include (.+)$/gm)].map(([, part]) => part));
  const expanded = (name) =>
    read(name)
      .split('\n')
      .flatMap((line) => {
        const part = /^-- @include (.+)$/.exec(line)?.[1];
        if (part) return expanded(part).split('\n');
        return [line];
      })
      .filter(isCode)
      .join('\n');
  return names
    .filter((name) => !included.includes(name))
    .map((name) => {
      const camelCase = name.replace(/\.lua$/, '').replace(/-(.)/g, (_, letter) => letter.toUpperCase());
      const constant = `export const ${camelCase}Script: string = ${literal(inlined(expanded(name)))};`;
      const header = `// Generated from ${name} by scripts/embed.mjs. DO NOT EDIT.`;
      return [join(folder, name.replace(/\.lua$/, '.generated.ts')), `${header}\n${constant}\n`];
    });
}

/**
 * Replaces constants (`local FIRST, SECOND = 1, 2`) by their numbers. Redis creates all functions of a script again for
 * each call, and every local that a function refers to adds time: with the fields of a row as locals, a call took 5
 * microseconds longer.
 */
function inlined(script) {
  const constants = new Map();
  const lines = script.split('\n').filter((line) => {
    const [, names, numbers] = /^local ([A-Z_0-9]+(?:, [A-Z_0-9]+)*) = ([\de]+(?:, [\de]+)*)$/.exec(line) ?? [];
    if (!names) return true;
    const values = numbers.split(', ');
    for (const [index, constant] of names.split(', ').entries()) constants.set(constant, values[index]);
    return false;
  });
  // Quoted strings stay as they are.
  return lines.join('\n').replace(/'(?:[^'\\]|\\.)*'|\b[A-Z][A-Z_0-9]*\b/g, (word) => constants.get(word) ?? word);
}

/** All migrations in one list, in the order of their numbers. */
function postgresMigrations() {
  const folder = join(stores, 'postgres');
  const names = readdirSync(join(folder, 'migrations')).sort();
  const misnumbered = names.find((name, index) => !name.startsWith(`${index + 1}`.padStart(4, '0')));
  if (misnumbered) throw new Error(`${misnumbered}: migrations are numbered 0001, 0002 and so on, without a gap`);
  const items = names.map(
    (name) => `  // ${name}\n  ${literal(codeOf(readFileSync(join(folder, 'migrations', name), 'utf8')))},\n`,
  );
  const header = '// Made of migrations/*.sql by scripts/embed.mjs.';
  const text = `${header}\nexport const migrations: readonly string[] = [\n${items.join('')}];\n`;
  return [join(folder, 'migrations.generated.ts'), text];
}

function codeOf(source) {
  return `${source.split('\n').filter(isCode).join('\n')}\n`;
}

function isCode(line) {
  return !/^\s*(--|$)/.test(line);
}

function literal(source) {
  return `\`${source.replace(/[\\`]|\$\{/g, '\\$&')}\``;
}

function readIfAny(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
