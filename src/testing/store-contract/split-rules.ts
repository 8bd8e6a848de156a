// Rule 28 of `HoldStore`: a hold is split into those of several payouts.
import assert from 'node:assert/strict';
import type { HoldRecord } from '../../core/hold.js';
import type { HoldAllOutcome } from '../../core/store.js';
import { type DefineRule, outcomesOf, type Payout } from './probe.js';

/** @param pass - Lets this much time pass on the store's clock, in milliseconds. */
export function splitRules(rule: DefineRule, pass: (ms: number) => Promise<void>): void {
  rule('28. a hold is split: its money moves, nothing is free in between, nothing is held twice', async (store) => {
    await store.hold('batch', { amountMinor: 100n, state: 'reserved', attempt: 'one', limitMinor: 100n });
    const from = { reference: store.reference('batch'), attempt: 'one' };
    const split = (payouts: Payout[]) => store.holdAll(payouts, { from, attempt: 'two', limitMinor: 0n });
    assert.deepEqual(
      outcomesOf(
        await split([
          ['a', 40n],
          ['b', 25n],
        ]),
      ),
      ['held', 'held'],
    );
    const rest = await store.get('batch');
    assert.deepEqual(
      [rest?.state, rest?.amountMinor, await store.totals()],
      ['reserved', 35n, { active: 100n, captured: 0n }],
    );
    // The same attempt asks again: its share was taken before.
    assert.deepEqual(
      outcomesOf(
        await split([
          ['a', 40n],
          ['b', 25n],
        ]),
      ),
      ['held', 'held'],
    );
    assert.equal((await store.get('batch'))?.amountMinor, 35n);
    assert.equal((await split([['c', 36n]])).outcome, 'illegal');
    assert.deepEqual(outcomesOf(await split([['c', 35n]])), ['held']);
    const over = await store.get('batch');
    assert.deepEqual([over?.state, over?.failed ?? false, over?.sentAtMs], ['released', false, undefined]);
    assert.deepEqual(outcomesOf(await split([['c', 35n]])), ['held']);
    assert.deepEqual(await store.totals(), { active: 100n, captured: 0n });
    for (const name of ['a', 'b', 'c']) await store.settle({ to: 'captured', visibleInMs: 0 }, name);
    assert.deepEqual(await store.totals(), { active: 0n, captured: 100n });
  });

  rule('28. a split keeps the lifetime of what is left, and nothing is split after it', async (store) => {
    await store.hold('batch', { amountMinor: 100n, state: 'reserved', attempt: 'one' });
    const from = { reference: store.reference('batch'), attempt: 'one' };
    const before = (await store.get('batch'))?.expiresAtMs;
    assert.deepEqual(outcomesOf(await store.holdAll([['a', 40n]], { from })), ['held']);
    assert.equal((await store.get('batch'))?.expiresAtMs, before);
    await store.settle({ to: 'reserved', expiresInMs: 30 }, 'batch');
    await pass(60);
    const late = await store.holdAll([['b', 10n]], { from });
    assert.deepEqual([late.outcome, sourceOf(late)?.state], ['illegal', 'released']);
    assert.deepEqual([await store.totals(), await store.get('b')], [{ active: 40n, captured: 0n }, undefined]);
  });

  rule('28. only a reserved hold of that attempt and wallet is split', async (store) => {
    await store.hold('batch', { amountMinor: 100n, state: 'reserved', attempt: 'one' });
    await store.hold('sent', { amountMinor: 50n, attempt: 'one' });
    const wallet = `${store.wallet}-other`;
    await store.hold('elsewhere', { amountMinor: 50n, state: 'reserved', attempt: 'one', wallet });
    const split = (name: string, attempt: string) =>
      store.holdAll([['a', 10n]], { from: { reference: store.reference(name), attempt } });
    assert.deepEqual(sourceOf(await split('batch', 'two'))?.amountMinor, 100n);
    assert.deepEqual(sourceOf(await split('sent', 'one'))?.state, 'sent');
    assert.deepEqual(sourceOf(await split('elsewhere', 'one'))?.wallet, wallet);
    assert.deepEqual(
      [(await split('none', 'one')).outcome, sourceOf(await split('none', 'one'))],
      ['illegal', undefined],
    );
    assert.deepEqual([await store.totals(), await store.get('a')], [{ active: 150n, captured: 0n }, undefined]);
    assert.deepEqual(await store.totals(wallet), { active: 50n, captured: 0n });
  });

  rule('28. nothing is split into a frozen wallet, or for a reference that is taken', async (store) => {
    await store.hold('batch', { amountMinor: 100n, state: 'reserved', attempt: 'one' });
    await store.hold('taken', { amountMinor: 10n });
    const from = { reference: store.reference('batch'), attempt: 'one' };
    assert.deepEqual(
      store.refused(
        await store.holdAll(
          [
            ['a', 10n],
            ['taken', 10n],
          ],
          { from },
        ),
      ),
      [['taken', 'exists']],
    );
    await store.freeze('a reason');
    assert.deepEqual(store.refused(await store.holdAll([['a', 10n]], { from })), [['a', 'frozen']]);
    await store.freeze(undefined);
    assert.equal((await store.get('batch'))?.amountMinor, 100n);
    assert.deepEqual([await store.totals(), await store.get('a')], [{ active: 110n, captured: 0n }, undefined]);
    await assert.rejects(async () => store.holdAll([['a', 10n]], { from, policy: 'fit' }), {
      code: 'invalid_argument',
    });
  });

  rule('28. of two splits of one hold at once, those happen that it has money for', async (store) => {
    await store.hold('batch', { amountMinor: 100n, state: 'reserved', attempt: 'one' });
    const from = { reference: store.reference('batch'), attempt: 'one' };
    const splits = Array.from({ length: 4 }, (_, index) => store.holdAll([[`${index}`, 60n]], { from }));
    const answers = (await Promise.all(splits)).map(({ outcome }) => outcome).sort();
    assert.deepEqual(answers, ['done', 'illegal', 'illegal', 'illegal']);
    assert.equal((await store.get('batch'))?.amountMinor, 40n);
    assert.deepEqual(await store.totals(), { active: 100n, captured: 0n });
  });
}

function sourceOf(answer: HoldAllOutcome): HoldRecord | undefined {
  if (answer.outcome !== 'illegal') throw new Error(`expected a source that cannot be split, got ${answer.outcome}`);
  return answer.hold;
}
