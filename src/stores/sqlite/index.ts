// A store in a SQLite file, for all processes of one host.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type Clock, systemClock } from '../../core/clock.js';
import { readOptions } from '../../core/problems.js';
import { clockSchema } from '../../core/schemas.js';
import type { HoldStore } from '../../core/store.js';
import { EngineStore, type Readiness } from '../shared/engine-store.js';
import { resolveSharedOptions, type SharedStoreOptions, sharedStoreShape } from '../shared/options.js';
import { SqliteEngine } from './engine.js';

export type { Readiness } from '../shared/engine-store.js';

export interface SqliteStoreOptions extends SharedStoreOptions {
  /**
   * Path of the file, in a directory that exists, on a local disk. It is created when there is none. SQLite keeps
   * `-wal` and `-shm` beside it, and the store a `.mark`.
   */
  file: string;
  /**
   * How long captured and failed references are remembered, in milliseconds; 3,600,000 (an hour) to 315,360,000,000 (10
   * years). A repeated payout whose reference was forgotten is not recognised. References that were released without
   * being sent are remembered for a day, or for this time if it is shorter.
   * @defaultValue 2,592,000,000 (30 days)
   */
  rememberMs?: number | undefined;
  /**
   * Source of the time; for tests.
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined;
}

const optionsSchema: z.ZodType<SqliteStoreOptions> = z.strictObject({
  ...sharedStoreShape,
  file: z
    .string()
    .refine((file) => file !== '' && !file.includes('\0') && file !== ':memory:', 'must be the path of a file')
    .refine((file) => existsSync(dirname(resolve(file))), 'its directory does not exist'),
  rememberMs: z.int().min(3_600_000).max(315_360_000_000).optional(),
  clock: clockSchema.optional(),
});

export interface SqliteStore extends HoldStore {
  /**
   * For readiness probes. @throws `BalanceUnavailableError` the store can not be used, and why: the file is locked,
   * damaged, of another application, or of a later version of this library.
   */
  ready(): Promise<Readiness>;
  /**
   * Ends the freeze of all wallets that the store began because the file was an older one, or a copy. Call it when an
   * operator has asked the provider for every payout that may be missing from the file, and has settled the holds.
   */
  reconciled(): Promise<void>;
}

/** The part of the deadline that may be spent waiting for the lock: it must be over before the caller is refused. */
const lockShare = 0.8;
/** Longest time that references of payouts are remembered that were released without being sent, in milliseconds. */
const rememberUnsentMs = 86_400_000;

/**
 * A store in a SQLite file, shared by all processes of one host that use it. What was answered is on the disk, and
 * survives a crash of the process and of the host. Needs `better-sqlite3`.
 *
 * @example
 * ```ts
 * const guard = createPayoutGuard({ provider, currency: 'KES', store: sqliteStore({ file: 'payouts.db' }) });
 * ```
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  return new FileStore(readOptions(optionsSchema, options));
}

class FileStore extends EngineStore implements SqliteStore {
  readonly #engine: SqliteEngine;

  constructor({ file, rememberMs = 2_592_000_000, clock = systemClock, ...given }: SqliteStoreOptions) {
    const shared = resolveSharedOptions(given);
    const engine = new SqliteEngine({
      file: resolve(file),
      clock,
      lockMs: shared.deadlineMs * lockShare,
      recoveryMs: shared.recoveryMs,
      rememberMs,
      rememberUnsentMs: Math.min(rememberMs, rememberUnsentMs),
    });
    super(engine, shared);
    this.#engine = engine;
  }

  reconciled(): Promise<void> {
    return this.#engine.reconciled();
  }
}
