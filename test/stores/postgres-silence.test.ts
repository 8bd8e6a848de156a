// The PostgreSQL store when the database does not answer.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { PostgresClient } from 'payout-guard/stores/postgres';
import type pg from 'pg';
import { busy } from '../../src/stores/shared/engine.js';
import { collectWarnings } from '../support/warnings.js';
import {
  describeStore,
  eachInItsSchema,
  eventually,
  hold,
  holdOp,
  newPool,
  newSchema,
  openEngine,
  openStore,
  read,
  refusal,
  schema,
  settleOp,
  takeTurn,
  totals,
} from './postgres-support.js';
import '../support/proof-only.js';

/** Answers with the rows of `change`, or passes the query on. */
function changed(pool: pg.Pool, change: (text: string) => unknown[] | undefined): PostgresClient {
  return {
    query: async (text, values) => {
      const rows = change(text);
      return rows ? { rows } : pool.query(text, values);
    },
  };
}

/** Locks the wallet `w` until `unlock` is called. */
async function lockWallet(): Promise<{ client: pg.PoolClient; unlock: () => Promise<void> }> {
  const client = await newPool().connect();
  await client.query('BEGIN');
  await client.query(`SELECT * FROM "${schema}".wallets WHERE wallet = 'w' FOR UPDATE`);
  return {
    client,
    unlock: async () => {
      await client.query('ROLLBACK');
      client.release();
    },
  };
}

