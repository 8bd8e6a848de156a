// The readiness of a shared store, for probes.
import type { Engine } from './engine.js';
import type { EpochRetries } from './epoch-retries.js';
import { anyReference, type Requests } from './requests.js';

/** The state of a store that works. */
export interface Readiness {
  /**
   * Time for which nothing is approved yet, because open holds are being restored, in milliseconds. Captures and
   * webhooks work.
   */
  readonly recoveringForMs: number;
  /** Lead of the store's clock over that of this process, in milliseconds. Nothing depends on it. */
  readonly clockAheadMs: number;
}

/** Checks the tables or scripts of the engine, then reads once. @throws `BalanceUnavailableError` on a failure. */
export async function readinessOf(
  engine: Engine,
  requests: Requests,
  retries: EpochRetries,
  deadlineMs: number,
): Promise<Readiness> {
  await requests.alone(deadlineMs, async () => engine.ready?.());
  const { nowMs, recoveringForMs } = await retries.read({ kind: 'get', reference: anyReference });
  return { recoveringForMs, clockAheadMs: nowMs - Date.now() };
}
