// The options that all shared stores have.
import * as z from 'zod';

export interface SharedStoreOptions {
  /**
   * Longest time for one operation, in milliseconds; 10 to 10,000. One that takes longer is refused with reason
   * `store`.
   * @defaultValue 250
   */
  deadlineMs?: number | undefined;
  /**
   * Operations in one round trip; 1 to 5,000.
   * @defaultValue 128
   */
  maxBatch?: number | undefined;
  /**
   * Operations that may wait for a round trip; 1 to 1,000,000. More are refused at once.
   * @defaultValue 10,000
   */
  maxQueue?: number | undefined;
  /**
   * Time for which nothing is approved after the database lost data, so that every process can restore its open holds,
   * in milliseconds of the database's clock; 0 to 60,000. The same for all processes of a store, and longer than any of
   * them may stand still, or takes to connect again: the clients that the documents recommend try it every 2 to 5
   * seconds.
   * @defaultValue 10,000
   */
  recoveryMs?: number | undefined;
}

export const sharedStoreShape: { readonly [Key in keyof SharedStoreOptions]-?: z.ZodType<SharedStoreOptions[Key]> } = {
  deadlineMs: z.int().min(10).max(10_000).optional(),
  maxBatch: z.int().min(1).max(5_000).optional(),
  maxQueue: z.int().min(1).max(1_000_000).optional(),
  recoveryMs: z.int().min(0).max(60_000).optional(),
};

/** For stores that forget by time, without being asked. */
export interface RememberOptions {
  /**
   * Time for which captured and failed references are remembered, in milliseconds; 3,600,000 (an hour) to
   * 315,360,000,000 (10 years). A repeated payout whose reference was forgotten is not recognised. References that were
   * released without being sent are remembered for a day, or for this time if it is shorter.
   * @defaultValue 2,592,000,000 (30 days)
   */
  rememberMs?: number | undefined;
}

export const rememberShape: { readonly rememberMs: z.ZodType<number | undefined> } = {
  rememberMs: z.int().min(3_600_000).max(315_360_000_000).optional(),
};

export const defaultRememberMs = 2_592_000_000;

/** Time for which references that were released without being sent are remembered, in milliseconds. */
export function rememberUnsentMs(rememberMs: number): number {
  return Math.min(rememberMs, 86_400_000);
}

export type ResolvedSharedOptions = { readonly [Key in keyof SharedStoreOptions]-?: number };

export function resolveSharedOptions(options: SharedStoreOptions): ResolvedSharedOptions {
  const { deadlineMs = 250, maxBatch = 128, maxQueue = 10_000, recoveryMs = 10_000 } = options;
  return { deadlineMs, maxBatch, maxQueue, recoveryMs };
}
