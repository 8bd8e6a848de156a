// The recovery window of an epoch on the monotonic clock of this process. The database counts the same window on its
// own clock, and a step of that clock would end it while other processes are still restoring their holds.
import type { HoldOutcome, HoldRequest } from '../../core/store.js';
import type { BatchReply } from './engine.js';
import type { Reading } from './store-time.js';

export class RecoveryWindow {
  readonly #longestMs: number;
  #endMs = 0;

  /** @param longestMs - The length of the whole window. */
  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /**
   * Takes an answer, and the latest one before it. Where the epoch has changed between the two, the clock of the
   * database must not have advanced more than that of this process; if it did, the window is that much longer than the
   * database reports. A window is never shortened.
   */
  seen(reply: Pick<BatchReply, 'epoch' | 'nowMs' | 'recoveringForMs'>, before: Reading | undefined): void {
    const receivedAtMs = performance.now();
    const isNew = before !== undefined && before.epoch !== reply.epoch;
    const stepMs = isNew ? Math.max(0, reply.nowMs - before.nowMs - (receivedAtMs - before.askedAtMs)) : 0;
    const leftMs = Math.min(this.#longestMs, reply.recoveringForMs + stepMs);
    if (leftMs > 0) this.#endMs = Math.max(this.#endMs, receivedAtMs + leftMs);
  }

  /** Time for which nothing may be approved yet, in whole milliseconds. */
  get leftMs(): number {
    return this.#endMs === 0 ? 0 : Math.max(0, Math.ceil(this.#endMs - performance.now()));
  }
}

/** While nothing may be approved yet, a request that fits nothing: all else that there is to answer is answered. */
export function askable(request: HoldRequest, recoveringForMs: number): HoldRequest {
  return recoveringForMs > 0 ? { ...request, limitMinor: -1n } : request;
}

/** The answer to a request that was sent as `asked`. */
export function answerTo(
  request: HoldRequest,
  asked: HoldRequest,
  answer: HoldOutcome,
  recoveringForMs: number,
): HoldOutcome {
  if (answer.outcome === 'recovering') return { ...answer, forMs: Math.max(answer.forMs, recoveringForMs) };
  const isPutOff = asked !== request && answer.outcome === 'insufficient';
  return isPutOff ? { outcome: 'recovering', forMs: Math.max(1, recoveringForMs) } : answer;
}
