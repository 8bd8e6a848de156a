// Runs everything that a change must pass besides the tests, in the order of what fails most often and fastest. Stops
// at the first failure.
import { spawnSync } from 'node:child_process';

const steps = ['lint', 'types', 'check:generated', 'build', 'check:package', 'demo'];

for (const step of steps) {
  const began = performance.now();
  console.log(`\n== npm run ${step}`);
  const { status, signal, error } = spawnSync('npm', ['run', step], { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) {
    console.error(`\n== npm run ${step} failed with ${signal ?? `code ${status}`}`);
    process.exit(1);
  }
  console.log(`== ${Math.round((performance.now() - began) / 1_000)} s`);
}
