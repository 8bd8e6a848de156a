// One connection to the file, with its tables up to date and its statements prepared.
import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { ConfigurationError } from '../../core/errors.js';
import { loadPackage, undefinedIfMissing } from '../../core/optional-package.js';
import { warnOnce } from '../../core/warn.js';
import { applicationId, migrations } from './migrations.js';

type Statement = Database.Statement<unknown[]>;

/** A write-ahead log that has grown beyond this is cut when it begins anew, in bytes. */
const walLimit = 16 * 1_048_576;
/** So many commits in a row that each took longer than this are no accident. */
const slowCommitMs = 50;
const slowCommits = 5;

/** @throws `ConfigurationError` when better-sqlite3 is not installed. */
function loadSqlite(): typeof Database {
  const sqlite = loadPackage<typeof Database>('better-sqlite3', () => {
    try {
      return require('better-sqlite3');
    } catch (error) {
      return undefinedIfMissing(error);
    }
  });
  if (!sqlite) throw new ConfigurationError(['needs the package better-sqlite3; run npm install better-sqlite3']);
  return sqlite;
}

/** @throws `ConfigurationError` when better-sqlite3 is not installed, or its addon does not run in this process. */
export function assertSqlite(): void {
  const sqlite = loadSqlite();
  try {
    new sqlite(':memory:').close();
  } catch (error) {
    const [reason = ''] = String((error as Partial<Error>)?.message).split('\n');
    throw new ConfigurationError([
      `better-sqlite3 does not run in this process (${reason}). After an update of Node.js, run npm rebuild ` +
        'better-sqlite3. Bun and Deno cannot run it; use another store there',
    ]);
  }
}

export class Connection {
  /** The number of the file in its file system. */
  readonly place: string;
  /** Rows that were changed since the last `begin`. */
  changes = 0;
  readonly #file: string;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Statement>();
  #slow = 0;

  /**
   * @throws `ConfigurationError` for a file of a later version, or of another application. What SQLite throws, as it
   *   is; while another process opens the same file, `SQLITE_BUSY`.
   */
  constructor(file: string, mustExist: boolean, synchronous: 'FULL' | 'NORMAL') {
    assertLocal(file);
    const before = placeOf(file);
    this.#file = file;
    this.#database = new (loadSqlite())(file, { timeout: 0, fileMustExist: mustExist });
    try {
      this.#setUp(synchronous);
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

  run(sql: string, ...values: unknown[]): void {
    this.changes += this.#prepared(sql).run(...values).changes;
  }

  begin(mayWrite: boolean): void {
    this.run(mayWrite ? 'BEGIN IMMEDIATE' : 'BEGIN');
    this.changes = 0;
  }

  commit(): void {
    const startedAtMs = performance.now();
    this.run('COMMIT');
    this.#measure(performance.now() - startedAtMs);
  }

  rollBack(): void {
    if (this.#database.inTransaction) this.run('ROLLBACK');
  }

  /** @throws when the file is damaged. */
  check(): void {
    const found = this.#database.pragma('quick_check(1)', { simple: true });
    if (found !== 'ok') throw Object.assign(new Error('quick_check'), { code: 'SQLITE_CORRUPT' });
  }

  close(): void {
    this.#database.close();
  }

  #setUp(synchronous: 'FULL' | 'NORMAL'): void {
    const database = this.#database;
    const version = this.#assertOurs();
    if (database.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
      throw new ConfigurationError(['the file system does not share memory between processes; use a local disk']);
    }
    // With FULL a commit is on the disk before it is answered; on macOS that takes more than fsync.
    database.pragma(`synchronous = ${synchronous}`);
    database.pragma('fullfsync = ON');
    database.pragma('cache_size = -16000');
    // Checkpoints are passive: they wait for no other process, and take what there is of a thousand pages.
    database.pragma('wal_autocheckpoint = 1000');
    database.pragma(`journal_size_limit = ${walLimit}`);
    if (version === migrations.length) return;
    database.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have done it meanwhile, even one of a later version.
      for (const migration of migrations.slice(this.#assertOurs())) database.exec(migration);
      database.pragma(`application_id = ${applicationId}`);
      database.pragma(`user_version = ${migrations.length}`);
      database.exec('COMMIT');
    } finally {
      this.rollBack();
    }
  }

  /** Returns the version of the file. One statement, because another process may make the tables between two. */
  #assertOurs(): number {
    const found = this.get(
      `SELECT user_version AS version, application_id AS application, EXISTS (SELECT 1 FROM sqlite_schema) AS hasTables
       FROM pragma_user_version, pragma_application_id`,
    ) as { readonly version: number; readonly application: number; readonly hasTables: 0 | 1 };
    const isEmpty = found.version === 0 && found.hasTables === 0;
    if (found.application !== applicationId && !isEmpty) {
      throw new ConfigurationError(['the file is a database of another application; use a file of its own']);
    }
    assertKnown(found.version);
    return found.version;
  }

  #measure(tookMs: number): void {
    this.#slow = tookMs > slowCommitMs ? this.#slow + 1 : 0;
    if (this.#slow !== slowCommits) return;
    warnOnce(
      'PAYOUT_GUARD_SQLITE',
      `SQLite store ${this.#file}: the disk took more than ${slowCommitMs} ms for each of ${slowCommits} commits, ` +
        'and the process waits for it. Use a faster disk, or another store.',
    );
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

/** @throws `ConfigurationError` for a protocol version later than that of this library. */
export function assertKnown(version: number): void {
  if (version <= migrations.length) return;
  throw new ConfigurationError([
    `a later version of payout-guard has changed the file ` +
      `(protocol ${version}; this one supports ${migrations.length}); update payout-guard`,
  ]);
}

/** The number of the file in its file system; undefined when there is none. */
export function placeOf(file: string): string | undefined {
  return statSync(file, { throwIfNoEntry: false, bigint: true })?.ino.toString();
}
