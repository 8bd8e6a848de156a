// SQLite: our own file in memory, because the histories do not test the disk. There is no network: only the lock takes
// time and may fail. A process with the lock is answered at once. A process that does not get it has changed nothing.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Clock, HoldStore } from 'payout-guard';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import type { Engine } from '../../../src/stores/shared/engine.js';
import { EngineStore } from '../../../src/stores/shared/engine-store.js';
import { SqliteEngine } from '../../../src/stores/sqlite/engine.js';
import { folderInMemory } from '../../support/sqlite.js';
import { directLine, type Line, type RealEngine, type StoreOptions } from './engine.js';

const rememberMs = 2_592_000_000;

export async function startSqlite(): Promise<RealEngine> {
  return new RealSqlite();
}

class RealSqlite implements RealEngine {
  readonly name = 'sqlite';
  readonly resends = false;
  readonly #folder = folderInMemory();
  readonly #open: { close(): Promise<void> }[] = [];
  /** The same name in each history, because warnings contain it. */
  readonly #file = join(this.#folder, 'payouts.db');

  open(clock: Clock, options: StoreOptions, line: Line): HoldStore {
    if (line === directLine) {
      const store = sqliteStore({ file: this.#file, clock, ...options });
      this.#open.push(store);
      return store;
    }
    const { deadlineMs, recoveryMs } = options;
    const engine = new SqliteEngine({ file: this.#file, clock, lockMs: 10_000, recoveryMs, rememberMs });
    this.#open.push(engine);
    return new EngineStore(new WaitingEngine(engine, line, deadlineMs), options);
  }

  /**
   * Acts as if an empty copy from a few seconds ago had been restored, and from before the clock was set back: the
   * kept time is lost as well. A rollback of more than a minute would need an operator.
   */
  async forget(): Promise<void> {
    const database = new Database(this.#file);
    const store = database.prepare('SELECT * FROM store').get() as { id: string; counter: number; now_ms: number };
    writeFileSync(`${this.#file}.mark`, `${store.id} ${store.counter} ${store.now_ms}`.padEnd(127).concat('\n'));
    database.exec(
      'DELETE FROM holds; DELETE FROM wallets; DELETE FROM notes; DELETE FROM day_counters; ' +
        'UPDATE store SET counter = 0, offset_ms = 0',
    );
    database.close();
  }

  async reset(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((one) => one.close()));
    for (const ending of ['', '-wal', '-shm', '.mark']) rmSync(`${this.#file}${ending}`, { force: true });
  }

  async close(): Promise<void> {
    await this.reset();
    rmSync(this.#folder, { recursive: true });
  }
}

/**
 * Gets the lock over the line. The transactions of a process run one after another, as they do while waiting for a
 * lock.
 */
class WaitingEngine implements Engine {
  readonly name = 'sqlite';
  readonly locksWallets = false;
  readonly #engine: SqliteEngine;
  readonly #line: Line;
  readonly #lockMs: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(engine: SqliteEngine, line: Line, lockMs: number) {
    this.#engine = engine;
    this.#line = line;
    this.#lockMs = lockMs;
  }

  run: Engine['run'] = (...batch) => this.#locked('batch', () => this.#engine.run(...batch));
  list: Engine['list'] = (filter) => this.#locked('list', () => this.#engine.list(filter));
  claim: Engine['claim'] = (request) => this.#locked('claim', () => this.#engine.claim(request));
  note: Engine['note'] = (key) => this.#locked('note', () => this.#engine.note(key));
  swapNote: Engine['swapNote'] = (...change) => this.#locked('note', () => this.#engine.swapNote(...change));

  async close(): Promise<void> {
    await this.#last;
  }

  #locked<T>(what: string, act: () => Promise<T>): Promise<T> {
    const latest = performance.now() + this.#lockMs;
    const answer = this.#last.then(async () => {
      await this.#line.send(`lock for ${what}`, 'other', async () => {});
      if (performance.now() > latest) throw new Error('The file stayed locked.');
      return this.#line.sendAtOnce(act);
    });
    this.#last = answer.catch(() => {});
    return answer;
  }
}
