// The SQLite store beyond the contract: one file for several processes, its lock, its time and what it remembers.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { stoppedClock } from '../support/clock.js';
import { filesInMemory, onFile } from '../support/sqlite.js';
import { activeOf, hold, opensSqlite } from '../support/sqlite-store.js';
import { collectWarnings } from '../support/warnings.js';

const newFile = filesInMemory(afterAll);
const open = opensSqlite();
const warnings = collectWarnings();
const dayMs = 86_400_000;
const capture = (reference: string) => ({ reference, to: 'captured', visibleInMs: 0 }) as const;

describe('the options of a SQLite store', () => {
  it.each([
    [{}, /^payout-guard is not configured correctly: file: /],
    [{ file: '' }, /file: must be the path of a file/],
    [{ file: ':memory:' }, /file: must be the path of a file/],
    [{ file: '/nowhere/at/all/payouts.db' }, /file: its directory does not exist/],
    [{ file: 'payouts.db', deadline: 5 }, /deadline/],
    [{ file: 'payouts.db', rememberMs: 1 }, /rememberMs/],
  ])('%j is refused', (options, message) => {
    expect(() => sqliteStore(options as never)).toThrow(message);
  });
});

describe('a file for a SQLite store', () => {
  it('of a later protocol version is refused at first use, and left as it was (T6)', async () => {
    const file = newFile();
    await hold(open(file), 'a');
    const version = onFile(file, (database) => {
      database.pragma('user_version = 99');
      return database.pragma('user_version', { simple: true });
    });
    const refusal = { code: 'balance_unavailable', message: expect.stringMatching(/protocol 99.*update payout-guard/) };
    await expect(open(file).totals('w')).rejects.toMatchObject(refusal);
    expect(onFile(file, (database) => database.pragma('user_version', { simple: true }))).toBe(version);
  });

  it('that another process migrates to a later version is refused from then on (T6)', async () => {
    const file = newFile();
    const store = open(file);
    const held = await hold(store, 'a');
    onFile(file, (database) => database.pragma('user_version = 4'));
    await expect(hold(store, 'b')).rejects.toThrow(/protocol 4.*update payout-guard/);
    await expect(store.settle(capture('a'))).rejects.toThrow(/protocol 4.*update payout-guard/);
    expect(held.outcome).toBe('held');
  });

  it('of an earlier version is brought up to date with its holds, by the first of two processes', async () => {
    const file = newFile();
    const before = open(file);
    await hold(before, 'a');
    await before.close();
    const later = 'DROP TABLE history; DROP TABLE day_counters; ALTER TABLE wallets DROP COLUMN limits_epoch';
    onFile(file, (database) => database.exec(`${later}; PRAGMA user_version = 1`));
    const [one, two] = [open(file), open(file)] as const;
    expect(await Promise.all([activeOf(one), activeOf(two)])).toEqual([40n, 40n]);
    expect(onFile(file, (database) => database.pragma('user_version', { simple: true }))).toBe(3);
    expect(onFile(file, (database) => database.prepare('SELECT count(*) FROM history').pluck().get())).toBe(0);
    expect((await one.totals('w')).frozen).toBeUndefined();
  });

  it('of another application is refused, and left as it was', async () => {
    const file = newFile();
    onFile(file, (database) => database.exec('CREATE TABLE customers (name TEXT)'));
    await expect(open(file).totals('w')).rejects.toThrow(/a database of another application/);
    expect(onFile(file, (database) => database.prepare('SELECT name FROM sqlite_schema').all())).toEqual([
      { name: 'customers' },
    ]);
  });

  it('keeps holds, captures, freezes and notes when its process ends and another one begins', async () => {
    const file = newFile();
    const first = open(file);
    await hold(first, 'a', { fingerprint: 'payee', metadata: { note: 'ünï' } });
    await hold(first, 'b', { amountMinor: 7n });
    await first.settle(capture('b'));
    await first.freeze('v', 'audit');
    await first.swapNote('n', undefined, 'text');
    const before = [await first.get('a'), await first.totals('w')].map((one) => ({ ...one, nowMs: 0 }));
    await first.close();
    const second = open(file);
    expect([await second.get('a'), await second.totals('w')].map((one) => ({ ...one, nowMs: 0 }))).toEqual(before);
    expect([(await second.totals('v')).frozen?.reason, await second.note('n')]).toEqual(['audit', 'text']);
    expect(warnings).toEqual([]);
  });
});

