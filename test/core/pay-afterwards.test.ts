// Payments with a later look-up, a duplicate, a resumed hold, or a caller that left.
import { describe, expect, it } from '@jest/globals';
import { type Hold, InsufficientFundsError, memoryStore, type PayoutAnswer } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { outcome } from './pay-support.js';

collectWarnings();

const payout = { amount: '400.00', reference: 'p-1' };
const captured = 'captured, held 0.00, spendable 600.00';
const notSent = 'released, held 0.00, spendable 1000.00';

describe('P3. a look-up that answers failed', () => {
  const lookup = async (): Promise<PayoutAnswer> => ({ outcome: 'failed' });

  it('frees nothing while the payment function runs', async () => {
    const wallet = scriptedWallet('1000.00', { lookup });
    const guard = wallet.guard();
    const gate = deferred<void>();
    const paying = guard.withHold(payout, () => gate.promise);
    await wallet.clock.pass(100);
    expect(await guard.reconcile({ reference: 'p-1' })).toEqual({ captured: 0, released: 0, open: 1, neverSeen: [] });
    gate.resolve();
    await paying;
    expect(await guard.reconcile({ reference: 'p-1' })).toEqual({ captured: 0, released: 1, open: 0, neverSeen: [] });
    await guard.close();
  });

  it('frees nothing in another process until a minute after the bound, when the end was not recorded', async () => {
    const store = memoryStore({ clock: scriptedWallet().clock });
    const wallet = scriptedWallet('1000.00', { lookup });
    const shared = memoryStore({ clock: wallet.clock });
    const payer = wallet.guard({ store: shared, payWithinMs: 120_000 });
    const other = wallet.guard({ store: shared });
    void payer.withHold(payout, () => new Promise(() => {}));
    await wallet.clock.pass(179_999);
    expect((await other.reconcile({ olderThanMs: 0 })).released).toBe(0);
    await wallet.clock.pass(1);
    expect((await other.reconcile({ olderThanMs: 0 })).released).toBe(1);
    await store.close();
    await other.close();
  });

  it('that began while the function ran frees nothing after its end', async () => {
    const answers = [deferred<PayoutAnswer>()];
    const wallet = scriptedWallet('1000.00', { lookup: () => (answers[0] ?? deferred<PayoutAnswer>()).promise });
    const guard = wallet.guard({ reconcileEveryMs: 0 });
    const gate = deferred<void>();
    const paying = guard.withHold(payout, () => gate.promise);
    await wallet.clock.pass(100);
    const looking = guard.reconcile({ reference: 'p-1' });
    await wallet.clock.pass(100);
    gate.resolve();
    await paying;
    answers[0]?.resolve({ outcome: 'failed' });
    expect((await looking).released).toBe(0);
    await guard.close();
  });

  it('does not wait for completed', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'completed' }) });
    const guard = wallet.guard();
    void guard.withHold(payout, () => new Promise(() => {}));
    await wallet.clock.pass(100);
    expect((await guard.reconcile({ reference: 'p-1' })).captured).toBe(1);
    await guard.close({ waitMs: 0 });
  });

  it('ends with the bound: hold.signal aborts after payWithinMs, and not before', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ payWithinMs: 5_000 });
    const reserved = await guard.hold({ amount: '1.00', reference: 'p-0', expiresInMs: 60_000 });
    const { signal } = reserved;
    await wallet.clock.pass(10_000);
    expect(signal.aborted).toBe(false);
    const paying = reserved.pay(
      () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    await wallet.clock.pass(4_999);
    expect(signal.aborted).toBe(false);
    await wallet.clock.pass(1);
    expect(await thrownBy(paying)).toMatchObject({ name: 'TimeoutError' });
    expect((await guard.getHold('p-0'))?.state).toBe('sent');
    await guard.close();
  });
});

