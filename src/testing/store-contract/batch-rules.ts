// Rules 25 to 27 of `HoldStore`: several holds in one step.
import assert from 'node:assert/strict';
import type { HoldAllOutcome, HoldOutcome } from '../../core/store.js';
import { type DefineRule, existing, known, outcomesOf, type Payout } from './probe.js';

/** @param pass - Lets this much time pass on the store's clock, in milliseconds. */
export function batchRules(rule: DefineRule, pass: (ms: number) => Promise<void>): void {
  rule('25. a batch holds each payout under its own reference, all at once', async (store) => {
    const currency = { code: 'USDC', exponent: 6 };
    const payouts: Payout[] = [
      ['a', 5n, { fingerprint: 'Ab_-9', metadata: { to: 'Amina' } }],
      ['b', 7n],
      ['c', 1n, { metadata: { note: '€ "quoted"' } }],
    ];
    const answer = await store.holdAll(payouts, { currency, attempt: 'one batch', expiresInMs: 30_000 });
    assert.deepEqual(outcomesOf(answer), ['held', 'held', 'held']);
    assert.deepEqual(await store.totals(), { active: 13n, captured: 0n });
    const [a, b, c] = [await store.get('a'), await store.get('b'), await store.get('c')];
    assert.deepEqual([a?.amountMinor, b?.amountMinor, c?.amountMinor], [5n, 7n, 1n]);
    for (const hold of [a, b, c]) {
      assert.deepEqual(
        [hold?.state, hold?.attempt, hold?.currency, hold?.turn, (hold?.expiresAtMs ?? 0) - (hold?.createdAtMs ?? 0)],
        ['reserved', 'one batch', currency, undefined, 30_000],
      );
    }
    assert.deepEqual([a?.fingerprint, b?.fingerprint], ['Ab_-9', undefined]);
    assert.deepEqual([a?.metadata, b?.metadata, c?.metadata], [{ to: 'Amina' }, {}, { note: '€ "quoted"' }]);
    assert.deepEqual(await store.listed({ wallets: [store.wallet], limit: 10 }), [['a', 'b', 'c']]);
  });

  rule('25. each answer has the totals before its own hold', async (store) => {
    await store.hold('before', { amountMinor: 60n });
    await store.settle({ to: 'captured', visibleInMs: 0 }, 'before');
    const answer = await store.holdAll([
      ['a', 5n],
      ['b', 7n],
      ['c', 1n],
    ]);
    const totals = answer.outcome === 'done' ? answer.holds.map((one) => 'totals' in one && one.totals) : [];
    assert.deepEqual(
      totals.map((one) => one && [one.active, one.captured]),
      [
        [0n, 60n],
        [5n, 60n],
        [12n, 60n],
      ],
    );
  });

  rule('25. with fit, in their order those are held that fit, and every other one is answered', async (store) => {
    await store.hold('taken', { amountMinor: 10n });
    const payouts: Payout[] = [
      ['large', 60n],
      ['too much', 50n],
      ['taken', 10n],
      ['small', 20n],
      ['last', 11n],
    ];
    const answer = await store.holdAll(payouts, { policy: 'fit', limitMinor: 100n });
    assert.deepEqual(outcomesOf(answer), ['held', 'insufficient', 'exists', 'held', 'insufficient']);
    assert.deepEqual(await store.totals(), { active: 90n, captured: 0n });
    assert.deepEqual([await store.get('too much'), await store.get('last')], [undefined, undefined]);
  });

  rule('25. a frozen wallet, another epoch and a taken reference refuse as they do for one hold', async (store) => {
    await store.hold('taken', { amountMinor: 1n });
    const payouts: Payout[] = [
      ['taken', 1n],
      ['a', 1n],
    ];
    const stale = await store.holdAll(payouts, { policy: 'fit', epoch: 'another' });
    assert.deepEqual(outcomesOf(stale), ['exists', 'stale_epoch']);
    await store.freeze('a reason');
    assert.deepEqual(outcomesOf(await store.holdAll(payouts, { policy: 'fit' })), ['exists', 'frozen']);
    assert.deepEqual(store.refused(await store.holdAll(payouts)), [
      ['taken', 'exists'],
      ['a', 'frozen'],
    ]);
    assert.deepEqual([await store.totals(), await store.get('a')], [{ active: 1n, captured: 0n }, undefined]);
  });

  rule('25. a batch of 1,000 is one step', async (store) => {
    const payouts = numbered(1_000);
    assert.equal((await store.holdAll(payouts, { limitMinor: 500_499n })).outcome, 'refused');
    assert.equal(outcomesOf(await store.holdAll(payouts, { limitMinor: 500_500n })).length, 1_000);
    assert.deepEqual(await store.totals(), { active: 500_500n, captured: 0n });
  });

  rule('25. reservations of a batch expire like any other, unless they are sent', async (store) => {
    await store.holdAll(
      [
        ['a', 1n],
        ['b', 2n],
      ],
      { expiresInMs: 60_000 },
    );
    await store.settle({ to: 'sent', sendsForMs: 60_000 }, 'a');
    await store.holdAll(
      [
        ['c', 4n],
        ['d', 8n],
      ],
      { expiresInMs: 30 },
    );
    await pass(60);
    assert.deepEqual(await store.totals(), { active: 3n, captured: 0n });
    assert.deepEqual([(await store.get('a'))?.state, (await store.get('d'))?.state], ['sent', 'released']);
  });

  rule('25. a batch that is none is refused: no payouts, more than 1,000, a reference twice', async (store) => {
    await assert.rejects(async () => store.holdAll([]), { code: 'invalid_argument' });
    await assert.rejects(async () => store.holdAll(numbered(1_001)), { code: 'invalid_argument' });
    await assert.rejects(
      async () =>
        store.holdAll([
          ['a', 1n],
          ['b', 1n],
          ['a', 1n],
        ]),
      { code: 'invalid_argument' },
    );
    const policy = 'some' as 'all';
    await assert.rejects(async () => store.holdAll([['a', 1n]], { policy }), { code: 'invalid_argument' });
    assert.deepEqual([await store.totals(), await store.get('a')], [{ active: 0n, captured: 0n }, undefined]);
  });

  rule('26. all or none: up to the limit, not one more', async (store) => {
    const payouts: Payout[] = [
      ['a', 40n],
      ['b', 41n],
      ['c', 20n],
    ];
    const refused = await store.holdAll(payouts, { limitMinor: 100n });
    assert.equal(refused.outcome, 'refused');
    assert.deepEqual(store.refused(refused), [['c', 'insufficient']]);
    assert.deepEqual(totalsBefore(refused), { active: 0n, captured: 0n });
    assert.deepEqual([await store.totals(), await store.get('a')], [{ active: 0n, captured: 0n }, undefined]);
    assert.deepEqual(outcomesOf(await store.holdAll(payouts, { limitMinor: 101n })), ['held', 'held', 'held']);
    assert.deepEqual(await store.totals(), { active: 101n, captured: 0n });
  });

  rule('26. all or none: every taken reference is named with its hold, and nothing else is held', async (store) => {
    await store.hold('open', { amountMinor: 5n });
    await store.hold('paid', { amountMinor: 6n });
    await store.settle({ to: 'captured', visibleInMs: 0 }, 'paid');
    await store.hold('again', { amountMinor: 7n, state: 'reserved' });
    await store.settle({ to: 'released' }, 'again');
    const payouts: Payout[] = [
      ['new', 1n],
      ['open', 5n],
      ['again', 7n],
      ['paid', 6n],
    ];
    const answer = await store.holdAll(payouts);
    assert.deepEqual(store.refused(answer), [
      ['open', 'exists'],
      ['paid', 'exists'],
    ]);
    const [open, paid] = answer.outcome === 'refused' ? answer.refusals : [];
    assert.deepEqual(
      [open && existing(open).state, paid && existing(paid).state, totalsBefore(answer)],
      ['sent', 'captured', { active: 5n, captured: 6n }],
    );
    assert.deepEqual([await store.get('new'), (await store.get('again'))?.turn], [undefined, undefined]);
    assert.deepEqual(await store.totals(), { active: 5n, captured: 6n });
  });

  rule('26. a reference that was not sent is held again in a batch, in its next turn', async (store) => {
    await store.hold('again', { amountMinor: 7n, state: 'reserved' });
    await store.settle({ to: 'released' }, 'again');
    assert.deepEqual(
      outcomesOf(
        await store.holdAll([
          ['a', 1n],
          ['again', 7n],
          ['b', 2n],
        ]),
      ),
      ['held', 'held', 'held'],
    );
    const again = await store.get('again');
    assert.deepEqual([again?.turn, again?.state, again?.amountMinor], [2, 'reserved', 7n]);
    assert.deepEqual(await store.totals(), { active: 10n, captured: 0n });
  });

  rule('26. of batches at once, those are held that fit, each whole', async (store) => {
    const batches = Array.from({ length: 20 }, (_, index) => {
      const payouts = Array.from({ length: 7 }, (_, at): Payout => [`${index}-${at}`, BigInt(at + 1)]);
      return store.holdAll(payouts, { limitMinor: 100n });
    });
    const singles = Array.from({ length: 20 }, (_, index) =>
      store.hold(`s${index}`, { amountMinor: 5n, limitMinor: 100n }),
    );
    const held = (await Promise.all(batches)).filter(({ outcome }) => outcome === 'done').length;
    const alone = (await Promise.all(singles)).filter(({ outcome }) => outcome === 'held').length;
    const { active } = await store.totals();
    assert.equal(active, BigInt(held * 28 + alone * 5));
    assert.ok(active <= 100n && active > 100n - 28n, `${held} batches and ${alone} payouts hold ${active} of 100`);
    const [names = []] = await store.listed({ wallets: [store.wallet], limit: 1_000 });
    assert.equal(names.length, held * 7 + alone);
  });

  rule('26. of two batches with one reference in common, one is held', async (store) => {
    const answers = await Promise.all([
      store.holdAll([
        ['a', 1n],
        ['shared', 2n],
      ]),
      store.holdAll([
        ['shared', 2n],
        ['b', 4n],
      ]),
    ]);
    assert.deepEqual(answers.map(({ outcome }) => outcome).sort(), ['done', 'refused']);
    const { active } = await store.totals();
    assert.ok(active === 3n || active === 6n, `one batch, not ${active}`);
  });

  rule('26. sums of a batch are exact to the last unit of 64 bits', async (store) => {
    const half = 2n ** 62n;
    const limitMinor = 2n * half - 1n;
    assert.equal(
      (
        await store.holdAll(
          [
            ['a', half],
            ['b', half],
          ],
          { limitMinor },
        )
      ).outcome,
      'refused',
    );
    assert.equal(
      (
        await store.holdAll(
          [
            ['a', half],
            ['b', half - 1n],
          ],
          { limitMinor },
        )
      ).outcome,
      'done',
    );
    assert.deepEqual(await store.totals(), { active: limitMinor, captured: 0n });
  });

  rule('27. a batch that its own attempt repeats is held again, and counts once', async (store) => {
    await store.hold('again', { amountMinor: 7n, state: 'reserved' });
    await store.settle({ to: 'released' }, 'again');
    const payouts: Payout[] = [
      ['a', 5n],
      ['again', 7n],
      ['b', 3n],
    ];
    for (const policy of ['all', 'fit'] as const) {
      const first = await store.holdAll(payouts, { attempt: 'once', policy, limitMinor: 15n });
      const again = await store.holdAll(payouts, { attempt: 'once', policy, limitMinor: 15n });
      assert.deepEqual(outcomesOf(again), ['held', 'held', 'held']);
      assert.deepEqual(recordsOf(again), recordsOf(first));
      assert.deepEqual(await store.totals(), { active: 15n, captured: 0n });
    }
    // One was sent by another handle, one is over: the attempt does not get the batch any more.
    await store.settle({ to: 'sent', sendsForMs: 60_000, sender: 'another handle' }, 'a');
    await store.settle({ to: 'released' }, 'b');
    const late = await store.holdAll(payouts, { attempt: 'once' });
    assert.deepEqual(store.refused(late), [
      ['a', 'exists'],
      ['b', 'exists'],
    ]);
    assert.deepEqual(await store.totals(), { active: 12n, captured: 0n });
  });
}

/** Payouts of 1, 2, 3 and so on. */
function numbered(count: number): Payout[] {
  return Array.from({ length: count }, (_, index): Payout => [`${index + 1}`, BigInt(index + 1)]);
}

function totalsBefore(answer: HoldAllOutcome): { active: bigint; captured: bigint } | undefined {
  if (answer.outcome !== 'refused' || !answer.totals) return undefined;
  const { active, captured } = answer.totals;
  return { active, captured };
}

function recordsOf(answer: HoldAllOutcome): unknown[] {
  if (answer.outcome !== 'done') throw new Error(`expected a batch that is done, got ${answer.outcome}`);
  return answer.holds.map((one) =>
    known({ ...(one as HoldOutcome & { outcome: 'held' }), totals: { epoch: '', active: 0n, captured: 0n } }),
  );
}
