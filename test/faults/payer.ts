// A process that pays: it shares a store with others, and asks a guard before each payout. It reports what it was
// permitted and its view of them; the checker compares that.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../simulation/random.js';
import type { Assignment, FromPayer, ToPayer } from './messages.js';
import { shiftClock } from './shifted-clock.js';
import { Workload } from './workload.js';

/** Payouts under way at the same time in one process. */
const maxUnderWay = 12;

const send = (message: FromPayer): void => {
  if (process.connected) process.send?.(message);
};
const standstill = monitorEventLoopDelay({ resolution: 10 });
standstill.enable();
let run: Run | undefined;

class Run {
  readonly workload: Workload;
  readonly #random: Random;
  #isPaused = false;

  static async begin(assignment: Assignment): Promise<Run> {
    const random = new Random(assignment.seed);
    return new Run(await Workload.open(assignment, random, send), random);
  }

  private constructor(workload: Workload, random: Random) {
    this.workload = workload;
    this.#random = random;
    standstill.reset();
    void this.#payOn();
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.workload.idle();
    send({ kind: 'quiet', ...(await this.workload.knowledge()), stalledMs: standstill.max / 1e6 });
  }

  async end(): Promise<void> {
    this.#isPaused = true;
    await this.workload.close();
    run = undefined;
    send({ kind: 'over' });
  }

  async #payOn(): Promise<void> {
    while (!this.#isPaused) {
      if (this.workload.underWay < maxUnderWay) this.workload.payOut();
      if (this.#random.chance(0.03)) this.workload.reconcile();
      await sleep(this.#random.between(5, 35));
    }
  }
}

async function receive(message: ToPayer): Promise<void> {
  switch (message.kind) {
    case 'shift clock':
      shiftClock(message.ms);
      break;
    case 'begin':
      shiftClock(0);
      run = await Run.begin(message.assignment);
      send({ kind: 'begun' });
      break;
    case 'webhook':
      run?.workload.receiveWebhook(message);
      break;
    case 'race':
      run?.workload.race(message);
      break;
    case 'pause':
      await run?.pause();
      break;
    case 'show log':
      send({ kind: 'log', lines: run?.workload.logOf(message.reference) ?? [] });
      break;
    case 'end':
      await run?.end();
  }
}

process.on('message', (message: ToPayer) => void receive(message));
// The checker is gone. With no run under way the process must end by itself instead.
process.on('disconnect', () => run && process.exit(1));
process.on('warning', (warning: Error & { code?: string }) =>
  send({ kind: 'warning', code: warning.code ?? warning.name }),
);
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) =>
    send({ kind: 'problem', problem: `${event}: ${(error as Error)?.stack ?? error}` }),
  );
}
send({ kind: 'ready' });
