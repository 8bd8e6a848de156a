// The rules of `HoldStore` as tests: one for each rule, under its number, with literal expected values.
import assert from 'node:assert/strict';
import type { HoldStore } from '../core/store.js';
import { batchRules } from './store-contract/batch-rules.js';
import { limitRules } from './store-contract/limit-rules.js';
import { existing, known, Probe, recordOf, stateOf, totalsOf } from './store-contract/probe.js';
import { splitRules } from './store-contract/split-rules.js';

/** The functions that the contract needs from a test runner: jest, vitest, mocha and node:test have them. */
export interface TestRunner {
  describe(name: string, define: () => void): unknown;
  it(name: string, test: () => Promise<void>): unknown;
}

/** The store to be tested. */
export interface StoreTarget {
  /** For the title of the tests. */
  readonly name: string;
  /**
   * A store, opened. Tests keep out of each other's way by their wallets and references, so stores may share an engine;
   * only `__proto__` and its like are held as they are, so each run needs a memory of its own.
   */
  open(): Promise<HoldStore> | HoldStore;
  /** Lets this much time pass on the store's clock, in milliseconds. The tests ask for a few hundred at most. */
  pass(ms: number): Promise<void>;
  /** Closes a store that `open` returned. @defaultValue `store.close()` */
  close?: ((store: HoldStore) => Promise<void>) | undefined;
}

/**
 * Defines the tests of the store contract.
 *
 * @example
 * ```ts
 * storeContract({ describe, it }, { name: 'my store', open: () => myStore(), pass: (ms) => sleep(ms) });
 * ```
 */