describe('the lock of a SQLite store', () => {
  it('blocks no event loop: a refusal in time, nothing held, and it heals (T4)', async () => {
    const file = newFile();
    const store = open(file, { deadlineMs: 300 });
    await hold(store, 'a', { amountMinor: 10n });
    const { epoch } = await store.totals('w');
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');

    let ticks = 0;
    const watch = setInterval(() => ticks++, 5);
    const startedAtMs = performance.now();
    const refused = hold(store, 'b', { amountMinor: 10n, epoch });
    await expect(refused).rejects.toMatchObject({ code: 'balance_unavailable', reason: 'store' });
    const tookMs = performance.now() - startedAtMs;
    clearInterval(watch);
    // While SQLite itself waits, no timer goes off.
    expect([ticks >= 3, tookMs >= 200]).toEqual([true, true]);
    // A read waits for no lock.
    expect(await activeOf(store)).toBe(10n);
    expect(warnings.filter((text) => text.includes('keeps the file locked'))).toHaveLength(1);

    other.exec('ROLLBACK');
    other.close();
    expect((await store.get('b')).hold).toBeUndefined();
    expect((await hold(store, 'c', { amountMinor: 90n })).outcome).toBe('held');
    expect(await activeOf(store)).toBe(100n);
  });

  it('is waited for when it is kept for a short time', async () => {
    const file = newFile();
    const store = open(file);
    await hold(store, 'a', { amountMinor: 10n });
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    const held = hold(store, 'b', { amountMinor: 10n });
    await sleep(60);
    other.exec('COMMIT');
    other.close();
    expect((await held).outcome).toBe('held');
  });
});

describe('the transactions of a SQLite store', () => {
  it('take all holds of one turn of the event loop, which wait for the disk once', async () => {
    const file = newFile();
    const store = open(file);
    const { epoch } = await store.totals('w');
    const counter = () =>
      onFile(file, (database) => database.prepare('SELECT counter FROM store').pluck().get() as number);
    const before = counter();
    // Each from a callback of its own, as requests come from sockets.
    const holds = Array.from(
      { length: 50 },
      (_, index) =>
        new Promise((resolve) => {
          setImmediate(() => resolve(hold(store, `r${index}`, { amountMinor: 1n, epoch })));
        }),
    );
    const outcomes = (await Promise.all(holds)) as { outcome: string }[];
    expect(outcomes.filter(({ outcome }) => outcome === 'held')).toHaveLength(50);
    // One for those of the turn, and one more at most for those that came while it was under way.
    expect(counter() - before).toBeLessThanOrEqual(2);
  });

  it('wait for no disk when nothing changes: refusals, and claims of nothing', async () => {
    const file = newFile();
    const store = open(file);
    await hold(store, 'a');
    const counter = () => onFile(file, (database) => database.prepare('SELECT counter FROM store').pluck().get());
    const before = counter();
    expect((await hold(store, 'a')).outcome).toBe('exists');
    expect((await hold(store, 'b', { limitMinor: 1n })).outcome).toBe('insufficient');
    await store.claim({ wallets: ['v'], owner: 'o', olderThanMs: 0, leaseMs: 1, limit: 9, unservedForMs: 0 });
    expect(await store.swapNote('n', 'not there', 'text')).toBe(false);
    expect(counter()).toBe(before);
  });

  it('keep totals that are the sums of the rows, whatever happens to the holds', async () => {
    const file = newFile();
    const [one, two] = [open(file), open(file)] as const;
    const moves = ['captured', 'released', 'failed', 'returned'] as const;
    await Promise.all(
      Array.from({ length: 120 }, async (_, index) => {
        const store = index % 2 ? one : two;
        const state = index % 3 ? 'sent' : 'reserved';
        await hold(store, `r${index}`, { amountMinor: BigInt(index + 1), limitMinor: 10_000n, state });
        const to = moves[index % moves.length] as 'captured';
        await store.settle({ reference: `r${index}`, to, visibleInMs: index % 5 ? 0 : 60_000 });
      }),
    );
    const rows = onFile(file, (database) => database.prepare('SELECT record, due_at_ms FROM holds').all()) as {
      record: string;
      due_at_ms: number | null;
    }[];
    let [active, captured] = [0n, 0n];
    for (const { record, due_at_ms } of rows) {
      const { state, amountMinor, capturedMinor = amountMinor } = JSON.parse(record);
      if (state === 'captured' && due_at_ms === null) captured += BigInt(capturedMinor);
      else if (state !== 'released') active += BigInt(capturedMinor);
    }
    expect(rows).toHaveLength(120);
    expect(await one.totals('w')).toMatchObject({ active, captured });
  });
});

