// The file as processes share it: transactions that wait for their lock without blocking, the time, and what is done
// when the file turns out to be an older one.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { warn, warnOnce } from '../../core/warn.js';
import { assertKnown, Connection, placeOf } from './connection.js';
import { isBusy, isHarmless, sqliteFailure } from './errors.js';
import { Mark, type Progress } from './mark.js';

export interface FileOptions {
  readonly file: string;
  readonly clock: Clock;
  /** Longest wait for the lock, in milliseconds. */
  readonly lockMs: number;
  readonly recoveryMs: number;
}

/** The row of the file itself. */
export interface StoreRow {
  readonly id: string;
  readonly epoch: string;
  readonly born_at_ms: number;
  readonly counter: number;
  readonly place: string;
  readonly now_ms: number;
  readonly offset_ms: number;
  readonly frozen_at_ms: number | null;
  readonly frozen_for: string | null;
}

/** What an operation sees of the file, within a transaction. */
export interface Transaction {
  readonly connection: Connection;
  readonly store: StoreRow;
  readonly nowMs: number;
  readonly recoveringForMs: number;
  /** Whether the clock of the machine was set back since the file was written. */
  readonly isBehind: boolean;
  /** Whether it has the lock; otherwise nothing is due. */
  readonly mayWrite: boolean;
  /** It begins a new epoch in a file that may have forgotten something. */
  readonly isRepair?: boolean;
}

/**
 * Pause between two tries to get the lock, in milliseconds, and what chance adds. With longer pauses, four busy
 * processes on one file kept it from each other for so long that holds were refused.
 */
const pauseMs = 1;
const jitterMs = 2;
/** A file that is no older than this goes through the recovery window alone: longer, and an operator must reconcile. */
const fewLostMs = 60_000;
/** A new epoch goes so far ahead that no process has seen more of the old one. */
const leap = 1_000_000;
/** So many commits in a row that each took longer than this are no accident. */
const slowCommitMs = 50;
const slowCommits = 5;
/** Thrown when a transaction that was to read finds something to write. */
const mustWrite = new Error('must write');

