// Disks that are full, read-only, slow or gone, on a file system of our own.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { HoldOutcome, HoldStore } from 'payout-guard';
import { runProgram } from '../support/programs.js';
import { activeOf, hold, opensSqlite } from '../support/sqlite-store.js';
import { collectWarnings } from '../support/warnings.js';

const canMount = mountOnce();
if (!canMount) {
  if (process.env.CI) throw new Error('Nothing can be mounted: the tests of full and read-only disks cannot run');
  console.warn('Nothing can be mounted: the tests of full and read-only disks are SKIPPED');
}
const warnings = collectWarnings();
const open = opensSqlite();

(canMount ? describe : describe.skip)('a SQLite store on a disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'payout-guard-disk-'));
    mount(folder, 'size=640k');
  });
  // Registered first, so it runs after the stores are closed.
  afterEach(() => {
    unmount(folder);
    rmSync(folder, { recursive: true });
  });
  const stores = opensSqlite();

  it('that is full approves nothing, reports it, keeps what it answered, and heals', async () => {
    const store = stores(join(folder, 'payouts.db'));
    const { granted, error } = await holdUntilItFails(store);
    expect(error).toMatchObject({ code: 'balance_unavailable', message: expect.stringMatching(/the disk is full/) });
    expect(granted.length).toBeGreaterThan(0);
    await expect(store.hold(granted.request)).rejects.toMatchObject({ code: 'balance_unavailable' });
    expect(warnings.filter((text) => text.includes('the disk is full; free some space'))).toHaveLength(1);
    // Every answered change is there, though nothing more fits.
    expect(await activeOf(store)).toBe(BigInt(granted.length));

    mount(folder, 'remount,size=8m');
    expect((await hold(store, 'healed', { amountMinor: 1n, limitMinor: 10n ** 9n })).outcome).toBe('held');
    expect(await activeOf(store)).toBe(BigInt(granted.length) + 1n);
    const { holds } = await store.list({ state: 'sent', limit: 1_000 });
    expect(holds.length).toBe(Math.min(1_000, granted.length + 1));
  });

  it('that is read-only approves nothing, and reports it', async () => {
    const file = join(folder, 'payouts.db');
    const store = stores(file);
    await hold(store, 'a', { amountMinor: 10n });
    await store.close();
    mount(folder, 'remount,ro');
    await expect(hold(stores(file), 'b')).rejects.toMatchObject({
      code: 'balance_unavailable',
      message: expect.stringMatching(/check the owner and rights|cannot be opened/),
    });
    mount(folder, 'remount,rw');
    expect(await activeOf(stores(file))).toBe(10n);
  });
});

describe('a SQLite store', () => {
  it('whose directory goes away approves nothing, and heals when it is back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'payout-guard-gone-'));
    const store = open(join(folder, 'payouts.db'));
    await hold(store, 'a', { amountMinor: 10n });
    renameSync(folder, `${folder}-away`);
    await expect(hold(store, 'b')).rejects.toMatchObject({ code: 'balance_unavailable' });
    renameSync(`${folder}-away`, folder);
    expect((await hold(store, 'b', { amountMinor: 10n })).outcome).toBe('held');
    expect(await activeOf(store)).toBe(20n);
    await store.close();
    rmSync(folder, { recursive: true });
  });
});

const hasCompiler = spawnSync('cc', ['--version']).status === 0;
(hasCompiler ? it : it.skip)('a disk that takes more than 50 ms for each commit is reported, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'payout-guard-slow-'));
  try {
    writeFileSync(join(folder, 'slow.c'), slowDisk);
    execFileSync('cc', ['-shared', '-fPIC', '-o', join(folder, 'slow.so'), join(folder, 'slow.c')]);
    const program = join(folder, 'program.mts');
    writeFileSync(program, `${paying}\nawait pay(${JSON.stringify(join(folder, 'payouts.db'))});\n`);
    const env = { LD_PRELOAD: join(folder, 'slow.so') };
    const { code, stdout, stderr } = await runProgram(process.execPath, ['--import', 'tsx', program], { env });
    expect([code, stdout]).toEqual([0, 'held 7\n']);
    expect(stderr.match(/\[PAYOUT_GUARD_SQLITE\].*more than 50 ms/g)).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A library that makes the disk slow for a process. */
const slowDisk = `#include <unistd.h>
static int slow(void) { usleep(70000); return 0; }
int fsync(int file) { return slow(); }
int fdatasync(int file) { return slow(); }
`;

const paying = `import { sqliteStore } from '${new URL('../../src/stores/sqlite/index.ts', import.meta.url).href}';
async function pay(file: string) {
  const store = sqliteStore({ file, deadlineMs: 10_000 });
  const { epoch } = await store.totals('w');
  let held = 0;
  for (let index = 0; index < 7; index++) {
    const { outcome } = await store.hold({
      wallet: 'w', reference: String(index), attempt: String(index), amountMinor: 1n, limitMinor: 100n,
      currency: { code: 'KES', exponent: 2 }, state: 'sent', expiresInMs: 1_000, sendsForMs: 1_000, epoch,
      metadata: {},
    });
    if (outcome === 'held') held += 1;
  }
  console.log('held', held);
  await store.close();
}`;

/** Holds of 1, each with metadata that fills the disk. */
async function holdUntilItFails(store: HoldStore) {
  const granted: { length: number; request: Parameters<HoldStore['hold']>[0] } = { length: 0, request: {} as never };
  for (let index = 0; index < 5_000; index++) {
    const reference = `r${index}`;
    const outcome: HoldOutcome | Error = await hold(store, reference, {
      amountMinor: 1n,
      limitMinor: 10n ** 9n,
      metadata: { text: 'x'.repeat(4_000) },
    }).catch((error: Error) => error);
    if (outcome instanceof Error || !('outcome' in outcome)) {
      const { epoch } = await store.totals('w');
      const request = {
        wallet: 'w',
        reference: 'one more',
        attempt: 'one more',
        epoch,
        amountMinor: 1n,
        limitMinor: 10n ** 9n,
      };
      granted.request = {
        ...request,
        currency: { code: 'KES', exponent: 2 },
        state: 'sent',
        expiresInMs: 60_000,
        sendsForMs: 60_000,
        metadata: { text: 'x'.repeat(4_000) },
      };
      return { granted, error: outcome };
    }
    expect(outcome.outcome).toBe('held');
    granted.length += 1;
  }
  throw new Error('the disk never was full');
}

function mountOnce(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'payout-guard-disk-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
  if (isMounted) unmount(folder);
  rmSync(folder, { recursive: true });
  return isMounted;
}

function mount(folder: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
}

function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder]);
}