describe('the time of a SQLite store', () => {
  it('never runs back and never stands still, in this process or another (T2)', async () => {
    const file = newFile();
    const clock = stoppedClock();
    const store = open(file, { clock });
    const held = await hold(store, 'a', { state: 'reserved', expiresInMs: 1_000 });
    const createdAtMs = held.outcome === 'held' ? held.hold.createdAtMs : 0;
    clock.step(-3_600_000);
    await hold(store, 'b', { amountMinor: 1n });
    clock.advance(400);
    const other = open(file, { clock });
    expect((await other.get('a')).nowMs).toBe(createdAtMs + 400);
    expect((await other.get('a')).hold?.state).toBe('reserved');
    clock.advance(600);
    expect((await other.get('a')).hold?.state).toBe('released');
    expect(await activeOf(store)).toBe(1n);
    // Nor while all processes only read.
    clock.step(-86_400_000);
    await other.get('b');
    clock.advance(250);
    expect((await store.get('b')).nowMs).toBe(createdAtMs + 1_250);
    clock.step(86_400_000);
    // Once corrected, it continues from there.
    clock.step(3_600_000);
    expect((await store.get('b')).nowMs).toBe(createdAtMs + 86_400_000 + 3_600_000 + 1_250);
  });
});

describe('the references of a SQLite store', () => {
  it('are forgotten 30 days after they end, a day if they were not sent, and never while they are open', async () => {
    const file = newFile();
    const clock = stoppedClock();
    const store = open(file, { clock });
    for (const reference of ['captured', 'failed', 'unsent', 'sent', 'awaited']) {
      const state = reference === 'unsent' ? 'reserved' : 'sent';
      await hold(store, reference, { amountMinor: 1n, state });
    }
    await store.settle(capture('captured'));
    await store.settle({ reference: 'failed', to: 'failed' });
    await store.settle({ reference: 'unsent', to: 'released' });
    await store.settle({ ...capture('awaited'), awaitsOutcome: true });
    const known = async () => {
      await hold(store, `at ${clock.now()}`, { amountMinor: 1n, limitMinor: 0n });
      const { holds } = await store.list({ limit: 100 });
      return holds.map(({ reference }) => reference);
    };
    clock.advance(dayMs - 1);
    expect(await known()).toEqual(['captured', 'failed', 'unsent', 'sent', 'awaited']);
    await store.freeze('v', undefined);
    clock.advance(1);
    await store.freeze('v', undefined);
    expect(await known()).toEqual(['captured', 'failed', 'sent', 'awaited']);
    clock.advance(29 * dayMs - 1);
    await store.freeze('v', undefined);
    expect(await known()).toEqual(['captured', 'failed', 'sent', 'awaited']);
    clock.advance(1);
    await store.freeze('v', undefined);
    expect(await known()).toEqual(['sent', 'awaited']);
    expect(await store.totals('w')).toMatchObject({ active: 1n, captured: 2n });
  });
});
