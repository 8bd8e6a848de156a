// Servers, databases and roles whose settings are not those that a store of money needs.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { postgresStore } from 'payout-guard/stores/postgres';
import pg from 'pg';
import { hasInitdb, PostgresServer } from '../support/postgres.js';
import { describeStore, eachInItsSchema, hold, holdOp, newPool, openStore, totals } from './postgres-support.js';
import '../support/proof-only.js';

describeStore('a database with defaults of its own', () => {
  eachInItsSchema();

  it.each(['serializable', 'repeatable\\ read'])('fails no hold where transactions begin as %s', async (level) => {
    const options = `-c default_transaction_isolation=${level}`;
    // Small batches, so that many of them meet.
    const processes = [1, 2].map(() => openStore({ pool: newPool({ options }), maxBatch: 3 }));
    const answers = await Promise.all(
      processes.flatMap((store, process) =>
        Array.from({ length: 60 }, (_, index) => hold(store, `${process}/${index}`, { limitMinor: 400n })),
      ),
    );
    expect(answers.filter(({ outcome }) => outcome === 'held')).toHaveLength(80);
    expect(answers.filter(({ outcome }) => outcome === 'insufficient')).toHaveLength(40);
    expect(await totals(openStore())).toEqual([400n, 0n]);
    // Also of a process that has asked nothing else before.
    for (const expected of [undefined, 'first']) {
      const others = Array.from({ length: 5 }, () => openStore({ pool: newPool({ options }) }));
      const value = expected === undefined ? 'first' : 'second';
      const swaps = await Promise.all(others.map((store) => store.swapNote('n', expected, value)));
      expect(swaps.sort()).toEqual([false, false, false, false, true]);
    }
    const claim = { wallets: ['w'], olderThanMs: 0, leaseMs: 60_000, limit: 80, unservedForMs: 0 };
    const claims = await Promise.all(
      ['a', 'b'].map((owner) => openStore({ pool: newPool({ options }) }).claim({ ...claim, owner })),
    );
    const claimed = claims.flatMap(({ holds }) => holds.map(({ reference }) => reference));
    expect(claimed).toHaveLength(new Set(claimed).size);
  });

  it.each([
    ['off', 'on'],
    ['local', 'on'],
    ['on', 'on'],
    ['remote_write', 'remote_write'],
    ['remote_apply', 'remote_apply'],
  ])('commits with synchronous_commit %s as %s', async (given, used) => {
    const pool = newPool({ max: 1, options: `-c synchronous_commit=${given}` });
    const store = openStore({ pool });
    const client = await newPool({ options: `-c synchronous_commit=${given}` }).connect();
    await client.query('BEGIN');
    const { epoch } = await store.totals('w');
    await store.within(client).hold(holdOp('a', epoch).request);
    expect((await client.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: used }]);
    await client.query('COMMIT');
    client.release();
    expect((await pool.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: given }]);
  });
});

(hasInitdb ? describe : describe.skip)('a server that answers before it has written', () => {
  // So long that nothing else writes what a commit leaves.
  const settings = ['-c', 'synchronous_commit=off', '-c', 'wal_writer_delay=10s', '-c', 'fsync=off'];

  it('forgets no hold that was answered when it is killed, and begins a new epoch', async () => {
    await using server = (await PostgresServer.start(...settings)) as PostgresServer;
    const open = () => {
      const pool = new pg.Pool(server.config);
      pool.on('error', () => {});
      return { pool, store: postgresStore({ pool, recoveryMs: 0, deadlineMs: 10_000 }) };
    };
    const first = open();
    await first.store.migrate();
    await first.store.close();
    await first.pool.end();
    const epochs = new Set<string>();
    for (let round = 1; round <= 4; round++) {
      // Another process each time, so that none can restore anything.
      const { pool, store } = open();
      epochs.add((await store.totals('w')).epoch);
      expect(await totals(store)).toEqual([5n * BigInt(round - 1), 0n]);
      await pool.query('CREATE TABLE IF NOT EXISTS others (x text)');
      await hold(store, randomUUID());
      await server.kill();
      await store.close();
      await pool.end();
      await server.boot(...settings);
    }
    expect(epochs.size).toBe(4);
  });
});
