// Messages to PostgreSQL that are lost, late or doubled.
import { expect, it } from '@jest/globals';
import type { HoldStore } from 'payout-guard';
import type { PostgresClient, PostgresStoreOptions } from 'payout-guard/stores/postgres';
import type { Header } from '../../src/stores/shared/engine.js';
import {
  dataTables,
  describeStore,
  eachInItsSchema,
  eventually,
  hold,
  holdOp,
  newPool,
  openEngine,
  openStore,
  read,
  refusal,
  schema,
  settleOp,
  stopClock,
  takeTurn,
  totals,
  truncate,
} from './postgres-support.js';
import '../support/proof-only.js';

type Command = () => ReturnType<PostgresClient['query']>;

/** Statements of a store that are kept back, and those that were. */
interface Line {
  isKept: (values: readonly unknown[]) => boolean;
  readonly kept: Command[];
}

const none = () => false;
/** Batches that hold reference `a`. */
const holdsOfA = (values: readonly unknown[]) => values[6] === '{"a"}';
/** Batches that release something. */
const releases = (values: readonly unknown[]) => String(values[0]).includes('"target":"released"');

/** A store with statements that are kept back and do not arrive, or come late. */
function openLate(options: Partial<PostgresStoreOptions> = {}): { store: HoldStore } & Line {
  const pool = newPool();
  const line: Line = { isKept: none, kept: [] };
  const query: PostgresClient['query'] = (text, values) => {
    const command = () => pool.query(text, values);
    if (!text.includes('run_batch') || !line.isKept(values)) return command();
    line.kept.push(command);
    return new Promise(() => {});
  };
  return Object.assign(line, { store: openStore({ deadlineMs: 1_500, pool: { query }, ...options }) });
}

async function isExecuted(command: Command | undefined): Promise<boolean> {
  const { rows = [] } = (await command?.()) ?? {};
  return JSON.parse((rows[0] as { reply: string }).reply).answers !== null;
}