describe('P10. a duplicate', () => {
  it('of a payout under way is in progress and retryable', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const gate = deferred<void>();
    const paying = guard.withHold(payout, () => gate.promise);
    const inProgress = { code: 'payout_in_progress', status: 409, retryable: true, retryAfterMs: 5_000 };
    expect(await thrownBy(guard.withHold(payout, () => 'again'))).toMatchObject(inProgress);
    gate.resolve();
    await paying;
    expect(await thrownBy(guard.hold(payout))).toMatchObject(inProgress);
    await guard.capture('p-1');
    expect(await thrownBy(guard.hold(payout))).toMatchObject({
      code: 'duplicate_reference',
      status: 409,
      state: 'captured',
    });
    await guard.close();
  });

  it('to another payee is a conflict, and the payee is kept as a digest', async () => {
    const store = memoryStore();
    const guard = scriptedWallet('1000.00').guard({ store });
    await guard.hold({ ...payout, fingerprint: '254712345678' });
    const conflict = { code: 'hold_conflict', difference: 'payee', status: 422 };
    expect(await thrownBy(guard.hold({ ...payout, fingerprint: '254712345679' }))).toMatchObject(conflict);
    expect(await thrownBy(guard.hold(payout))).toMatchObject(conflict);
    expect(await thrownBy(guard.hold({ ...payout, fingerprint: '254712345678' }))).toMatchObject({
      code: 'payout_in_progress',
    });
    const { hold } = await store.get('p-1');
    expect(hold?.fingerprint).toMatch(/^[\w-]{22}$/);
    expect(JSON.stringify(hold, (_, value) => String(value))).not.toContain('254712345678');
    await guard.close();
  });

  it.each([[''], [7], ['x'.repeat(1_001)], [null]])('is refused with the payee %p', async (fingerprint) => {
    const guard = scriptedWallet('1000.00').guard();
    const act = guard.hold({ ...payout, fingerprint: fingerprint as string });
    expect(await thrownBy(act)).toMatchObject({ code: 'invalid_argument', argument: 'fingerprint', status: 400 });
    await guard.close();
  });
});

