// The time of the file, and its epochs: what is done when it turns out to be an older one.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { warn } from '../../core/warn.js';
import { assertKnown, type Connection } from './connection.js';
import { Mark, type Progress } from './mark.js';
import { SharedFile } from './shared-file.js';

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

/** The state of the file within a transaction. */
export interface Transaction {
  readonly connection: Connection;
  readonly store: StoreRow;
  readonly nowMs: number;
  readonly recoveringForMs: number;
  /** True if the clock of the machine was set back since the file was written. */
  readonly isBehind: boolean;
  /** True if it has the lock; otherwise nothing is due. */
  readonly mayWrite: boolean;
  /** It begins a new epoch in a file that may have lost data. */
  readonly isRepair?: boolean;
}

/** A file that is no older than this goes through the recovery window alone: longer, and an operator must reconcile. */
const fewLostMs = 60_000;
/** A new epoch goes so far ahead that no process has seen more of the old one. */
const leap = 1_000_000;

const dueQuery = 'SELECT 1 FROM holds WHERE due_at_ms <= ? LIMIT 1';
const storeQuery = 'SELECT s.*, v.user_version FROM pragma_user_version v LEFT JOIN store s';
const beginEpoch = `INSERT OR REPLACE INTO store
  (singleton, id, epoch, born_at_ms, counter, place, now_ms, offset_ms, frozen_at_ms, frozen_for)
  VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export class SqliteFile {
  readonly #options: FileOptions;
  readonly #file: SharedFile;
  readonly #mark: Mark;
  /** Adds up the totals of all wallets anew, and freezes them if there is a reason. */
  readonly #onEpoch: (transaction: Transaction, freeze: boolean) => void;
  /** The progress that this process saw last: the file must not fall behind it. */
  #seen: Progress | undefined;
  /** The connection whose file was compared with its mark. */
  #compared: Connection | undefined;

  constructor(options: FileOptions, onEpoch: (transaction: Transaction, freeze: boolean) => void) {
    this.#options = options;
    this.#onEpoch = onEpoch;
    this.#file = new SharedFile(options.file, options.lockMs);
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
    const done = await this.#file.read((connection) => {
      const { row, doubt } = this.#look(connection);
      const transaction = row && !doubt ? this.#at(connection, row, false) : undefined;
      if (!transaction || isDue(transaction)) return undefined;
      const answer = act(transaction);
      this.#seen = { id: transaction.store.id, counter: transaction.store.counter, nowMs: transaction.store.now_ms };
      return { answer };
    });
    return done ? done.answer : this.write(act);
  }

  /**
   * Runs a function in a transaction of its own, after those that were asked for before. What it throws undoes
   * everything.
   */
  write<T>(act: (transaction: Transaction) => T): Promise<T> {
    return this.#file.write((connection) => {
      const { row, doubt } = this.#look(connection);
      const transaction = row && !doubt ? this.#at(connection, row) : this.#newEpoch(connection, row, doubt);
      const answer = act(transaction);
      this.#commit(transaction);
      return answer;
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
    this.#mark.close();
  }

  #look(connection: Connection): { readonly row: StoreRow | undefined; readonly doubt: Doubt | undefined } {
    const found = connection.get(storeQuery) as StoreRow & { readonly user_version: number };
    assertKnown(found.user_version);
    const row = found.id === null ? undefined : found;
    return { row, doubt: this.#doubtOf(connection, row) };
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

  /** Returns the reason for which the file may have lost data, and how much of it. */
  #doubtOf(connection: Connection, row: StoreRow | undefined): Doubt | undefined {
    const seen = this.#seen;
    if (seen && row?.id !== seen.id) return { text: 'is not the one it was', lostMs: everything };
    const doubt = row && behind(seen, row);
    if (doubt || this.#compared === connection) return doubt;
    const sinceOpened = comparedWith(this.#mark.read(), row, connection.place);
    if (!sinceOpened) this.#compared = connection;
    return sinceOpened;
  }

  #newEpoch(connection: Connection, row: StoreRow | undefined, doubt: Doubt | undefined): Transaction {
    if (doubt) connection.check();
    const id = row?.id ?? randomUUID();
    const { nowMs, store } = this.#at(connection, row ?? { ...nothing, id });
    const isLong = doubt !== undefined && doubt.lostMs > fewLostMs;
    const reason =
      `The file ${doubt?.text}, so payouts may be missing from it. ` +
      'Reconcile them with the provider, then call store.reconciled().';
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
    // A transaction that changed nothing needs no commit, so it waits for no disk.
    if (connection.changes === 0 && !isBehind) return;
    const counter = store.counter + 1;
    connection.run('UPDATE store SET counter = ?, now_ms = ?, offset_ms = ?', counter, nowMs, store.offset_ms);
    connection.commit();
    this.#seen = { id: store.id, counter, nowMs };
    this.#compared = connection;
    // Not before the commit: without it the older file must still be found to be one.
    if (isRepair) this.#mark.write(this.#seen);
    this.#mark.renew(this.#seen);
  }
}

/** Returns true if there is something that even a read must write down. */
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
  /** Time of which the file may have lost the changes, in milliseconds. */
  readonly lostMs: number;
}

const everything = Number.POSITIVE_INFINITY;

function behind(progress: Progress | undefined, row: StoreRow): Doubt | undefined {
  if (!progress || progress.counter <= row.counter) return undefined;
  return { text: 'went back in time', lostMs: progress.nowMs - row.now_ms };
}

function comparedWith(mark: Progress | undefined, row: StoreRow | undefined, place: string): Doubt | undefined {
  if (!row) {
    // A mark that never got further than its beginning is no loss.
    return mark && mark.counter > 0 ? { text: 'is new, and its .mark is not', lostMs: everything } : undefined;
  }
  if (row.place !== place) return { text: 'was copied or moved', lostMs: everything };
  if (mark?.id !== row.id) return { text: 'has no .mark of its own', lostMs: everything };
  return behind(mark, row);
}