export function storeContract({ describe, it }: TestRunner, target: StoreTarget): void {
  const withStore = (title: string, test: (store: HoldStore) => Promise<void>) =>
    it(title, async () => {
      const store = await target.open();
      try {
        await test(store);
      } finally {
        await (target.close ? target.close(store) : store.close());
      }
    });

  const rule = (title: string, test: (store: Probe) => Promise<void>) =>
    withStore(title, (store) => test(new Probe(store)));

  describe(`${target.name} keeps the store contract`, () => {
    rule('1. totals of a wallet that was never seen are zero', async (store) => {
      assert.deepEqual(await store.totals(), { active: 0n, captured: 0n });
    });

    rule('2. check and hold are one step: up to the limit, not one more', async (store) => {
      assert.equal((await store.hold('a', { amountMinor: 60n, limitMinor: 100n })).outcome, 'held');
      assert.equal((await store.hold('b', { amountMinor: 41n, limitMinor: 100n })).outcome, 'insufficient');
      assert.equal((await store.hold('c', { amountMinor: 40n, limitMinor: 100n })).outcome, 'held');
      assert.equal((await store.hold('d', { amountMinor: 1n, limitMinor: 100n })).outcome, 'insufficient');
      assert.deepEqual(await store.totals(), { active: 100n, captured: 0n });
    });

    rule('2. of 100 holds at once exactly those are granted that fit', async (store) => {
      const holds = Array.from({ length: 100 }, (_, index) =>
        store.hold(`${index}`, { amountMinor: 7n, limitMinor: 100n }),
      );
      const granted = (await Promise.all(holds)).filter(({ outcome }) => outcome === 'held');
      assert.equal(granted.length, 14);
      assert.deepEqual(await store.totals(), { active: 98n, captured: 0n });
    });

    rule('2. an answer tells the totals it was made on, before the hold', async (store) => {
      await store.hold('a', { amountMinor: 60n });
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'a');
      const held = await store.hold('b', { amountMinor: 5n });
      const refused = await store.hold('c', { amountMinor: 5n, limitMinor: 69n });
      assert.deepEqual(
        [totalsOf(held), totalsOf(refused)],
        [
          { active: 0n, captured: 60n },
          { active: 5n, captured: 60n },
        ],
      );
    });

    rule('2. amounts are exact to the last unit of 64 bits', async (store) => {
      const largest = 2n ** 63n - 1n;
      const half = 2n ** 62n;
      assert.equal((await store.hold('a', { amountMinor: half, limitMinor: largest })).outcome, 'held');
      assert.equal((await store.hold('b', { amountMinor: half, limitMinor: largest })).outcome, 'insufficient');
      assert.equal((await store.hold('c', { amountMinor: half - 1n, limitMinor: largest })).outcome, 'held');
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'a');
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'c');
      assert.deepEqual(await store.totals(), { active: 0n, captured: largest });
      // The cumulative captured amount goes beyond 64 bits in the end.
      assert.equal((await store.hold('d', { amountMinor: half, limitMinor: largest + half })).outcome, 'held');
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'd');
      assert.deepEqual(await store.totals(), { active: 0n, captured: largest + half });
      assert.equal((await store.hold('e', { amountMinor: 1n, limitMinor: largest + half })).outcome, 'insufficient');
    });

    rule('2. a limit below zero grants nothing', async (store) => {
      assert.equal((await store.hold('a', { amountMinor: 1n, limitMinor: -1n })).outcome, 'insufficient');
    });

    rule('3. a hold costs about the same, however many are open', async (store) => {
      const holdMany = async (from: number, count: number) => {
        const startedAt = process.hrtime.bigint();
        const holds = Array.from({ length: count }, (_, index) => store.hold(`${from + index}`, { amountMinor: 1n }));
        await Promise.all(holds);
        return Number(process.hrtime.bigint() - startedAt);
      };
      // The best of several: whatever else the machine does only adds to it.
      const best = async (from: number) => {
        let least = Number.POSITIVE_INFINITY;
        for (let round = 0; round < 4; round++) least = Math.min(least, await holdMany(from + round * 200, 200));
        return least;
      };
      await holdMany(0, 200);
      const few = await best(200);
      await holdMany(1_000, 5_000);
      const many = await best(6_000);
      // Twenty times as many are open: a store that reads each of them takes far longer than this.
      assert.ok(many < few * 8, `200 holds took ${few} ns with few open, ${many} ns with many`);
    });

    rule('4. a hold of another epoch is refused as stale and changes nothing', async (store) => {
      assert.equal((await store.hold('a', { amountMinor: 1n, epoch: 'another' })).outcome, 'stale_epoch');
      assert.deepEqual([await store.totals(), await store.get('a')], [{ active: 0n, captured: 0n }, undefined]);
    });

    rule('4. the epoch stays the same while memory lasts', async (store) => {
      const before = await store.epoch();
      await store.hold('a', { amountMinor: 1n });
      await store.settle({ to: 'released' }, 'a');
      assert.equal(await store.epoch(), before);
      assert.ok(before.length >= 16, 'an epoch is random text');
    });

    rule('5. an open or captured reference is taken, and its state is known', async (store) => {
      await store.hold('a', { amountMinor: 5n, state: 'reserved' });
      const states = [];
      for (const to of ['sent', 'captured'] as const) {
        states.push(existing(await store.hold('a', { amountMinor: 5n })).state);
        await store.settle(to === 'sent' ? { to, sendsForMs: 1_000 } : { to, visibleInMs: 0 }, 'a');
      }
      states.push(existing(await store.hold('a', { amountMinor: 5n })).state);
      assert.deepEqual(states, ['reserved', 'sent', 'captured']);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 5n });
    });

    rule('5. a reference is taken in every wallet', async (store) => {
      await store.hold('a', { amountMinor: 5n });
      const elsewhere = await store.hold('a', { amountMinor: 5n, wallet: `${store.wallet}-other` });
      assert.equal(existing(elsewhere).wallet, store.wallet);
      assert.deepEqual(await store.totals(`${store.wallet}-other`), { active: 0n, captured: 0n });
    });

    rule('5. a reference that was not sent may be held again, for the same payout only', async (store) => {
      await store.hold('a', { amountMinor: 5n, fingerprint: 'payee' });
      await store.settle({ to: 'released', notSent: true }, 'a');
      assert.equal((await store.hold('a', { amountMinor: 5n })).outcome, 'exists');
      assert.equal((await store.hold('a', { amountMinor: 5n, fingerprint: 'other' })).outcome, 'exists');
      const same = { fingerprint: 'payee' };
      assert.equal((await store.hold('a', { amountMinor: 6n, ...same })).outcome, 'exists');
      const elsewhere = { wallet: `${store.wallet}-other`, ...same };
      assert.equal((await store.hold('a', { amountMinor: 5n, ...elsewhere })).outcome, 'exists');
      assert.equal((await store.get('a'))?.turn, undefined);
      assert.equal((await store.hold('a', { amountMinor: 5n, ...same })).outcome, 'held');
      assert.deepEqual([await store.totals(), (await store.get('a'))?.state], [{ active: 5n, captured: 0n }, 'sent']);
      assert.equal((await store.get('a'))?.turn, 2);
      await store.settle({ to: 'released', notSent: true }, 'a');
      assert.equal((await store.hold('a', { amountMinor: 5n, ...same })).outcome, 'held');
      assert.equal((await store.get('a'))?.turn, 3);
    });

    rule('5. a request that its own attempt repeats is held again, and counts once', async (store) => {
      for (const state of ['sent', 'reserved'] as const) {
        const request = { amountMinor: 5n, state, attempt: `${state} once` };
        const first = await store.hold(state, request);
        assert.equal(first.outcome, 'held');
        const active = (await store.totals()).active;
        const again = await store.hold(state, request);
        assert.deepEqual(known(again), known(first));
        assert.equal((await store.totals()).active, active);
        // Another handle was given to send it, or it is over: the attempt does not get it any more.
        if (state === 'reserved')
          await store.settle({ to: 'sent', sendsForMs: 60_000, sender: 'another handle' }, state);
        else await store.settle({ to: 'released', notSent: true }, state);
        assert.equal((await store.hold(state, request)).outcome, 'exists');
      }
      assert.deepEqual(await store.totals(), { active: 5n, captured: 0n });
    });

    rule('5. a reference that failed is not held again', async (store) => {
      await store.hold('sent', { amountMinor: 5n });
      await store.settle({ to: 'released' }, 'sent');
      await store.hold('reserved', { amountMinor: 5n, state: 'reserved' });
      await store.settle({ to: 'failed' }, 'reserved');
      for (const name of ['sent', 'reserved']) {
        const known = existing(await store.hold(name, { amountMinor: 5n }));
        assert.deepEqual([known.state, known.failed], ['released', true]);
      }
      assert.deepEqual(await store.totals(), { active: 0n, captured: 0n });
    });

    rule('5. a reservation that was released or expired may be held again', async (store) => {
      await store.hold('released', { amountMinor: 5n, state: 'reserved' });
      await store.settle({ to: 'released' }, 'released');
      await store.hold('expired', { amountMinor: 5n, state: 'reserved', expiresInMs: 30 });
      await target.pass(60);
      for (const name of ['released', 'expired']) {
        assert.equal((await store.get(name))?.failed ?? false, false);
        assert.equal((await store.hold(name, { amountMinor: 5n })).outcome, 'held');
      }
      assert.deepEqual(await store.totals(), { active: 10n, captured: 0n });
    });

    rule('5. a reservation in another state than the two is refused', async (store) => {
      await assert.rejects(store.hold('a', { amountMinor: 5n, state: 'SENT' as 'sent' }));
      assert.equal(await store.get('a'), undefined);
    });

    rule('5. a taken reference is told even if nothing would fit and the epoch is another', async (store) => {
      await store.hold('a', { amountMinor: 5n });
      assert.equal((await store.hold('a', { amountMinor: 5n, limitMinor: 0n, epoch: 'another' })).outcome, 'exists');
    });

    rule('5. of 50 holds of one reference at once one is granted', async (store) => {
      const holds = await Promise.all(Array.from({ length: 50 }, () => store.hold('a', { amountMinor: 5n })));
      assert.equal(holds.filter(({ outcome }) => outcome === 'held').length, 1);
      assert.deepEqual(await store.totals(), { active: 5n, captured: 0n });
    });

    rule('5. names that mean something to JavaScript are ordinary references', async (store) => {
      for (const reference of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        assert.equal(await store.get(reference), undefined);
        assert.equal((await store.hold(reference, { amountMinor: 1n })).outcome, 'held');
        assert.equal((await store.get(reference))?.amountMinor, 1n);
      }
      assert.deepEqual(await store.totals(), { active: 4n, captured: 0n });
    });

    rule('6. sent is given once', async (store) => {
      await store.hold('a', { amountMinor: 5n, state: 'reserved' });
      assert.deepEqual(stateOf(await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'a')), ['done', 'sent']);
      assert.deepEqual(stateOf(await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'a')), ['illegal', 'sent']);
      const hold = await store.get('a');
      assert.deepEqual([hold?.expiresAtMs, typeof hold?.sentAtMs], [undefined, 'number']);
    });

    rule('6. of 20 that ask to send at once one may', async (store) => {
      await store.hold('a', { amountMinor: 5n, state: 'reserved' });
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => store.settle({ to: 'sent', sendsForMs: 60_000 }, 'a')),
      );
      assert.equal(answers.filter(({ outcome }) => outcome === 'done').length, 1);
    });

    rule('6. sent with a check is given only to what still fits', async (store) => {
      const epoch = await store.epoch();
      await store.hold('other', { amountMinor: 60n });
      await store.hold('a', { amountMinor: 40n, state: 'reserved' });
      const send = (limitMinor: bigint, inEpoch = epoch) =>
        store.settle({ to: 'sent', sendsForMs: 1_000, check: { epoch: inEpoch, limitMinor } }, 'a');
      const refused = await send(99n);
      assert.deepEqual(
        [refused.outcome, 'totals' in refused && refused.totals.active, 'totals' in refused && refused.totals.captured],
        ['insufficient', 100n, 0n],
      );
      assert.equal((await send(100n, 'another')).outcome, 'stale_epoch');
      assert.equal((await store.get('a'))?.state, 'reserved');
      assert.deepEqual(stateOf(await send(100n)), ['done', 'sent']);
      assert.deepEqual(await store.totals(), { active: 100n, captured: 0n });
    });

    rule('7. a capture moves the amount from active to captured, once', async (store) => {
      await store.hold('a', { amountMinor: 5n });
      await store.hold('b', { amountMinor: 3n, state: 'reserved' });
      assert.deepEqual(stateOf(await store.settle({ to: 'captured', visibleInMs: 0 }, 'a')), ['done', 'captured']);
      assert.deepEqual(stateOf(await store.settle({ to: 'captured', visibleInMs: 0 }, 'a')), ['already', 'captured']);
      assert.deepEqual(stateOf(await store.settle({ to: 'captured', visibleInMs: 0 }, 'b')), ['done', 'captured']);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 8n });
      const hold = await store.get('a');
      assert.deepEqual([hold?.capturedMinor, hold?.amountMinor, typeof hold?.endedAtMs], [5n, 5n, 'number']);
    });

    rule('7. a capture counts what was really debited, less or more than held', async (store) => {
      await store.hold('less', { amountMinor: 10n });
      await store.hold('more', { amountMinor: 10n });
      await store.settle({ to: 'captured', actualMinor: 4n, visibleInMs: 0 }, 'less');
      await store.settle({ to: 'captured', actualMinor: 25n, visibleInMs: 0 }, 'more');
      assert.deepEqual(await store.totals(), { active: 0n, captured: 29n });
      const again = await store.settle({ to: 'captured', actualMinor: 9n, visibleInMs: 0 }, 'less');
      assert.deepEqual([again.outcome, 'hold' in again && again.hold.capturedMinor], ['already', 4n]);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 29n });
    });

    rule('7. 20 captures of one hold at once count once', async (store) => {
      await store.hold('a', { amountMinor: 5n });
      await Promise.all(Array.from({ length: 20 }, () => store.settle({ to: 'captured', visibleInMs: 0 }, 'a')));
      assert.deepEqual(await store.totals(), { active: 0n, captured: 5n });
    });

    rule('8. a release gives the amount back, once', async (store) => {
      await store.hold('a', { amountMinor: 5n });
      await store.hold('b', { amountMinor: 3n });
      assert.deepEqual(stateOf(await store.settle({ to: 'released' }, 'a')), ['done', 'released']);
      assert.deepEqual(stateOf(await store.settle({ to: 'released' }, 'a')), ['already', 'released']);
      assert.deepEqual(await store.totals(), { active: 3n, captured: 0n });
    });

    rule('8. neither follows the other, and nothing is sent after the end', async (store) => {
      await store.hold('captured', { amountMinor: 5n });
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'captured');
      await store.hold('released', { amountMinor: 3n });
      await store.settle({ to: 'released' }, 'released');
      assert.deepEqual(stateOf(await store.settle({ to: 'released' }, 'captured')), ['illegal', 'captured']);
      assert.deepEqual(stateOf(await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'captured')), [
        'illegal',
        'captured',
      ]);
      // One that names no attempt may be about an earlier payout.
      assert.deepEqual(stateOf(await store.settle({ to: 'captured', visibleInMs: 0 }, 'released')), [
        'illegal',
        'released',
      ]);
      assert.deepEqual(stateOf(await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'released')), [
        'illegal',
        'released',
      ]);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 5n });
    });

    rule('7. a capture after the release is late, and counts once', async (store) => {
      await store.hold('released', { amountMinor: 5n, attempt: 'one' });
      await store.settle({ to: 'released' }, 'released');
      await store.hold('expired', { amountMinor: 3n, attempt: 'one', state: 'reserved', expiresInMs: 30 });
      await target.pass(60);
      const capture = { to: 'captured', attempt: 'one', visibleInMs: 0 } as const;
      assert.deepEqual(stateOf(await store.settle({ ...capture, actualMinor: 4n }, 'released')), ['late', 'captured']);
      assert.deepEqual(stateOf(await store.settle({ ...capture, actualMinor: 4n }, 'released')), [
        'already',
        'captured',
      ]);
      assert.deepEqual(stateOf(await store.settle(capture, 'expired')), ['late', 'captured']);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 7n });
      for (const name of ['released', 'expired']) {
        assert.equal(existing(await store.hold(name, { amountMinor: 5n })).state, 'captured');
      }
    });

    rule('7. a late capture disproves the failure', async (store) => {
      await store.hold('a', { amountMinor: 5n, attempt: 'one' });
      assert.equal(recordOf(await store.settle({ to: 'failed' }, 'a')).failed, true);
      const capture = { to: 'captured', attempt: 'one', visibleInMs: 0 } as const;
      assert.equal(recordOf(await store.settle(capture, 'a')).failed, undefined);
      assert.deepEqual(stateOf(await store.settle({ to: 'failed' }, 'a')), ['illegal', 'captured']);
    });

    rule('7. a late capture shows late as well', async (store) => {
      await store.hold('a', { amountMinor: 5n, attempt: 'one' });
      await store.settle({ to: 'released' }, 'a');
      await store.settle({ to: 'captured', attempt: 'one', visibleInMs: 150 }, 'a');
      assert.deepEqual(await store.totals(), { active: 5n, captured: 0n });
      await target.pass(200);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 5n });
    });

    rule('8. of a capture and a release at once one is done, and counts once', async (store) => {
      await store.hold('a', { amountMinor: 5n });
      const [capture, release] = await Promise.all([
        store.settle({ to: 'captured', visibleInMs: 0 }, 'a'),
        store.settle({ to: 'released' }, 'a'),
      ]);
      assert.deepEqual([capture.outcome, release.outcome].sort(), ['done', 'illegal']);
      const captured = capture.outcome === 'done' ? 5n : 0n;
      assert.deepEqual(await store.totals(), { active: 0n, captured });
    });

    rule('9. a capture that shows late counts as held until then', async (store) => {
      await store.hold('a', { amountMinor: 10n, state: 'reserved', expiresInMs: 60 });
      await store.settle({ to: 'captured', actualMinor: 7n, visibleInMs: 200 }, 'a');
      assert.deepEqual(await store.totals(), { active: 7n, captured: 0n });
      await target.pass(100);
      assert.deepEqual(await store.totals(), { active: 7n, captured: 0n });
      await target.pass(150);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 7n });
      const { state, endedAtMs = 0, visibleAtMs = 0 } = (await store.get('a')) ?? {};
      assert.deepEqual([state, Math.round(visibleAtMs - endedAtMs)], ['captured', 200]);
    });

    rule('10. a reserved hold expires, a sent one never does', async (store) => {
      await store.hold('reserved', { amountMinor: 5n, state: 'reserved', expiresInMs: 100 });
      await store.hold('sent', { amountMinor: 3n, state: 'reserved', expiresInMs: 100 });
      await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'sent');
      await store.hold('longer', { amountMinor: 2n, state: 'reserved', expiresInMs: 60_000 });
      assert.deepEqual(await store.totals(), { active: 10n, captured: 0n });
      await target.pass(150);
      assert.deepEqual(await store.totals(), { active: 5n, captured: 0n });
      assert.deepEqual(stateOf(await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'reserved')), [
        'illegal',
        'released',
      ]);
      assert.equal((await store.get('sent'))?.state, 'sent');
      assert.deepEqual(await store.totals(), { active: 5n, captured: 0n });
    });

    rule('10. what an expired hold gave back can be held at once', async (store) => {
      await store.hold('a', { amountMinor: 100n, limitMinor: 100n, state: 'reserved', expiresInMs: 50 });
      assert.equal((await store.hold('b', { amountMinor: 100n, limitMinor: 100n })).outcome, 'insufficient');
      await target.pass(80);
      assert.equal((await store.hold('b', { amountMinor: 100n, limitMinor: 100n })).outcome, 'held');
    });

    rule('11. captured never decreases', async (store) => {
      const seen: bigint[] = [];
      const look = async () => seen.push((await store.totals()).captured);
      await store.hold('a', { amountMinor: 5n });
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'a');
      await look();
      await store.hold('b', { amountMinor: 9n });
      await store.settle({ to: 'released' }, 'b');
      await look();
      await store.settle({ to: 'captured', actualMinor: 1n, visibleInMs: 0 }, 'a');
      await look();
      await store.hold('c', { amountMinor: 9n, state: 'reserved', expiresInMs: 30 });
      await target.pass(60);
      await look();
      await store.hold('d', { amountMinor: 2n });
      await store.settle({ to: 'captured', actualMinor: 1n, visibleInMs: 0 }, 'd');
      await look();
      assert.deepEqual(seen, [5n, 5n, 5n, 5n, 6n]);
    });

    rule('12. a captured reference is remembered', async (store) => {
      await store.hold('a', { amountMinor: 5n });
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'a');
      await store.hold('failed', { amountMinor: 5n });
      await store.settle({ to: 'failed' }, 'failed');
      const others = Array.from({ length: 200 }, (_, index) => `b${index}`);
      await Promise.all(others.map((other) => store.hold(other, { amountMinor: 1n, state: 'reserved' })));
      await Promise.all(others.map((other) => store.settle({ to: 'released' }, other)));
      assert.equal(existing(await store.hold('a', { amountMinor: 5n })).state, 'captured');
      assert.equal(existing(await store.hold('failed', { amountMinor: 5n })).failed, true);
    });

    rule('13. a list is oldest first, in pages, and filtered', async (store) => {
      const { wallet } = store;
      for (let index = 0; index < 7; index++) await store.hold(`${index}`, { amountMinor: BigInt(index + 1) });
      await store.settle({ to: 'released' }, '3');
      await store.hold('elsewhere', { amountMinor: 1n, wallet: `${wallet}-other` });
      assert.deepEqual(await store.listed({ wallets: [wallet], limit: 3 }), [['0', '1', '2'], ['3', '4', '5'], ['6']]);
      assert.deepEqual(await store.listed({ wallets: [wallet], state: 'sent', limit: 3 }), [
        ['0', '1', '2'],
        ['4', '5', '6'],
      ]);
      assert.deepEqual(await store.listed({ wallets: [wallet], state: 'released', limit: 3 }), [['3']]);
      assert.deepEqual(await store.listed({ wallets: [wallet], olderThanMs: 60_000, limit: 3 }), [[]]);
      await target.pass(80);
      await store.hold('young', { amountMinor: 1n });
      assert.deepEqual(await store.listed({ wallets: [wallet], olderThanMs: 60, limit: 10 }), [
        ['0', '1', '2', '3', '4', '5', '6'],
      ]);
    });

    rule('13. a list of several wallets leaves out every other', async (store) => {
      const { wallet } = store;
      const [second, third] = [`${wallet}-2`, `${wallet}-3`];
      await store.hold('a', { amountMinor: 1n });
      await store.hold('b', { amountMinor: 1n, wallet: second });
      await store.hold('c', { amountMinor: 1n, wallet: third });
      await store.hold('d', { amountMinor: 1n, wallet: second });
      assert.deepEqual(await store.listed({ wallets: [wallet, second], limit: 2 }), [['a', 'b'], ['d']]);
      assert.deepEqual(await store.listed({ wallets: [`${wallet}-4`], limit: 2 }), [[]]);
      assert.deepEqual(await store.listed({ wallets: [], limit: 2 }), [[]]);
      const page = await store.page({ wallets: [wallet], limit: 2 });
      const { createdAtMs = 0 } = (await store.get('a')) ?? {};
      assert.ok(page.nowMs >= createdAtMs && page.nowMs < createdAtMs + 60_000, 'a page has the time of the store');
    });

    rule('13. what a hold was given comes back as it was', async (store) => {
      const metadata = { operator: 'Ada "the" Countess', note: 'ünïcödé\n{}:%\\', empty: '' };
      await store.hold('a', { amountMinor: 12345n, state: 'reserved', expiresInMs: 5_000, metadata });
      const hold = await store.get('a');
      const { createdAtMs = 0, expiresAtMs = 0 } = hold ?? {};
      assert.deepEqual([hold?.state, hold?.amountMinor, hold?.metadata], ['reserved', 12345n, metadata]);
      assert.equal(Math.round(expiresAtMs - createdAtMs), 5_000);
    });

    rule('14. a sent hold is claimed by one owner at a time, oldest first', async (store) => {
      await store.hold('old', { amountMinor: 1n });
      await store.hold('reserved', { amountMinor: 1n, state: 'reserved' });
      await store.hold('older', { amountMinor: 1n });
      await target.pass(400);
      await store.hold('young', { amountMinor: 1n });
      assert.deepEqual(await store.claimed('me', { olderThanMs: 300, leaseMs: 60_000 }), ['old', 'older']);
      assert.deepEqual(await store.claimed('you', { olderThanMs: 300, leaseMs: 60_000 }), []);
      assert.deepEqual(await store.claimed('me', { olderThanMs: 300, leaseMs: 100 }), ['old', 'older']);
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'old');
      await target.pass(350);
      assert.deepEqual(await store.claimed('you', { olderThanMs: 300, leaseMs: 100 }), ['older', 'young']);
    });

    rule('14. a claim takes holds of the wallets asked for alone', async (store) => {
      const second = `${store.wallet}-2`;
      await store.hold('a', { amountMinor: 1n });
      await store.hold('b', { amountMinor: 1n, wallet: second });
      await target.pass(50);
      assert.deepEqual(await store.claimed('me', { olderThanMs: 20, leaseMs: 60_000 }), ['a']);
      const { sentAtMs = 0 } = (await store.get('b')) ?? {};
      const page = await store.claim({ owner: 'you', wallets: [second], olderThanMs: 20, leaseMs: 60_000 });
      assert.deepEqual([page.holds.length, page.nowMs - sentAtMs >= 50], [1, true]);
    });

    rule('14. a claim reports wallets that no owner has had', async (store) => {
      const second = `${store.wallet}-2`;
      await store.hold('a', { amountMinor: 1n });
      await store.hold('b', { amountMinor: 1n, wallet: second });
      await store.hold('reserved', { amountMinor: 1n, wallet: `${store.wallet}-3`, state: 'reserved' });
      const none = { owner: 'me', wallets: [], olderThanMs: 0, leaseMs: 100, limit: 0 };
      assert.deepEqual(await store.unserved({ ...none, unservedForMs: 60_000 }), []);
      await target.pass(100);
      assert.deepEqual(await store.unserved({ ...none, unservedForMs: 50 }), [store.wallet, second]);
      assert.deepEqual(await store.unserved({ ...none, wallets: [second], unservedForMs: 50 }), [store.wallet]);
      assert.deepEqual((await store.claim({ ...none, wallets: [second] })).holds, []);
      await store.claim({ ...none, wallets: [second], limit: 10, leaseMs: 60_000 });
      assert.deepEqual(await store.unserved({ ...none, unservedForMs: 50 }), [store.wallet]);
    });

    rule('14. a capture whose outcome is awaited is claimed until it is known', async (store) => {
      const accepted = { to: 'captured', visibleInMs: 0, awaitsOutcome: true } as const;
      for (const name of ['completed', 'failed', 'open']) {
        await store.hold(name, { amountMinor: 5n });
        assert.deepEqual(stateOf(await store.settle(accepted, name)), ['done', 'captured']);
      }
      await store.hold('over', { amountMinor: 5n });
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'over');
      assert.equal((await store.get('open'))?.awaitsOutcome, true);
      assert.equal((await store.get('over'))?.awaitsOutcome ?? false, false);
      assert.deepEqual(stateOf(await store.settle({ to: 'captured', visibleInMs: 0 }, 'completed')), [
        'already',
        'captured',
      ]);
      assert.deepEqual(stateOf(await store.settle({ to: 'failed' }, 'failed')), ['already', 'captured']);
      assert.deepEqual(await store.claimed('me', { olderThanMs: 0, leaseMs: 60_000 }), ['open']);
      const [completed, failed] = [await store.get('completed'), await store.get('failed')];
      assert.deepEqual([completed?.awaitsOutcome ?? false, completed?.failed ?? false], [false, false]);
      assert.deepEqual([failed?.awaitsOutcome ?? false, failed?.failed], [false, true]);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 20n });
    });

    rule('14. a repeated capture whose outcome is awaited is no outcome', async (store) => {
      const accepted = { to: 'captured', visibleInMs: 0, awaitsOutcome: true } as const;
      await store.hold('a', { amountMinor: 5n });
      await store.settle(accepted, 'a');
      assert.deepEqual(stateOf(await store.settle(accepted, 'a')), ['already', 'captured']);
      assert.equal((await store.get('a'))?.awaitsOutcome, true);
      assert.deepEqual(await store.claimed('me', { olderThanMs: 0, leaseMs: 60_000 }), ['a']);
    });

    rule('14. claims in pages leave no undecided hold out', async (store) => {
      const accepted = { to: 'captured', visibleInMs: 0, awaitsOutcome: true } as const;
      for (const name of ['a', 'b', 'c', 'd']) await store.hold(name, { amountMinor: 1n, attempt: 'one' });
      await store.settle(accepted, 'a');
      await store.settle({ to: 'released' }, 'b');
      await store.settle({ ...accepted, attempt: 'one' }, 'b');
      await store.hold('e', { amountMinor: 1n, state: 'reserved' });
      await store.settle(accepted, 'e');
      const pages = await store.claimedInPages('me', 1);
      assert.deepEqual(pages.flat().sort(), ['a', 'b', 'c', 'd', 'e']);
      assert.ok(pages.every((page) => page.length <= 1));
      const { holds, next } = await store.claim({ owner: 'me', wallets: [store.wallet], limit: 0 });
      assert.deepEqual([holds, next], [[], undefined]);
    });

    rule('14. a lease ends when the outcome is known', async (store) => {
      await store.hold('a', { amountMinor: 1n, attempt: 'one' });
      assert.deepEqual(await store.claimed('me', { olderThanMs: 0, leaseMs: 60_000 }), ['a']);
      await store.settle({ to: 'released' }, 'a');
      await store.settle({ to: 'captured', attempt: 'one', visibleInMs: 0, awaitsOutcome: true }, 'a');
      assert.deepEqual(await store.claimed('you', { olderThanMs: 0, leaseMs: 60_000 }), ['a']);
    });

    rule('15. settling an unknown reference creates nothing', async (store) => {
      assert.deepEqual(await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'a'), { outcome: 'unknown' });
      assert.deepEqual(await store.settle({ to: 'captured', visibleInMs: 0 }, 'a'), { outcome: 'unknown' });
      assert.deepEqual(await store.settle({ to: 'released' }, 'a'), { outcome: 'unknown' });
      assert.deepEqual([await store.get('a'), await store.totals()], [undefined, { active: 0n, captured: 0n }]);
    });

    rule('17. a release that names a sender leaves the payout of another one alone', async (store) => {
      await store.hold('a', { amountMinor: 5n, attempt: 'one', state: 'reserved' });
      const give = { attempt: 'one', to: 'sent', sendsForMs: 1_000 } as const;
      assert.deepEqual(stateOf(await store.settle({ ...give, sender: 'second handle' }, 'a')), ['done', 'sent']);
      const release = { attempt: 'one', to: 'released', notSent: true } as const;
      assert.deepEqual(stateOf(await store.settle({ ...release, sender: 'one' }, 'a')), ['illegal', 'sent']);
      assert.deepEqual(stateOf(await store.settle({ ...release, sender: 'second handle' }, 'a')), ['done', 'released']);
      await store.hold('b', { amountMinor: 5n, attempt: 'one', state: 'reserved' });
      await store.settle(give, 'b');
      assert.deepEqual(stateOf(await store.settle({ ...release, sender: 'second handle' }, 'b')), ['illegal', 'sent']);
      assert.deepEqual(stateOf(await store.settle({ ...release, sender: 'one' }, 'b')), ['done', 'released']);
      await store.hold('c', { amountMinor: 5n, attempt: 'one', state: 'reserved' });
      assert.deepEqual(stateOf(await store.settle({ ...release, sender: 'second handle' }, 'c')), ['done', 'released']);
    });

    rule('17. a hold is moved on by its own attempt, or by a request that names none', async (store) => {
      await store.hold('a', { amountMinor: 5n, attempt: 'first', state: 'reserved' });
      for (const move of [{ to: 'sent', sendsForMs: 1 }, { to: 'released' }, { to: 'failed' }] as const) {
        assert.deepEqual(stateOf(await store.settle({ ...move, attempt: 'second' }, 'a')), ['illegal', 'reserved']);
      }
      const capture = { to: 'captured', visibleInMs: 0 } as const;
      assert.deepEqual(stateOf(await store.settle({ ...capture, attempt: 'second' }, 'a')), ['illegal', 'reserved']);
      const send = { to: 'sent', sendsForMs: 1_000, attempt: 'first' } as const;
      assert.deepEqual(stateOf(await store.settle(send, 'a')), ['done', 'sent']);
      assert.deepEqual(stateOf(await store.settle({ to: 'released', notSent: true }, 'a')), ['done', 'released']);
      await store.hold('a', { amountMinor: 5n, attempt: 'second' });
      assert.deepEqual(stateOf(await store.settle({ to: 'released', attempt: 'first' }, 'a')), ['illegal', 'sent']);
      assert.deepEqual(stateOf(await store.settle({ ...capture, attempt: 'second' }, 'a')), ['done', 'captured']);
      assert.deepEqual(stateOf(await store.settle({ ...capture, attempt: 'first' }, 'a')), ['illegal', 'captured']);
      assert.equal((await store.get('a'))?.attempt, 'second');
      assert.deepEqual(await store.totals(), { active: 0n, captured: 5n });
    });

    rule('19. a frozen wallet grants and sends nothing until it is unfrozen', async (store) => {
      await store.hold('a', { amountMinor: 5n });
      await store.hold('b', { amountMinor: 3n, state: 'reserved' });
      await store.freeze('an audit "today"');
      const { frozen } = await store.hold('c', { amountMinor: 1n }).then((answer) => {
        if (answer.outcome !== 'frozen') throw new Error(`expected frozen, got ${answer.outcome}`);
        return answer;
      });
      assert.deepEqual([frozen.reason, typeof frozen.sinceMs], ['an audit "today"', 'number']);
      assert.deepEqual(await store.frozen(), frozen);
      assert.equal((await store.hold('c', { amountMinor: 1n, epoch: 'another', limitMinor: -1n })).outcome, 'frozen');
      assert.equal((await store.hold('a', { amountMinor: 5n })).outcome, 'exists');
      assert.equal((await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'b')).outcome, 'frozen');
      assert.equal((await store.get('b'))?.state, 'reserved');
      assert.deepEqual(stateOf(await store.settle({ to: 'captured', visibleInMs: 0 }, 'a')), ['done', 'captured']);
      assert.equal((await store.hold('d', { amountMinor: 1n, wallet: `${store.wallet}-other` })).outcome, 'held');
      await target.pass(30);
      await store.freeze('an audit, still');
      assert.deepEqual(await store.frozen(), { reason: 'an audit, still', sinceMs: frozen.sinceMs });
      await store.freeze(undefined);
      await store.freeze(undefined);
      assert.equal(await store.frozen(), undefined);
      assert.equal((await store.hold('c', { amountMinor: 1n })).outcome, 'held');
      assert.deepEqual(stateOf(await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'b')), ['done', 'sent']);
      assert.deepEqual(await store.totals(), { active: 4n, captured: 5n });
    });

    rule('20. a note is changed by a caller that expects what is there', async (store) => {
      assert.equal(await store.note('a'), undefined);
      assert.equal(await store.swapNote('a', 'one', 'two'), false);
      assert.equal(await store.swapNote('a', 'one', undefined), false);
      assert.equal(await store.swapNote('a', undefined, undefined), true);
      assert.equal(await store.note('a'), undefined);
      assert.equal(await store.swapNote('a', undefined, '{"n":1,"ü":"\\u0000 %\'"}'), true);
      assert.equal(await store.note('a'), '{"n":1,"ü":"\\u0000 %\'"}');
      assert.equal(await store.swapNote('a', undefined, 'two'), false);
      assert.equal(await store.swapNote('a', '{"n":1}', 'two'), false);
      assert.equal(await store.swapNote('a', '{"n":1,"ü":"\\u0000 %\'"}', 'x'.repeat(16_384)), true);
      assert.equal(await store.note('b'), undefined);
      assert.equal(await store.swapNote('a', 'x'.repeat(16_383), undefined), false);
      assert.equal(await store.swapNote('a', 'x'.repeat(16_384), undefined), true);
      assert.equal(await store.note('a'), undefined);
    });

    rule('20. of 20 that expect the same one changes the note', async (store) => {
      for (const expected of [undefined, 'old'] as const) {
        if (expected) await store.swapNote('a', await store.note('a'), expected);
        const texts = Array.from({ length: 20 }, (_, index) => `new ${index}`);
        const done = await Promise.all(texts.map((text) => store.swapNote('a', expected, text)));
        assert.equal(done.filter((isDone) => isDone).length, 1);
        assert.equal(await store.note('a'), texts[done.indexOf(true)]);
      }
    });

    rule('16. get shows what became of an operation', async (store) => {
      assert.equal(await store.get('a'), undefined);
      await store.hold('a', { amountMinor: 5n, state: 'reserved' });
      assert.equal((await store.get('a'))?.state, 'reserved');
      await store.settle({ to: 'released' }, 'a');
      assert.equal((await store.get('a'))?.state, 'released');
    });

    rule('21. extending gives a reservation a new lifetime from now on', async (store) => {
      await store.hold('a', { amountMinor: 5n, state: 'reserved', expiresInMs: 200 });
      await store.hold('b', { amountMinor: 3n, state: 'reserved', expiresInMs: 60_000 });
      await target.pass(100);
      assert.deepEqual(stateOf(await store.settle({ to: 'reserved', expiresInMs: 400 }, 'a')), ['done', 'reserved']);
      assert.deepEqual(stateOf(await store.settle({ to: 'reserved', expiresInMs: 100 }, 'b')), ['done', 'reserved']);
      await target.pass(200);
      assert.deepEqual(await store.totals(), { active: 5n, captured: 0n });
      const { expiresAtMs = 0, createdAtMs = 0 } = (await store.get('a')) ?? {};
      assert.ok(expiresAtMs - createdAtMs >= 500, 'it ends 400 ms after it was extended');
      await target.pass(300);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 0n });
      const again = { to: 'reserved', expiresInMs: 1_000 } as const;
      assert.deepEqual(stateOf(await store.settle(again, 'a')), ['illegal', 'released']);
      await store.hold('sent', { amountMinor: 1n });
      assert.deepEqual(stateOf(await store.settle(again, 'sent')), ['illegal', 'sent']);
      assert.deepEqual(stateOf(await store.settle({ ...again, attempt: 'another' }, 'sent')), ['illegal', 'sent']);
    });

    rule('22. the code that pays has a deadline, and its end is recorded once', async (store) => {
      await store.hold('a', { amountMinor: 5n, sendsForMs: 60_000 });
      await store.hold('b', { amountMinor: 5n, state: 'reserved' });
      await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'b');
      for (const name of ['a', 'b']) {
        const { sendsUntilMs = 0, sentAtMs = 0 } = (await store.get(name)) ?? {};
        assert.equal(Math.round(sendsUntilMs - sentAtMs), 60_000);
      }
      await target.pass(40);
      assert.deepEqual(stateOf(await store.settle({ to: 'returned' }, 'a')), ['done', 'sent']);
      const { sendsUntilMs: ended = 0, sentAtMs = 0 } = (await store.get('a')) ?? {};
      assert.ok(ended - sentAtMs >= 40 && ended - sentAtMs < 60_000, 'it ended now');
      await target.pass(40);
      await store.settle({ to: 'returned' }, 'a');
      assert.equal((await store.get('a'))?.sendsUntilMs, ended);
      assert.deepEqual(await store.totals(), { active: 10n, captured: 0n });
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'a');
      assert.deepEqual(stateOf(await store.settle({ to: 'returned' }, 'a')), ['already', 'captured']);
      await store.settle({ to: 'failed' }, 'b');
      assert.deepEqual(stateOf(await store.settle({ to: 'returned' }, 'b')), ['illegal', 'released']);
    });

    rule('23. the final word ends an open hold, and changes no total of another one', async (store) => {
      await store.hold('sent', { amountMinor: 5n });
      await store.hold('reserved', { amountMinor: 3n, state: 'reserved' });
      for (const name of ['sent', 'reserved']) {
        assert.deepEqual(stateOf(await store.settle({ to: 'failed' }, name)), ['done', 'released']);
        assert.deepEqual(stateOf(await store.settle({ to: 'failed' }, name)), ['already', 'released']);
      }
      await store.hold('unsent', { amountMinor: 2n });
      await store.settle({ to: 'released', notSent: true }, 'unsent');
      assert.deepEqual(stateOf(await store.settle({ to: 'failed' }, 'unsent')), ['already', 'released']);
      assert.equal(existing(await store.hold('unsent', { amountMinor: 2n })).failed, true);
      await store.hold('captured', { amountMinor: 4n });
      await store.settle({ to: 'captured', visibleInMs: 0 }, 'captured');
      assert.deepEqual(stateOf(await store.settle({ to: 'failed' }, 'captured')), ['illegal', 'captured']);
      assert.equal((await store.get('captured'))?.failed ?? false, false);
      assert.deepEqual(await store.totals(), { active: 0n, captured: 4n });
    });

    rule('24. currency and fingerprint come back as they were', async (store) => {
      const currency = { code: 'USDC', exponent: 6 };
      await store.hold('a', { amountMinor: 1n, currency, fingerprint: 'Ab_-9' });
      await store.hold('b', { amountMinor: 1n });
      const [a, b] = [await store.get('a'), await store.get('b')];
      assert.deepEqual([a?.currency, a?.fingerprint], [currency, 'Ab_-9']);
      assert.deepEqual([b?.currency, b?.fingerprint], [{ code: 'UGX', exponent: 0 }, undefined]);
    });

    batchRules(rule, target.pass);
    splitRules(rule, target.pass);
    limitRules(withStore, target.pass);
  });
}
