// Bounded waiting.
import { setMaxListeners } from 'node:events';
import { type Clock, runAfter, systemClock } from './clock.js';

/** An abort controller that any number of waits may listen to: Node.js suspects a leak behind more than ten. */
export function sharedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/**
 * Runs `work` until it ends, `timeoutMs` have passed or `outer` aborts, whichever comes first, even if `work` ignores
 * the signal it is given. Rejects with `onTimeout()` or with the reason of `outer`.
 */
export async function withDeadline<T>(
  limits: { timeoutMs: number; outer: AbortSignal; onTimeout: () => Error; clock?: Clock },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { timeoutMs, outer, onTimeout, clock = systemClock } = limits;
  outer.throwIfAborted();
  const inner = sharedController();
  const abort = () => inner.abort(outer.reason);
  outer.addEventListener('abort', abort, { once: true });
  // Keeps the process alive on purpose: a caller awaits the answer, and a script must not end in silence before it is
  // known.
  const cancel = runAfter(clock, timeoutMs, () => inner.abort(onTimeout()), { keepsAlive: true });
  try {
    return await untilAborted(work(inner.signal), inner.signal);
  } finally {
    cancel();
    outer.removeEventListener('abort', abort);
  }
}

/** Waits for `work`, but no longer than until `signal` aborts. Shared work continues for its other callers. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
