// The rules of settling (S1 to S6, R2) through guards on memory, Redis and PostgreSQL: what is known of a payout is
// recorded.
import { describe, expect, it } from '@jest/globals';
import { type HoldStore, memoryStore, observing, type PayoutAnswer, PayoutRejectedError } from 'payout-guard';
import { callsAbout } from '../support/calls.js';
import { thrownBy } from '../support/errors.js';
import { everyStore, sharedStores, until } from '../support/every-store.js';
import { movableMonotonic, passMonotonic } from '../support/monotonic.js';
import { changed } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { codesOfProcesses, collectWarnings } from '../support/warnings.js';
import { closed, duplicate, outcome, payout, type Start, sent, startProcess } from './processes.js';

const warnings = collectWarnings();

describe.each(await everyStore())('on %s', (_, { open }) => {
  const start: Start = (wallet, options) => startProcess(open, wallet, options);

  it('R2. a payout without a record is listed as never seen, and stays held unless a limit is set', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'unknown', absent: true }) });
    const [payer, other] = [start(wallet), start(wallet, { absentIsFailedAfterMs: 3_600_000 })];
    await payer.withHold(payout, () => 'accepted');
    wallet.clock.advance(3_599_999);
    const { neverSeen, released } = await payer.reconcile();
    expect([neverSeen.map(({ reference }) => reference), released]).toEqual([['p-1'], 0]);
    expect((await other.reconcile({ reference: 'p-1' })).released).toBe(0);
    wallet.clock.advance(1);
    expect((await payer.reconcile({ reference: 'p-1' })).released).toBe(0);
    expect((await other.reconcile({ reference: 'p-1' })).released).toBe(1);
    await closed(payer, other);
  });

  describe('S1. a payout that was made after its reservation had expired', () => {
    it('is recorded, counted and reported, and its reference is taken', async () => {
      const wallet = scriptedWallet('1000.00');
      const [payer, other] = [start(wallet), start(wallet)];
      const seen: unknown[] = [];
      payer.on('paidAfterRelease', ({ hold, perhapsTwice }) => seen.push([hold.reference, perhapsTwice]));
      const hold = await payer.hold(payout);
      wallet.clock.advance(61_000);
      await payer.checkFunds('1000.00');
      expect((await hold.capture('401.00')).captured).toBe('401.00');
      await hold.capture('401.00');
      expect([seen, (await payer.funds()).spendable]).toEqual([[['p-1', false]], '599.00']);
      expect(await thrownBy(other.hold(payout))).toMatchObject({ ...duplicate, state: 'captured' });
      await closed(payer, other);
    });

    it('leaves the hold of a later attempt alone, and reports that it was perhaps paid twice', async () => {
      const wallet = scriptedWallet('1000.00');
      const [payer, other] = [start(wallet), start(wallet)];
      const seen: unknown[] = [];
      payer.on('paidAfterRelease', ({ hold, perhapsTwice }) => seen.push([hold.reference, perhapsTwice]));
      const first = await payer.hold(payout);
      wallet.clock.advance(60_000);
      await other.hold(payout);
      expect(await thrownBy(first.capture())).toMatchObject({ code: 'hold_state' });
      expect([seen, await outcome(other)]).toEqual([[['p-1', true]], 'reserved, held 400.00, spendable 600.00']);
      await closed(payer, other);
    });
  });

  describe('S2. a known verdict', () => {
    const silenced = (store: HoldStore) => {
      const line = { isSilent: false };
      const settle: HoldStore['settle'] = (request) => {
        if (line.isSilent) throw new Error('connection lost');
        return store.settle(request);
      };
      return Object.assign(line, { store: changed(store, { settle }) });
    };

    it('is recorded when a store that was away as the payout ended is back', async () => {
      const wallet = scriptedWallet('1000.00');
      const line = silenced(open(wallet.clock));
      const [payer, other] = [start(wallet, { store: line.store }), start(wallet)];
      await payer.withHold({ ...payout, settles: 'onReturn' }, () => {
        line.isSilent = true;
      });
      expect([await outcome(other), codesOfProcesses(warnings)]).toEqual([sent, ['PAYOUT_GUARD_SETTLEMENT_FAILED']]);
      line.isSilent = false;
      await wallet.clock.pass(1_000);
      await until(async () => (await other.getHold('p-1'))?.state === 'captured');
      await closed(payer, other);
    });

    it('that the store contradicts is for an operator, and changes nothing', async () => {
      const wallet = scriptedWallet('1000.00');
      const [payer, other] = [start(wallet), start(wallet)];
      await thrownBy(
        payer.withHold(payout, async () => {
          await other.capture('p-1');
          throw new PayoutRejectedError();
        }),
      );
      expect([(await other.getHold('p-1'))?.state, codesOfProcesses(warnings)]).toEqual([
        'captured',
        ['PAYOUT_GUARD_CONTRADICTION'],
      ]);
      await closed(payer, other);
    });
  });

  it('S4. two processes that reconcile at once ask once for one payout', async () => {
    const gate = deferred<PayoutAnswer>();
    const asked: string[] = [];
    const wallet = scriptedWallet('1000.00', {
      lookup: ({ reference }) => {
        asked.push(reference);
        return gate.promise;
      },
    });
    const [one, other] = [start(wallet), start(wallet)];
    await one.withHold(payout, () => 'accepted');
    const first = one.reconcile({ olderThanMs: 0 });
    await until(async () => asked.length === 1);
    expect((await other.reconcile({ olderThanMs: 0 })).captured).toBe(0);
    gate.resolve({ outcome: 'completed' });
    expect([(await first).captured, asked]).toEqual([1, ['p-1']]);
    await closed(one, other);
  });

  it('S5. close waits for payouts under way, refuses what was not sent, and leaves captures working', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = start(wallet);
    const gate = deferred<void>();
    const isPaying = deferred<void>();
    const paying = guard.withHold({ ...payout, settles: 'onReturn' }, () => {
      isPaying.resolve();
      return gate.promise;
    });
    const reserved = await guard.hold({ amount: '1.00', reference: 'p-2' });
    await guard.withHold({ amount: '2.00', reference: 'p-3' }, () => 'accepted');
    await isPaying.promise;
    const closing = guard.close({ waitMs: 5_000 });
    expect(await thrownBy(reserved.pay(() => 'paid'))).toMatchObject({ reason: 'closed' });
    gate.resolve();
    await paying;
    expect(await closing).toEqual({ open: [] });
    await guard.capture('p-3');
    const other = start(wallet);
    const states = [];
    for (const reference of ['p-1', 'p-2', 'p-3']) states.push((await other.getHold(reference))?.state);
    expect(states).toEqual(['captured', 'released', 'captured']);
    await closed(other);
  });

  it('S6. 200 released references make it forget neither a captured nor a failed one', async () => {
    const wallet = scriptedWallet('1000.00');
    // The memory store forgets by number: after fewer than are released here.
    const store =
      open(wallet.clock).name === 'memory' ? memoryStore({ clock: wallet.clock, rememberFinished: 10 }) : undefined;
    const guard = start(wallet, store && { store });
    await guard.withHold({ ...payout, settles: 'onReturn' }, () => 'paid');
    await thrownBy(
      guard.withHold({ amount: '1.00', reference: 'p-2' }, () => Promise.reject(new PayoutRejectedError())),
    );
    for (let index = 0; index < 200; index++) {
      await (await guard.hold({ amount: '1.00', reference: `junk-${index}` })).release();
    }
    wallet.clock.advance(86_400_001);
    expect(await thrownBy(guard.hold(payout))).toMatchObject({ ...duplicate, state: 'captured' });
    expect(await thrownBy(guard.hold({ amount: '1.00', reference: 'p-2' }))).toMatchObject(duplicate);
    await closed(guard);
  });

  it('an observing guard settles the real hold, and refuses nothing while it is taken', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = start(wallet);
    const observer = observing(guard);
    await guard.withHold({ amount: '900.00', reference: 'other' }, () => 'accepted');
    expect(await observer.withHold(payout, () => 'paid')).toBe('paid');
    expect((await observer.capture('other')).state).toBe('captured');
    expect((await guard.getHold('other'))?.state).toBe('captured');
    expect((await observer.capture('p-1')).state).toBe('captured');
    await until(async () => observer.report().refused === 1);
    expect([await guard.getHold('p-1'), observer.report().refusedBy]).toEqual([undefined, { insufficient_funds: 1 }]);
    await observer.close({ waitMs: 0 });
  });

  it('overdue payouts are found by the clock of the store, however wrong that of the process is', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'pending' }) });
    const behind = scriptedWallet().clock;
    const guard = start(wallet, { overdueAfterMs: 60_000 });
    await guard.withHold(payout, () => 'accepted');
    behind.step(-3_600_000);
    const other = start(wallet, { overdueAfterMs: 60_000, clock: behind });
    const ages: number[] = [];
    other.on('overdue', ({ ageMs }) => ages.push(ageMs));
    wallet.clock.advance(60_000);
    await other.reconcile();
    expect(ages).toEqual([60_000]);
    await closed(guard, other);
  });
});