describe('P11. a hold that is resumed', () => {
  it('is paid once, like any other', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const { attempt } = await guard.hold(payout);
    const hold = await guard.resume('p-1');
    expect([hold.attempt, hold.amount, hold.currency, hold.state, hold.decision]).toEqual([
      attempt,
      '400.00',
      'KES',
      'reserved',
      undefined,
    ]);
    await hold.pay(() => 'paid', { settles: 'onReturn' });
    expect(await outcome(guard)).toBe(captured);
    expect(await thrownBy(guard.resume('p-1'))).toMatchObject({ code: 'hold_state', state: 'captured' });
    expect(await thrownBy(guard.resume('nobody'))).toMatchObject({ code: 'hold_state', state: 'unknown' });
    await guard.close();
  });

  it('by several handles becomes sent once', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const handles: Hold[] = [await guard.hold(payout)];
    for (let handle = 1; handle < 5; handle++) handles.push(await guard.resume('p-1'));
    let paid = 0;
    const settled = await Promise.allSettled(handles.map((hold) => hold.pay(() => paid++)));
    expect([paid, settled.filter(({ status }) => status === 'fulfilled').length]).toEqual([1, 1]);
    await guard.close();
  });

  it('more than 5 minutes after its grant is checked again in the step that marks it as sent', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const hold = await guard.hold({ ...payout, expiresInMs: 3_600_000 });
    wallet.balance = { available: '399.99', currency: 'KES' };
    wallet.clock.advance(300_000);
    const young = await guard.hold({ amount: '1.00', reference: 'p-2', expiresInMs: 3_600_000 }).catch(() => undefined);
    expect(young).toBeUndefined();
    wallet.clock.advance(1);
    let ran = false;
    const error = await thrownBy(
      hold.pay(() => {
        ran = true;
      }),
    );
    expect(error).toBeInstanceOf(InsufficientFundsError);
    expect(error).toMatchObject({ required: '400.00', available: '399.99', held: '0.00', shortfall: '0.01' });
    expect([ran, (await guard.getHold('p-1'))?.state]).toEqual([false, 'reserved']);
    wallet.balance = { available: '400.00', currency: 'KES' };
    wallet.clock.advance(1_000);
    await (await guard.resume('p-1')).pay(() => 'paid');
    expect((await guard.getHold('p-1'))?.state).toBe('sent');
    await guard.close();
  });

  it('up to 5 minutes after its grant is not checked again', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const hold = await guard.hold({ ...payout, expiresInMs: 3_600_000 });
    wallet.answer = () => Promise.reject(new Error('the provider must not be asked'));
    wallet.clock.advance(300_000);
    await hold.pay(() => 'paid');
    expect((await guard.getHold('p-1'))?.state).toBe('sent');
    await guard.close();
  });

  it('counts its age on the clock of the store, not from the moment it was resumed', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    await guard.hold({ ...payout, expiresInMs: 3_600_000 });
    wallet.clock.advance(300_001);
    wallet.balance = { available: '0.00', currency: 'KES' };
    expect(await thrownBy((await guard.resume('p-1')).pay(() => 'paid'))).toBeInstanceOf(InsufficientFundsError);
    await guard.close();
  });

  it('on a frozen wallet is not sent and stays reserved', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const hold = await guard.hold(payout);
    await guard.freeze('default', 'audit');
    expect(await thrownBy(hold.pay(() => 'paid'))).toMatchObject({ code: 'wallet_frozen', wallet: 'default' });
    expect((await guard.getHold('p-1'))?.state).toBe('reserved');
    await guard.unfreeze('default');
    await (await guard.resume('p-1')).pay(() => 'paid');
    expect((await guard.getHold('p-1'))?.state).toBe('sent');
    await guard.close();
  });

  it('may wait for an approval for as long as 30 days', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const hold = await guard.hold(payout);
    const { expiresAt, createdAt } = await hold.extend(2_592_000_000);
    expect((expiresAt?.getTime() ?? 0) - createdAt.getTime()).toBe(2_592_000_000);
    wallet.clock.advance(2_591_999_999);
    expect((await guard.getHold('p-1'))?.state).toBe('reserved');
    wallet.clock.advance(1);
    expect((await guard.getHold('p-1'))?.state).toBe('released');
    expect(await thrownBy(hold.extend(1_000))).toMatchObject({ code: 'hold_state', state: 'released' });
    for (const ms of [0, 0.5, 2_592_000_001, Number.NaN, '60000' as unknown as number]) {
      expect(await thrownBy(hold.extend(ms))).toMatchObject({ code: 'invalid_argument', argument: 'ms' });
    }
    await guard.close();
  });
});

describe('a caller that disconnected', () => {
  it('causes no payment, on a cached balance either', async () => {
    const guard = scriptedWallet('1000.00').guard();
    await guard.checkFunds('1.00');
    const reason = new Error('the client left');
    const signal = AbortSignal.abort(reason);
    let ran = false;
    expect(
      await thrownBy(
        guard.withHold({ ...payout, signal }, () => {
          ran = true;
        }),
      ),
    ).toBe(reason);
    expect(await thrownBy(guard.checkFunds('1.00', { signal }))).toBe(reason);
    expect([ran, await guard.getHold('p-1')]).toEqual([false, undefined]);
    await guard.close();
  });

  it('during the hold request has the hold released, and its reference may be held again', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    const controller = new AbortController();
    const store = changed(inner, {
      hold: async (request) => {
        const answer = await inner.hold(request);
        controller.abort(new Error('the client left'));
        return answer;
      },
    });
    const guard = wallet.guard({ store });
    expect(await thrownBy(guard.withHold({ ...payout, signal: controller.signal }, () => 'paid'))).toMatchObject({
      message: 'the client left',
    });
    expect(await outcome(guard)).toBe(notSent);
    await guard.close();
  });
});
