// The rules of daily limits, 30 to 35 of `HoldStore`, for stores that count them. Rule 36 is one of time spans that no
// test of a contract can wait for.
import assert from 'node:assert/strict';
import type { HoldStore } from '../../core/store.js';
import { type BatchOfTest, LimitProbe } from './limit-probe.js';

type DefineRule = (title: string, test: (store: HoldStore) => Promise<void>) => void;

export function limitRules(withStore: DefineRule, pass: (ms: number) => Promise<void>): void {
  const rule = (title: string, test: (store: LimitProbe) => Promise<void>) =>
    withStore(title, async (store) => {
      if (store.limits !== undefined) await test(await LimitProbe.of(store));
    });

  rule('30. limits and hold are one step: up to each limit, not one more', async (store) => {
    const limits = { perDayMinor: 100n, payee: 'payee-a', perPayeeMinor: 60n };
    assert.equal(await store.hold('a', 60n, limits), 'held');
    assert.equal(await store.hold('b', 1n, limits), 'over perPayee at 60');
    assert.equal(await store.hold('c', 41n, { ...limits, payee: 'payee-b' }), 'over perDay at 60');
    assert.equal(await store.hold('d', 40n, { ...limits, payee: 'payee-b' }), 'held');
    assert.equal(await store.hold('e', 1n, { ...limits, payee: 'payee-c' }), 'over perDay at 100');
    assert.equal(await store.active(), 100n);
  });

  rule('30. of 100 holds at once exactly those are granted that fit in the day', async (store) => {
    const holds = Array.from({ length: 100 }, (_, index) => {
      const payee = `payee-${index % 4}`;
      return store.hold(`${index}`, 7n, { perDayMinor: 100n, payee, perPayeeMinor: 22n });
    });
    const outcomes = await Promise.all(holds);
    // Three for each payee; a fourth one of 7 is above 22.
    assert.equal(outcomes.filter((outcome) => outcome === 'held').length, 12);
    assert.equal(await store.active(), 84n);
    assert.equal(await store.used(), 84n);
  });

  rule('30. limits are exact to the last unit of 64 bits', async (store) => {
    const largest = 2n ** 63n - 1n;
    const half = 2n ** 62n;
    const money = { limitMinor: 2n ** 66n };
    assert.equal(await store.hold('a', half, { perDayMinor: largest }, money), 'held');
    assert.equal(await store.hold('b', half, { perDayMinor: largest }, money), `over perDay at ${half}`);
    assert.equal(await store.hold('c', half - 1n, { perDayMinor: largest }, money), 'held');
    assert.equal(await store.hold('d', 1n, { perDayMinor: largest }, money), `over perDay at ${largest}`);
  });

  rule('30. a reference that is taken is reported before a limit, and a limit before the money', async (store) => {
    assert.equal(await store.hold('a', 60n, { perDayMinor: 100n }), 'held');
    assert.equal(await store.hold('a', 60n, { perDayMinor: 100n }), 'exists');
    assert.equal(await store.hold('b', 60n, { perDayMinor: 100n }, { limitMinor: 0n }), 'over perDay at 60');
    assert.equal(await store.hold('b', 40n, { perDayMinor: 100n }, { limitMinor: 0n }), 'insufficient');
    assert.equal(await store.hold('b', 60n, { perDayMinor: 100n }, { epoch: 'another' }), 'stale_epoch');
    assert.equal(await store.used(), 60n);
  });

  rule('30. a batch fits as a whole, or each payout that fits, in the day and for each payee', async (store) => {
    const limits = { perDayMinor: 100n, perPayeeMinor: 50n };
    const payouts: BatchOfTest = [
      ['a', 30n, { ...limits, payee: 'payee-a' }],
      ['b', 30n, { ...limits, payee: 'payee-a' }],
      ['c', 40n, { ...limits, payee: 'payee-b' }],
      ['d', 40n, { ...limits, payee: 'payee-c' }],
      ['e', 30n, { ...limits, payee: 'payee-c' }],
    ];
    assert.deepEqual(await store.holdAll('all', payouts), ['b: over perPayee at 30', 'd: over perDay at 70']);
    assert.equal(await store.used(), 0n);
    assert.deepEqual(await store.holdAll('fit', payouts), [
      'a: held',
      'b: over perPayee at 30',
      'c: held',
      'd: over perDay at 70',
      'e: held',
    ]);
    assert.deepEqual([await store.used(), await store.used('payee-a'), await store.used('payee-c')], [100n, 30n, 30n]);
    assert.equal(await store.active(), 100n);
  });

  rule('30. a hold that is split counts no more than before, and its payees count', async (store) => {
    await store.hold('sum', 90n, { perDayMinor: 100n }, { state: 'reserved', attempt: 'own' });
    const payee = { payee: 'payee', perPayeeMinor: 50n };
    const from = { name: 'sum', attempt: 'own' };
    const over: BatchOfTest = [
      ['a', 30n, payee],
      ['b', 30n, payee],
    ];
    assert.deepEqual(await store.holdAll('all', over, from), ['b: over perPayee at 30']);
    const fits: BatchOfTest = [
      ['a', 30n, payee],
      ['b', 20n, payee],
    ];
    assert.deepEqual(await store.holdAll('all', fits, from), ['a: held', 'b: held']);
    assert.deepEqual([await store.used(), await store.used('payee')], [90n, 50n]);
    await store.settle('sum', { to: 'released' });
    assert.deepEqual([await store.used(), await store.used('payee')], [50n, 50n]);
  });

  rule('31. a day that is not the one of the store is stale, and changes nothing', async (store) => {
    const nowMs = await store.now();
    const over = { startMs: nowMs - 100_000, endMs: nowMs - 50_000 };
    const yetToCome = { startMs: nowMs + 50_000, endMs: nowMs + 100_000 };
    for (const day of [over, yetToCome]) {
      const answer = await store.ask('a', 1n, { perDayMinor: 100n, ...day });
      assert.equal(answer.outcome, 'stale_day');
      const shown = answer.outcome === 'stale_day' ? answer.nowMs : 0;
      assert.ok(Math.abs(shown - nowMs) < 40_000, 'it shows the time of the store');
    }
    assert.deepEqual([await store.active(), await store.used()], [0n, 0n]);
  });

  rule('31. a day ends on the clock of the store', async (store) => {
    const endMs = (await store.now()) + 200;
    await pass(400);
    assert.equal(await store.hold('a', 1n, { perDayMinor: 100n, endMs }), 'stale_day');
    assert.equal(await store.hold('a', 1n, { perDayMinor: 100n, startMs: endMs }), 'held');
  });

  rule('32. a hold counts once: not again when it is sent, extended or asked for again', async (store) => {
    const attempt = { attempt: 'one', state: 'reserved' } as const;
    assert.equal(await store.hold('a', 60n, { perDayMinor: 100n }, attempt), 'held');
    assert.equal(await store.hold('a', 60n, { perDayMinor: 100n }, attempt), 'held');
    await store.settle('a', { to: 'reserved', expiresInMs: 60_000 });
    await store.settle('a', { to: 'sent', sendsForMs: 60_000 });
    await store.settle('a', { to: 'returned' });
    assert.equal(await store.used(), 60n);
    assert.equal(await store.hold('b', 40n, { perDayMinor: 100n }), 'held');
  });

  rule('32. a release gives back, once, and so does a failure', async (store) => {
    const limits = { perDayMinor: 100n, payee: 'payee', perPayeeMinor: 100n };
    await store.hold('a', 60n, limits);
    await store.hold('b', 40n, limits);
    for (let times = 0; times < 2; times++) await store.settle('a', { to: 'released', notSent: true });
    assert.deepEqual([await store.used(), await store.used('payee')], [40n, 40n]);
    for (let times = 0; times < 2; times++) await store.settle('b', { to: 'failed' });
    assert.deepEqual([await store.used(), await store.used('payee')], [0n, 0n]);
    assert.equal(await store.hold('a', 60n, limits), 'held');
    assert.deepEqual([await store.used(), await store.used('payee')], [60n, 60n]);
  });

  rule('32. an expired reservation gives back', async (store) => {
    const limits = { perDayMinor: 100n, payee: 'payee', perPayeeMinor: 100n };
    await store.hold('a', 100n, limits, { state: 'reserved', expiresInMs: 30 });
    await pass(80);
    assert.equal(await store.hold('b', 100n, limits), 'held');
    assert.deepEqual([await store.used(), await store.used('payee')], [100n, 100n]);
  });

  rule('32. a capture counts the real debit, less or more than was held, once', async (store) => {
    const limits = { perDayMinor: 100n, payee: 'payee', perPayeeMinor: 100n };
    await store.hold('less', 50n, limits);
    await store.hold('more', 50n, limits);
    for (let times = 0; times < 2; times++) {
      await store.settle('less', { to: 'captured', actualMinor: 20n, visibleInMs: 60_000 });
      await store.settle('more', { to: 'captured', actualMinor: 85n, visibleInMs: 0 });
    }
    assert.deepEqual([await store.used(), await store.used('payee')], [105n, 105n]);
    assert.equal(await store.hold('none', 1n, limits), 'over perPayee at 105');
    assert.equal(await store.hold('none', 1n, { perDayMinor: 106n }), 'held');
  });

  rule('32. a capture that becomes visible counts no more for it', async (store) => {
    await store.hold('a', 50n, { perDayMinor: 100n });
    await store.settle('a', { to: 'captured', visibleInMs: 30, awaitsOutcome: true });
    await pass(80);
    await store.settle('a', { to: 'failed' });
    assert.equal(await store.active(), 0n);
    assert.equal(await store.used(), 50n);
  });

  rule('32. a late capture counts again', async (store) => {
    const limits = { perDayMinor: 100n, payee: 'payee', perPayeeMinor: 100n };
    await store.hold('a', 60n, limits, { attempt: 'own', state: 'reserved' });
    await store.settle('a', { to: 'released' });
    assert.deepEqual([await store.used(), await store.used('payee')], [0n, 0n]);
    for (let times = 0; times < 2; times++) {
      await store.settle('a', { to: 'captured', attempt: 'own', actualMinor: 70n, visibleInMs: 0 });
    }
    assert.deepEqual([await store.used(), await store.used('payee')], [70n, 70n]);
  });

  rule('33. a hold gives back to the day of its grant, and to no other one', async (store) => {
    const [yesterday, today] = [{ day: store.day }, { day: store.day + 1 }];
    await store.hold('old', 60n, { perDayMinor: 100n, ...yesterday });
    await store.hold('more', 30n, { perDayMinor: 100n, ...yesterday });
    await store.hold('new', 70n, { perDayMinor: 100n, ...today });
    await store.settle('old', { to: 'released', notSent: true });
    await store.settle('more', { to: 'captured', actualMinor: 50n, visibleInMs: 0 });
    assert.deepEqual([await store.used('', yesterday), await store.used('', today)], [50n, 70n]);
    assert.equal(await store.hold('too much', 31n, { perDayMinor: 100n, ...today }), 'over perDay at 70');
    // Held again, it is a hold of today.
    assert.equal(await store.hold('old', 60n, { perDayMinor: 130n, ...today }), 'held');
    assert.deepEqual([await store.used('', yesterday), await store.used('', today)], [50n, 130n]);
  });

  rule('33. what is split out of a hold counts on its day, though that day is over', async (store) => {
    const [yesterday, today] = [{ day: store.day }, { day: store.day + 1 }];
    const payee = { payee: 'payee', perPayeeMinor: 50n };
    const own = { state: 'reserved', attempt: 'own' } as const;
    const sum = await store.ask('sum', 90n, { perDayMinor: 100n, ...yesterday }, own);
    assert.equal(sum.outcome === 'held' && sum.hold.day, store.day);
    await store.hold('before', 20n, { ...payee, ...today });
    const from = { name: 'sum', attempt: 'own' };
    const parts: BatchOfTest = [
      ['a', 30n, { ...payee, ...yesterday }],
      ['b', 20n, { ...payee, ...yesterday }],
    ];
    assert.deepEqual(await store.holdAll('all', parts, from), ['a: held', 'b: held']);
    assert.deepEqual([await store.used('', yesterday), await store.used('payee', yesterday)], [90n, 50n]);
    assert.deepEqual([await store.used('', today), await store.used('payee', today)], [20n, 20n]);
    await store.settle('sum', { to: 'released' });
    await store.settle('b', { to: 'released' });
    assert.deepEqual([await store.used('', yesterday), await store.used('payee', yesterday)], [30n, 30n]);
    assert.deepEqual([await store.used('', today), await store.used('payee', today)], [20n, 20n]);
  });

  rule('33. wallets and payees are counted apart', async (store) => {
    const other = { wallet: `${store.wallet}-other` };
    const limits = { perDayMinor: 100n, payee: 'payee', perPayeeMinor: 100n };
    await store.hold('a', 100n, limits);
    assert.equal(await store.hold('b', 100n, limits, other), 'held');
    await store.settle('b', { to: 'released' });
    assert.equal(await store.hold('c', 1n, { ...limits, payee: 'another', perDayMinor: undefined }), 'held');
    assert.equal(await store.hold('d', 1n, { ...limits, perDayMinor: undefined }), 'over perPayee at 100');
  });

  rule('34. counters that may lack something refuse until they are accepted, for one wallet', async (store) => {
    const known = { countSinceStart: false };
    // Since the store is in use, however old it is: nothing is unknown of a day that began later.
    const nowMs = await store.now();
    await pass(20);
    assert.equal(await store.hold('of today', 1n, { perDayMinor: 9n, startMs: nowMs, ...known }), 'held');
    const first = await store.ask('a', 1n, { perDayMinor: 100n, startMs: 1, ...known });
    if (first.outcome === 'limits_unknown') {
      assert.ok(first.sinceMs > 1 && first.sinceMs <= nowMs, 'since its memory began');
      assert.equal(await store.used(), 1n);
      assert.equal(await store.hold('a', 1n, { perDayMinor: 100n, startMs: 1, countSinceStart: true }), 'held');
    } else assert.equal(first.outcome, 'held');
    const other = { wallet: `${store.wallet}-other` };
    await store.accept();
    await store.accept();
    assert.equal(await store.hold('b', 1n, { perDayMinor: 100n, startMs: 1, ...known }), 'held');
    const elsewhere = await store.ask('c', 1n, { perDayMinor: 100n, startMs: 1, ...known }, other);
    assert.equal(elsewhere.outcome, first.outcome);
    assert.equal(await store.used(), 3n);
  });

  rule('35. holds without limits count in none and are refused by none', async (store) => {
    await store.hold('a', 100n, { perDayMinor: 100n });
    assert.equal((await store.ask('b', 100n, undefined)).outcome, 'held');
    assert.equal(await store.used(), 100n);
    await store.settle('b', { to: 'captured', visibleInMs: 0 });
    assert.equal(await store.used(), 100n);
  });
}
