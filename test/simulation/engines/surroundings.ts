// What a shared store takes from the machine that it runs on, and gets from the history instead: timers, the time that has
// passed, and the place for its warnings. Everybody else in this process keeps the real ones.
import { AsyncLocalStorage } from 'node:async_hooks';

/** The machine that a store believes to run on. */
export interface Surroundings {
  /** Milliseconds since some moment. */
  now(): number;
  after(delayMs: number, run: () => void): void;
  every(intervalMs: number, run: () => void): void;
  warn(message: string): void;
}

const surroundings = new AsyncLocalStorage<Surroundings>();

/** Runs something, and whatever comes of it later, in these surroundings. */
export function within<T>(place: Surroundings, act: () => T): T {
  return surroundings.run(place, act);
}

/** Runs something on the real machine. */
export function outside<T>(act: () => T): T {
  return surroundings.exit(act);
}

class Timer {
  isCleared = false;

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** Replaces them until the answer is called. */
export function replaceSurroundings(): () => void {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const { emitWarning } = process;
  const timer =
    (real: (...args: unknown[]) => unknown, kind: 'after' | 'every') =>
    (...args: unknown[]) => {
      const place = surroundings.getStore();
      if (!place) return real(...args);
      const [run, delayMs = 0] = args as [() => void, number?];
      const handle = new Timer();
      place[kind](delayMs, () => {
        if (!handle.isCleared) within(place, run);
      });
      return handle;
    };
  const clear = (real: (handle: never) => void) => (handle: unknown) => {
    if (handle instanceof Timer) handle.isCleared = true;
    else real(handle as never);
  };
  const now = performance.now.bind(performance);
  Object.assign(globalThis, {
    setTimeout: timer(setTimeout as never, 'after'),
    setInterval: timer(setInterval as never, 'every'),
    clearTimeout: clear(clearTimeout),
    clearInterval: clear(clearInterval),
  });
  performance.now = () => surroundings.getStore()?.now() ?? now();
  process.emitWarning = (warning: string | Error, ...more: unknown[]) => {
    const place = surroundings.getStore();
    if (place) place.warn(String(warning));
    else (emitWarning as (...args: unknown[]) => void).call(process, warning, ...more);
  };
  return () => {
    Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
    performance.now = now;
    process.emitWarning = emitWarning;
  };
}
