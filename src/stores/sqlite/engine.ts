// A SQLite file as the stores of this library see a database.
import type { ClaimPage, ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import { type BatchReply, type Engine, type Header, isReading, type Op } from '../shared/engine.js';
import { addUp, Batch } from './batch.js';
import { type FileOptions, SqliteFile, type Transaction } from './file.js';
import { claimPage, listPage } from './pages.js';

export class SqliteEngine implements Engine {
  readonly name = 'sqlite';
  readonly #rememberMs: number;
  readonly #file: SqliteFile;

  constructor(options: FileOptions & { readonly rememberMs: number }) {
    this.#rememberMs = options.rememberMs;
    this.#file = new SqliteFile(options, addUp);
  }

  /** A commit waits for the disk, so all that is asked for in one turn of the event loop shares one. */
  soon(flush: () => void): void {
    setImmediate(flush);
  }

  run(batch: readonly Op[], header?: Header): Promise<BatchReply> {
    const act = (transaction: Transaction): BatchReply => {
      const { store, nowMs, recoveringForMs } = transaction;
      const { epoch } = store;
      const isExecuted = !header || (header.epoch === epoch && nowMs <= header.notAfterMs);
      return { epoch, nowMs, recoveringForMs, isExecuted, answers: isExecuted ? this.#run(transaction, batch) : [] };
    };
    return batch.every(isReading) ? this.#file.read(act) : this.#file.write(act);
  }

  list(filter: HoldFilter): Promise<HoldPage> {
    return this.#file.read((transaction) => {
      this.#run(transaction, []);
      return listPage(transaction, filter);
    });
  }

  claim(request: ClaimRequest): Promise<ClaimPage> {
    return this.#file.write((transaction) => {
      this.#run(transaction, []);
      return claimPage(transaction, request);
    });
  }

  note(key: string): Promise<string | undefined> {
    return this.#file.read(({ connection }) => noteOf(connection.get('SELECT value FROM notes WHERE key = ?', key)));
  }

  swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean> {
    return this.#file.write(({ connection }) => {
      if (noteOf(connection.get('SELECT value FROM notes WHERE key = ?', key)) !== expected) return false;
      if (value === undefined) connection.run('DELETE FROM notes WHERE key = ?', key);
      else connection.run('INSERT OR REPLACE INTO notes (key, value) VALUES (?, ?)', key, value);
      return true;
    });
  }

  /** Ends the freeze that an older file began, of the wallets that have it and of those that come. */
  reconciled(): Promise<void> {
    return this.#file.write(({ connection, store }) => {
      connection.run(
        'UPDATE wallets SET frozen_at_ms = NULL, frozen_for = NULL WHERE frozen_for = ?',
        store.frozen_for,
      );
      connection.run('UPDATE store SET frozen_at_ms = NULL, frozen_for = NULL');
    });
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #run(transaction: Transaction, batch: readonly Op[]): BatchReply['answers'] {
    return new Batch(transaction, this.#rememberMs).run(batch);
  }
}

function noteOf(row: unknown): string | undefined {
  return (row as { readonly value: string } | undefined)?.value;
}
