// Time and order. Every event of a history is a task of this scheduler, and no timer of the machine takes part.
import type { Random } from './random.js';

interface Task {
  readonly atMs: number;
  /** Decides between tasks of the same millisecond. */
  readonly order: number;
  /** Undefined once cancelled. */
  run: (() => void) | undefined;
  /** Runs only while other tasks wait, because a recurring task would never let a history end. */
  readonly isBackground: boolean;
}

export class Scheduler {
  readonly #random: Random;
  /** A binary heap, soonest first. */
  readonly #tasks: Task[] = [];
  readonly #work = new Set<Promise<unknown>>();
  readonly #startMs: number;
  #nowMs: number;
  /** Tasks that are neither cancelled nor in the background. */
  #waiting = 0;

  constructor(random: Random, startMs = 1_700_000_000_000) {
    this.#random = random;
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Milliseconds since the history began. */
  get elapsedMs(): number {
    return this.#nowMs - this.#startMs;
  }

  /** Runs a task after a delay in milliseconds. Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void {
    return this.#add(delayMs, run, false);
  }

  /** The same for a recurring task: a history does not wait for it. */
  inBackground(delayMs: number, run: () => void): () => void {
    return this.#add(delayMs, run, true);
  }

  /** Makes the step wait for work outside the history: a request to a real engine. Must not reject. */
  waitFor(work: Promise<unknown>): void {
    this.#work.add(work);
    void work.then(() => this.#work.delete(work));
  }

  /**
   * Moves the clock to the next task, runs it, and waits for everything that follows from it. Returns false if there
   * was no task.
   */
  async step(): Promise<boolean> {
    if (this.#work.size > 0) await this.#settle();
    if (this.#waiting === 0) await quiet();
    if (this.#waiting === 0) return false;
    const task = this.#takeSoonest();
    if (!task?.run) return false;
    this.#nowMs = task.atMs;
    if (!task.isBackground) this.#waiting -= 1;
    const { run } = task;
    task.run = undefined;
    run();
    await quiet();
    if (this.#work.size > 0) await this.#settle();
    return true;
  }

  async #settle(): Promise<void> {
    while (this.#work.size > 0) {
      await Promise.all(this.#work);
      await quiet();
    }
  }

  #add(delayMs: number, run: () => void, isBackground: boolean): () => void {
    const task: Task = { atMs: this.#nowMs + delayMs, order: this.#random.next(), run, isBackground };
    this.#push(task);
    if (!isBackground) this.#waiting += 1;
    return () => {
      if (task.run && !isBackground) this.#waiting -= 1;
      task.run = undefined;
    };
  }

  #push(task: Task): void {
    const tasks = this.#tasks;
    let index = tasks.push(task) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isSooner(task, tasks[parent])) break;
      tasks[index] = tasks[parent] as Task;
      index = parent;
    }
    tasks[index] = task;
  }

  /** Takes the soonest task that is not cancelled. */
  #takeSoonest(): Task | undefined {
    let task = this.#takeFirst();
    while (task && !task.run) task = this.#takeFirst();
    return task;
  }

  #takeFirst(): Task | undefined {
    const tasks = this.#tasks;
    const first = tasks[0];
    const last = tasks.pop();
    if (!first || !last || tasks.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (isSooner(tasks[child + 1], tasks[child])) child += 1;
      const next = tasks[child];
      if (!next || !isSooner(next, last)) break;
      tasks[index] = next;
      index = child;
    }
    tasks[index] = last;
    return first;
  }
}

function isSooner(one: Task | undefined, other: Task | undefined): boolean {
  if (!one || !other) return false;
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/**
 * Resolves when every promise that could continue has continued: Node.js runs a tick only once the queue of microtasks
 * is empty, however long its chains are. It takes a fifth of the time of `setImmediate`, which waits for the same and
 * then polls the sockets.
 */
export function quiet(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Resolves after a turn of the event loop. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
