import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { HoldStore } from 'payout-guard';
import { type PostgresClient, type PostgresStore, postgresStore } from 'payout-guard/stores/postgres';
import { collectWarnings } from '../support/warnings.js';
import {
  describeStore,
  eachInItsSchema,
  hold,
  newPool,
  newSchema,
  openStore,
  read,
  schema,
  totals,
} from './postgres-support.js';

describeStore('the PostgreSQL store', () => {
  const warnings = collectWarnings();
  eachInItsSchema();

  describe('with several processes', () => {
    it('grants of 200 holds at once, on two pools, exactly those that fit', async () => {
      // Small batches, so that many of them meet.
      const processes = [openStore({ maxBatch: 3 }), openStore({ maxBatch: 3 })];
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          hold(processes[index % 2] as HoldStore, `r${index}`, { amountMinor: 7n, limitMinor: 1_000n }),
        ),
      );
      expect(answers.filter(({ outcome }) => outcome === 'held')).toHaveLength(142);
      expect(answers.filter(({ outcome }) => outcome === 'insufficient')).toHaveLength(58);
      expect(await totals(openStore())).toEqual([994n, 0n]);
    });

    it('never deadlocks, and accounts for every unit, whatever they do to the same wallets at once', async () => {
      const errors: unknown[] = [];
      const processes = Array.from({ length: 5 }, () => {
        const pool = newPool();
        const query: PostgresClient['query'] = (text, values) =>
          pool.query(text, values).catch((error) => {
            errors.push(error);
            throw error;
          });
        return openStore({ pool: { query }, maxBatch: 7 });
      });
      const wallets = ['a', 'b', 'c', 'd', 'e', 'f'];
      const work = processes.flatMap((store, process) =>
        Array.from({ length: 120 }, async (_, index) => {
          // The same references in several processes, and in several wallets.
          const reference = `r${(index * 7 + process) % 90}`;
          const wallet = wallets[(index + process * 5) % wallets.length] as string;
          await hold(store, reference, { wallet, state: index % 3 === 0 ? 'reserved' : 'sent', expiresInMs: 30 });
          if (index % 5 === 0) await store.settle({ reference, to: 'released', notSent: index % 2 === 0 });
          if (index % 5 === 1) await store.settle({ reference, to: 'captured', visibleInMs: index % 2 === 1 ? 20 : 0 });
          if (index % 5 === 2) await store.get(reference);
          if (index % 5 === 3) await store.settle({ reference, to: 'sent', sendsForMs: 10 });
          if (index % 5 === 4) await store.settle({ reference, to: 'failed' });
          if (index % 10 === 0) {
            const claim = { owner: `${process}`, wallets, olderThanMs: 0, leaseMs: 10, limit: 20, unservedForMs: 0 };
            await store.claim(claim);
          }
        }),
      );
      await Promise.all(work);
      expect(errors).toEqual([]);
      await sleep(60);
      const [store] = processes as [PostgresStore];
      const { holds } = await store.list({ limit: 1_000 });
      for (const wallet of wallets) {
        const own = holds.filter((one) => one.wallet === wallet);
        const active = own.filter(({ state }) => state === 'sent').reduce((sum, one) => sum + one.amountMinor, 0n);
        const captured = own.reduce((sum, one) => sum + (one.capturedMinor ?? 0n), 0n);
        expect(await totals(store, wallet)).toEqual([active, captured]);
      }
    });

    it('gives one reference to one of two wallets that ask at the same time', async () => {
      const processes = [openStore(), openStore()];
      const { epoch } = await openStore().totals('w');
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          hold(processes[index % 2] as HoldStore, `r${index >> 1}`, { wallet: `w${index % 2}`, epoch }),
        ),
      );
      expect(answers.filter(({ outcome }) => outcome === 'held')).toHaveLength(50);
      const [[one], [other]] = [await totals(openStore(), 'w0'), await totals(openStore(), 'w1')];
      expect(one + other).toBe(250n);
    });

    it('migrates from five pools at once', async () => {
      newSchema();
      await Promise.all(Array.from({ length: 5 }, () => openStore().migrate()));
      expect((await hold(openStore(), 'r')).outcome).toBe('held');
      const { rows } = await newPool().query(`SELECT number FROM "${schema}".migrations ORDER BY number`);
      expect(rows).toEqual(readdirSync('src/stores/postgres/migrations').map((_, index) => ({ number: index + 1 })));
    });
  });

  describe('with odd input', () => {
    it('refuses one malformed operation and runs the rest of its batch', async () => {
      const store = openStore();
      const { epoch } = await store.totals('w');
      const answers = await Promise.allSettled([
        hold(store, 'a', { epoch }),
        hold(store, 'nul\0', { epoch }),
        hold(store, 'half\ud800', { epoch }),
        hold(store, 'b', { epoch, wallet: 'w'.repeat(300) }),
        hold(store, 'c', { epoch, state: 'reserved', expiresInMs: Number.NaN }),
        hold(store, 'd', { epoch, amountMinor: 10_000n }),
        hold(store, 'e', { epoch }),
        hold(store, 'f', { epoch, currency: { code: 'kes', exponent: 2 } }),
        hold(store, 'g', { epoch, fingerprint: '\0' }),
      ]);
      expect(answers.map((one) => (one.status === 'fulfilled' ? one.value.outcome : one.reason.code))).toEqual([
        'held',
        'invalid_reference',
        'invalid_reference',
        'invalid_argument',
        'invalid_argument',
        'insufficient',
        'held',
        'invalid_argument',
        'invalid_argument',
      ]);
    });

    it('keeps metadata to the letter, with what jsonb refuses', async () => {
      const store = openStore();
      const metadata = { nul: 'a\0b', half: '\ud800', quotes: `'"\\$$`, __proto_: '}' };
      await hold(store, 'a', { metadata });
      expect((await read(store, 'a'))?.metadata).toEqual(metadata);
      expect((await store.list({ limit: 1 })).holds[0]?.metadata).toEqual(metadata);
    });

    it.each([2n ** 53n, 2n ** 63n, 2n ** 90n])('is exact to the unit at %p', async (limitMinor) => {
      const store = openStore();
      expect((await hold(store, 'a', { amountMinor: limitMinor - 1n, limitMinor })).outcome).toBe('held');
      expect((await hold(store, 'b', { amountMinor: 2n, limitMinor })).outcome).toBe('insufficient');
      expect((await hold(store, 'c', { amountMinor: 1n, limitMinor })).outcome).toBe('held');
      await store.settle({ reference: 'a', to: 'captured', actualMinor: limitMinor + 1n, visibleInMs: 0 });
      expect(await totals(store)).toEqual([1n, limitMinor + 1n]);
    });

    it.each([
      [{ pool: undefined }, /pool: needs query/],
      [{ schema: 'Upper' }, /schema: must be lower case/],
      [{ schema: 'a"; DROP TABLE x; --' }, /schema: must be/],
      [{ schema: 'pg_x' }, /schema: must not begin with pg_/],
      [{ recoveryMs: -1, deadlineMs: 1 }, /deadlineMs: .*recoveryMs: /s],
      [{ pools: 1 }, /pools/],
    ])('refuses the options %p', (options, message) => {
      const pool = { query: async () => ({ rows: [] }) };
      expect(() => postgresStore({ pool, ...options } as never)).toThrow(message);
    });
  });

  describe('set up by other tools', () => {
    const hasPsql = spawnSync('psql', ['--version']).status === 0;
    if (!hasPsql) console.warn('No psql in the PATH. The test of the plain SQL files is SKIPPED.');

    (hasPsql ? it : it.skip)('takes the plain SQL files, applied by psql as in their header', async () => {
      const folder = 'src/stores/postgres/migrations';
      const names = readdirSync(folder).sort();
      const header = readFileSync(`${folder}/${names[0]}`, 'utf8').replaceAll(/\\\n-- +/g, '');
      const command = /^-- +psql (.+)$/m.exec(header)?.[1] as string;
      newSchema();
      const { connectionString, host, port, user, database: name } = newPool().options;
      const url = connectionString ?? `host=${host} port=${port} user=${user} dbname=${name}`;
      const run = spawnSync('sh', ['-c', `psql -d "$0" ${command.replaceAll('payout_guard', schema)}`, url], {
        cwd: folder,
      });
      expect([run.status, `${run.stderr}`]).toEqual([0, '']);
      const applied = `SELECT number FROM "${schema}".migrations ORDER BY number`;
      expect((await newPool().query(applied)).rows).toEqual(names.map((_, index) => ({ number: index + 1 })));
      const store = openStore();
      await store.migrate();
      expect((await hold(store, 'a')).outcome).toBe('held');
    });

    it('works with the rights that its documentation lists, and no others', async () => {
      const owner = newPool();
      const role = `role_${randomUUID().replaceAll('-', '')}`;
      await owner.query(`CREATE ROLE ${role}`);
      try {
        await owner.query(`
          GRANT USAGE ON SCHEMA "${schema}" TO ${role};
          GRANT SELECT ON "${schema}".migrations TO ${role};
          GRANT SELECT, INSERT, UPDATE ON "${schema}".store, "${schema}".wallets, "${schema}".holds TO ${role};
          GRANT SELECT, INSERT, UPDATE, DELETE ON "${schema}".day_counters TO ${role};
          GRANT USAGE ON SEQUENCE "${schema}".hold_sequence TO ${role};`);
        const store = openStore({ pool: newPool({ options: `-c role=${role}` }) });
        await store.migrate();
        await hold(store, 'a', { state: 'reserved' });
        await store.settle({ reference: 'a', to: 'sent', sendsForMs: 1_000 });
        const claim = { owner: 'me', wallets: ['w'], olderThanMs: 0, leaseMs: 1, limit: 10, unservedForMs: 0 };
        expect((await store.claim(claim)).holds).toHaveLength(1);
        await store.settle({ reference: 'a', to: 'captured', visibleInMs: 0 });
        expect((await store.list({ limit: 10 })).holds).toHaveLength(1);
        await expect(store.deleteFinished({ olderThanMs: 0 })).rejects.toMatchObject({ failure: '42501' });
        expect(warnings).toEqual([]);
        await owner.query(`GRANT DELETE ON "${schema}".holds TO ${role}`);
        expect(await store.deleteFinished({ olderThanMs: 0 })).toBe(1);
        await owner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON "${schema}".notes TO ${role}`);
        expect(await store.swapNote('n', undefined, 'one')).toBe(true);
        expect(await store.swapNote('n', 'one', 'two')).toBe(true);
        expect(await store.swapNote('n', await store.note('n'), undefined)).toBe(true);
        // An owner of tables and a login see the same data: no new epoch.
        expect((await store.totals('w')).epoch).toBe((await openStore().totals('w')).epoch);
      } finally {
        await owner.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      }
    });
  });
});
