// Files for stores in SQLite. Where nothing is asked of the disk they are in memory, because a commit waits for the
// disk.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const memory = '/dev/shm';

/** A new folder for files, in memory where the system has that. */
export function folderInMemory(): string {
  return mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'payout-guard-sqlite-'));
}

/** Gives paths of files that do not exist yet. Their folder goes away after the tests. */
export function filesInMemory(afterAll: (run: () => void) => void): () => string {
  const folder = folderInMemory();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let files = 0;
  return () => join(folder, `${++files}.db`);
}
