// The tasks that a simulator has still to do.
import { type Clock, runAfter } from '../../core/clock.js';

/** Delayed tasks that end with the simulator and do not keep the process alive. */
export class TaskTimer {
  readonly #clock: Clock;
  readonly #cancels = new Set<() => void>();
  readonly #closing = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Aborts when the simulator closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Runs `action` after a delay, at once when that is 0; never after the simulator was closed. */
  run(delayMs: number, action: () => void): void {
    if (this.closing.aborted) return;
    if (delayMs === 0) {
      action();
      return;
    }
    const cancel = runAfter(this.#clock, delayMs, () => {
      this.#cancels.delete(cancel);
      action();
    });
    this.#cancels.add(cancel);
  }

  /** Resolves after a delay; never after the simulator was closed. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.run(delayMs, resolve));
  }

  close(): void {
    this.#closing.abort();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
