// Writes the numbered migrations of the PostgreSQL store into migrations.generated.ts next to them, so that nothing is read from
// disk at runtime. With --check it fails if that file is not up to date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const store = join(dirname(fileURLToPath(import.meta.url)), '../src/stores/postgres');
const path = join(store, 'migrations.generated.ts');
const names = readdirSync(join(store, 'migrations')).sort();
const misnumbered = names.find((name, index) => !name.startsWith(`${index + 1}`.padStart(4, '0')));
if (misnumbered) throw new Error(`${misnumbered}: migrations are numbered 0001, 0002 and so on, without a gap`);

const texts = names.map((name) => {
  const sql = readFileSync(join(store, 'migrations', name), 'utf8').replace(/[\\`]|\$\{/g, '\\$&');
  return `  // ${name}\n  \`${sql}\`,\n`;
});
const text = `// Made of migrations/*.sql by scripts/embed-sql.mjs.\nexport const migrations: readonly string[] = [\n${texts.join('')}];\n`;

if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (readFileSync(path, 'utf8') !== text) {
  console.error(`${path} is not what the migrations say: run node scripts/embed-sql.mjs`);
  process.exitCode = 1;
}
