// Time and order. Everything that happens in a history is a task of this scheduler: no timer of the machine takes part.
import type { Clock } from 'payout-guard';
import type { Random } from './random.js';

interface Task {
  readonly atMs: number;
  /** Decides between tasks of the same millisecond. */
  readonly order: number;
  readonly run: () => void;
}

export class Scheduler implements Clock {
  readonly #random: Random;
  readonly #tasks: Task[] = [];
  readonly #work = new Set<Promise<unknown>>();
  readonly #startMs = 1_700_000_000_000;
  #nowMs: number = this.#startMs;

  constructor(random: Random) {
    this.#random = random;
  }

  now(): number {
    return this.#nowMs;
  }

  /** For people: how far into the history it is. */
  get elapsedMs(): number {
    return this.#nowMs - this.#startMs;
  }

  after(delayMs: number, run: () => void): void {
    this.#tasks.push({ atMs: this.#nowMs + delayMs, order: this.#random.next(), run });
  }

  /** Work outside the history that the step is not over without: a question to a real engine. Must not reject. */
  waitFor(work: Promise<unknown>): void {
    this.#work.add(work);
    void work.then(() => this.#work.delete(work));
  }

  /** Moves the clock to the next task, runs it, and waits until nobody has anything left to do. False: there was none. */
  async step(): Promise<boolean> {
    const task = this.#takeSoonest();
    if (!task) return false;
    this.#nowMs = task.atMs;
    task.run();
    await quiet();
    while (this.#work.size > 0) {
      await Promise.all(this.#work);
      await quiet();
    }
    return true;
  }

  #takeSoonest(): Task | undefined {
    const tasks = this.#tasks;
    let soonest = 0;
    for (let index = 1; index < tasks.length; index++) {
      if (isSooner(tasks[index], tasks[soonest])) soonest = index;
    }
    return tasks.splice(soonest, 1)[0];
  }
}

function isSooner(one: Task | undefined, other: Task | undefined): boolean {
  if (!one || !other) return false;
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/**
 * Resolves when every promise that could go on has gone on: Node runs a tick only once the queue of microtasks is empty,
 * however long the chains in it are. Costs a fifth of `setImmediate`, which waits for the same and then looks at the sockets.
 */
export function quiet(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
