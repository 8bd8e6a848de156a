// `npm run simulate`: runs seeded histories of the guard until a time is up, a number is reached or one of them fails.
// `test/simulation` describes them.
import { parseArgs } from 'node:util';
import { engineNames, startEngine } from '../test/simulation/engines/engine.js';
import { engineKinds, kinds } from '../test/simulation/event-log.js';
import { mutants } from '../test/simulation/mutants/index.js';
import { simulate } from '../test/simulation/run.js';
import { type Hazard, hazards } from '../test/simulation/world.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seconds: { type: 'string' },
    histories: { type: 'string' },
    mutant: { type: 'string' },
    engine: { type: 'string' },
    hazard: { type: 'string', multiple: true, default: [] },
  },
});

const seed = wholeNumber('seed', values.seed) ?? Math.floor(Math.random() * 2 ** 40);
const histories = wholeNumber('histories', values.histories) ?? Number.POSITIVE_INFINITY;
const limited = values.seconds !== undefined || values.histories === undefined;
const seconds = limited ? (wholeNumber('seconds', values.seconds) ?? 60) : Number.POSITIVE_INFINITY;
const mutant = values.mutant === undefined ? undefined : oneOf('mutant', values.mutant, mutants, ({ name }) => name);
const engineName =
  values.engine === undefined ? undefined : oneOf('engine', values.engine, engineNames, (name) => name);
const chosen = values.hazard.map((given) => oneOf('hazard', given, hazards, (hazard) => hazard));

const engine = engineName && (await startEngine(engineName));
if (engineName && !engine) throw new Error(`There is no ${engineName} to run on.`);
const startedAt = performance.now();
const elapsedSeconds = () => (performance.now() - startedAt) / 1_000;
const result = await simulate({
  seed,
  goesOn: (done) => done < histories && elapsedSeconds() < seconds,
  mutant,
  hazards: new Set<Hazard>(chosen),
  engine,
  // A mutant breaks many rules. Only the worst one counts.
  watch: mutant && [mutant.breaks],
});

for (const kind of engine ? [...kinds, ...engineKinds] : kinds)
  console.log(`${String(result.coverage.get(kind) ?? 0).padStart(12)}  ${kind}`);
const pace = `${Math.round(result.histories / elapsedSeconds())} a second`;
console.log(
  `${result.histories} histories from seed ${seed} in ${elapsedSeconds().toFixed(1)} s, ${pace}, ` +
    `${result.steps} steps, hash ${result.hash}`,
);
await engine?.close();
if (result.failure) {
  console.error(`\n${result.failure.message}`);
  process.exitCode = 1;
}
// Calls that crashed processes never finished would keep this process alive.
process.exit();

function wholeNumber(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new Error(`--${name} must be a whole number, not ${given}`);
}

function oneOf<T>(option: string, given: string, known: readonly T[], nameOf: (one: T) => string): T {
  const found = known.find((one) => nameOf(one) === given);
  if (found !== undefined) return found;
  throw new Error(`--${option} must be one of: ${known.map(nameOf).join('; ')}`);
}
