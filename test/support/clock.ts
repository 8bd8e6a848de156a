// A clock for tests: it stands still until the test moves it, and runs the timers that were set on it.
import type { Clock } from 'payout-guard';

export interface TestClock extends Required<Clock> {
  /** Lets time pass without running timers. */
  advance(ms: number): void;
  /** Sets the time of day forward or back, as an operator or NTP does. Durations are not touched. */
  step(ms: number): void;
  /** Lets time pass, timer by timer, and lets everything that follows from each run before the next. */
  pass(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly timers: number;
}

export function stoppedClock(startMs = 1_700_000_000_000): TestClock {
  let nowMs = startMs;
  let elapsedMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const advance = (ms: number) => {
    nowMs += ms;
    elapsedMs += ms;
  };
  const takeDue = (untilMs: number) => {
    const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs);
    if (next) timers.delete(next);
    return next;
  };
  return {
    now: () => nowMs,
    elapsed: () => elapsedMs,
    after: (delayMs, run) => {
      const timer = { atMs: elapsedMs + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance,
    step: (ms) => {
      nowMs += ms;
    },
    pass: async (ms) => {
      const endMs = elapsedMs + ms;
      await quiet();
      for (let timer = takeDue(endMs); timer; timer = takeDue(endMs)) {
        advance(Math.max(0, timer.atMs - elapsedMs));
        timer.run();
        await quiet();
      }
      advance(endMs - elapsedMs);
      await quiet();
    },
    get timers() {
      return timers.size;
    },
  };
}

/** Resolves when everything that could go on without time or input has done so. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
