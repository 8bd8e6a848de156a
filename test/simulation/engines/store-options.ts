// Store options drawn for a run.
import { isReliable } from '../settings.js';
import type { World } from '../world.js';
import type { StoreOptions } from './engine.js';

/**
 * Deadlines are short when messages get lost, and otherwise longer than any call takes. None is shorter than the pauses
 * of a busy machine, because PostgreSQL uses it as its lock timeout, in real time.
 */
export function drawOptions({ random, settings }: World): StoreOptions {
  const deadlineMs = isReliable(settings) ? 5_000 : random.pick([1_000, 2_500]);
  return {
    deadlineMs,
    maxBatch: random.pick([1, 3, 512]),
    recoveryMs: deadlineMs * random.pick([3, 6]),
  };
}
