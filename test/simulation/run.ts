// Many histories, one after the other.
import type { RealEngine } from './engines/engine.js';
import { replaceSurroundings } from './engines/surroundings.js';
import { HistoryFailure, runHistory } from './history.js';
import { addCoverage, type Coverage } from './journal.js';
import type { Mistake } from './mistakes.js';
import { type Rule, rules } from './violation.js';
import type { Hazard } from './world.js';

export interface SimulationOptions {
  /** Of the first history; the next ones count up from it. */
  readonly seed: number;
  /** Whether to go on after so many. */
  readonly goesOn: (histories: number) => boolean;
  readonly mistake?: Mistake | undefined;
  readonly hazards?: ReadonlySet<Hazard> | undefined;
  /** Which rules to look at. */
  readonly watch?: readonly Rule[] | undefined;
  /** What keeps the holds. @defaultValue the memory of this process */
  readonly engine?: RealEngine | undefined;
}

export interface SimulationResult {
  readonly histories: number;
  readonly steps: number;
  /** Of everything that happened in all of them. */
  readonly hash: string;
  readonly coverage: Coverage;
  /** What was found in the last history, which is then the last. */
  readonly failure: SimulationFailure | undefined;
}

/** A violation, what led to it, and how to see it again. */
export interface SimulationFailure {
  readonly rule: Rule;
  readonly message: string;
}

/** Runs histories until one of them fails or there have been enough. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  if (!options.engine) return simulateHere(options);
  const putBack = replaceSurroundings();
  try {
    return await simulateHere(options);
  } finally {
    putBack();
  }
}

async function simulateHere(options: SimulationOptions): Promise<SimulationResult> {
  const { seed: firstSeed, goesOn, mistake, hazards, watch = rules, engine } = options;
  const watched = new Set(watch);
  const coverage: Coverage = new Map();
  let [histories, steps, hash] = [0, 0, ''];
  for (; goesOn(histories); histories++) {
    const seed = firstSeed + histories;
    try {
      const result = await runHistory({ seed, watch: watched, mistake, hazards, engine });
      steps += result.steps;
      hash = fold(hash, result.hash);
      addCoverage(coverage, result.coverage);
    } catch (error) {
      if (!(error instanceof HistoryFailure)) throw error;
      const failure = { rule: error.violation.rule, message: `${error.message}\n${replay(seed, options)}` };
      return { histories: histories + 1, steps, hash, coverage, failure };
    }
    // Within a history the loop of events never turns; signals and timers of the machine want their turn now and then.
    if (histories % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { histories, steps, hash, coverage, failure: undefined };
}

/** The command that runs one history again. */
function replay(seed: number, { mistake, hazards = new Set(), engine }: SimulationOptions): string {
  const mistakeOption = mistake ? ` --mistake '${mistake.name}'` : '';
  const hazardOptions = [...hazards].map((hazard) => ` --hazard ${hazard}`).join('');
  const engineOption = engine ? ` --engine ${engine.name}` : '';
  return `replay: npm run simulate -- --seed ${seed} --histories 1${engineOption}${mistakeOption}${hazardOptions}`;
}

function fold(one: string, other: string): string {
  const sum = Math.imul(Number.parseInt(one || '0', 16), 31) + Number.parseInt(other, 16);
  return (sum >>> 0).toString(16).padStart(8, '0');
}
