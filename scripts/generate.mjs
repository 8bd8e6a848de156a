// Writes every generated file again. With --check it compares them instead, and fails at the first that differs.
import { spawnSync } from 'node:child_process';

const generators = [
  'embed.mjs',
  'currencies.mjs',
  'response-codes.ts',
  'metrics-docs.ts',
  'endings-docs.ts',
  'public-types.mjs',
];

for (const generator of generators) {
  const args = ['--import', 'tsx', `scripts/${generator}`, ...process.argv.slice(2)];
  const { status, error } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) {
    console.error(`scripts/${generator} failed. To write all generated files: npm run generate`);
    process.exit(1);
  }
  console.log(`scripts/${generator}: ok`);
}