describeStore('the PostgreSQL store', () => {
  const warnings = collectWarnings();
  eachInItsSchema();

  describe('when the database does not answer', () => {
    it('refuses within the deadline while a wallet is locked, and works on without a restart', async () => {
      const store = openStore({ deadlineMs: 1_000 });
      const patient = openStore();
      const { epoch } = await patient.totals('w');
      expect((await hold(patient, 'before', { epoch })).outcome).toBe('held');
      const { unlock } = await lockWallet();
      // The lock is kept until this store has refused.
      await expect(hold(store, 'locked', { epoch })).rejects.toMatchObject(refusal);
      expect(await read(patient, 'locked')).toBeUndefined();
      await unlock();
      expect((await hold(patient, 'after', { epoch })).outcome).toBe('held');
      // Nothing is left of the attempt, in time or late.
      await store.close();
      expect(['released', undefined]).toContain((await read(patient, 'locked'))?.state);
      expect(await totals(patient)).toEqual([10n, 0n]);
    });

    it('gives up on the server before the deadline is over, with nothing done and no connection busy', async () => {
      const pool = newPool();
      const waits: unknown[] = [];
      const query: PostgresClient['query'] = (text, values) => {
        if (text.includes('run_batch')) waits.push(values.at(-2));
        return pool.query(text, values);
      };
      const engine = openEngine({ deadlineMs: 300, pool: { query } });
      const { epoch } = await engine.run([{ kind: 'totals', wallet: 'w' }]);
      const client = await newPool().connect();
      await client.query(`BEGIN; ${takeTurn('w')}`);
      const refused = engine.run([holdOp('late', epoch), holdOp('other', epoch, { wallet: 'v' })]);
      await expect(refused).rejects.toMatchObject({ name: 'StoreFailure', failure: '55P03' });
      expect(waits).toEqual(['240', '240']);
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      expect((await client.query(waiting)).rows).toEqual([]);
      await client.query('ROLLBACK');
      client.release();
      expect((await engine.run([{ kind: 'get', reference: 'other' }])).answers).toEqual([undefined]);
    });

    it('leaves out the wallet that a transaction of the application has locked, and nothing else', async () => {
      const engine = openEngine();
      const { epoch } = await engine.run([{ kind: 'totals', wallet: 'w' }]);
      await engine.run([holdOp('a', epoch), holdOp('b', epoch, { state: 'reserved', expiresInMs: 1 })]);
      await sleep(2);
      const { unlock } = await lockWallet();
      const ops = [
        holdOp('c', epoch),
        holdOp('d', epoch, { wallet: 'v' }),
        settleOp({ reference: 'a', to: 'released' }),
        { kind: 'totals', wallet: 'w' },
        { kind: 'freeze', wallet: 'w', reason: undefined },
        { kind: 'get', reference: 'b' },
        { kind: 'freeze', wallet: 'v', reason: undefined },
      ] as const;
      const { answers } = await engine.run(ops);
      expect(answers).toMatchObject([
        busy,
        { outcome: 'held' },
        busy,
        busy,
        busy,
        { reference: 'b', state: 'released' },
        null,
      ]);
      await unlock();
      expect((await engine.run(ops)).answers).toMatchObject([
        { outcome: 'held' },
        { outcome: 'held' },
        { outcome: 'done' },
        { active: 0n },
        null,
        { reference: 'b', state: 'released' },
        null,
      ]);
    });

    it('keeps up the holds of a free wallet while three others stay locked', async () => {
      const store = openStore({ deadlineMs: 1_000 });
      const { epoch } = await openStore().totals('w');
      const locked = ['x', 'y', 'z'];
      await Promise.all(locked.map((wallet) => openStore().totals(wallet)));
      const counts = { free: 0, locked: 0 };
      let phase: keyof typeof counts | undefined = 'free';
      /** Asks again as soon as it is answered. */
      const callers = ['w', ...locked].flatMap((wallet) =>
        [1, 2, 3, 4].map(async (caller) => {
          for (let index = 0; phase; index++) {
            const request = { epoch, wallet, amountMinor: 1n, limitMinor: 10n ** 9n };
            const answer = hold(store, `${wallet}/${caller}/${index}`, request);
            const isHeld = await answer.then(
              () => true,
              () => false,
            );
            if (isHeld && wallet === 'w' && phase) counts[phase] += 1;
          }
        }),
      );
      const client = await newPool().connect();
      // In turns, so that the machine is as busy in both.
      for (let round = 0; round < 10; round++) {
        phase = 'free';
        await sleep(100);
        await client.query('BEGIN');
        await client.query(`SELECT FROM "${schema}".wallets WHERE wallet = ANY ($1) FOR UPDATE`, [locked]);
        phase = 'locked';
        await sleep(100);
        await client.query('ROLLBACK');
      }
      phase = undefined;
      await Promise.all(callers);
      client.release();
      expect(counts.locked).toBeGreaterThan(0.8 * counts.free);
    });

    it('releases a hold whose answer was lost, and only that attempt', async () => {
      const pool = newPool();
      let lose = false;
      const client: PostgresClient = {
        query: async (text, values) => {
          const result = await pool.query(text, values);
          if (!lose || !text.includes('run_batch')) return result;
          lose = false;
          throw new Error('the connection was cut');
        },
      };
      const store = openStore({ pool: client, deadlineMs: 1_000 });
      const { epoch } = await store.totals('w');
      lose = true;
      await expect(hold(store, 'a', { epoch })).rejects.toMatchObject(refusal);
      await eventually(async () => (await read(openStore(), 'a'))?.state === 'released');
      expect(await totals(store)).toEqual([0n, 0n]);
      // The caller may try again: that is another attempt.
      expect((await hold(store, 'a')).outcome).toBe('held');
      expect(await totals(store)).toEqual([5n, 0n]);
    });

    it('refuses a replica', async () => {
      const client = changed(newPool(), (text) =>
        text.includes('pg_is_in_recovery') ? [{ reply: 'true' }] : undefined,
      );
      await expect(openStore({ pool: client }).totals('w')).rejects.toMatchObject(refusal);
      await expect(openStore({ pool: client }).migrate()).rejects.toMatchObject({ name: 'ConfigurationError' });
      expect(warnings).toEqual([
        expect.stringMatching(/^PAYOUT_GUARD_STORE: .*25006: the server is read-only .*\. Use the primary\./),
      ]);
    });

    it('warns once, with the next step, when nothing was migrated', async () => {
      newSchema();
      const store = openStore();
      await expect(store.totals('w')).rejects.toMatchObject(refusal);
      await expect(store.totals('w')).rejects.toMatchObject(refusal);
      expect(warnings).toEqual([expect.stringMatching(/3F000: tables are missing .*\. Run `store.migrate\(\)`/)]);
    });

    it('refuses a session that is read only', async () => {
      const store = openStore({ pool: newPool({ options: '-c default_transaction_read_only=on' }) });
      await expect(store.totals('w')).rejects.toMatchObject(refusal);
      await expect(store.migrate()).rejects.toMatchObject({ name: 'ConfigurationError' });
    });

    it('refuses a server that has become read only since the last check', async () => {
      const pool = newPool({ max: 1 });
      const store = openStore({ pool });
      const { epoch } = await store.totals('w');
      await pool.query('SET default_transaction_read_only = on');
      await expect(hold(store, 'a', { epoch })).rejects.toMatchObject(refusal);
      // The pool has dropped that connection.
      expect((await hold(store, 'b', { epoch })).outcome).toBe('held');
    });
  });
});
