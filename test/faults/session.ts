// Runs of one scenario on one engine. Runs share the engine; each has a store of its own.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../processes/child.js';
import { accountOf } from './checker.js';
import type { Backend } from './engines.js';
import type { Outage } from './outages.js';
import type { ProcessPool } from './process.js';
import type { Promised, Scenario } from './scenarios.js';
import type { OpenStore } from './store.js';
import { World } from './world.js';

/** Recovery window after the engine lost data, in milliseconds. Stores read their holds four times in it. */
export const shortestRecoveryMs = 700;
/**
 * By when every process must have been permitted something again after the faults: it takes one recovery, unless it
 * hangs.
 */
const recoveredWithinMs = 90_000;
/** Time for which processes continue after that, in milliseconds. */
const promiseAgainMs = 400;

export interface Result {
  readonly scenario: string;
  readonly engine: string;
  readonly seed: number;
  readonly approvals: number;
  readonly refusals: number;
  readonly unavailable: number;
  /** Number of warnings of processes, by code. */
  readonly warnings: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  /** The money above the floor at the worst moment; below zero only where a loss cannot be survived. */
  readonly leastFree: bigint;
  /** Payouts that were permitted beyond the money that was free. */
  readonly overspends: number;
  /** Payouts that arrived at the bank again. */
  readonly paidTwice: number;
  /** Payouts that were permitted, and which the store lacks or has as they were before. */
  readonly lost: number;
  readonly outage: Outage | undefined;
  readonly problems: readonly string[];
  /** The requests of processes to the store about these problems, on the machine's monotonic clock. */
  readonly logs: readonly string[];
  /**
   * A process, or the network, which is in this one, stood still for so long that the run proves nothing: a process
   * that stands still cannot restore holds in time.
   */
  readonly isInconclusive: boolean;
  readonly tookMs: number;
}

export class Session {
  /** Shortest recovery window, in milliseconds. */
  readonly leastRecoveryMs: number;
  readonly #scenario: Promised;
  readonly #engine: Backend;
  /** Resolves to the moment in which the faults are over, in milliseconds of the monotonic clock. */
  readonly #runFaults: (world: World) => Promise<number>;
  readonly #pool: ProcessPool;
  #runs = 0;

  /** @param engine - Closed with the session. */
  static of<B extends Backend>(scenario: Scenario<B>, engine: B, pool: ProcessPool): Session {
    const runFaults = async (world: World) => {
      await scenario.run(world, engine);
      return monotonicMs();
    };
    return new Session(scenario, engine, runFaults, pool);
  }

  private constructor(
    scenario: Promised,
    engine: Backend,
    runFaults: (world: World) => Promise<number>,
    pool: ProcessPool,
  ) {
    this.leastRecoveryMs = scenario.recoveryMs ?? shortestRecoveryMs;
    this.#pool = pool;
    this.#scenario = scenario;
    this.#engine = engine;
    this.#runFaults = runFaults;
  }

  async run(seed: number, recoveryMs: number = this.leastRecoveryMs): Promise<Result> {
    const startedAtMs = monotonicMs();
    const scenario = this.#scenario;
    this.#runs += 1;
    const space = this.#engine.spaceOf(this.#runs);
    const witness = await this.#engine.prepare(space, recoveryMs);
    const { epoch } = await witness.store.totals('prompt');
    const world = await World.begin({
      engine: this.#engine,
      space,
      recoveryMs,
      witness,
      seed,
      pool: this.#pool,
      forgets: scenario.forgets,
      mayOverspend: scenario.mayOverspend ?? false,
      mayPayTwice: scenario.mayPayTwice ?? false,
    });
    // Repeated payouts would be paid twice where the engine may lose what was paid.
    const isRepeated = !scenario.forgets || scenario.mayPayTwice;
    const timers = isRepeated
      ? [
          setInterval(() => world.races.begin(world.places), 100),
          setInterval(() => world.races.repeat(world.places), 130),
        ]
      : [];
    const stopRepeating = () => timers.forEach(clearInterval);
    const standstill = monitorEventLoopDelay({ resolution: 10 });
    standstill.enable();
    let stalledMs = 0;
    let logs: string[] = [];
    let lost = 0;
    try {
      await world.untilAllArePermitted(monotonicMs(), recoveredWithinMs);
      const overAtMs = await this.#runFaults(world);
      await world.untilAllArePermitted(overAtMs, recoveredWithinMs);
      // Money that was forgotten would be promised again about now.
      await sleep(promiseAgainMs);
      stopRepeating();
      const quiet = await world.quiet();
      stalledMs = Math.max(standstill.max / 1e6, ...quiet.map((one) => one.stalledMs));
      const account = await accountOf(world, quiet);
      lost = account.lost;
      for (const problem of account.problems) world.problem(problem);
      const epochs = new Set([...quiet.map((one) => one.epoch), await epochOf(witness)]);
      if (epochs.size !== 1) world.problem(`processes are in different epochs: ${[...epochs]}`);
      if (scenario.forgets) checkReport(world, epochs.has(epoch));
      logs = await world.logs();
    } finally {
      stopRepeating();
      standstill.disable();
      await world.end();
    }
    return {
      scenario: scenario.name,
      engine: this.#engine.name,
      seed,
      approvals: world.approvals,
      refusals: world.refusals,
      unavailable: world.unavailable,
      warnings: world.warnings,
      faults: world.faults,
      leastFree: world.bank.leastFree,
      overspends: world.bank.overspends,
      paidTwice: world.bank.paidTwice,
      lost,
      outage: world.outage,
      problems: world.problems,
      logs: [...world.losses.map(({ fromMs, toMs }) => `forgotten from ${fromMs} to ${toMs}`), ...logs],
      isInconclusive: world.problems.length > 0 && scenario.forgets && stalledMs > recoveryMs / 2,
      tookMs: Math.round(monotonicMs() - startedAtMs),
    };
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

/**
 * Runs until a run proves something: after one in which the machine stood still for too long, there is another with
 * twice the time for a recovery, until the slowest machine keeps up.
 */
export async function conclusiveRun(session: Session, seed: number): Promise<Result> {
  for (let recoveryMs = session.leastRecoveryMs; ; recoveryMs *= 2) {
    const result = await session.run(seed, recoveryMs);
    if (!result.isInconclusive || recoveryMs > 16 * shortestRecoveryMs) return result;
    console.warn(
      `${result.scenario} on ${result.engine}: the machine stood still for half of ${recoveryMs} ms; run again`,
    );
  }
}

/** A loss is never silent. */
function checkReport(world: World, isSameEpoch: boolean): void {
  if (isSameEpoch) world.problem('the engine forgot, and the epoch is the same');
  if (!world.warnings.PAYOUT_GUARD_EPOCH) world.problem('the engine forgot, and no process warned');
}

async function epochOf({ store }: OpenStore): Promise<string> {
  return (await store.totals('prompt')).epoch;
}
