// One connection to the file, with its tables up to date and its statements prepared.
import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { ConfigurationError } from '../../core/errors.js';
import { applicationId, migrations } from './migrations.js';

type Statement = Database.Statement<unknown[]>;

/** A write-ahead log that has grown beyond this is cut when it begins anew, in bytes. */
const walLimit = 16 * 1_048_576;

export class Connection {
  /** The number of the file in its file system. */
  readonly place: string;
  /** Rows that were changed since the last `BEGIN`. */
  changes = 0;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Statement>();

  /**
   * @throws `ConfigurationError` for a file of a later version, or of another application. What SQLite throws, as it is; while another
   *   process opens the same file, `SQLITE_BUSY`.
   */
  constructor(file: string, mustExist: boolean) {
    assertLocal(file);
    const before = placeOf(file);
    this.#database = new Database(file, { timeout: 0, fileMustExist: mustExist });
    try {
      this.#setUp();
      this.place = placeOf(file) ?? '';
      // It was replaced just now, and which one was opened is not known.
      if (before !== undefined && before !== this.place)
        throw Object.assign(new Error('replaced'), { code: 'SQLITE_BUSY' });
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  all(sql: string, ...values: unknown[]): unknown[] {
    return this.#prepared(sql).all(...values);
  }

  get(sql: string, ...values: unknown[]): unknown {
    return this.#prepared(sql).get(...values);
  }

  begin(kind: 'BEGIN' | 'BEGIN IMMEDIATE'): void {
    this.run(kind);
    this.changes = 0;
  }

  run(sql: string, ...values: unknown[]): void {
    this.changes += this.#prepared(sql).run(...values).changes;
  }

  rollBack(): void {
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
  }

  /** @throws when the file is damaged. */
  check(): void {
    const found = this.#database.pragma('quick_check(1)', { simple: true });
    if (found !== 'ok') throw Object.assign(new Error('quick_check'), { code: 'SQLITE_CORRUPT' });
  }

  close(): void {
    this.#database.close();
  }

  #setUp(): void {
    const database = this.#database;
    // In a transaction, because another process may make the tables between two readings.
    database.exec('BEGIN');
    try {
      this.#assertOurs();
    } finally {
      this.rollBack();
    }
    if (database.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
      throw new ConfigurationError(['the file system does not share memory between processes; use a local disk']);
    }
    // A commit is on the disk before it is answered; on macOS that takes more than fsync.
    database.pragma('synchronous = FULL');
    database.pragma('fullfsync = ON');
    database.pragma('cache_size = -16000');
    // Checkpoints are passive: they wait for no other process, and take what there is of a thousand pages.
    database.pragma('wal_autocheckpoint = 1000');
    database.pragma(`journal_size_limit = ${walLimit}`);
    if (this.#version() === migrations.length) return;
    database.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have done it meanwhile, even one of a later version.
      this.#assertOurs();
      for (const migration of migrations.slice(this.#version())) database.exec(migration);
      database.pragma(`application_id = ${applicationId}`);
      database.pragma(`user_version = ${migrations.length}`);
      database.exec('COMMIT');
    } finally {
      this.rollBack();
    }
  }

  #version(): number {
    return this.#database.pragma('user_version', { simple: true }) as number;
  }

  #assertOurs(): void {
    const version = this.#version();
    const isOurs = this.#database.pragma('application_id', { simple: true }) === applicationId;
    const isEmpty = version === 0 && this.#database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
    if (!isOurs && !isEmpty) {
      throw new ConfigurationError([
        'the file is a database of another application; the store needs a file of its own',
      ]);
    }
    assertKnown(version);
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Numbers of file systems in Linux that other machines share: NFS, SMB, CIFS, SMB2, 9P, Ceph, AFS, Lustre, GFS2, OCFS2.
 */
const networkFileSystems: readonly number[] = [
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x00c36400, 0x5346414f, 0x0bd00bd0, 0x01161970, 0x7461636f,
];

function assertLocal(file: string): void {
  if (!networkFileSystems.includes(statfsSync(dirname(file)).type)) return;
  throw new ConfigurationError([
    'the file is on a network file system, where locks cannot be trusted; use a local disk',
  ]);
}

/** @throws `ConfigurationError` for a protocol version that this library does not know. */
export function assertKnown(version: number): void {
  if (version <= migrations.length) return;
  throw new ConfigurationError([
    `a later version of payout-guard has changed the file (protocol ${version}; this one knows ${migrations.length}); update payout-guard`,
  ]);
}

/** The number of the file in its file system; undefined when there is none. */
export function placeOf(file: string): string | undefined {
  return statSync(file, { throwIfNoEntry: false, bigint: true })?.ino.toString();
}