const dueQuery = 'SELECT 1 FROM holds WHERE due_at_ms <= ? LIMIT 1';
const storeQuery = 'SELECT s.*, v.user_version FROM pragma_user_version v LEFT JOIN store s';
const beginEpoch = `INSERT OR REPLACE INTO store (singleton, id, epoch, born_at_ms, counter, place, now_ms, offset_ms, frozen_at_ms, frozen_for)
  VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export class SqliteFile {
  readonly #options: FileOptions;
  readonly #mark: Mark;
  /** Adds up the totals of all wallets anew, and freezes them if there is a reason. */
  readonly #onEpoch: (transaction: Transaction, freeze: boolean) => void;
  #connection: Connection | undefined;
  /** What this process saw last: the file must not fall behind. */
  #seen: Progress | undefined;
  /** Whether the file was compared with its mark since it was opened. */
  #isCompared = false;
  #slow = 0;
  /** Transactions that write go one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: FileOptions, onEpoch: (transaction: Transaction, freeze: boolean) => void) {
    this.#options = options;
    this.#onEpoch = onEpoch;
    this.#mark = new Mark(options.file, (error) => {
      const text = `SQLite store ${options.file}: its .mark cannot be written, so an older copy may not be noticed.`;
      warn('PAYOUT_GUARD_SQLITE', text, error);
    });
  }

  /**
   * Runs a function in a transaction that only reads; if something is due, or is to be repaired first, in one that
   * writes.
   */
  async read<T>(act: (transaction: Transaction) => T): Promise<T> {
    const answer = await this.#tryUntil(this.#latest(), () => this.#attempt('read', act));
    return answer === mustWrite ? this.write(act) : (answer as T);
  }

  /**
   * Runs a function in a transaction of its own, after those that were asked for before. What it throws undoes
   * everything.
   */
  write<T>(act: (transaction: Transaction) => T): Promise<T> {
    const latest = this.#latest();
    const answer = this.#last.then(() => this.#tryUntil(latest, () => this.#attempt('write', act)));
    this.#last = answer.catch(() => {});
    return answer as Promise<T>;
  }

  async close(): Promise<void> {
    await this.#last;
    this.#mark.close();
    this.#disconnect();
  }

  #latest(): number {
    return performance.now() + this.#options.lockMs;
  }

  /** SQLite itself would wait with the event loop blocked. */
  async #tryUntil<T>(latest: number, attempt: () => T): Promise<T> {
    for (;;) {
      try {
        // It waited for others of this process: what comes so late must not happen any more.
        if (performance.now() > latest) throw Object.assign(new Error('late'), { code: 'SQLITE_BUSY' });
        return attempt();
      } catch (error) {
        if (!isBusy(error) || performance.now() + pauseMs + jitterMs > latest)
          throw sqliteFailure(error, this.#options.file);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs + Math.random() * jitterMs));
    }
  }

  #attempt<T>(mode: 'read' | 'write', act: (transaction: Transaction) => T): T | typeof mustWrite {
    const connection = this.#connected();
    try {
      connection.begin(mode === 'read' ? 'BEGIN' : 'BEGIN IMMEDIATE');
      const transaction = this.#begin(connection, mode);
      const answer = act(transaction);
      if (mode === 'write') this.#commit(transaction);
      else {
        connection.run('COMMIT');
        const { id, counter, now_ms: nowMs } = transaction.store;
        this.#seen = { id, counter, nowMs };
      }
      return answer;
    } catch (error) {
      this.#giveUp(connection, error);
      if (error === mustWrite) return mustWrite;
      throw error;
    }
  }

  #giveUp(connection: Connection, error: unknown): void {
    try {
      connection.rollBack();
      if (error === mustWrite || isHarmless(error)) return;
    } catch {
      // The connection is given up as well.
    }
    // It heals when the file does.
    connection.close();
    this.#connection = undefined;
  }

  #connected(): Connection {
    const { file } = this.#options;
    if (this.#connection) {
      if (this.#connection.place === placeOf(file)) return this.#connection;
      // The file was replaced. SQLite leaves the log of a file that was moved alone.
      this.#disconnect();
    }
    const isKnown = this.#seen !== undefined;
    if (isKnown && placeOf(file) === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    this.#connection = new Connection(file, isKnown);
    this.#isCompared = false;
    return this.#connection;
  }

  #disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #begin(connection: Connection, mode: 'read' | 'write'): Transaction {
    const found = connection.get(storeQuery) as StoreRow & { readonly user_version: number };
    assertKnown(found.user_version);
    const row = found.id === null ? undefined : found;
    const doubt = this.#doubtOf(connection, row);
    const transaction = row && !doubt ? this.#at(connection, row, mode === 'write') : undefined;
    if (mode === 'read' && (!transaction || isDue(transaction))) throw mustWrite;
    return transaction ?? this.#newEpoch(connection, row, doubt);
  }

  #at(connection: Connection, store: StoreRow, mayWrite = true): Transaction {
    const { clock, recoveryMs } = this.#options;
    // Never back, and never at a stand: where the clock of the machine was set back, the difference is added from then
    // on.
    const clockMs = Math.floor(clock.now());
    const offset_ms = Math.max(store.offset_ms, store.now_ms - clockMs);
    const nowMs = clockMs + offset_ms;
    const isBehind = offset_ms > store.offset_ms;
    const recoveringForMs = Math.max(0, store.born_at_ms + recoveryMs - nowMs);
    return { connection, store: { ...store, offset_ms }, nowMs, recoveringForMs, isBehind, mayWrite };
  }

  /** Why the file may have forgotten something, and how many milliseconds of it. */
  #doubtOf(connection: Connection, row: StoreRow | undefined): Doubt | undefined {
    const seen = this.#seen;
    if (seen && row?.id !== seen.id) return { text: 'is not the one it was', lostMs: Number.POSITIVE_INFINITY };
    if (seen && row && row.counter < seen.counter)
      return { text: 'went back in time', lostMs: seen.nowMs - row.now_ms };
    if (this.#isCompared) return undefined;
    const mark = this.#mark.read();
    const doubt = row ? comparedWith(mark, row, connection.place) : lostFile(mark);
    if (!doubt) this.#isCompared = true;
    return doubt;
  }

  #newEpoch(connection: Connection, row: StoreRow | undefined, doubt: Doubt | undefined): Transaction {
    if (doubt) connection.check();
    const id = row?.id ?? randomUUID();
    const { nowMs, store } = this.#at(connection, row ?? { ...nothing, id });
    const isLong = doubt !== undefined && doubt.lostMs > fewLostMs;
    const reason = `The file ${doubt?.text}, so payouts may be missing from it. Reconcile them with the provider, then call store.reconciled().`;
    const [frozenAt, frozenFor] = isLong ? [nowMs, reason] : [store.frozen_at_ms, store.frozen_for];
    const known = [store.counter, this.#seen?.counter ?? 0, this.#mark.read()?.counter ?? 0];
    const counter = doubt ? Math.max(...known) + leap : 0;
    if (!doubt) this.#mark.write({ id, counter, nowMs });
    const [epoch, bornAt] = [randomUUID(), doubt ? nowMs : 0];
    const { place } = connection;
    connection.run(beginEpoch, id, epoch, bornAt, counter, place, nowMs, store.offset_ms, frozenAt, frozenFor);
    const transaction = this.#at(connection, connection.get(storeQuery) as StoreRow);
    this.#onEpoch(transaction, isLong);
    if (!doubt) return transaction;
    const freezes = isLong ? ' All its wallets are frozen until you have reconciled; see docs/stores.md.' : '';
    const text = `SQLite store: the file ${this.#options.file} ${doubt.text}. A new epoch begins.${freezes}`;
    warn('PAYOUT_GUARD_SQLITE', text);
    return { ...transaction, isRepair: true };
  }

  #commit({ connection, store, nowMs, isBehind, isRepair }: Transaction): void {
    // What changed nothing waits for no disk.
    if (connection.changes === 0 && !isBehind) {
      connection.run('COMMIT');
      return;
    }
    const counter = store.counter + 1;
    connection.run('UPDATE store SET counter = ?, now_ms = ?, offset_ms = ?', counter, nowMs, store.offset_ms);
    const startedAtMs = performance.now();
    connection.run('COMMIT');
    this.#measure(performance.now() - startedAtMs);
    this.#seen = { id: store.id, counter, nowMs };
    this.#isCompared = true;
    // Not before the commit: without it the older file must still be found to be one.
    if (isRepair) this.#mark.write(this.#seen);
    this.#mark.renew(this.#seen);
  }

  #measure(tookMs: number): void {
    this.#slow = tookMs > slowCommitMs ? this.#slow + 1 : 0;
    if (this.#slow !== slowCommits) return;
    warnOnce(
      'PAYOUT_GUARD_SQLITE',
      `SQLite store ${this.#options.file}: the disk took more than ${slowCommitMs} ms for each of ${slowCommits} commits, and the process waits for it. Use a faster disk, or another store.`,
    );
  }
}

