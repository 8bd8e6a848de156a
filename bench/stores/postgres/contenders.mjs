// Ways to hold money in PostgreSQL. Each takes a wallet and a reference and returns whether the hold was granted.
// Statements are prepared where pg can prepare them.

import { postgresStore } from 'payout-guard/stores/postgres';
import pg from 'pg';
import { collectingByWallet } from '../collect.mjs';
import { holder, patient, watched } from '../ours.mjs';
import { amountMinor, limitMinor, metadata } from '../payout.mjs';

const both = ['limit', 'reference'];

export const contenders = {
  ours: { title: 'payout-guard', keeps: both, open: ours },
  handBatch: { title: 'a batch by hand', keeps: both, open: handBatch },
  conditional: { title: 'one conditional statement for each hold', keeps: both, open: conditional },
  forUpdate: { title: 'SELECT ... FOR UPDATE in a transaction', keeps: both, open: forUpdate },
};

/** @param onCall called with each statement that the store sends */
async function ours(address, { limit, name = 'bench', onCall } = {}) {
  const pool = poolOf(address, 10);
  const store = postgresStore({ pool: watched(pool, 'query', onCall), schema: name, ...patient });
  await store.migrate();
  return {
    ...(await holder(store, limit)),
    client: pool,
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

async function handBatch(address, { limit = limitMinor } = {}) {
  const pool = poolOf(address, 10);
  const hold = collectingByWallet(async (wallet, references) => {
    const amounts = references.map(() => `${amountMinor}`);
    const metadatas = references.map(() => JSON.stringify(metadata));
    const { rows } = await pool.query({
      name: 'hold-many',
      text: 'SELECT hold_many($1, $2, $3, $4, $5) AS held',
      values: [wallet, `${limit}`, references, amounts, metadatas],
    });
    const held = new Set(rows[0].held);
    return references.map((reference) => held.delete(reference));
  });
  return { hold, close: () => pool.end() };
}

async function conditional(address, { limit = limitMinor } = {}) {
  const pool = poolOf(address, 2);
  return {
    async hold(wallet, reference) {
      try {
        const { rowCount } = await pool.query({
          name: 'hold-one',
          text: `WITH taken AS (
              UPDATE wallets SET active = active + $3 WHERE wallet = $1 AND active + captured + $3 <= $4
              RETURNING wallet
            )
            INSERT INTO holds SELECT $2, wallet, 'sent', $3, now(), now(), $5 FROM taken`,
          values: [wallet, reference, `${amountMinor}`, `${limit}`, JSON.stringify(metadata)],
        });
        return rowCount === 1;
      } catch (error) {
        // The reference is taken. The failed statement has changed nothing.
        if (error.code === '23505') return false;
        throw error;
      }
    },
    close: () => pool.end(),
  };
}
async function forUpdate(address, { limit = limitMinor } = {}) {
  const pool = poolOf(address, 2);
  return {
    async hold(wallet, reference) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const { rows } = await client.query({
          name: 'lock',
          text: 'SELECT active, captured FROM wallets WHERE wallet = $1 FOR UPDATE',
          values: [wallet],
        });
        const [{ active, captured }] = rows;
        const fits = BigInt(active) + BigInt(captured) + amountMinor <= limit;
        if (fits) {
          await client.query({
            name: 'insert',
            text: `INSERT INTO holds VALUES ($1, $2, 'sent', $3, now(), now(), $4)`,
            values: [reference, wallet, `${amountMinor}`, JSON.stringify(metadata)],
          });
          await client.query({
            name: 'add',
            text: 'UPDATE wallets SET active = active + $2 WHERE wallet = $1',
            values: [wallet, `${amountMinor}`],
          });
        }
        await client.query('COMMIT');
        return fits;
      } catch (error) {
        await client.query('ROLLBACK');
        if (error.code === '23505') return false;
        throw error;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

/**
 * A batch needs one connection at a time. Callers that send one hold at a time wait for the wallet's lock rather than
 * for connections. Of 1, 2, 3, 5, 10 and 20 connections, 2 was fastest, because waiting for the lock costs server time
 * as well.
 */
function poolOf(address, max) {
  const pool = new pg.Pool({ ...address, max });
  // The server may cut an idle connection when the database is dropped. Failed queries still reject.
  pool.on('error', () => {});
  return pool;
}
