// Files for SQLite stores. They are in memory for tests that do not need the disk, because a commit waits for the disk.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';

const memory = '/dev/shm';

/** Creates a folder for files, in memory where the system supports that. */
export function folderInMemory(): string {
  return mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'payout-guard-sqlite-'));
}

/** Returns paths of files that do not exist yet, in a folder that is deleted after the tests. */
export function filesInMemory(afterAll: (run: () => void) => void): () => string {
  const folder = folderInMemory();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let files = 0;
  return () => join(folder, `${++files}.db`);
}

/** Asks a file behind the back of the store. */
export function onFile<T>(file: string, act: (database: Database.Database) => T): T {
  const database = new Database(file);
  try {
    return act(database);
  } finally {
    database.close();
  }
}
