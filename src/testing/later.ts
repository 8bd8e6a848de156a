/** What a simulator has still to do. It ends with the simulator, and does not keep the process alive. */
export class Later {
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #closing = new AbortController();

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
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer.unref());
  }

  close(): void {
    this.#closing.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
