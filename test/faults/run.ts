// `npm run faults -- --runs 20 --seed 1 [--engine redis] [--scenario flush] [--bail]`: runs every scenario on every
// engine with so many seeds, prints a line for each run, and exits with 1 if one of them failed; with --bail at once.
import { parseArgs } from 'node:util';
import type { EngineName } from './messages.js';
import { ProcessPool } from './process.js';
import { scenarios, scenariosOf } from './scenarios.js';
import { type Result, Session } from './session.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    bail: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    engine: { type: 'string', multiple: true, default: ['redis', 'postgres', 'sqlite'] },
    scenario: { type: 'string', multiple: true, default: scenarios.map(({ name }) => name) },
  },
});

// Engines are stopped on exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
// The store of the checker warns as any other; the warnings of the payers are counted.
process.removeAllListeners('warning');
const pool = new ProcessPool();
const results: Result[] = [];
for (const name of values.scenario) {
  const scenario = scenarios.find((one) => one.name === name);
  if (!scenario) throw new Error(`--scenario must be one of: ${scenarios.map((one) => one.name).join(', ')}`);
  for (const engine of values.engine as EngineName[]) {
    if (scenariosOf(engine).includes(scenario)) await runAll(scenario, engine);
  }
}
for (const problem of await pool.close()) {
  console.log(problem);
  process.exitCode = 1;
}

const failed = results.filter(({ problems }) => problems.length > 0);
console.log(`${results.length} runs, ${failed.length} failed`);
for (const { scenario, engine, seed } of failed) {
  console.log(`  npm run faults -- --runs 1 --seed ${seed} --engine ${engine} --scenario ${scenario}`);
}
if (failed.length > 0) process.exitCode = 1;

async function runAll(scenario: (typeof scenarios)[number], engine: EngineName): Promise<void> {
  const session = await Session.start(scenario, engine, pool);
  try {
    const first = Number(values.seed);
    for (let seed = first; seed < first + Number(values.runs); seed++) {
      const result = await session.run(seed);
      results.push(result);
      print(result);
      if (values.bail && result.problems.length > 0) return;
    }
  } finally {
    await session.close();
  }
}

function print(result: Result): void {
  const { scenario, engine, seed, approvals, refusals, unavailable, faults, leastFree, problems, tookMs } = result;
  const verdict = problems.length === 0 ? 'ok' : result.isInconclusive ? 'INCONCLUSIVE' : 'FAILED';
  const counts = `${approvals} approved, ${refusals} refused, ${unavailable} unavailable, least free ${leastFree}`;
  const warnings = Object.entries(result.warnings).map(([code, count]) => `${count} ${code}`);
  const notes = [...faults, ...warnings].join('; ');
  console.log(`${verdict.padEnd(7)}${scenario} ${engine} seed ${seed}: ${counts}, ${tookMs} ms; ${notes}`);
  if (problems.length === 0) return;
  for (const line of [...problems.slice(0, 8), ...result.logs]) console.log(`          ${line}`);
}
