// Runs rounds when they are due, on the injected clock.
import { type Clock, runAfter } from '../core/clock.js';
import type { Schedule } from './schedule.js';

/**
 * Longest wait before the time of day is read again, in milliseconds: the clock may be set, and the machine may sleep.
 */
const longestWaitMs = 60_000;

export class Timer {
  readonly #schedule: Schedule;
  readonly #clock: Clock;
  readonly #run: () => void;
  #cancel = () => {};
  #isStarted = false;

  constructor(schedule: Schedule, clock: Clock, run: () => void) {
    this.#schedule = schedule;
    this.#clock = clock;
    this.#run = run;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#wait(this.#schedule.firstMs(this.#clock.now()));
  }

  stop(): void {
    this.#isStarted = true;
    this.#cancel();
  }

  /** Waits for the next round. Rounds that were missed while the process was paused are replaced by one. */
  #wait(dueMs: number | undefined): void {
    if (dueMs === undefined) return;
    const waitMs = Math.min(Math.max(dueMs - this.#clock.now(), 0), longestWaitMs);
    this.#cancel = runAfter(this.#clock, waitMs, () => {
      const nowMs = this.#clock.now();
      const nextMs = this.#schedule.nextMs(nowMs);
      // A clock that was set back must not delay the next round by as much.
      if (nowMs < dueMs) return this.#wait(Math.min(dueMs, nextMs ?? dueMs));
      this.#wait(nextMs);
      this.#run();
    });
  }
}
