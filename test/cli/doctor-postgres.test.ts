// The doctor, of a store in PostgreSQL: the server is real.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { postgresStore } from 'payout-guard/stores/postgres';
import type pg from 'pg';
import { hasInitdb, PostgresServer } from '../support/postgres.js';
import { type Case, ends, examine, finds, type Seed } from './doctor-support.js';
import { folder } from './support.js';

if (!hasInitdb) console.warn('No initdb: the checks of PostgreSQL are SKIPPED.');

(hasInitdb ? describe : describe.skip)('the doctor, of PostgreSQL', () => {
  let server: PostgresServer | undefined;
  const pools: pg.Pool[] = [];

  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    await server?.query('DROP SCHEMA IF EXISTS payout_guard CASCADE');
  });

  async function pool(user = 'root', listens = true): Promise<pg.Pool> {
    const { default: driver } = await import('pg');
    const made = new driver.Pool({ ...server?.config, user });
    if (listens) made.on('error', () => {});
    pools.push(made);
    return made;
  }

  async function migrated(more: { user?: string; listens?: boolean; sql?: string } = {}): Promise<Seed> {
    const admin = postgresStore({ pool: await pool() });
    await admin.migrate();
    await admin.close();
    if (more.sql) await server?.query(more.sql);
    return {
      guard: { store: postgresStore({ pool: await pool(more.user, more.listens), recoveryMs: 0, deadlineMs: 4_000 }) },
    };
  }

  it('finds nothing in a good one', async () => {
    expect(await examine(await migrated())).toMatchObject({ code: 0, found: [] });
  });

  const role = 'DROP ROLE IF EXISTS app; CREATE ROLE app LOGIN;';
  const grants = `GRANT USAGE ON SCHEMA payout_guard TO app; GRANT ALL ON ALL TABLES IN SCHEMA payout_guard TO app;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA payout_guard TO app;`;

  const cases: readonly Case[] = [
    [
      'missing tables',
      async () => ({ guard: { store: postgresStore({ pool: await pool() }) } }),
      'problem',
      'store',
      'postgres: tables are missing or of another version than this library',
    ],
    [
      'tables of another version',
      () => migrated({ sql: 'INSERT INTO payout_guard.migrations (number) VALUES (99)' }),
      'problem',
      'store',
      'postgres: tables are missing or of another version than this library (VERSION)',
    ],
    [
      'a role without rights',
      () => migrated({ user: 'app', sql: role }),
      'problem',
      'store',
      'postgres: the role lacks a right (42501)',
    ],
    [
      'a role that lacks one right',
      () => migrated({ user: 'app', sql: `${role} ${grants} REVOKE UPDATE ON payout_guard.holds FROM app` }),
      'warning',
      'settings',
      'postgres: the role lacks a right',
    ],
    [
      'a pool without an error listener',
      () => migrated({ listens: false }),
      'warning',
      'settings',
      'postgres: the pool has no listener for `error`',
    ],
    [
      'a server that does not sync',
      async () => {
        await server?.set('fsync', 'off');
        ends.push(() => server?.set('fsync', 'on'));
        return migrated();
      },
      'warning',
      'settings',
      'postgres: fsync is off',
    ],
    [
      'a server that is gone',
      async () => {
        const { default: driver } = await import('pg');
        const gone = new driver.Pool({ host: join(folder, 'no-server'), connectionTimeoutMillis: 1_000 });
        gone.on('error', () => {});
        pools.push(gone);
        return { guard: { store: postgresStore({ pool: gone }) } };
      },
      'problem',
      'store',
      'postgres: the connection failed or was cut (ENOENT)',
    ],
  ];
  it.each(cases)('finds %s', (...one) => finds(one));
});