/** Whether there is something that even a read must write down. */
function isDue({ connection, nowMs, isBehind }: Transaction): boolean {
  return isBehind || connection.get(dueQuery, nowMs) !== undefined;
}

/** Before the first transaction. */
const nothing = {
  epoch: '',
  born_at_ms: 0,
  counter: 0,
  place: '',
  now_ms: 0,
  offset_ms: 0,
  frozen_at_ms: null,
  frozen_for: null,
} as const;

interface Doubt {
  readonly text: string;
  /** How much the file may have forgotten, in milliseconds. */
  readonly lostMs: number;
}

function comparedWith(mark: Progress | undefined, row: StoreRow, place: string): Doubt | undefined {
  if (row.place !== place) return { text: 'was copied or moved', lostMs: Number.POSITIVE_INFINITY };
  if (mark?.id !== row.id) return { text: 'has no .mark of its own', lostMs: Number.POSITIVE_INFINITY };
  return mark.counter > row.counter ? { text: 'went back in time', lostMs: mark.nowMs - row.now_ms } : undefined;
}

/** A mark without its file. One that never got further than its beginning is no loss. */
function lostFile(mark: Progress | undefined): Doubt | undefined {
  return mark && mark.counter > 0
    ? { text: 'is new, and its .mark is not', lostMs: Number.POSITIVE_INFINITY }
    : undefined;
}
