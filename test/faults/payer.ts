// A process that pays: it shares a store with others, and asks a guard before each payout. It says what it was permitted and what
// it believes; whether that is right is judged elsewhere.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../simulation/random.js';
import type { Assignment, FromPayer, ToPayer } from './messages.js';
import { shiftClock } from './shifted-clock.js';
import { Till } from './till.js';

/** Payouts under way at the same time in one process. */
const maxUnderWay = 12;

const tell = (message: FromPayer): void => {
  if (process.connected) process.send?.(message);
};
const standstill = monitorEventLoopDelay({ resolution: 10 });
standstill.enable();
let run: Run | undefined;

class Run {
  readonly #till: Till;
  readonly #random: Random;
  #isPaused = false;

  constructor(assignment: Assignment) {
    this.#random = new Random(assignment.seed);
    this.#till = new Till(assignment, this.#random, tell);
    standstill.reset();
    void this.#payOn();
  }

  get till(): Till {
    return this.#till;
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#till.idle();
    tell({ kind: 'quiet', ...(await this.#till.beliefs()), stalledMs: standstill.max / 1e6 });
  }

  async end(): Promise<void> {
    this.#isPaused = true;
    await this.#till.close();
    run = undefined;
    tell({ kind: 'over' });
  }

  async #payOn(): Promise<void> {
    while (!this.#isPaused) {
      if (this.#till.underWay < maxUnderWay) this.#till.payOut();
      if (this.#random.chance(0.03)) this.#till.reconcile();
      await sleep(this.#random.between(5, 35));
    }
  }
}

function hear(message: ToPayer): void {
  switch (message.kind) {
    case 'shift clock':
      shiftClock(message.ms);
      break;
    case 'begin':
      shiftClock(0);
      run = new Run(message.assignment);
      tell({ kind: 'begun' });
      break;
    case 'webhook':
      run?.till.hearWebhook(message);
      break;
    case 'race':
      run?.till.race(message);
      break;
    case 'pause':
      void run?.pause();
      break;
    case 'tell trail':
      tell({ kind: 'trail', lines: run?.till.trailOf(message.reference) ?? [] });
      break;
    case 'end':
      void run?.end();
  }
}

process.on('message', hear);
// Nobody is there to judge any more. With no run under way it must end by itself instead.
process.on('disconnect', () => run && process.exit(1));
process.on('warning', (warning: Error & { code?: string }) =>
  tell({ kind: 'warning', code: warning.code ?? warning.name, message: warning.message }),
);
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) =>
    tell({ kind: 'problem', problem: `${event}: ${(error as Error)?.stack ?? error}` }),
  );
}
tell({ kind: 'ready' });
