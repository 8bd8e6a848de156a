// The default store: holds in the memory of this process.
import * as z from 'zod';
import { type Clock, systemClock } from '../clock.js';
import { readOptions } from '../problems.js';
import { clockSchema } from '../schemas.js';
import type { HoldStore } from '../store.js';
import { MemoryStore } from './store.js';

export interface MemoryStoreOptions {
  /**
   * Finished references that are remembered: so many that were captured or failed, and besides them so many that were
   * released without being sent. Of each kind the one that ended longest ago is forgotten first; a process warning
   * reports when that is less than 30 days. A repeated payout whose reference was forgotten is not recognised. 0 to
   * 10,000,000.
   * @defaultValue 100,000
   */
  rememberFinished?: number | undefined;
  /**
   * Source of the time; for tests.
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined;
}

const optionsSchema: z.ZodType<MemoryStoreOptions> = z.strictObject({
  rememberFinished: z.int().min(0).max(10_000_000).optional(),
  clock: clockSchema.optional(),
});

/**
 * A store in the memory of this process: the default. It ends with the process and is not shared with others, so it is
 * for one process that makes all payouts of its wallets.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function memoryStore(options: MemoryStoreOptions = {}): HoldStore {
  const { rememberFinished = 100_000, clock = systemClock } = readOptions(optionsSchema, options);
  return new MemoryStore(rememberFinished, clock);
}
