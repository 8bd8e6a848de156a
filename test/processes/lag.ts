// The time in which the machine kept this process from running. No time bound of a process counts it.

const everyMs = 10;

/** Measures from now on. Returns a function that returns the sum so far, in milliseconds. */
export function measureLag(): () => number {
  let lagMs = 0;
  let lastMs = performance.now();
  const measure = () => {
    const nowMs = performance.now();
    lagMs += Math.max(0, nowMs - lastMs - everyMs);
    lastMs = nowMs;
  };
  setInterval(measure, everyMs).unref();
  return () => {
    measure();
    return lagMs;
  };
}
