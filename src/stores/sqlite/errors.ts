// Why the file cannot be used, and what to do about it.
import { BalanceUnavailableError, ConfigurationError } from '../../core/errors.js';
import { redactedCause } from '../../core/redact.js';
import { warn } from '../../core/warn.js';

/** By the beginning of the code of SQLite, or of the operating system. */
const advices: readonly (readonly [code: string, advice: string])[] = [
  ['SQLITE_BUSY', 'another process keeps the file locked; end the program that has a transaction open on it'],
  ['SQLITE_FULL', 'the disk is full; free some space'],
  ['ENOSPC', 'the disk is full; free some space'],
  ['SQLITE_READONLY', 'the file cannot be written; check the owner and rights of the file and its directory'],
  ['EACCES', 'the file cannot be read or written; check the owner and rights of the file and its directory'],
  ['SQLITE_PERM', 'the file cannot be written; check the owner and rights of the file and its directory'],
  [
    'SQLITE_CANTOPEN',
    'the file cannot be opened; its directory must exist, and the process must be allowed to write there',
  ],
  ['ENOENT', 'the file is gone; put it back, or restart the process to begin a new one'],
  ['SQLITE_CORRUPT', 'the file is damaged; stop all processes, restore a backup, and delete its .mark'],
  [
    'SQLITE_NOTADB',
    'the file is no database, or it is damaged; stop all processes, restore a backup, and delete its .mark',
  ],
  ['SQLITE_IOERR', 'the disk reports an error; check it before anything else'],
];

/** Whether another process has the lock: nothing has happened, and trying again will help. */
export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY');
}

/** Whether the connection may be used further. */
export function isHarmless(error: unknown): boolean {
  return error instanceof ConfigurationError || isBusy(error);
}

/** Turns what SQLite throws into errors that say what to do. The operator gets each as a process warning, until it works again. */
export class Failures {
  readonly #file: string;
  readonly #warned = new Set<string>();

  constructor(file: string) {
    this.#file = file;
  }

  explained(error: unknown): Error {
    const advice = adviceFor(error);
    if (!this.#warned.has(advice)) {
      this.#warned.add(advice);
      warn('PAYOUT_GUARD_SQLITE', `SQLite store ${this.#file}: ${advice}. Nothing is approved meanwhile.`, error);
    }
    return new BalanceUnavailableError('store', { detail: advice, cause: redactedCause(error) });
  }

  over(): void {
    this.#warned.clear();
  }
}

function adviceFor(error: unknown): string {
  if (error instanceof ConfigurationError) return error.problems.join('; ');
  const code = codeOf(error);
  return advices.find(([beginning]) => code.startsWith(beginning))?.[1] ?? `SQLite failed with ${code}`;
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'an unknown error';
}
