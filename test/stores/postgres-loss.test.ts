import { describe, expect, it } from '@jest/globals';
import type { HoldRecord } from 'payout-guard';
import type { Op } from '../../src/stores/shared/engine.js';
import { collectWarnings } from '../support/warnings.js';
import {
  dataTables,
  describeStore,
  eachInItsSchema,
  held,
  hold,
  newPool,
  openEngine,
  openStore,
  read,
  schema,
  stopClock,
  totals,
  truncate,
} from './postgres-support.js';

const restore = (record: HoldRecord): Op => ({ kind: 'restore', hold: record });

describeStore('the PostgreSQL store that lost data', () => {
  const warnings = collectWarnings();
  eachInItsSchema();

  it('begins a new epoch after TRUNCATE, restores open holds, and approves after the recovery window', async () => {
    const clock = await stopClock();
    const store = openStore({ recoveryMs: 3_000 });
    await store.totals('w');
    await clock.pass(3_000);
    const before = await store.totals('w');
    await hold(store, 'open', { metadata: { note: 'kept' } });
    await hold(store, 'done');
    await store.settle({ reference: 'done', to: 'captured', visibleInMs: 0 });
    await truncate(...dataTables);

    const after = await store.totals('w');
    expect(after.epoch).not.toBe(before.epoch);
    expect(after.recoveringForMs).toBe(3_000);
    const open = { state: 'sent', amountMinor: 5n, metadata: { note: 'kept' } };
    expect(await store.get('open')).toMatchObject({ hold: open, nowMs: clock.nowMs, recoveringForMs: 3_000 });
    expect(await store.get('done')).toEqual({ hold: undefined, nowMs: clock.nowMs, recoveringForMs: 3_000 });
    const release = { reference: 'done', to: 'released' } as const;
    expect(await store.settle(release)).toEqual({ outcome: 'recovering', forMs: 3_000 });
    expect((await hold(store, 'stale', { epoch: before.epoch })).outcome).toBe('stale_epoch');
    expect(await hold(store, 'early')).toEqual({ outcome: 'recovering', forMs: 3_000 });
    expect((await hold(store, 'open')).outcome).toBe('exists');
    await clock.pass(2_999);
    expect(await hold(store, 'early')).toEqual({ outcome: 'recovering', forMs: 1 });
    await clock.pass(1);
    expect(await store.settle(release)).toEqual({ outcome: 'unknown' });
    expect(await store.get('done')).toEqual({ hold: undefined, nowMs: clock.nowMs });
    expect(await totals(store)).toEqual([5n, 0n]);
    expect((await hold(store, 'later', { limitMinor: 9n })).outcome).toBe('insufficient');
    expect((await hold(store, 'later', { limitMinor: 10n })).outcome).toBe('held');
    expect(warnings).toEqual([expect.stringMatching(/^PAYOUT_GUARD_EPOCH: /)]);
  });

  it.each(dataTables)('detects that the table %s alone was truncated', async (table) => {
    const [store, other] = [openStore(), openStore()];
    const { epoch } = await store.totals('w');
    await hold(store, 'a');
    await hold(other, 'b');
    await truncate(table);
    await Promise.all([store.get('a'), other.get('b')]);
    expect((await store.totals('w')).epoch).not.toBe(epoch);
    expect(await totals(store)).toEqual([10n, 0n]);
  });

  it('begins a new epoch on another timeline, and in a server that is behind its last position', async () => {
    const pool = newPool();
    const store = openStore({ pool });
    const first = await store.totals('w');
    await pool.query(`UPDATE "${schema}".store SET place = replace(place, '/00000001/', '/00000002/')`);
    const second = await store.totals('w');
    expect(second.epoch).not.toBe(first.epoch);
    expect((await store.totals('w')).epoch).toBe(second.epoch);

    const isPosition = (value: unknown) => /^[0-9A-F]+\/[0-9A-F]+$/.test(String(value));
    const ahead = openStore({
      pool: {
        query: (text, values) =>
          pool.query(
            text,
            values.map((value) => (isPosition(value) ? 'FFFF/0' : value)),
          ),
      },
    });
    await ahead.totals('w');
    expect((await ahead.totals('w')).epoch).not.toBe(second.epoch);
  });

  describe('restores', () => {
    it('a sent hold with all that is known of it', async () => {
      const engine = openEngine();
      const store = openStore();
      await held(store, 'a', {
        state: 'reserved',
        attempt: 'one',
        currency: { code: 'USDC', exponent: 6 },
        fingerprint: 'payee',
        metadata: { note: 'kept' },
      });
      await store.settle({ reference: 'a', to: 'released' });
      const again = { state: 'reserved', attempt: 'two', fingerprint: 'payee' } as const;
      await held(store, 'a', { ...again, currency: { code: 'USDC', exponent: 6 }, metadata: { note: 'kept' } });
      await store.settle({ reference: 'a', to: 'sent', sendsForMs: 1_234, sender: 'a second handle' });
      const record = (await read(store, 'a')) as HoldRecord;
      expect(record).toMatchObject({
        currency: { code: 'USDC', exponent: 6 },
        sender: 'a second handle',
        sendsUntilMs: (record.sentAtMs as number) + 1_234,
        turn: 2,
        fingerprint: 'payee',
      });
      await truncate(...dataTables);
      await engine.run([restore(record), restore(record)]);
      expect(await read(openStore(), 'a')).toEqual(record);
      expect(await totals(openStore())).toEqual([5n, 0n]);
    });

    it('a capture that is not visible yet: it counts as held until then, once', async () => {
      const clock = await stopClock();
      const engine = openEngine();
      const store = openStore();
      await hold(store, 'a', { metadata: { note: 'kept' } });
      const late = { reference: 'a', to: 'captured', actualMinor: 8n, visibleInMs: 700, awaitsOutcome: true } as const;
      const { hold: captured } = (await store.settle(late)) as { hold: HoldRecord };
      expect(captured).toMatchObject({ awaitsOutcome: true, visibleAtMs: clock.nowMs + 700 });
      await truncate(...dataTables);
      // Another process, which does not restore it by itself.
      await engine.run([restore(captured), restore(captured)]);
      await engine.run([restore(captured)]);
      const other = openStore();
      expect(await read(other, 'a')).toEqual(captured);
      expect(await totals(other)).toEqual([8n, 0n]);
      expect((await hold(other, 'a')).outcome).toBe('exists');
      await clock.pass(699);
      expect(await totals(other)).toEqual([8n, 0n]);
      await clock.pass(1);
      expect(await totals(other)).toEqual([0n, 8n]);
      await engine.run([restore(captured)]);
      expect(await totals(other)).toEqual([0n, 8n]);
    });

    it('a capture whose payout failed as one that failed', async () => {
      const engine = openEngine();
      const store = openStore();
      await hold(store, 'a', { attempt: 'one' });
      await store.settle({ reference: 'a', to: 'captured', visibleInMs: 60_000, awaitsOutcome: true });
      const answer = await store.settle({ reference: 'a', to: 'failed' });
      expect(answer).toMatchObject({ outcome: 'already', hold: { state: 'captured', failed: true } });
      const { hold: captured } = answer as { hold: HoldRecord };
      await truncate(...dataTables);
      await engine.run([restore(captured)]);
      expect(await read(openStore(), 'a')).toEqual(captured);
    });

    it.each([
      [true, 'failed'],
      [false, 'not failed'],
    ])('a capture over its own failure, with awaitsOutcome %p, as %s', async (awaitsOutcome) => {
      const engine = openEngine();
      const store = openStore();
      const record = await held(store, 'a');
      await store.settle({ reference: 'a', to: 'failed' });
      const capture = { reference: 'a', to: 'captured', visibleInMs: 60_000, awaitsOutcome } as const;
      const { hold: captured } = (await store.settle({ ...capture, attempt: record.attempt })) as { hold: HoldRecord };
      // It would restore its hold by itself.
      await store.close();
      await truncate(...dataTables);
      await engine.run([restore(record)]);
      await openStore().settle({ reference: 'a', to: 'failed' });
      await engine.run([restore(captured)]);
      expect(await read(openStore(), 'a')).toMatchObject({
        state: 'captured',
        failed: awaitsOutcome ? true : undefined,
        awaitsOutcome: undefined,
      });
    });

    it('a later attempt where an earlier one is open', async () => {
      const engine = openEngine({ recoveryMs: 3_000 });
      const clock = await stopClock();
      const store = openStore();
      await hold(store, 'a', { state: 'reserved', attempt: 'earlier' });
      await store.settle({ reference: 'a', to: 'released' });
      const later = await held(store, 'a', { attempt: 'later' });
      // As if data had gone back to before the release, on a server whose clock is ahead.
      await newPool().query(
        `UPDATE "${schema}".holds
          SET state = 'reserved', attempt = 'earlier', turn = 1, created_at_ms = created_at_ms + 10`,
      );
      // A request that comes after the recovery is late, and takes nothing from the hold that is there.
      await clock.pass(3_000);
      await engine.run([restore(later)]);
      expect(await read(store, 'a')).toMatchObject({ state: 'reserved', attempt: 'earlier' });
      await newPool().query(`UPDATE "${schema}".store SET born_at_ms = ${clock.nowMs}`);
      await engine.run([restore(later)]);
      expect(await read(store, 'a')).toMatchObject({ state: 'sent', attempt: 'later' });
      expect(await totals(store)).toEqual([5n, 0n]);
    });
  });

  describe('puts right what it has as it was earlier', () => {
    // A hold that is `released` was not sent when the data was lost, and expired since.
    it.each(['reserved', 'sent', 'released'] as const)('a late capture that is there as %s', async (state) => {
      const engine = openEngine();
      const store = openStore();
      await hold(store, 'a', { state: 'reserved', attempt: 'ours' });
      if (state === 'sent') await store.settle({ reference: 'a', to: 'sent', sendsForMs: 1_000 });
      if (state === 'released') await store.settle({ reference: 'a', to: 'released' });
      const was = (await read(store, 'a')) as HoldRecord;
      const captured = {
        ...was,
        state: 'captured',
        capturedMinor: 8n,
        endedAtMs: was.createdAtMs,
        expiresAtMs: undefined,
        visibleAtMs: was.createdAtMs + 60_000,
      } as const;
      await engine.run([restore(captured)]);
      await engine.run([restore(captured)]);
      expect((await read(store, 'a'))?.state).toBe('captured');
      expect(await totals(store)).toEqual([8n, 0n]);
      // The hold of another attempt is left alone.
      await hold(store, 'b', { attempt: 'theirs' });
      await engine.run([restore({ ...captured, reference: 'b' })]);
      expect(await read(store, 'b')).toMatchObject({ state: 'sent', attempt: 'theirs' });
      expect(await totals(store)).toEqual([13n, 0n]);
    });

    it('a hold that is there as it was before it was sent', async () => {
      const pool = newPool();
      const clock = await stopClock();
      const store = openStore({ pool });
      await hold(store, 'a', { state: 'reserved', expiresInMs: 400 });
      await pool.query(`CREATE TABLE "${schema}".backup AS SELECT * FROM "${schema}".holds`);
      await store.settle({ reference: 'a', to: 'sent', sendsForMs: 1_000 });
      await pool.query(`TRUNCATE "${schema}".holds; INSERT INTO "${schema}".holds SELECT * FROM "${schema}".backup`);
      await store.totals('w');
      await clock.pass(400);
      expect((await read(store, 'a'))?.state).toBe('sent');
      expect(await totals(store)).toEqual([5n, 0n]);
    });

    it('a capture of a payout that has failed since: both are recorded', async () => {
      const engine = openEngine();
      const store = openStore();
      const reserved = await held(store, 'a', { state: 'reserved', attempt: 'ours' });
      await openStore().settle({ reference: 'a', to: 'failed' });
      const visibleAtMs = reserved.createdAtMs + 3_600_000;
      const captured = { state: 'captured', expiresAtMs: undefined, capturedMinor: 5n, visibleAtMs } as const;
      await engine.run([restore({ ...reserved, ...captured, awaitsOutcome: true })]);
      const record = await read(store, 'a');
      expect([record?.state, record?.failed, record?.awaitsOutcome]).toEqual(['captured', true, undefined]);
      expect(await totals(store)).toEqual([5n, 0n]);
    });

    it('but reopens no payout that has failed since', async () => {
      const engine = openEngine();
      const store = openStore();
      const reserved = await held(store, 'a', { state: 'reserved', attempt: 'ours' });
      await openStore().settle({ reference: 'a', to: 'failed' });
      const sent = { state: 'sent', expiresAtMs: undefined, sentAtMs: reserved.createdAtMs + 1 } as const;
      await engine.run([restore({ ...reserved, ...sent })]);
      expect(await read(store, 'a')).toMatchObject({ state: 'released', failed: true });
      expect(await totals(store)).toEqual([0n, 0n]);
    });
  });
});
