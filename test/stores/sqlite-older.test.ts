// An older copy in the place of the file, with processes that live and with none (T3).
import { copyFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { stoppedClock } from '../support/clock.js';
import { movableMonotonic, passMonotonic } from '../support/monotonic.js';
import { filesInMemory } from '../support/sqlite.js';
import { activeOf, hold, opensSqlite } from '../support/sqlite-store.js';
import { collectWarnings } from '../support/warnings.js';

const newFile = filesInMemory(afterAll);
const open = opensSqlite();
const warnings = collectWarnings();
const recoveryMs = 3_000;

/** Makes a backup in SQLite's own way, of a file that is in use. */
async function saved(file: string): Promise<string> {
  const copy = `${file}.backup`;
  rmSync(copy, { force: true });
  const database = new Database(file);
  await database.backup(copy);
  database.close();
  return copy;
}

/** Restores a backup when all processes have stopped, into the file that is there. */
function restore(copy: string, file: string): void {
  for (const ending of ['-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
  writeFileSync(file, readFileSync(copy));
}

const frozen = (wallet: string) => ({ wallet, outcome: 'frozen' });

describe('an older copy of the file, restored while no process lives', () => {
  movableMonotonic();

  it('is detected by its mark: all wallets are frozen until an operator has reconciled', async () => {
    const file = newFile();
    const clock = stoppedClock();
    const first = open(file, { clock, recoveryMs });
    await hold(first, 'a');
    const { epoch } = await first.totals('w');
    const copy = await saved(file);
    clock.advance(61_000);
    await hold(first, 'b', { amountMinor: 50n });
    await hold(first, 'other', { wallet: 'v', amountMinor: 1n });
    await first.close();
    restore(copy, file);

    const second = open(file, { clock, recoveryMs });
    const totals = await second.totals('w');
    expect([totals.active, totals.epoch === epoch, totals.recoveringForMs]).toEqual([40n, false, recoveryMs]);
    expect(totals.frozen?.reason).toMatch(/The file went back in time, so payouts may be missing/);
    clock.advance(recoveryMs);
    passMonotonic(recoveryMs);
    for (const wallet of ['w', 'v', 'one that is new']) {
      const { outcome } = await hold(second, `again ${wallet}`, { wallet, amountMinor: 1n });
      expect({ wallet, outcome }).toEqual(frozen(wallet));
    }
    expect(warnings.filter((text) => text.includes('All its wallets are frozen'))).toHaveLength(1);

    // Found once: a process that begins after that finds nothing new.
    const third = open(file, { clock, recoveryMs });
    expect((await third.totals('w')).epoch).toBe(totals.epoch);
    // One wallet by name; then all the others, those of the future included.
    await third.freeze('w', undefined);
    expect((await hold(third, 'c', { amountMinor: 1n })).outcome).toBe('held');
    expect((await hold(third, 'd', { wallet: 'v', amountMinor: 1n })).outcome).toBe('frozen');
    await third.freeze('w', 'of another reason');
    await third.reconciled();
    expect((await hold(second, 'd', { wallet: 'v', amountMinor: 1n })).outcome).toBe('held');
    expect((await hold(second, 'e', { wallet: 'new', amountMinor: 1n })).outcome).toBe('held');
    expect((await hold(second, 'f', { amountMinor: 1n })).outcome).toBe('frozen');
  });

  it('that lost less than a minute goes through the recovery window alone', async () => {
    const file = newFile();
    const clock = stoppedClock();
    const first = open(file, { clock, recoveryMs });
    await hold(first, 'a');
    const copy = await saved(file);
    clock.advance(59_000);
    await hold(first, 'b');
    await first.close();
    restore(copy, file);
    const second = open(file, { clock, recoveryMs });
    expect((await hold(second, 'c')).outcome).toBe('recovering');
    clock.advance(recoveryMs);
    passMonotonic(recoveryMs);
    expect((await hold(second, 'c')).outcome).toBe('held');
    expect(await activeOf(second)).toBe(80n);
  });

  it.each([
    ['without its mark', (file: string) => rmSync(`${file}.mark`), /has no \.mark of its own/],
    [
      'with a mark that cannot be read',
      (file: string) => writeFileSync(`${file}.mark`, 'x'),
      /has no \.mark of its own/,
    ],
    [
      'with its mark, as copies of both',
      (file: string) => {
        for (const one of [file, `${file}.mark`]) {
          copyFileSync(one, `${one}.copy`);
          renameSync(`${one}.copy`, one);
        }
      },
      /was copied or moved/,
    ],
    ['gone, and its mark is not', (file: string) => rmSync(file), /is new, and its \.mark is not/],
  ])('%s: frozen', async (_, change, reason) => {
    const file = newFile();
    const first = open(file);
    await hold(first, 'a');
    await first.close();
    change(file);
    const second = open(file);
    expect((await second.totals('w')).frozen?.reason).toMatch(reason);
    expect((await hold(second, 'b')).outcome).toBe('frozen');
    await second.reconciled();
    expect((await hold(second, 'b')).outcome).toBe('held');
    // Found once: its mark is its own from now on.
    const { epoch } = await second.totals('w');
    await second.close();
    expect(await open(file).totals('w')).toMatchObject({ epoch, captured: 0n });
    expect((await hold(open(file), 'c', { amountMinor: 1n })).outcome).toBe('held');
  });

  it('is damaged: refused, and nothing is repaired', async () => {
    const file = newFile();
    const first = open(file);
    for (let index = 0; index < 50; index++) await hold(first, `r${index}`, { amountMinor: 1n });
    await first.close();
    const size = statSync(file).size;
    const bytes = readFileSync(file);
    bytes.fill(0x55, 8_192, size);
    writeFileSync(file, bytes);
    await expect(hold(open(file), 'a')).rejects.toMatchObject({ code: 'balance_unavailable' });
    expect(warnings.join()).toMatch(/the file is damaged; stop all processes, restore a backup/);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('is no loss when a first process ended before it wrote anything', async () => {
    const file = newFile();
    writeFileSync(`${file}.mark`, '0190-abc 0 1700000000000'.padEnd(127).concat('\n'));
    expect((await hold(open(file), 'a')).outcome).toBe('held');
    expect(warnings).toEqual([]);
  });
});

describe('an older copy of the file, put in its place while a process lives', () => {
  it('is detected at the next call, and the process restores its open holds', async () => {
    const file = newFile();
    const store = open(file, { recoveryMs: 100 });
    await hold(store, 'before', { amountMinor: 10n });
    const copy = await saved(file);
    await hold(store, 'since', { amountMinor: 50n });
    await hold(store, 'captured since', { amountMinor: 5n });
    await store.settle({ reference: 'captured since', to: 'captured', visibleInMs: 60_000 });
    renameSync(copy, file);

    expect(await activeOf(store)).toBe(65n);
    expect((await store.totals('w')).frozen?.reason).toMatch(/was copied or moved/);
    await sleep(150);
    const other = open(file);
    expect((await hold(other, 'more', { amountMinor: 1n })).outcome).toBe('frozen');
    await other.reconciled();
    expect((await hold(other, 'more', { amountMinor: 36n })).outcome).toBe('insufficient');
    expect((await hold(other, 'more', { amountMinor: 35n })).outcome).toBe('held');
    expect(warnings.join()).toMatch(/PAYOUT_GUARD_EPOCH.*Restoring 3 open hold/);
  });

  it('that went back by a few seconds is detected by its counter', async () => {
    const file = newFile();
    const store = open(file, { recoveryMs: 100 });
    await hold(store, 'a', { amountMinor: 10n });
    const { epoch } = await store.totals('w');
    const database = new Database(file);
    database.exec('DELETE FROM holds; UPDATE store SET counter = counter - 1');
    database.close();
    expect(await activeOf(store)).toBe(10n);
    const { epoch: next, frozen } = await store.totals('w');
    expect([next === epoch, frozen]).toEqual([false, undefined]);
  });

  it('is refused while there is no file at all, and nothing is begun in its place', async () => {
    const file = newFile();
    const store = open(file);
    await hold(store, 'a');
    renameSync(file, `${file}.away`);
    await expect(store.totals('w')).rejects.toMatchObject({ message: expect.stringMatching(/the file is gone/) });
    renameSync(`${file}.away`, file);
    expect([await activeOf(store), (await store.totals('w')).frozen]).toEqual([40n, undefined]);
  });
});
