// The source of time.

/** Source of the time. Pass your own in tests. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May step forward and back, as the clock of a machine does. */
  now(): number;
  /**
   * Milliseconds since an arbitrary moment; never steps. Durations that one process measures are counted on it.
   * @defaultValue `now`
   */
  elapsed?(): number;
  /**
   * Runs a function once after so many milliseconds; the answer cancels it.
   * @defaultValue a timer of Node.js that does not keep the process alive
   */
  after?(delayMs: number, run: () => void): () => void;
}

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };

/** The time for durations. */
export function elapsedMs(clock: Clock): number {
  return clock.elapsed ? clock.elapsed() : clock.now();
}

/**
 * Runs a function once after so many milliseconds. Returns a function that cancels it.
 *
 * @param options - `keepsAlive`: a caller awaits it, so the process must not end before.
 */
export function runAfter(
  clock: Clock,
  delayMs: number,
  run: () => void,
  { keepsAlive = false }: { keepsAlive?: boolean } = {},
): () => void {
  if (clock.after) return clock.after(delayMs, run);
  const timer = setTimeout(run, delayMs);
  if (!keepsAlive) timer.unref();
  return () => clearTimeout(timer);
}

/**
 * Keeps the process alive until a call has ended that its caller awaits. The timers that it waits for may belong to the
 * background, which does not: a script would end in the middle, without an error. Timers of an injected clock are not
 * those of the process.
 */
export async function keepingAlive<T>(clock: Clock, call: Promise<T>): Promise<T> {
  if (clock.after) return call;
  const timer = setInterval(() => {}, 2 ** 30);
  try {
    return await call;
  } finally {
    clearInterval(timer);
  }
}
