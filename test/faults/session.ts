// Runs of one scenario on one engine. Runs share the engine; each has a store of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, startEngine } from './engines.js';
import { accountProblems } from './judge.js';
import { type EngineName, monotonicMs } from './messages.js';
import type { Crew } from './process.js';
import { runScenario, type Scenario } from './scenarios.js';
import type { OpenStore } from './store.js';
import { World } from './world.js';

/** How long nothing is approved after the engine has forgotten, in milliseconds. Processes look four times in it. */
export const recoveryMs = 700;
/** How long after the faults every process must have been permitted something again. */
const recoveredWithinMs = recoveryMs + 4_000;

/** How long processes go on after that, in milliseconds. */
const promiseAgainMs = 400;

export interface Result {
  readonly scenario: string;
  readonly engine: EngineName;
  readonly seed: number;
  readonly approvals: number;
  readonly refusals: number;
  readonly unavailable: number;
  readonly faults: readonly string[];
  /** What was left above the floor at the worst moment; below zero only where a loss cannot be survived. */
  readonly leastFree: bigint;
  readonly problems: readonly string[];
  /** What processes saw of that, on the machine's monotonic clock. */
  readonly trails: readonly string[];
  /** The machine stood still for so long that nothing can be said: a process that stands still cannot put holds back in time. */
  readonly isInconclusive: boolean;
  readonly tookMs: number;
}

export class Session {
  readonly #scenario: Scenario;
  readonly #engine: Engine;
  readonly #crew: Crew;
  #runs = 0;

  static async start(scenario: Scenario, name: EngineName, crew: Crew): Promise<Session> {
    return new Session(scenario, await startEngine(name, scenario.isDurable), crew);
  }

  private constructor(scenario: Scenario, engine: Engine, crew: Crew) {
    this.#crew = crew;
    this.#scenario = scenario;
    this.#engine = engine;
  }

  async run(seed: number): Promise<Result> {
    const startedAtMs = monotonicMs();
    const scenario = this.#scenario;
    this.#runs += 1;
    const space = `run_${this.#runs}`;
    const witness = await this.#engine.prepare(space, recoveryMs);
    const { epoch } = await witness.store.totals('prompt');
    const world = await World.begin({
      engine: this.#engine,
      space,
      recoveryMs,
      witness,
      seed,
      crew: this.#crew,
      mayOverspend: scenario.mayOverspend ?? false,
    });
    const races = scenario.forgets ? undefined : setInterval(() => world.race(), 100);
    let stalledMs = 0;
    let trails: string[] = [];
    try {
      await world.untilAllArePermitted(monotonicMs(), recoveredWithinMs);
      const overAtMs = await runScenario(scenario, world);
      await world.untilAllArePermitted(overAtMs, recoveredWithinMs);
      // Whatever was forgotten would be promised again about now.
      await sleep(promiseAgainMs);
      clearInterval(races);
      const quiet = await world.quiet();
      stalledMs = Math.max(...quiet.map((one) => one.stalledMs));
      for (const problem of await accountProblems(world, quiet)) world.problem(problem);
      const epochs = new Set([...quiet.map((one) => one.epoch), await epochOf(witness)]);
      if (epochs.size !== 1) world.problem(`processes are in different epochs: ${[...epochs]}`);
      if (scenario.forgets) judgeNotice(world, epochs.has(epoch));
      trails = await world.trails();
    } finally {
      clearInterval(races);
      await world.end();
    }
    return {
      scenario: scenario.name,
      engine: this.#engine.name,
      seed,
      approvals: world.approvals,
      refusals: world.refusals,
      unavailable: world.unavailable,
      faults: world.faults,
      leastFree: world.bank.leastFree,
      problems: world.problems,
      trails: [...world.losses.map(({ fromMs, toMs }) => `forgotten from ${fromMs} to ${toMs}`), ...trails],
      isInconclusive: world.problems.length > 0 && scenario.forgets && stalledMs > recoveryMs / 2,
      tookMs: Math.round(monotonicMs() - startedAtMs),
    };
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

/** A run, and up to two more with other seeds where the machine stood still for too long to say anything. */
export async function judgedRun(session: Session, seed: number): Promise<Result> {
  const result = await session.run(seed);
  if (!result.isInconclusive || seed > 2_000_000) return result;
  console.warn(`${result.scenario} on ${result.engine}, seed ${seed}: the machine stood still; run again`);
  return judgedRun(session, seed + 1_000_000);
}

/** A loss is never silent. */
function judgeNotice(world: World, isSameEpoch: boolean): void {
  if (isSameEpoch) world.problem('the engine forgot, and the epoch is the same');
  if (!world.warnings.includes('PAYOUT_GUARD_EPOCH')) world.problem('the engine forgot, and nobody was warned');
}

async function epochOf({ store }: OpenStore): Promise<string> {
  return (await store.totals('prompt')).epoch;
}
