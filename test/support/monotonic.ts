// The monotonic clock of this process, for tests that let time pass at a database without waiting for it.
import { afterEach, beforeEach } from '@jest/globals';

const { now } = performance;
let aheadMs = 0;

/** Lets the tests of this block move the clock on with {@link passMonotonic}. */
export function movableMonotonic(): void {
  beforeEach(() => {
    aheadMs = 0;
    performance.now = () => now.call(performance) + aheadMs;
  });
  afterEach(() => {
    performance.now = now;
  });
}

/** From now on the clock shows so much more, in milliseconds. Deadlines that run meanwhile are over. */
export function passMonotonic(ms: number): void {
  aheadMs += ms;
}