describeStore('the PostgreSQL store, when messages go astray', () => {
  eachInItsSchema();

  it('undoes a hold that arrives late, and does not execute it after its time', async () => {
    const clock = await stopClock();
    const line = openLate();
    const { epoch } = await line.store.totals('w');
    line.isKept = (values) => holdsOfA(values) || releases(values);
    await expect(hold(line.store, 'a', { epoch })).rejects.toMatchObject(refusal);
    const [late] = line.kept;
    expect(await isExecuted(late)).toBe(true);
    const again = await openStore().hold({ ...holdOp('a', epoch).request });
    expect(again).toMatchObject({ outcome: 'exists', hold: { state: 'sent' }, retryAfterMs: 1_000 });
    line.isKept = none;
    await eventually(async () => (await read(openStore(), 'a'))?.state === 'released');
    expect(await totals(line.store)).toEqual([0n, 0n]);
    await clock.pass(20_000);
    expect(await isExecuted(late)).toBe(false);
    expect((await read(line.store, 'a'))?.state).toBe('released');
    expect((await hold(line.store, 'a')).outcome).toBe('held');
  });

  it('does not execute what was meant for an earlier epoch', async () => {
    const line = openLate();
    const { epoch } = await line.store.totals('w');
    line.isKept = holdsOfA;
    await expect(hold(line.store, 'a', { epoch })).rejects.toMatchObject(refusal);
    await truncate(...dataTables);
    line.isKept = none;
    expect(await isExecuted(line.kept[0])).toBe(false);
    expect(await totals(line.store)).toEqual([0n, 0n]);
  });

  it('answers a statement that is repeated as it answered the first', async () => {
    const engine = openEngine();
    const { epoch, nowMs } = await engine.run([]);
    const header: Header = { id: 'a batch', epoch, notAfterMs: nowMs + 60_000 };
    for (const state of ['sent', 'reserved'] as const) {
      const op = holdOp(state, epoch, { state });
      const first = await engine.run([op], header);
      expect(first.answers).toMatchObject([{ outcome: 'held', hold: { state } }]);
      expect((await engine.run([op], header)).answers).toEqual(first.answers);
    }
    expect(await totals(openStore())).toEqual([10n, 0n]);
  });

  it.each(['sent', 'reserved'] as const)('undoes a hold that was taken as %s: it was not sent', async (state) => {
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    const op = holdOp('a', epoch, { state, attempt: 'one' });
    const undo = { reference: 'a', attempt: 'one', sender: 'one', to: 'released', notSent: true } as const;
    await engine.run([op, { kind: 'settle', request: undo, wallet: 'w' }]);
    expect(await read(openStore(), 'a')).toMatchObject({ state: 'released', failed: undefined });
    expect(await totals(openStore())).toEqual([0n, 0n]);
    // The attempt does not come back, and another one may take the reference; a late undo leaves that one alone.
    const { answers } = await engine.run([op, holdOp('a', epoch, { state })]);
    expect(answers).toMatchObject([{ outcome: 'exists' }, { outcome: 'held', hold: { turn: 2 } }]);
    await engine.run([{ kind: 'settle', request: undo, wallet: 'w' }]);
    expect(await read(openStore(), 'a')).toMatchObject({ state, turn: 2 });
  });

  it('does not undo a reservation that another handle has resumed and sent since', async () => {
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    const op = holdOp('a', epoch, { state: 'reserved', attempt: 'one' });
    const resumed = settleOp({ reference: 'a', to: 'sent', sendsForMs: 1_000, sender: 'another handle' });
    const undo = { reference: 'a', attempt: 'one', sender: 'one', to: 'released', notSent: true } as const;
    await engine.run([op, resumed, { kind: 'settle', request: undo, wallet: 'w' }]);
    expect(await read(openStore(), 'a')).toMatchObject({ state: 'sent', sender: 'another handle' });
    expect(await totals(openStore())).toEqual([5n, 0n]);
  });

  it('does not answer an undo before a hold on its way is committed, nor after it with an earlier time', async () => {
    const clock = await stopClock();
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    const header: Header = { id: 'a batch', epoch, notAfterMs: clock.nowMs + 1_000 };
    const undo = { reference: 'a', attempt: 'one', to: 'released', notSent: true } as const;
    const client = await newPool().connect();
    await client.query('BEGIN');
    await openEngine({ pool: client }).run([holdOp('a', epoch, { attempt: 'one' })], header);
    const undone = engine.run([{ kind: 'settle', request: undo, wallet: 'w' }], header);
    await client.query('COMMIT');
    expect((await undone).answers).toMatchObject([{ outcome: 'done' }]);
    // Nothing of a reference is known, and yet the time of its wallet is kept.
    const other = { ...undo, reference: 'b' };
    await engine.run([{ kind: 'settle', request: other, wallet: 'v' }], header);
    await clock.pass(1_001);
    const later = await engine.run([{ kind: 'settle', request: other, wallet: 'v' }], {
      ...header,
      notAfterMs: clock.nowMs,
    });
    expect(later).toMatchObject({ nowMs: clock.nowMs, isExecuted: true, answers: [{ outcome: 'unknown' }] });
    await clock.pass(-5_000);
    const late = await engine.run([holdOp('b', epoch, { wallet: 'v' })], header);
    expect(late).toMatchObject({ isExecuted: false, answers: [] });
    expect(await totals(openStore(), 'v')).toEqual([0n, 0n]);
    client.release();
  });

  it('refuses what waited for a lock until the epoch had ended', async () => {
    const engine = openEngine();
    const { epoch, nowMs } = await engine.run([{ kind: 'freeze', wallet: 'w', reason: undefined }]);
    const client = await newPool().connect();
    await client.query(`BEGIN; ${takeTurn('w')}`);
    const waits = engine.run([holdOp('a', epoch)], { id: 'a batch', epoch, notAfterMs: nowMs + 60_000 });
    const isWaiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await eventually(async () => (await client.query(isWaiting)).rows.length === 1);
    await newPool().query(`UPDATE "${schema}".store SET epoch = 'another'`);
    await client.query('COMMIT');
    client.release();
    expect(await waits).toMatchObject({ isExecuted: false, epoch: 'another', answers: [] });
  });

  it.each([
    ['attempt/1', 'attempt/12', 'w'],
    ['one', 'another', 'v'],
  ])(
    'restores a hold of attempt %s though attempt %s, of wallet %s, was given up meanwhile',
    async (own, other, wallet) => {
      const [holder, refused] = [openLate(), openLate()];
      const { epoch } = await holder.store.totals('w');
      await hold(holder.store, 'a', { epoch, attempt: own });
      refused.isKept = holdsOfA;
      await refused.store.totals('w');
      await expect(hold(refused.store, 'a', { epoch, attempt: other, wallet })).rejects.toMatchObject(refusal);
      await truncate(...dataTables);
      refused.isKept = none;
      await refused.store.close();
      expect(await totals(holder.store)).toEqual([5n, 0n]);
      expect(await read(openStore(), 'a')).toMatchObject({ state: 'sent', attempt: own });
    },
  );

  it('does not let a late release of an earlier hold end the hold of a later attempt', async () => {
    const clock = await stopClock();
    const line = openLate();
    await hold(line.store, 'a', { state: 'reserved', attempt: 'one' });
    line.isKept = releases;
    for (const attempt of ['one', undefined]) {
      const release = line.store.settle({ reference: 'a', attempt, to: 'released' });
      await expect(release).rejects.toMatchObject(refusal);
    }
    line.isKept = none;
    await line.store.settle({ reference: 'a', attempt: 'one', to: 'released' });
    await hold(line.store, 'a', { state: 'reserved', attempt: 'two' });
    const [ofOne, ofAny] = line.kept;
    await ofOne?.();
    expect(await read(line.store, 'a')).toMatchObject({ state: 'reserved', attempt: 'two' });
    await clock.pass(20_000);
    expect([await isExecuted(ofOne), await isExecuted(ofAny)]).toEqual([false, false]);
    expect(await read(line.store, 'a')).toMatchObject({ state: 'reserved', attempt: 'two' });
  });

  it('T2. does not let the time run back or stop when the clock of the server is set back', async () => {
    const clock = await stopClock();
    const store = openStore();
    const startMs = clock.nowMs;
    await hold(store, 'a', { state: 'reserved', expiresInMs: 500 });
    await clock.pass(-3_600_000);
    // A read does not read all wallets: the first batch that writes detects it, and is taken for late itself.
    await expect(hold(store, 'b')).rejects.toMatchObject(refusal);
    expect((await hold(store, 'b')).outcome).toBe('held');
    expect((await store.get('a')).nowMs).toBe(startMs);
    await clock.pass(499);
    expect(await store.get('a')).toMatchObject({ nowMs: startMs + 499, hold: { state: 'reserved' } });
    expect((await store.list({ limit: 1 })).nowMs).toBe(startMs + 499);
    await clock.pass(1);
    expect(await store.get('a')).toMatchObject({ nowMs: startMs + 500, hold: { state: 'released' } });
  });

  it('T2. does not end a recovery early on a server whose clock is behind', async () => {
    const clock = await stopClock();
    const engine = openEngine({ recoveryMs: 3_000 });
    await engine.run([]);
    await clock.pass(3_000);
    const { epoch } = await engine.run([]);
    await engine.run([holdOp('a', epoch)]);
    const beforeMs = clock.nowMs;
    await clock.pass(-3_600_000);
    await newPool().query(`UPDATE "${schema}".store SET place = 'elsewhere'`);
    const after = await engine.run([]);
    expect(after).toMatchObject({ nowMs: beforeMs, recoveringForMs: 3_000 });
    await clock.pass(2_999);
    const early = await engine.run([holdOp('b', after.epoch)]);
    expect(early).toMatchObject({ nowMs: beforeMs + 2_999, answers: [{ outcome: 'recovering', forMs: 1 }] });
    await clock.pass(1);
    expect((await engine.run([holdOp('b', after.epoch)])).answers).toMatchObject([{ outcome: 'held' }]);
  });
});
