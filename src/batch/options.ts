// The options of a batch.
import * as z from 'zod';
import { InvalidArgumentError } from '../core/errors.js';
import { Problems } from '../core/problems.js';
import { functionSchema } from '../core/schemas.js';
import type { BatchRow } from './report.js';

/** Options of a batch. */
export interface BatchOptions {
  /**
   * Key of the wallet that pays.
   * @defaultValue the only wallet of the guard
   */
  wallet?: string | undefined;
  /**
   * `'all'`: nothing is paid unless the wallet covers every payout that is still to be made. `'fit'`: those that fit,
   * in the order given.
   * @defaultValue `'all'`
   */
  policy?: 'all' | 'fit' | undefined;
  /**
   * Payments that are made at the same time; 1 to 1,000.
   * @defaultValue 5
   */
  concurrency?: number | undefined;
  /**
   * Conditions to stop paying. Payments under way then continue to their end, and the holds that this run took for the
   * rest are released. Those that another run took are left to it.
   */
  stopOn?: StopOptions | undefined;
  /**
   * Lifetime of reservations that are not paid yet, in milliseconds; 3,000 to 86,400,000. The batch renews them every
   * third of this time while it runs, and they free their money that long after a crash.
   * @defaultValue 600,000
   */
  expiresInMs?: number | undefined;
  /**
   * Called once for every row, when its outcome is known. What another run is still making is `open` then, and may be
   * `paid` in the report. The batch does not wait for the function. An error that it throws, or rejects with, becomes a
   * process warning.
   */
  onProgress?: ((progress: BatchProgress) => void) | undefined;
  /** Stops the batch, as {@link BatchOptions.stopOn} does. */
  signal?: AbortSignal | undefined;
}

export interface StopOptions {
  /**
   * So many payments in a row that ended in an error, or returned a failed HTTP response (`ok: false`, or headers with
   * a status outside of 200 to 299), and did not fail; 1 to 1,000,000. Each of them may have been made, and stays held.
   * Those that the guard refuses to send count too, as on a frozen wallet, but not those that another run has sent
   * meanwhile.
   * @defaultValue 3
   */
  errorsInARow?: number | undefined;
  /**
   * So many payouts that failed; 1 to 1,000,000.
   * @defaultValue never
   */
  failed?: number | undefined;
}

/** The progress of a batch. */
export interface BatchProgress {
  /** The row whose outcome is known now. */
  readonly row: BatchRow;
  /** Rows whose outcome is known, this one included. */
  readonly done: number;
  /** All rows. */
  readonly total: number;
}

/** {@link BatchOptions} with defaults. */
export interface ResolvedBatchOptions {
  readonly wallet: string | undefined;
  readonly policy: 'all' | 'fit';
  readonly concurrency: number;
  readonly errorsInARow: number;
  readonly failed: number;
  readonly expiresInMs: number;
  readonly onProgress: ((progress: BatchProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

const count = z.int().min(1).max(1_000_000);
const schema: z.ZodType<BatchOptions> = z.strictObject({
  wallet: z.string().min(1).optional(),
  policy: z.enum(['all', 'fit']).optional(),
  concurrency: z.int().min(1).max(1_000).optional(),
  stopOn: z.strictObject({ errorsInARow: count.optional(), failed: count.optional() }).optional(),
  expiresInMs: z.int().min(3_000).max(86_400_000).optional(),
  onProgress: functionSchema<NonNullable<BatchOptions['onProgress']>>().optional(),
  signal: z.instanceof(AbortSignal).optional(),
});

/** @throws `InvalidArgumentError` naming every option that is not valid. */
export function resolveBatchOptions(options: BatchOptions): ResolvedBatchOptions {
  const problems = new Problems();
  problems.read(schema, options);
  if (problems.any) throw new InvalidArgumentError('options', problems.error().problems.join('; '));
  const { wallet, policy = 'all', concurrency = 5, stopOn = {}, expiresInMs = 600_000, onProgress, signal } = options;
  const { errorsInARow = 3, failed = Number.POSITIVE_INFINITY } = stopOn;
  return { wallet, policy, concurrency, errorsInARow, failed, expiresInMs, onProgress, signal };
}
