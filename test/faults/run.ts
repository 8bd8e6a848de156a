// `npm run faults -- --seeds 20 --seed 1 [--topology cluster] [--engine redis] [--scenario flush] [--bail]`: runs every
// scenario of a topology with so many seeds, `single` (one server, or a file) on every engine. Prints a line for each
// run and one for each scenario, and exits with 1 if a run failed; with --bail at once.
import { parseArgs } from 'node:util';
import { startEngine } from './engines.js';
import type { EngineName } from './messages.js';
import { ProcessPool } from './process.js';
import { type EngineScenario, scenariosOf } from './scenarios.js';
import { type Result, Session } from './session.js';
import { type Case, topologies } from './topologies/topology.js';

const { values } = parseArgs({
  options: {
    topology: { type: 'string', default: 'single' },
    seeds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    engine: { type: 'string', multiple: true, default: ['redis', 'postgres', 'sqlite'] },
    scenario: { type: 'string', multiple: true },
    bail: { type: 'boolean', default: false },
  },
});

// Engines are stopped on exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
// The store of the checker warns as any other; the warnings of the payers are counted.
process.removeAllListeners('warning');
const pool = new ProcessPool();
const results: Result[] = [];
for (const one of chosen()) await runAll(one);
for (const problem of await pool.close()) {
  console.log(problem);
  process.exitCode = 1;
}

const failed = results.filter(({ problems }) => problems.length > 0);
console.log(`${results.length} runs, ${failed.length} failed`);
for (const { scenario, engine, seed } of failed) {
  const where = values.topology === 'single' ? `--engine ${engine}` : `--topology ${values.topology}`;
  console.log(`  npm run faults -- ${where} --scenario ${scenario} --seeds 1 --seed ${seed}`);
}
if (failed.length > 0) process.exitCode = 1;

/** The cases of the topology, without those that are not asked for. */
function chosen(): readonly Case[] {
  const all = casesOf(values.topology);
  const names = all.map(({ name }) => name);
  const unknown = values.scenario?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--scenario must be one of: ${[...new Set(names)].join(', ')}`);
  return all.filter(({ name }) => values.scenario?.includes(name) ?? true);
}

function casesOf(name: string): readonly Case[] {
  if (name === 'single') {
    return (values.engine as EngineName[]).flatMap((engine) => scenariosOf(engine).map((one) => caseOf(one, engine)));
  }
  const topology = topologies.find((one) => one.name === name);
  if (!topology) {
    throw new Error(`--topology must be one of: single, ${topologies.map((one) => one.name).join(', ')}`);
  }
  if (topology.missing === undefined) return topology.cases;
  console.log(`SKIPPED: the topology ${name} needs ${topology.missing}, which is not installed here`);
  return [];
}

function caseOf(scenario: EngineScenario, engine: EngineName): Case {
  const open = async () => Session.of(scenario, await startEngine(engine, scenario.isDurable), pool);
  return { ...scenario, open };
}

async function runAll(one: Case): Promise<void> {
  const session = await one.open(pool);
  const ofCase: Result[] = [];
  try {
    const first = Number(values.seed);
    for (let seed = first; seed < first + Number(values.seeds); seed++) {
      const result = await session.run(seed);
      ofCase.push(result);
      print(result);
      if (values.bail && result.problems.length > 0) break;
    }
  } finally {
    await session.close();
  }
  results.push(...ofCase);
  printSum(ofCase);
}

function print(result: Result): void {
  const { scenario, engine, seed, approvals, refusals, unavailable, faults, leastFree, problems, tookMs } = result;
  const verdict = problems.length === 0 ? 'ok' : result.isInconclusive ? 'INCONCLUSIVE' : 'FAILED';
  const counts = `${approvals} approved, ${refusals} refused, ${unavailable} unavailable, least free ${leastFree}`;
  const { overspends, paidTwice, lost, outage } = result;
  const losses = `${overspends} overspends, ${paidTwice} paid twice, ${lost} lost`;
  const again = outage ? `, approved again after ${outage.firstMs} ms, all after ${outage.allMs} ms` : '';
  const warnings = Object.entries(result.warnings).map(([code, count]) => `${count} ${code}`);
  const notes = [...faults, ...warnings].join('; ');
  console.log(`${verdict.padEnd(7)}${scenario} ${engine} seed ${seed}: ${counts}, ${tookMs} ms; ${notes}`);
  console.log(`       ${losses}${again}`);
  if (problems.length === 0) return;
  for (const line of [...problems.slice(0, 8), ...result.logs]) console.log(`          ${line}`);
}

function printSum(all: readonly Result[]): void {
  const [first] = all;
  if (!first) return;
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const total = (name: 'approvals' | 'overspends' | 'paidTwice' | 'lost') => sum(all.map((one) => one[name]));
  const counts = [
    `${all.length} seeds`,
    `${total('approvals')} approved`,
    `${total('overspends')} overspends`,
    `${total('paidTwice')} paid twice`,
    `${total('lost')} lost`,
  ];
  const outages = all.flatMap(({ outage }) => outage ?? []);
  const again = (name: 'firstMs' | 'allMs') => {
    const times = outages.map((one) => one[name]).sort((a, b) => a - b);
    return `median ${times[Math.floor((times.length - 1) / 2)]} ms, worst ${times.at(-1)} ms`;
  };
  if (outages.length > 0) {
    counts.push(`approved again: ${again('firstMs')}; all processes: ${again('allMs')}`);
  }
  console.log(`SUM    ${first.scenario} ${first.engine}: ${counts.join(', ')}`);
}