describe.each(await sharedStores())('while %s restores open holds', (_, { open, forget }) => {
  movableMonotonic();

  it('captures, releases and reads are refused with a retryable error, never with "no such hold"', async () => {
    const wallet = scriptedWallet('1000.00');
    // The payer polls for a new epoch every quarter of this time by itself: not while the others are refused.
    const recoveryMs = 60_000;
    const payer = startProcess(open, wallet, { store: open(wallet.clock, { recoveryMs }) });
    const other = startProcess(open, wallet, { store: open(wallet.clock, { recoveryMs }) });
    // The first question to an empty database begins such a time as well.
    await other.getHold('p-1').catch(() => {});
    wallet.clock.advance(recoveryMs);
    passMonotonic(recoveryMs);
    await payer.withHold(payout, () => 'accepted');
    await forget?.();
    const recovering = { code: 'balance_unavailable', reason: 'store', status: 503, retryAfterMs: recoveryMs };
    for (const act of [...callsAbout('p-1', other), () => other.hold({ ...payout, reference: 'p-2' })]) {
      expect(await thrownBy(act())).toMatchObject(recovering);
    }
    // The process that sent it restores it with its next question.
    await payer.getHold('p-1');
    expect((await other.capture('p-1')).state).toBe('captured');
    wallet.clock.advance(recoveryMs);
    passMonotonic(recoveryMs);
    expect(await thrownBy(other.capture('p-9'))).toMatchObject({ code: 'hold_state', state: 'unknown' });
    await closed(payer, other);
  });
});
