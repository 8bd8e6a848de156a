// The file as one process has it: one connection, and transactions that wait for their lock without blocking.
import { assertSqlite, Connection, placeOf } from './connection.js';
import { isBusy, isHarmless, sqliteFailure } from './errors.js';

/**
 * Pause between two tries to get the lock, in milliseconds, and what chance adds. With longer pauses, four busy
 * processes on one file kept it from each other for so long that holds were refused.
 */
const pauseMs = 1;
const jitterMs = 2;

export class SharedFile {
  readonly path: string;
  readonly #lockMs: number;
  readonly #synchronous: 'FULL' | 'NORMAL';
  #connection: Connection | undefined;
  /** True if the file was there before. Then no new one is begun in its place. */
  #isKnown = false;
  /** Transactions that write go one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Opens nothing yet.
   *
   * @param lockMs - Longest wait for the lock, in milliseconds.
   * @param synchronous - `NORMAL`: a commit does not wait for the disk, so a crash of the host may undo it.
   * @throws `ConfigurationError` when better-sqlite3 is not installed, or its addon does not run in this process.
   */
  constructor(path: string, lockMs: number, synchronous: 'FULL' | 'NORMAL' = 'FULL') {
    assertSqlite();
    this.path = path;
    this.#lockMs = lockMs;
    this.#synchronous = synchronous;
  }

  /** Runs a function that only reads, in one state of the file. It waits for no other process. */
  read<T>(act: (connection: Connection) => T): Promise<T> {
    return this.#tryUntil(this.#latest(), false, act);
  }

  /** Runs a function that writes and commits, after those that were asked for before. Without a commit it is undone. */
  write<T>(act: (connection: Connection) => T): Promise<T> {
    const latest = this.#latest();
    const answer = this.#last.then(() => this.#tryUntil(latest, true, act));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async close(): Promise<void> {
    await this.#last;
    this.#disconnect();
  }

  #latest(): number {
    return performance.now() + this.#lockMs;
  }

  /** SQLite itself would wait with the event loop blocked. */
  async #tryUntil<T>(latest: number, mayWrite: boolean, act: (connection: Connection) => T) {
    for (;;) {
      try {
        // It waited for others of this process: a request that comes so late must not be executed.
        if (performance.now() > latest) throw Object.assign(new Error('late'), { code: 'SQLITE_BUSY' });
        return this.#attempt(mayWrite, act);
      } catch (error) {
        if (!isBusy(error) || performance.now() + pauseMs + jitterMs > latest) throw sqliteFailure(error, this.path);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs + Math.random() * jitterMs));
    }
  }

  #attempt<T>(mayWrite: boolean, act: (connection: Connection) => T): T {
    const connection = this.#connected();
    try {
      connection.begin(mayWrite);
      const answer = act(connection);
      connection.rollBack();
      return answer;
    } catch (error) {
      if (isHarmless(error)) connection.rollBack();
      // It heals when the file does.
      else this.#disconnect();
      throw error;
    }
  }

  #connected(): Connection {
    const place = placeOf(this.path);
    if (this.#connection && this.#connection.place === place) return this.#connection;
    // The file was replaced. SQLite leaves the log of a file that was moved alone.
    this.#disconnect();
    if (this.#isKnown && place === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    this.#connection = new Connection(this.path, this.#isKnown, this.#synchronous);
    this.#isKnown = true;
    return this.#connection;
  }

  #disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}
