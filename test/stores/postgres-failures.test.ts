// Reasons for which the store cannot answer: the errors and warnings, and when it works again.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { EngineProxy } from '../faults/proxy.js';
import { hasInitdb, PostgresServer } from '../support/postgres.js';
import { collectWarnings } from '../support/warnings.js';
import {
  dataTables,
  describeStore,
  eachInItsSchema,
  hold,
  newPool,
  newSchema,
  openStore,
  read,
  refusal,
  schema,
  stopClock,
  takeTurn,
  totals,
  truncate,
} from './postgres-support.js';

/** An error of a client, as it names it. */
function failing(properties: object, message = 'password=hunter2'): { query: () => Promise<never> } {
  return { query: async () => Promise.reject(Object.assign(new Error(message), properties)) };
}

describeStore('the PostgreSQL store reports the reason', () => {
  const warnings = collectWarnings();
  eachInItsSchema();

  it.each([
    ['40001', /conflict with another transaction/],
    ['40P01', /deadlock/],
    ['3D000', /database does not exist/],
    ['26000', /prepared statement/],
    ['42P05', /prepared statement/],
    ['28P01', /login/],
    ['28000', /login/],
    ['42501', /lacks a right/],
    ['42P01', /store\.migrate/],
    ['53300', /no connection left/],
    ['53400', /limit of the server or of the role/],
    ['25006', /Use the primary/],
    ['57P01', /starting or shutting down/],
    ['57P02', /starting or shutting down/],
    ['57P03', /starting or shutting down/],
    ['57014', /took too long/],
    ['08006', /connection failed/],
    ['08P01', /connection failed/],
    ['55P03', /kept a lock/],
    ['54000', /maxBatch/],
    ['ECONNREFUSED', /connection failed/],
    ['CONNECT_TIMEOUT', /connection failed/],
  ])('by the code %s: to the caller, and once to the operator', async (code, advice) => {
    const store = openStore({ pool: failing({ code }) });
    for (let tries = 0; tries < 2; tries++) {
      const error = (await Promise.resolve(store.totals('w')).catch((refused: Error) => refused)) as Error;
      expect(error).toMatchObject({ ...refusal, cause: { failure: code, message: expect.stringMatching(advice) } });
      expect(error.message).toContain(`(${code}: `);
    }
    expect(warnings).toEqual([expect.stringMatching(advice)]);
    expect(warnings.join()).not.toContain('hunter2');
  });

  it.each([
    [{ cause: Object.assign(new Error('hunter2'), { code: '40001' }) }, 'Failed query', /conflict/],
    [{ code: 'P2010', meta: { code: '28P01' } }, 'hunter2', /login/],
    [{}, 'timeout exceeded when trying to connect', /pool had no connection free/],
    [{ name: 'KnexTimeoutError' }, 'Knex: Timeout acquiring a connection. The pool', /pool had no connection free/],
    [{}, 'Query read timeout', /took too long/],
    [{}, 'Connection terminated unexpectedly', /connection failed/],
    [{}, 'Cannot use a pool after calling end on the pool', /pool was ended/],
    [{ code: 'XX000' }, 'hunter2', /\(XX000: PostgreSQL returned an error\)/],
    [{ code: 7 }, 'hunter2', /\(UNKNOWN: the client failed\)/],
  ])('of the error %p of a client, "%s"', async (properties, message, why) => {
    const store = openStore({ pool: failing(properties, message) });
    await expect(store.totals('w')).rejects.toMatchObject({ ...refusal, message: expect.stringMatching(why) });
    await expect(store.note('n')).rejects.toMatchObject({ ...refusal, message: expect.stringMatching(why) });
    expect(warnings.join()).not.toContain('hunter2');
  });

  it('of an exhausted pool and of a wrong password, as the client reports them', async () => {
    const pool = newPool({ max: 1, connectionTimeoutMillis: 1_000 });
    const client = await pool.connect();
    const why = /pool had no connection free/;
    await expect(openStore({ pool }).totals('w')).rejects.toMatchObject({ message: expect.stringMatching(why) });
    client.release();
    const gone = newPool({ database: 'no_such_database' });
    const noDatabase = { message: expect.stringMatching(/3D000: the database does not exist/) };
    await expect(openStore({ pool: gone }).totals('w')).rejects.toMatchObject(noDatabase);
  });

  it('of a lock that another session does not give back', async () => {
    const store = openStore({ deadlineMs: 1_000 });
    const { epoch } = await store.totals('w');
    const client = await newPool().connect();
    await client.query(`BEGIN; ${takeTurn('w')}`);
    const why = /55P03: another transaction kept a lock/;
    await expect(hold(store, 'a', { epoch })).rejects.toMatchObject({ message: expect.stringMatching(why) });
    await client.query('ROLLBACK');
    client.release();
  });

  it('reports a pool without an error listener, which would end the process', async () => {
    const { host, port, user, database } = newPool().options as pg.PoolConfig;
    const pool = new pg.Pool({ host, port, user, database } as pg.PoolConfig);
    await openStore({ pool }).totals('w');
    expect(warnings).toEqual([expect.stringMatching(/^PAYOUT_GUARD_POSTGRES: .*pool\.on\('error'/)]);
    await pool.end();
  });

  (hasInitdb ? it : it.skip)('works again within two seconds after the network swallowed everything', async () => {
    await using server = (await PostgresServer.start()) as PostgresServer;
    const proxy = await EngineProxy.open(server.path);
    // As docs/stores.md has it.
    const limits = { query_timeout: 1_000, connectionTimeoutMillis: 1_000 };
    const pool = new pg.Pool({ ...server.config, ...limits, host: '127.0.0.1', port: proxy.port, max: 4 });
    pool.on('error', () => {});
    const store = openStore({ pool, deadlineMs: 250 });
    await store.migrate();
    const isAnswered = async () => {
      try {
        await store.totals('w');
        return true;
      } catch (error) {
        hasStopped ||= (error as Error).message.includes('stopped answering');
        return false;
      }
    };
    let hasStopped = false;
    expect(await isAnswered()).toBe(true);
    proxy.hang('both ways');
    while (!hasStopped) expect(await isAnswered()).toBe(false);
    await sleep(3_000);
    proxy.heal('late');
    const healedAtMs = performance.now();
    while (!(await isAnswered())) await sleep(20);
    expect(performance.now() - healedAtMs).toBeLessThan(2_000);
    await store.close();
    await pool.end();
    await proxy.close();
  });
});

describeStore('a PostgreSQL store that is asked whether it is ready', () => {
  collectWarnings();
  eachInItsSchema();

  it('is, and approves at once when it is new', async () => {
    const store = openStore({ recoveryMs: 60_000 });
    expect(await store.ready()).toEqual({ recoveringForMs: 0, clockAheadMs: expect.any(Number) });
    expect((await hold(store, 'a')).outcome).toBe('held');
  });

  it('reports how long it restores holds', async () => {
    const clock = await stopClock();
    const store = openStore({ recoveryMs: 60_000 });
    await store.ready();
    await truncate(...dataTables);
    await store.totals('w');
    await clock.pass(1_000);
    expect(await store.ready()).toMatchObject({ recoveringForMs: 59_000 });
  });

  it('is not without its tables, or with those of another version', async () => {
    const why = { ...refusal, message: expect.stringMatching(/tables are missing/) };
    await newPool().query(`INSERT INTO "${schema}".migrations (number) VALUES (1000)`);
    await expect(openStore().ready()).rejects.toMatchObject(why);
    newSchema();
    await expect(openStore().ready()).rejects.toMatchObject(why);
  });

  it('waits for other processes when its schema was dropped and made anew', async () => {
    const survivor = openStore({ recoveryMs: 60_000 });
    await hold(survivor, 'a');
    await newPool().query(`DROP SCHEMA "${schema}" CASCADE`);
    const other = openStore({ recoveryMs: 60_000 });
    await other.migrate();
    expect((await read(survivor, 'a'))?.state).toBe('sent');
    expect((await hold(other, 'b')).outcome).toBe('recovering');
    expect(await totals(other)).toEqual([5n, 0n]);
  });
});
