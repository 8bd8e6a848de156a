// Many histories, one after another.
import type { RealEngine } from './engines/engine.js';
import { replaceMachine } from './engines/machine.js';
import { addCoverage, type Coverage } from './event-log.js';
import { HistoryFailure, runHistory } from './history.js';
import type { Mutant } from './mutants/index.js';
import { type Rule, rules } from './violation.js';
import type { Hazard } from './world.js';

export interface SimulationOptions {
  /** The seed of the first history. The next ones count up from it. */
  readonly seed: number;
  /** Returns true to continue after this many histories. */
  readonly goesOn: (histories: number) => boolean;
  readonly mutant?: Mutant | undefined;
  readonly hazards?: ReadonlySet<Hazard> | undefined;
  /** Records the stacks of errors. @defaultValue false */
  readonly hasStacks?: boolean | undefined;
  /** The rules to check. */
  readonly watch?: readonly Rule[] | undefined;
  /** The engine that stores the holds. @defaultValue the memory of this process */
  readonly engine?: RealEngine | undefined;
}

export interface SimulationResult {
  readonly histories: number;
  readonly steps: number;
  /** A hash of all events in all histories. */
  readonly hash: string;
  readonly coverage: Coverage;
  /** The violation in the last history, which ends the run. */
  readonly failure: SimulationFailure | undefined;
}

/** A violation, the events that led to it, and the command that replays it. */
export interface SimulationFailure {
  readonly rule: Rule;
  readonly message: string;
}

/** Runs histories until one of them fails or the number is reached. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const putBack = options.engine ? replaceMachine() : () => {};
  // Every history contains errors. Stacks are useful only in a replay.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = options.hasStacks ? stackTraceLimit : 0;
  try {
    return await simulateHere(options);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    putBack();
  }
}

async function simulateHere(options: SimulationOptions): Promise<SimulationResult> {
  const { seed: firstSeed, goesOn, mutant, hazards, watch = rules, engine } = options;
  const watched = new Set(watch);
  const coverage: Coverage = new Map();
  let [histories, steps, hash] = [0, 0, ''];
  for (; goesOn(histories); histories++) {
    const seed = firstSeed + histories;
    try {
      const result = await runHistory({ seed, watch: watched, mutant, hazards, engine });
      steps += result.steps;
      hash = fold(hash, result.hash);
      addCoverage(coverage, result.coverage);
    } catch (error) {
      if (!(error instanceof HistoryFailure)) throw error;
      const failure = { rule: error.violation.rule, message: `${error.message}\n${replay(seed, options)}` };
      return { histories: histories + 1, steps, hash, coverage, failure };
    }
  }
  return { histories, steps, hash, coverage, failure: undefined };
}

/** The command that runs one history again. */
function replay(seed: number, { mutant, hazards = new Set(), engine }: SimulationOptions): string {
  const mutantOption = mutant ? ` --mutant '${mutant.name}'` : '';
  const hazardOptions = [...hazards].map((hazard) => ` --hazard ${hazard}`).join('');
  const engineOption = engine ? ` --engine ${engine.name}` : '';
  return `replay: npm run simulate -- --seed ${seed} --histories 1${engineOption}${mutantOption}${hazardOptions}`;
}

function fold(one: string, other: string): string {
  const sum = Math.imul(Number.parseInt(one || '0', 16), 31) + Number.parseInt(other, 16);
  return (sum >>> 0).toString(16).padStart(8, '0');
}
