// The SQLite measurements, in files on the disk of the temporary directory. Beside them the PostgreSQL store, if a
// server responds, because a team with one host may choose either.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { postgresEngine } from '../postgres/engine.mjs';
import { contenders } from './contenders.mjs';

export async function sqliteEngine(only) {
  const folder = mkdtempSync(join(tmpdir(), 'payout-guard-bench-'));
  const target = {
    address: { file: join(folder, 'payouts.db') },
    reset: async () => {},
    // There is no server.
    cpu: async () => undefined,
  };
  const postgres = await postgresEngine(['ours']).catch((error) => {
    console.error(`no PostgreSQL to compare with: ${error.message}`);
  });
  const keys = Object.keys(contenders).filter((key) => !only || only.includes(key));
  const lines = keys.map((key) => ({ key, title: contenders[key].title, contender: contenders[key], target }));
  const { version } = new Database(':memory:').prepare('SELECT sqlite_version() AS version').get();
  return {
    name: 'sqlite',
    about: `SQLite ${version}, synchronous FULL${postgres ? `; ${postgres.about}` : ''}`,
    forMs: 300,
    parts: ['wallet', 'open', 'wallets'],
    lines: lines.flatMap((line) => {
      if (line.key !== 'postgres') return line;
      return postgres ? { ...line, target: postgres.target } : [];
    }),
    library: contenders.ours,
    target,
    async stop() {
      await postgres?.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
