// Timers and elapsed time, which a shared store reads from its machine, and here from the history. All other code of
// this process keeps the real ones.
import { AsyncLocalStorage } from 'node:async_hooks';

/** The simulated machine of a store. */
export interface Machine {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void;
  every(intervalMs: number, run: () => void): () => void;
}

const machine = new AsyncLocalStorage<Machine>();

/** Runs a function, and everything that follows from it, on this machine. */
export function within<T>(place: Machine, act: () => T): T {
  return machine.run(place, act);
}

/** Runs a function on the real machine. */
export function outside<T>(act: () => T): T {
  return machine.exit(act);
}

class Timer {
  cancel = (): void => {};

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** Replaces them until the returned function is called. */
export function replaceMachine(): () => void {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const timer =
    (real: (...args: unknown[]) => unknown, kind: 'after' | 'every') =>
    (...args: unknown[]) => {
      const place = machine.getStore();
      if (!place) return real(...args);
      const [run, delayMs = 0] = args as [() => void, number?];
      const handle = new Timer();
      handle.cancel = place[kind](delayMs, () => within(place, run));
      return handle;
    };
  const clear = (real: (handle: never) => void) => (handle: unknown) => {
    if (handle instanceof Timer) handle.cancel();
    else real(handle as never);
  };
  const now = performance.now.bind(performance);
  Object.assign(globalThis, {
    setTimeout: timer(setTimeout as never, 'after'),
    setInterval: timer(setInterval as never, 'every'),
    clearTimeout: clear(clearTimeout),
    clearInterval: clear(clearInterval),
  });
  performance.now = () => machine.getStore()?.now() ?? now();
  return () => {
    Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
    performance.now = now;
  };
}
