// A clock for tests. It does not advance until the test moves it, and then runs the timers that are due.
import type { Clock } from 'payout-guard';

export interface TestClock extends Required<Clock> {
  /** Advances time without running timers. */
  advance(ms: number): void;
  /** Sets the time of day forward or back, as an operator or NTP does. Durations are not affected. */
  step(ms: number): void;
  /** Advances time, timer by timer. Everything that follows from each timer runs before the next. */
  pass(ms: number): Promise<void>;
  /** Pending timers. */
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

/** Resolves when all work that needs neither time nor input has run. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
