// Failures of the file, and what to do about each.
import { ConfigurationError } from '../../core/errors.js';
import { StoreFailure, type StoreFailureCause } from '../../core/store-failure.js';

/** By the code of SQLite, or of the operating system. */
const advices: readonly (readonly [code: RegExp, kind: StoreFailureCause, advice: string])[] = [
  [/^SQLITE_BUSY/, 'lock', 'another process keeps the file locked; end the program that has a transaction open on it'],
  [/^(SQLITE_FULL|ENOSPC)/, 'capacity', 'the disk is full; free some space'],
  [
    /^(SQLITE_READONLY|SQLITE_PERM|EACCES)/,
    'access',
    'the file cannot be read or written; check the owner and rights of the file and its directory',
  ],
  [
    /^SQLITE_CANTOPEN/,
    'access',
    'the file cannot be opened; its directory must exist, and the process must be allowed to write there',
  ],
  [/^ENOENT/, 'damaged', 'the file is gone; put it back, or restart the process to begin a new one'],
  [
    /^(SQLITE_CORRUPT|SQLITE_NOTADB)/,
    'damaged',
    'this is no database, or the file is damaged; stop all processes, restore a backup, and delete its .mark',
  ],
  [/^SQLITE_IOERR/, 'damaged', 'the disk reports an error; check it before anything else'],
];

/** Returns true if another process has the lock: nothing has happened, and trying again will help. */
export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY');
}

/** Returns true if the connection may be used further. */
export function isHarmless(error: unknown): boolean {
  return error instanceof ConfigurationError || isBusy(error);
}

/** The failure that callers get and operators are warned of. */
export function sqliteFailure(error: unknown, file: string): StoreFailure {
  const where = `Nothing is approved meanwhile. File: ${file}.`;
  if (error instanceof ConfigurationError)
    return new StoreFailure('CONFIGURATION', 'setup', error.problems.join('; '), where);
  const code = codeOf(error);
  const found = advices.find(([pattern]) => pattern.test(code));
  const [, kind, advice] = found ?? [code, 'other', 'SQLite returned an error'];
  return new StoreFailure(code, kind, advice, where);
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'UNKNOWN';
}
