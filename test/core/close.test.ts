// The end of a guard (S5), and stores that recover.
import { describe, expect, it } from '@jest/globals';
import { type GuardEvents, type Hold, memoryStore, type PayoutGuard } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { fragile, stateOf } from './settle-support.js';

const warnings = collectWarnings();
const payout = { amount: '400.00', reference: 'p-1' };
const onReturn = { ...payout, settles: 'onReturn' } as const;

describe('S5. close', () => {
  it('refuses new holds, and waits for payouts under way and their verdicts', async () => {
    const wallet = scriptedWallet('1000.00');
    const { guard, store, silence } = fragile(wallet);
    const gate = deferred<void>();
    const paying = guard.withHold(onReturn, () => gate.promise);
    await wallet.clock.pass(1);
    const closing = guard.close({ waitMs: 5_000 });
    expect(await thrownBy(guard.withHold({ ...payout, reference: 'p-2' }, () => 'paid'))).toMatchObject({
      reason: 'closed',
    });
    await wallet.clock.pass(3_000);
    silence();
    gate.resolve();
    await paying;
    await wallet.clock.pass(1_000);
    silence(false);
    await wallet.clock.pass(250);
    expect([await closing, await stateOf(store), codesOf(warnings)]).toEqual([
      { open: [] },
      'captured',
      ['PAYOUT_GUARD_SETTLEMENT_FAILED'],
    ]);
  });

  it('sends no payout whose hold was marked as sent while it began', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    const gate = deferred<void>();
    const store = changed(inner, { settle: async (request) => gate.promise.then(() => inner.settle(request)) });
    const guard = wallet.guard({ store });
    const hold = await guard.hold(payout);
    let isPaid = false;
    const paying = thrownBy(
      hold.pay(() => {
        isPaid = true;
      }),
    );
    await wallet.clock.pass(1);
    const closing = guard.close();
    gate.resolve();
    expect(await paying).toMatchObject({ reason: 'closed' });
    expect([await closing, isPaid]).toEqual([{ open: [] }, false]);
    expect((await inner.get('p-1')).hold).toMatchObject({ state: 'released', failed: undefined });
  });

  it.each(['capture', 'release'] as const)(
    'waits for a %s by reference that is still reading its hold',
    async (call) => {
      const wallet = scriptedWallet('1000.00');
      const inner = memoryStore({ clock: wallet.clock });
      const gate = deferred<void>();
      const store = changed(inner, { get: async (reference) => gate.promise.then(() => inner.get(reference)) });
      const guard = wallet.guard({ store });
      await guard.withHold(payout, () => 'accepted');
      const settling = guard[call]('p-1');
      let isClosed = false;
      const closing = guard.close({ waitMs: 5_000 }).finally(() => {
        isClosed = true;
      });
      await wallet.clock.pass(1_000);
      expect(isClosed).toBe(false);
      gate.resolve();
      await settling;
      expect([await closing, await stateOf(inner)]).toEqual([{ open: [] }, `${call}d`]);
    },
  );

  it('resolves within waitMs and reports the payouts it leaves open', async () => {
    const wallet = scriptedWallet('1000.00');
    const { guard, silence } = fragile(wallet);
    const left: GuardEvents['leftOpen'][] = [];
    guard.on('leftOpen', (event) => left.push(event));
    guard.on('settlementFailed', () => {});
    void guard.withHold({ amount: '1.00', reference: 'hangs' }, () => new Promise(() => {}));
    await guard.withHold(onReturn, () => silence());
    let isClosed = false;
    const closing = guard.close({ waitMs: 2_000 }).finally(() => {
      isClosed = true;
    });
    await wallet.clock.pass(1_999);
    expect(isClosed).toBe(false);
    await wallet.clock.pass(1);
    const open = [
      { reference: 'hangs', wallet: 'default', attempt: expect.any(String), pending: 'paying' },
      { reference: 'p-1', wallet: 'default', attempt: expect.any(String), pending: 'captured' },
    ];
    expect([await closing, left]).toEqual([{ open }, open]);
  });

  it('warns of payouts it leaves open when no listener handles them, and of later failures to settle', async () => {
    const wallet = scriptedWallet('1000.00');
    const { guard, silence } = fragile(wallet);
    const gate = deferred<void>();
    const paying = guard.withHold(onReturn, () => gate.promise);
    await wallet.clock.pass(1);
    const { open } = await guard.close({ waitMs: 0 });
    expect(warnings).toEqual([
      'PAYOUT_GUARD_LEFT_OPEN: The guard closed and leaves payout p-1 of wallet default open: ' +
        `its payment has not ended (attempt ${open[0]?.attempt}). Its money stays held until another process settles ` +
        'it.',
    ]);
    silence();
    gate.resolve();
    await paying;
    expect(warnings[1]).toMatch(
      new RegExp(
        '^PAYOUT_GUARD_SETTLEMENT_FAILED: Payout p-1 of wallet default is known to be made, .* ' +
          'Settle it by hand: it is not tried again\\.',
      ),
    );
  });

  it('lets payouts that end after it settle as long as the store is open', async () => {
    const wallet = scriptedWallet('1000.00');
    const { guard, store } = fragile(wallet);
    guard.on('leftOpen', () => {});
    const captured: string[] = [];
    guard.on('captured', ({ hold }) => captured.push(hold.reference));
    const gate = deferred<void>();
    const paying = guard.withHold(onReturn, () => gate.promise);
    await wallet.clock.pass(1);
    await guard.close({ waitMs: 0 });
    gate.resolve();
    await paying;
    expect([await stateOf(store), captured]).toEqual(['captured', ['p-1']]);
  });

  it('refuses from its start to pay holds that were not sent, and releases them', async () => {
    const wallet = scriptedWallet('1000.00');
    const { guard, store } = fragile(wallet);
    const hold = await guard.hold(payout);
    const closing = guard.close();
    let ran = false;
    const paying = hold.pay(() => {
      ran = true;
    });
    expect(await thrownBy(paying)).toMatchObject({ reason: 'closed', message: expect.stringContaining('not sent') });
    await closing;
    expect([ran, await stateOf(store)]).toEqual([false, 'released']);
  });

  it('releases a hold that is granted after it began, and waits for that', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    const gate = deferred<void>();
    const store = changed(inner, {
      hold: async (request) => {
        const answer = await inner.hold(request);
        await gate.promise;
        return answer;
      },
    });
    const guard = wallet.guard({ store });
    let ran = false;
    const paying = guard.withHold(payout, () => {
      ran = true;
    });
    while ((await stateOf(inner)) === undefined) await Promise.resolve();
    const closing = guard.close();
    gate.resolve();
    expect(await thrownBy(paying)).toMatchObject({ reason: 'closed' });
    expect(await closing).toEqual({ open: [] });
    expect([ran, await stateOf(inner)]).toEqual([false, 'released']);
  });

  describe.each([
    ['hold.capture()', 'captured', (hold: Hold) => hold.capture()],
    ['hold.release()', 'released', (hold: Hold) => hold.release()],
    ['guard.capture()', 'captured', (_: Hold, guard: PayoutGuard) => guard.capture('p-1')],
    ['guard.release()', 'released', (_: Hold, guard: PayoutGuard) => guard.release('p-1')],
  ] as const)('with a %s that the store has not answered', (_, state, settle) => {
    /** A guard whose store takes settlements when the gate opens. */
    async function settling() {
      const wallet = scriptedWallet('1000.00');
      const inner = memoryStore({ clock: wallet.clock });
      const gate = deferred<void>();
      const isAsked = deferred<void>();
      const store = changed(inner, {
        settle: async (request) => {
          isAsked.resolve();
          await gate.promise;
          return inner.settle(request);
        },
      });
      const guard = wallet.guard({ store });
      const hold = await guard.hold({ ...payout, state: 'sent' });
      const settlement = settle(hold, guard);
      await isAsked.promise;
      return { wallet, inner, guard, gate, hold, settlement };
    }

    it('waits for the answer', async () => {
      const { wallet, inner, guard, gate, settlement } = await settling();
      const closing = guard.close({ waitMs: 5_000 });
      await wallet.clock.pass(4_000);
      gate.resolve();
      await settlement;
      expect([await closing, await stateOf(inner)]).toEqual([{ open: [] }, state]);
    });

    it('reports it once when the answer is late', async () => {
      const { wallet, guard, hold } = await settling();
      void settle(hold, guard);
      await wallet.clock.pass(1);
      const closing = guard.close({ waitMs: 2_000 });
      await wallet.clock.pass(2_000);
      const attempt = expect.any(String);
      expect(await closing).toEqual({ open: [{ reference: 'p-1', wallet: 'default', attempt, pending: state }] });
      expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_LEFT_OPEN']);
    });
  });

  it('reports no hold that a handler settles at the moment it ends', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const wallet = scriptedWallet('1000.00');
      const inner = memoryStore({ clock: wallet.clock });
      const store = changed(inner, {
        settle: async (request) => {
          await new Promise(setImmediate);
          return inner.settle(request);
        },
      });
      const guard = wallet.guard({ store });
      const hold = await guard.hold({ ...payout, state: 'sent' });
      const closing = guard.close();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await hold.capture();
      expect([turns, await closing, await stateOf(inner), warnings]).toEqual([turns, { open: [] }, 'captured', []]);
    }
  });

  it('leaves captures, releases and webhooks working', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'completed' }) });
    const guard = wallet.guard();
    for (const reference of ['a', 'b', 'c']) await guard.withHold({ amount: '1.00', reference }, () => 'accepted');
    await guard.close();
    expect((await guard.capture('a')).state).toBe('captured');
    expect((await guard.release('b')).state).toBe('released');
    expect((await guard.reconcile({ reference: 'c' })).captured).toBe(1);
    expect(await thrownBy(guard.reconcile())).toMatchObject({ reason: 'closed' });
    expect(await thrownBy(guard.hold(payout))).toMatchObject({ reason: 'closed' });
    expect(await guard.close()).toEqual({ open: [] });
  });

  it('clears its timers', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'pending' }) });
    const guard = wallet.guard();
    await guard.withHold(payout, () => 'accepted');
    // The look-up soon after the payout, and the reconciliation.
    expect(wallet.clock.timers).toBe(2);
    await guard.close();
    expect(wallet.clock.timers).toBe(0);
  });

  it.each([-1, 0.5, Number.NaN, '5' as unknown as number])('refuses to wait for %p', async (waitMs) => {
    const guard = scriptedWallet('1000.00').guard();
    expect(await thrownBy(guard.close({ waitMs }))).toMatchObject({ code: 'invalid_argument', argument: 'waitMs' });
    await guard.close();
  });
});
