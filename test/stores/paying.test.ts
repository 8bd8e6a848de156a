// The rules of paying (P1 to P11) through guards on memory, Redis and PostgreSQL. Each rule has its tests in test/core;
// here it is seen to hold whatever keeps the holds.
import { describe, expect, it } from '@jest/globals';
import { type PayoutGuard, PayoutRejectedError, type PayoutVerdict } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { everyStore } from '../support/every-store.js';
import { changed } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import {
  closed,
  duplicate,
  failed,
  inProgress,
  notSent,
  outcome,
  payout,
  type Start,
  sent,
  startProcess,
} from './processes.js';

collectWarnings();

describe.each(await everyStore())('on %s', (_, { open }) => {
  const start: Start = (wallet, options) => startProcess(open, wallet, options);

  describe('P1. what proves nothing leaves the money held and the reference taken, in every process:', () => {
    const conflict = Object.assign(new Error('Request failed with status code 409'), { status: 409 });
    const refusedConnection = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });

    it.each<[string, (guard: PayoutGuard) => unknown]>([
      ['an HTTP 409 of the client', () => Promise.reject(conflict)],
      ['a refused connection', () => Promise.reject(refusedConnection)],
      ['a Response of status 504', () => new Response('', { status: 504 })],
      ['a pending answer', () => ({ verdict: 'pending' })],
      ['a capture of a fraction', (guard) => guard.capture('p-1', '100.555')],
      ['a nested payout that is refused', (guard) => guard.withHold({ amount: '601', reference: 'p-2' }, () => 'paid')],
    ])('%s', async (_, fn) => {
      const wallet = scriptedWallet('1000.00', {
        verdictOfResult: (result) => (result as { verdict?: PayoutVerdict }).verdict ?? 'unknown',
      });
      const [payer, other] = [start(wallet), start(wallet)];
      await payer.withHold(payout, () => fn(payer)).catch(() => {});
      expect(await outcome(other)).toBe(sent);
      expect(await thrownBy(other.hold(payout))).toMatchObject(inProgress);
      expect(await thrownBy(other.hold({ amount: '600.01', reference: 'p-3' }))).toMatchObject({
        code: 'insufficient_funds',
      });
      await closed(payer, other);
    });
  });

  it('P1. approves one of three pending payouts of 900 on 1000', async () => {
    const wallet = scriptedWallet('1000.00', { verdictOfResult: () => 'pending' });
    const guards = [start(wallet), start(wallet), start(wallet)];
    const payouts = guards.map((guard, index) =>
      guard.withHold({ amount: '900.00', reference: `p-${index}` }, () => 'accepted'),
    );
    const ends = (await Promise.allSettled(payouts)).map(({ status }) => status).sort();
    expect(ends).toEqual(['fulfilled', 'rejected', 'rejected']);
    await closed(...guards);
  });

  it('P2, P9. a rejection releases the innermost payout and uses up its reference if it was sent', async () => {
    const wallet = scriptedWallet('1000.00');
    const [payer, other] = [start(wallet), start(wallet)];
    const reject = (notSent: boolean) => () => Promise.reject(new PayoutRejectedError('no', { notSent }));
    await thrownBy(payer.withHold(payout, () => payer.withHold({ amount: '1.00', reference: 'inner' }, reject(false))));
    await thrownBy(payer.withHold({ amount: '1.00', reference: 'unsent' }, reject(true)));
    expect([await outcome(other), (await other.getHold('inner'))?.failed]).toEqual([sent, true]);
    expect(await thrownBy(other.hold({ amount: '1.00', reference: 'inner' }))).toMatchObject({
      ...duplicate,
      state: 'released',
    });
    expect((await other.hold({ amount: '1.00', reference: 'unsent' })).state).toBe('reserved');
    await closed(payer, other);
  });

  it('P3. a failed outcome frees nothing elsewhere while the payer may send, and a minute longer', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'failed' }) });
    const [payer, other] = [start(wallet, { payWithinMs: 120_000 }), start(wallet)];
    const isPaying = deferred<void>();
    void payer.withHold(payout, () => {
      isPaying.resolve();
      return new Promise(() => {});
    });
    await isPaying.promise;
    wallet.clock.advance(179_999);
    expect((await other.reconcile({ reference: 'p-1' })).released).toBe(0);
    wallet.clock.advance(1);
    expect((await other.reconcile({ reference: 'p-1' })).released).toBe(1);
    expect(await outcome(other)).toBe(failed);
    await closed(other);
  });

  it('P3. the failure of an earlier attempt is not that of a later one with the same reference', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'failed' }) });
    const [payer, other] = [start(wallet), start(wallet)];
    await thrownBy(payer.withHold(payout, () => Promise.reject(new PayoutRejectedError('no', { notSent: true }))));
    await payer.withHold(payout, () => 'accepted');
    expect((await other.reconcile({ reference: 'p-1' })).released).toBe(0);
    expect(await outcome(other)).toBe(sent);
    await closed(payer, other);
  });

  it('P4. one of two calls of pay runs, and release of the handle rejects from then on', async () => {
    const guard = start(scriptedWallet('1000.00'));
    const hold = await guard.hold(payout);
    const ran: number[] = [];
    const [first, second] = [hold.pay(() => ran.push(1)), hold.pay(() => ran.push(2))];
    expect(await thrownBy(second)).toMatchObject({ code: 'hold_state' });
    expect(await thrownBy(hold.release())).toMatchObject({ code: 'hold_state' });
    await first;
    expect([ran, await outcome(guard)]).toEqual([[1], sent]);
    await guard.release('p-1', { attempt: hold.attempt });
    expect(await outcome(guard)).toBe(failed);
    await closed(guard);
  });

  it('P5. a payout whose sent was not confirmed is not made, and a late sent is illegal', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = open(wallet.clock);
    let isLost = true;
    const store = changed(inner, {
      settle: async (request) => {
        const answer = await inner.settle(request);
        if (request.to === 'sent' && isLost) throw new Error('connection lost');
        return answer;
      },
    });
    const guard = start(wallet, { store });
    const hold = await guard.hold(payout);
    let ran = false;
    const paying = hold.pay(() => {
      ran = true;
    });
    expect(await thrownBy(paying)).toMatchObject({ code: 'balance_unavailable', reason: 'store' });
    isLost = false;
    expect([ran, await outcome(guard)]).toEqual([false, notSent]);
    const late = await inner.settle({ reference: 'p-1', attempt: hold.attempt, to: 'sent', sendsForMs: 1 });
    expect(late.outcome).toBe('illegal');
    expect((await guard.hold(payout)).state).toBe('reserved');
    await closed(guard);
  });

  it('P7. an accepted payout that is debited then is captured, and its later failure changes no total', async () => {
    const wallet = scriptedWallet('1000.00', {
      debitVisibleAt: 'acceptance',
      verdictOfResult: () => 'pending',
      lookup: async () => ({ outcome: 'failed' }),
    });
    const [payer, other] = [start(wallet), start(wallet)];
    await payer.checkFunds('1.00');
    await payer.withHold(payout, () => 'accepted');
    expect((await other.getHold('p-1'))?.awaitsOutcome).toBe(true);
    expect((await payer.funds()).spendable).toBe('600.00');
    await other.reconcile({ olderThanMs: 0 });
    const { state, failed: hasFailed, awaitsOutcome } = (await payer.getHold('p-1')) ?? {};
    expect([state, hasFailed, awaitsOutcome]).toEqual(['captured', true, undefined]);
    // The mark of this balance is older than the capture.
    expect((await payer.funds()).spendable).toBe('600.00');
    expect(await thrownBy(other.hold(payout))).toMatchObject({ ...duplicate, state: 'captured' });
    await closed(payer, other);
  });

  it('P8. a capture counts as held for 10 s where the adapter declares nothing', async () => {
    const wallet = scriptedWallet('1000.00', { visibleAfterMs: undefined });
    const [payer, other] = [start(wallet), start(wallet)];
    await payer.withHold({ ...payout, settles: 'onReturn' }, () => 'paid');
    wallet.clock.advance(9_999);
    expect(await outcome(other)).toBe('captured, held 400.00, spendable 600.00');
    wallet.clock.advance(1);
    expect(await outcome(other)).toBe('captured, held 0.00, spendable 1000.00');
    await closed(payer, other);
  });

  it('P10. a duplicate is in progress or made, and another payee is a conflict', async () => {
    const wallet = scriptedWallet('1000.00');
    const [payer, other] = [start(wallet), start(wallet)];
    const alice = { ...payout, fingerprint: '254712345678' };
    await payer.withHold(alice, () => 'accepted');
    expect(await thrownBy(other.hold(alice))).toMatchObject(inProgress);
    // By then a hold whose caller was refused would have been undone.
    wallet.clock.advance(21_000);
    expect(await thrownBy(other.hold(alice))).toMatchObject({ ...inProgress, retryAfterMs: 5_000 });
    for (const fingerprint of ['254712345679', undefined]) {
      expect(await thrownBy(other.hold({ ...payout, fingerprint }))).toMatchObject({
        code: 'hold_conflict',
        difference: 'payee',
        status: 422,
      });
    }
    await other.capture('p-1');
    expect(await thrownBy(other.hold(alice))).toMatchObject({ ...duplicate, state: 'captured' });
    await closed(payer, other);
  });

  it('P11. of five handles in two processes one is given sent', async () => {
    const wallet = scriptedWallet('1000.00');
    const guards = [start(wallet), start(wallet)] as const;
    const handles = [await guards[0].hold(payout)];
    for (let index = 1; index < 5; index++) handles.push(await guards[index % 2 === 0 ? 0 : 1].resume('p-1'));
    let paid = 0;
    const ends = await Promise.allSettled(handles.map((hold) => hold.pay(() => paid++)));
    expect([paid, ends.filter(({ status }) => status === 'fulfilled').length]).toEqual([1, 1]);
    await closed(...guards);
  });

  it('P11. a payout 5 minutes after its grant is checked again, and stays reserved on a frozen wallet', async () => {
    const wallet = scriptedWallet('1000.00');
    const [taker, payer] = [start(wallet), start(wallet)];
    await taker.hold({ ...payout, expiresInMs: 2_592_000_000 });
    wallet.clock.advance(300_001);
    wallet.balance = { available: '399.99', currency: 'KES' };
    const pay = async () => (await payer.resume('p-1')).pay(() => 'paid');
    expect(await thrownBy(pay())).toMatchObject({ code: 'insufficient_funds', required: '400.00', shortfall: '0.01' });
    wallet.balance = { available: '400.00', currency: 'KES' };
    await taker.freeze('default', 'audit');
    wallet.clock.advance(1_000);
    expect(await thrownBy(pay())).toMatchObject({ code: 'wallet_frozen' });
    expect((await taker.getHold('p-1'))?.state).toBe('reserved');
    await taker.unfreeze('default');
    await pay();
    expect((await taker.getHold('p-1'))?.state).toBe('sent');
    await closed(taker, payer);
  });

  it('a caller that has gone pays nothing, and leaves nothing held', async () => {
    const guard = start(scriptedWallet('1000.00'));
    await guard.checkFunds('1.00');
    let ran = false;
    const signal = AbortSignal.abort(new Error('the client left'));
    const paying = guard.withHold({ ...payout, signal }, () => {
      ran = true;
    });
    expect(await thrownBy(paying)).toMatchObject({ message: 'the client left' });
    expect([ran, await guard.getHold('p-1')]).toEqual([false, undefined]);
    await closed(guard);
  });
});
