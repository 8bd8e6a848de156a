import { describe, expect, it } from '@jest/globals';
import type { HoldOutcome, HoldRecord, WalletTotals } from 'payout-guard';
import type { Op } from '../../src/stores/shared/engine.js';
import {
  describeStore,
  eachInItsSchema,
  hold,
  holdOp,
  newPool,
  openEngine,
  openStore,
  read,
  schema,
  settleOp,
  stopClock,
  totals,
} from './postgres-support.js';

const short = (answers: readonly unknown[]) =>
  (answers as readonly HoldOutcome[]).map((answer) =>
    'totals' in answer
      ? [answer.outcome, answer.totals.active, answer.totals.captured]
      : [answer.outcome, 'hold' in answer && answer.hold.amountMinor],
  );

describeStore('a batch of the PostgreSQL store', () => {
  eachInItsSchema();

  it('grants holds up to the limit of each, and not one unit more, whichever way they are decided', async () => {
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    const three = (prefix: string, limitMinor: bigint) =>
      ['1', '2', '3'].map((name) => holdOp(prefix + name, epoch, { wallet: prefix, limitMinor }));
    expect(short((await engine.run(three('a', 15n))).answers)).toEqual([
      ['held', 0n, 0n],
      ['held', 5n, 0n],
      ['held', 10n, 0n],
    ]);
    expect(short((await engine.run(three('b', 14n))).answers)).toEqual([
      ['held', 0n, 0n],
      ['held', 5n, 0n],
      ['insufficient', 10n, 0n],
    ]);
    // The limits differ: the lowest is of the last.
    const differing = three('c', 15n).with(2, holdOp('c3', epoch, { wallet: 'c', limitMinor: 14n }));
    expect(short((await engine.run(differing)).answers)).toEqual([
      ['held', 0n, 0n],
      ['held', 5n, 0n],
      ['insufficient', 10n, 0n],
    ]);
    expect(short((await engine.run([...three('d', 14n), ...three('e', 15n)])).answers)).toEqual([
      ['held', 0n, 0n],
      ['held', 5n, 0n],
      ['insufficient', 10n, 0n],
      ['held', 0n, 0n],
      ['held', 5n, 0n],
      ['held', 10n, 0n],
    ]);
    const wallets = ['a', 'b', 'c', 'd', 'e'].map((wallet): Op => ({ kind: 'totals', wallet }));
    expect((await engine.run(wallets)).answers.map((one) => (one as WalletTotals).active)).toEqual([
      15n,
      10n,
      10n,
      10n,
      15n,
    ]);
  });

  it('grants new references beside other operations, and beside a taken one and one of another epoch', async () => {
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    await engine.run([holdOp('taken', epoch), holdOp('ends', epoch, { amountMinor: 7n })]);
    const [a, ended, b, none] = (
      await engine.run([
        holdOp('a', epoch),
        settleOp({ reference: 'ends', to: 'captured', visibleInMs: 0 }),
        holdOp('b', epoch, { state: 'reserved', wallet: 'v' }),
        { kind: 'get', reference: 'none' },
      ])
    ).answers;
    expect(short([a, b])).toEqual([
      ['held', 12n, 0n],
      ['held', 0n, 0n],
    ]);
    expect([ended, none]).toMatchObject([{ outcome: 'done', hold: { state: 'captured' } }, undefined]);
    const { answers } = await engine.run([
      holdOp('c', epoch),
      holdOp('taken', epoch, { amountMinor: 9n }),
      holdOp('d', epoch),
    ]);
    expect(short(answers)).toEqual([
      ['held', 10n, 7n],
      ['exists', 5n],
      ['held', 15n, 7n],
    ]);
    const mixed = await engine.run([holdOp('e', epoch), holdOp('old', 'another epoch')]);
    expect(short(mixed.answers).map(([outcome]) => outcome)).toEqual(['held', 'stale_epoch']);
    const stale = await engine.run([holdOp('f', 'another epoch'), holdOp('g', 'another epoch')]);
    expect(short(stale.answers).map(([outcome]) => outcome)).toEqual(['stale_epoch', 'stale_epoch']);
    const store = openStore();
    expect([await totals(store, 'w'), await totals(store, 'v')]).toEqual([
      [25n, 7n],
      [5n, 0n],
    ]);
  });

  describe('keeps of each hold what its request contained', () => {
    const different = [
      { wallet: 'w', state: 'sent', currency: { code: 'KES', exponent: 2 }, metadata: { quotes: `'"\\{},` } },
      {
        wallet: 'v',
        state: 'reserved',
        currency: { code: 'UGX', exponent: 0 },
        expiresInMs: 1_234,
        fingerprint: '"{}',
      },
      { wallet: 'v', state: 'sent', currency: { code: 'USDC', exponent: 6 }, sendsForMs: 5_678, amountMinor: 9n },
    ] as const;
    const equal = [1, 2, 3].map(() => ({ ...different[1], limitMinor: 77n }));
    const one = [different[1]];

    it.each(Object.entries({ different, equal, one }))('when they are %s', async (_, requests) => {
      const engine = openEngine();
      const clock = await stopClock();
      const { epoch } = await engine.run([]);
      const asked = requests.map((request, index) => holdOp(`r${index}`, epoch, request));
      const gets = asked.map(({ request }): Op => ({ kind: 'get', reference: request.reference }));
      const recordOf = ({ request }: (typeof asked)[number], turn?: number): HoldRecord => {
        const isSent = request.state === 'sent';
        const { reference, wallet, attempt, state, amountMinor, currency, fingerprint, metadata } = request;
        const times = isSent
          ? { sentAtMs: clock.nowMs, sendsUntilMs: clock.nowMs + request.sendsForMs }
          : { expiresAtMs: clock.nowMs + request.expiresInMs };
        const given = { reference, wallet, attempt, state, amountMinor, currency, fingerprint, metadata };
        return { ...given, createdAtMs: clock.nowMs, ...times, turn };
      };
      const granted = async (holds: typeof asked, turn?: number) => {
        const records = holds.map((op) => recordOf(op, turn));
        const { answers } = await engine.run(holds);
        expect(answers).toMatchObject(records.map((record) => ({ outcome: 'held', hold: record })));
        expect((await engine.run(gets)).answers).toEqual(records);
      };
      // New ones go into the table without a decision on each.
      await granted(asked);
      const release = asked.map(({ request: { reference } }) => settleOp({ reference, to: 'released', notSent: true }));
      await engine.run(release);
      await clock.pass(10);
      // Those that were held before are decided one by one.
      await granted(
        asked.map(({ request }) => ({ kind: 'hold', request: { ...request, attempt: `${request.attempt} again` } })),
        2,
      );
    });
  });

  it('T1. ends a reservation with its epoch, and checks one once more in the step that sends it', async () => {
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    const reserved = { state: 'reserved', expiresInMs: 86_400_000 } as const;
    await engine.run([holdOp('a', epoch, reserved), holdOp('sent', epoch)]);
    // The data of another place, with all that was in it.
    await newPool().query(`UPDATE "${schema}".store SET place = 'elsewhere'`);
    const send = { reference: 'a', to: 'sent', sendsForMs: 1_000 } as const;
    const { epoch: later, answers } = await engine.run([settleOp(send), { kind: 'totals', wallet: 'w' }]);
    expect(later).not.toBe(epoch);
    expect(answers).toMatchObject([
      { outcome: 'illegal', hold: { state: 'released' } },
      { active: 5n, captured: 0n },
    ]);

    expect((await engine.run([holdOp('a', later, reserved)])).answers).toMatchObject([{ outcome: 'held' }]);
    const checked = async (check: { epoch: string; limitMinor: bigint }) =>
      (await engine.run([settleOp({ ...send, check })])).answers;
    expect(await checked({ epoch, limitMinor: 10n })).toMatchObject([{ outcome: 'stale_epoch' }]);
    expect(await checked({ epoch: later, limitMinor: 9n })).toEqual([
      { outcome: 'insufficient', totals: { epoch: later, active: 10n, captured: 0n } },
    ]);
    expect(await read(openStore(), 'a')).toMatchObject({ state: 'reserved' });
    expect(await checked({ epoch: later, limitMinor: 10n })).toMatchObject([{ outcome: 'done' }]);
  });

  it('settles each hold of one reference by its own attempt, in the order they came', async () => {
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    const capture = { reference: 'a', to: 'captured', visibleInMs: 0 } as const;
    const { answers } = await engine.run([
      holdOp('a', epoch, { attempt: 'one', state: 'reserved' }),
      settleOp({ reference: 'a', to: 'reserved', expiresInMs: 5 }),
      settleOp({ ...capture, attempt: 'two' }),
      settleOp({ reference: 'a', attempt: 'one', to: 'released' }),
      settleOp(capture),
      holdOp('a', epoch, { attempt: 'two' }),
      settleOp({ ...capture, attempt: 'one' }),
      settleOp({ reference: 'a', attempt: 'two', to: 'returned' }),
      settleOp({ reference: 'a', to: 'failed' }),
      settleOp({ ...capture, attempt: 'two', actualMinor: 4n, awaitsOutcome: true }),
      settleOp({ reference: 'a', to: 'failed' }),
      { kind: 'get', reference: 'a' },
    ]);
    expect(answers.slice(0, -1).map((answer) => (answer as { outcome: string }).outcome)).toEqual([
      'held',
      'done',
      'illegal',
      'done',
      'illegal',
      'held',
      'illegal',
      'done',
      'done',
      'late',
      'already',
    ]);
    expect(answers.at(-1)).toMatchObject({ attempt: 'two', state: 'captured', capturedMinor: 4n, failed: true });
    expect(answers.at(-1)).not.toMatchObject({ awaitsOutcome: true });
    expect(await totals(openStore())).toEqual([0n, 4n]);
  });

  it('shows a reservation of another wallet as released when its time is over', async () => {
    const clock = await stopClock();
    const engine = openEngine();
    const { epoch } = await engine.run([]);
    await engine.run([holdOp('a', epoch, { state: 'reserved', expiresInMs: 10 })]);
    await clock.pass(10);
    const elsewhere = holdOp('a', epoch, { wallet: 'v' });
    const over = { outcome: 'exists', hold: { wallet: 'w', state: 'released', endedAtMs: clock.nowMs } };
    expect((await engine.run([elsewhere, elsewhere])).answers).toMatchObject([over, over]);
    expect([await totals(openStore(), 'w'), await totals(openStore(), 'v')]).toEqual([
      [0n, 0n],
      [0n, 0n],
    ]);
  });

  it('shows when a late capture becomes visible, each time, and afterwards', async () => {
    const clock = await stopClock();
    const store = openStore();
    await hold(store, 'a');
    const late = { reference: 'a', to: 'captured', visibleInMs: 300 } as const;
    const { hold: done } = (await store.settle(late)) as { hold: HoldRecord };
    expect([done.endedAtMs, done.visibleAtMs]).toEqual([clock.nowMs, clock.nowMs + 300]);
    expect(await store.settle(late)).toEqual({ outcome: 'already', hold: done });
    expect([await read(store, 'a'), (await store.list({ limit: 1 })).holds[0]]).toEqual([done, done]);
    await clock.pass(299);
    expect([await read(store, 'a'), await totals(store)]).toEqual([done, [5n, 0n]]);
    await clock.pass(1);
    expect([await read(store, 'a'), await totals(store)]).toEqual([done, [0n, 5n]]);
    await hold(store, 'b', { state: 'reserved' });
    expect((await read(store, 'b'))?.visibleAtMs).toBeUndefined();
  });
});
