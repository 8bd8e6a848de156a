// A store in a SQLite file, for all processes of one host.
import * as z from 'zod';
import { type Clock, systemClock } from '../../core/clock.js';
import { readOptions } from '../../core/problems.js';
import { clockSchema } from '../../core/schemas.js';
import type { HoldStore } from '../../core/store.js';
import { EngineStore } from '../shared/engine-store.js';
import {
  defaultRememberMs,
  type RememberOptions,
  rememberShape,
  resolveSharedOptions,
  type SharedStoreOptions,
  sharedStoreShape,
} from '../shared/options.js';
import type { Readiness } from '../shared/readiness.js';
import { SqliteEngine } from './engine.js';
import { sqliteFileSchema } from './file-option.js';

export type { Readiness } from '../shared/readiness.js';

export interface SqliteStoreOptions extends SharedStoreOptions, RememberOptions {
  /**
   * Path of the file, in a directory that exists, on a local disk. It is created when there is none. SQLite keeps
   * `-wal` and `-shm` beside it, and the store a `.mark`.
   */
  file: string;
  /**
   * Source of the time; for tests.
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined;
}

const optionsSchema: z.ZodType<SqliteStoreOptions> = z.strictObject({
  ...sharedStoreShape,
  file: sqliteFileSchema,
  ...rememberShape,
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

  constructor({ file, rememberMs = defaultRememberMs, clock = systemClock, ...given }: SqliteStoreOptions) {
    const shared = resolveSharedOptions(given);
    const engine = new SqliteEngine({
      file,
      clock,
      lockMs: shared.deadlineMs * lockShare,
      recoveryMs: shared.recoveryMs,
      rememberMs,
    });
    super(engine, shared);
    this.#engine = engine;
  }

  reconciled(): Promise<void> {
    return this.#engine.reconciled();
  }
}
