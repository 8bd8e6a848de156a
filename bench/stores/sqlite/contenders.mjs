// Ways to hold money in a SQLite file. Each takes a wallet and a reference and returns whether the hold was granted.
// All use prepared statements and the pragmas of the store.
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { holder, patient } from '../ours.mjs';
import { amountMinor, limitMinor, metadata } from '../payout.mjs';
import { contenders as inPostgres } from '../postgres/contenders.mjs';

const both = ['limit', 'reference'];

export const contenders = {
  ours: { title: 'payout-guard', keeps: both, open: ours },
  handTurn: { title: 'a transaction by hand for the holds of a turn', keeps: both, open: handTurn },
  handSingle: { title: 'a transaction by hand for each hold', keeps: both, open: handSingle },
  postgres: { ...inPostgres.ours, title: 'payout-guard on PostgreSQL' },
};

async function ours({ file }, { limit, name = 'bench' } = {}) {
  const store = sqliteStore({ file: `${file}.${name}`, ...patient });
  return { ...(await holder(store, limit)), close: () => store.close() };
}

async function handSingle({ file }, { limit = limitMinor } = {}) {
  const { transaction, hold, close } = byHand(file, limit);
  return {
    async hold(wallet, reference) {
      for (;;) {
        try {
          return transaction(() => hold(wallet, reference));
        } catch (error) {
          if (error.code !== 'SQLITE_BUSY') throw error;
          await nextTurn();
        }
      }
    },
    close,
  };
}

async function handTurn({ file }, { limit = limitMinor } = {}) {
  const { transaction, hold, close } = byHand(file, limit);
  let waiting = [];
  const flush = async () => {
    const batch = waiting;
    waiting = [];
    for (;;) {
      try {
        const held = transaction(() => batch.map(({ wallet, reference }) => hold(wallet, reference)));
        for (const [index, { resolve }] of batch.entries()) resolve(held[index]);
        return;
      } catch (error) {
        if (error.code !== 'SQLITE_BUSY') throw error;
        await nextTurn();
      }
    }
  };
  return {
    hold: (wallet, reference) =>
      new Promise((resolve) => {
        if (waiting.push({ wallet, reference, resolve }) === 1) setImmediate(flush);
      }),
    close,
  };
}

function byHand(file, limit) {
  const database = new Database(`${file}.by-hand`, { timeout: 0 });
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'fullfsync = ON', 'cache_size = -16000']) {
    database.pragma(pragma);
  }
  database.exec(`
    CREATE TABLE IF NOT EXISTS wallets (
      wallet TEXT PRIMARY KEY, active INTEGER NOT NULL, captured INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS holds (
      reference TEXT PRIMARY KEY, wallet TEXT NOT NULL, state TEXT NOT NULL, amount INTEGER NOT NULL,
      created_at INTEGER NOT NULL, sent_at INTEGER NOT NULL, metadata TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS holds_open ON holds (wallet, created_at) WHERE state = 'sent'`);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  const known = database.prepare('SELECT 1 FROM holds WHERE reference = ?');
  const read = database.prepare('SELECT active, captured FROM wallets WHERE wallet = ?').safeIntegers();
  const insert = database.prepare("INSERT INTO holds VALUES (?, ?, 'sent', ?, ?, ?, ?)");
  const add = database.prepare(`INSERT INTO wallets VALUES (?, ?, 0)
    ON CONFLICT (wallet) DO UPDATE SET active = active + excluded.active`);
  return {
    transaction(act) {
      begin.run();
      try {
        const answer = act();
        commit.run();
        return answer;
      } catch (error) {
        if (database.inTransaction) rollback.run();
        throw error;
      }
    },
    hold(wallet, reference) {
      if (known.get(reference)) return false;
      const { active, captured } = read.get(wallet) ?? { active: 0n, captured: 0n };
      if (active + captured + amountMinor > limit) return false;
      const now = Date.now();
      insert.run(reference, wallet, amountMinor, now, now, JSON.stringify(metadata));
      add.run(wallet, amountMinor);
      return true;
    },
    close: async () => database.close(),
  };
}
