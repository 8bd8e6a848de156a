// Verdicts and the store, rule by rule (S1, S2, S5): a known outcome of a payout is not lost.
import { describe, expect, it } from '@jest/globals';
import {
  type GuardEvents,
  type Hold,
  type HoldStore,
  memoryStore,
  type PayoutGuard,
  PayoutRejectedError,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { deferred, type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();
const payout = { amount: '400.00', reference: 'p-1' };
const onReturn = { ...payout, settles: 'onReturn' } as const;

/** A guard whose store stops responding on request of the test. */
function fragile(wallet: ScriptedWallet, options: Parameters<ScriptedWallet['guard']>[0] = {}) {
  const inner = memoryStore({ clock: wallet.clock });
  let isSilent = false;
  const answer = <T>(act: () => T): T => {
    if (isSilent) throw new Error('connection lost');
    return act();
  };
  const store = changed(inner, {
    settle: (request) => answer(() => inner.settle(request)),
    get: (reference) => answer(() => inner.get(reference)),
  });
  return {
    guard: wallet.guard({ store, ...options }),
    store: inner,
    silence: (silent = true) => {
      isSilent = silent;
    },
  };
}

async function stateOf(store: HoldStore, reference = 'p-1'): Promise<string | undefined> {
  return (await store.get(reference)).hold?.state;
}

async function spendable(guard: PayoutGuard): Promise<string> {
  return (await guard.funds()).spendable;
}

describe('S1. a payout that was made after its hold was released', () => {
  const events = (guard: PayoutGuard) => {
    const seen: unknown[] = [];
    guard.on('paidAfterRelease', ({ hold, perhapsTwice }) => seen.push([hold.reference, hold.state, perhapsTwice]));
    return seen;
  };

  it('is recorded by the handle, whose reservation had expired', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const seen = events(guard);
    const hold = await guard.hold(payout);
    await wallet.clock.pass(61_000);
    expect((await guard.getHold('p-1'))?.state).toBe('released');
    wallet.balance = { available: '600.00', currency: 'KES' };
    expect((await hold.capture('401.00')).captured).toBe('401.00');
    await hold.capture('401.00');
    expect([seen, (await guard.getHold('p-1'))?.state]).toEqual([[['p-1', 'captured', false]], 'captured']);
    expect((await guard.funds()).spendable).toBe('600.00');
    expect(await thrownBy(guard.hold(payout))).toMatchObject({ code: 'duplicate_reference', state: 'captured' });
    await guard.close();
  });

  it('is recorded by its reference, after an operator has released it', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const seen = events(guard);
    await guard.withHold(payout, () => 'accepted');
    await guard.release('p-1');
    expect((await guard.capture('p-1')).state).toBe('captured');
    expect((await guard.capture('p-1')).state).toBe('captured');
    expect([seen, await spendable(guard)]).toEqual([[['p-1', 'captured', false]], '600.00']);
    await guard.close();
  });

  it('is recorded by a verdict of pay that comes after an operator has released it', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const seen = events(guard);
    const gate = deferred<void>();
    const paying = guard.withHold(onReturn, () => gate.promise);
    await wallet.clock.pass(1);
    await guard.release('p-1');
    gate.resolve();
    await paying;
    expect([seen, (await guard.getHold('p-1'))?.state]).toEqual([[['p-1', 'captured', false]], 'captured']);
    await guard.close();
  });

  it('leaves the hold of a later payout alone, and is reported as perhaps paid twice', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const seen = events(guard);
    const first = await guard.hold(payout);
    await wallet.clock.pass(60_000);
    await guard.hold(payout);
    expect(await thrownBy(first.capture())).toMatchObject({ code: 'hold_state' });
    expect([seen, (await guard.getHold('p-1'))?.state]).toEqual([[['p-1', 'reserved', true]], 'reserved']);
    expect(await spendable(guard)).toBe('600.00');
    await guard.close();
  });

  it('is a process warning when no listener handles it', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const hold = await guard.hold(payout);
    await wallet.clock.pass(61_000);
    await hold.capture();
    expect(warnings).toEqual([
      'PAYOUT_GUARD_PAID_AFTER_RELEASE: Payout p-1 was made after its hold had expired or was released. ' +
        'The debit is recorded; make the payout within hold.pay() or call hold.sent() before it.',
    ]);
    await guard.close();
  });
});

describe('S2. a known verdict', () => {
  it.each([
    ['completed', () => 'receipt', 'captured'],
    ['failed', () => Promise.reject(new PayoutRejectedError()), 'released'],
  ])('that the store cannot take is retried until it can: %s', async (_, fn, state) => {
    const wallet = scriptedWallet('1000.00');
    const { guard, store, silence } = fragile(wallet);
    const unsettled: GuardEvents['settlementFailed'][] = [];
    guard.on('settlementFailed', (event) => unsettled.push(event));
    await guard
      .withHold(onReturn, () => {
        silence();
        return fn();
      })
      .catch(() => {});
    expect(await stateOf(store)).toBe('sent');
    expect(unsettled).toMatchObject([
      { reference: 'p-1', wallet: 'default', retried: true, error: { reason: 'store' } },
    ]);
    await wallet.clock.pass(60_000);
    expect(await stateOf(store)).toBe('sent');
    silence(false);
    await wallet.clock.pass(30_000);
    // The remaining timer is that of the reconciliation.
    expect([await stateOf(store), unsettled.length, wallet.clock.timers]).toEqual([state, 1, 1]);
    await guard.close();
  });

  it.each([
    ['captured', (): string => 'receipt'],
    ['released', (): Promise<string> => Promise.reject(new PayoutRejectedError())],
  ] as const)('whose answer got lost is announced once when the store confirms it: %s', async (event, fn) => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    let isLost = true;
    const store = changed(inner, {
      settle: (request) => {
        const outcome = inner.settle(request);
        if (!isLost) return outcome;
        isLost = false;
        throw new Error('connection lost');
      },
    });
    const guard = wallet.guard({ store });
    const seen: string[] = [];
    guard.on('settlementFailed', () => seen.push('settlementFailed'));
    guard.on(event, ({ hold }) => seen.push(`${event} ${hold.reference}`));
    await guard.withHold(onReturn, fn).catch(() => {});
    await wallet.clock.pass(30_000);
    expect([seen, await stateOf(inner)]).toEqual([['settlementFailed', `${event} p-1`], event]);
    await guard.close();
  });

  it('of the application is kept too, even though its call rejects', async () => {
    const wallet = scriptedWallet('1000.00');
    const { guard, store, silence } = fragile(wallet);
    const hold = await guard.hold({ ...payout, state: 'sent' });
    silence();
    expect(await thrownBy(hold.capture('399.00'))).toMatchObject({
      code: 'balance_unavailable',
      message: expect.stringContaining('recorded when the store responds'),
    });
    silence(false);
    await wallet.clock.pass(1_000);
    const { hold: settled } = await store.get('p-1');
    expect([settled?.state, settled?.capturedMinor, codesOf(warnings)]).toEqual([
      'captured',
      399_00n,
      ['PAYOUT_GUARD_SETTLEMENT_FAILED'],
    ]);
    await guard.close();
  });

  it('by reference is not kept when it is a release, as another handle may send the payout', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    let isSilent = true;
    const store = changed(inner, {
      settle: (request) => {
        if (isSilent) throw new Error('connection lost');
        return inner.settle(request);
      },
    });
    const guard = wallet.guard({ store });
    await guard.hold(payout);
    expect(await thrownBy(guard.release('p-1'))).toMatchObject({ message: expect.stringContaining('Repeat the call') });
    isSilent = false;
    await wallet.clock.pass(60_000 - 1);
    expect(await stateOf(inner)).toBe('reserved');
    await guard.close();
  });

  it('is retried, with delays that grow to 30 s', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    const triedAtMs: number[] = [];
    const store = changed(inner, {
      settle: () => {
        triedAtMs.push(wallet.clock.elapsed());
        throw new Error('connection lost');
      },
    });
    const guard = wallet.guard({ store, reconcileEveryMs: 0 });
    await guard.withHold(onReturn, () => 'receipt');
    await wallet.clock.pass(100_000);
    const waits = triedAtMs.slice(1).map((atMs, index) => atMs - (triedAtMs[index] ?? 0));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    await guard.close({ waitMs: 0 });
  });

  it.each([
    ['captured, but the store has released it for another attempt', 'nothing'],
    ['captured, and the store does not know it', 'contradiction'],
  ])('that the store answers is not retried: %s', async (_, event) => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    let asked = 0;
    const store = changed(inner, {
      settle: (request) => {
        asked += 1;
        if (event === 'contradiction') return { outcome: 'unknown' };
        const { hold } = inner.get(request.reference) as {
          hold: NonNullable<Awaited<ReturnType<HoldStore['get']>>['hold']>;
        };
        return { outcome: 'illegal', hold: { ...hold, attempt: 'later', state: 'reserved' } };
      },
    });
    const guard = wallet.guard({ store, reconcileEveryMs: 0 });
    const contradictions: GuardEvents['contradiction'][] = [];
    guard.on('contradiction', (contradiction) => contradictions.push(contradiction));
    guard.on('paidAfterRelease', () => {});
    await guard.withHold(onReturn, () => 'receipt');
    await wallet.clock.pass(60_000);
    expect(asked).toBe(1);
    expect(contradictions).toEqual(
      event === 'contradiction'
        ? [{ reference: 'p-1', wallet: 'default', attempt: expect.any(String), wanted: 'captured', found: 'unknown' }]
        : [],
    );
    await guard.close();
  });

  it('that contradicts a capture changes nothing and is reported for an operator', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    await thrownBy(
      guard.withHold(payout, async () => {
        await guard.capture('p-1');
        throw new PayoutRejectedError();
      }),
    );
    expect((await guard.getHold('p-1'))?.state).toBe('captured');
    expect(warnings).toEqual([
      'PAYOUT_GUARD_CONTRADICTION: Payout p-1 of wallet default should be released, but the store has captured. ' +
        'Nothing was changed; check it with the provider.',
    ]);
    await guard.close();
  });

  it('is ignored for holds that the application settles itself', async () => {
    const guard = scriptedWallet('1000.00').guard({ settles: 'onReturn' });
    await guard.withHold(payout, (hold) => hold.capture('399.00'));
    await thrownBy(
      guard.withHold({ ...payout, reference: 'p-2' }, async (hold) => {
        await hold.capture();
        throw new PayoutRejectedError();
      }),
    );
    const holds = (await guard.listHolds()).holds.map(({ state, captured }) => [state, captured]);
    expect([holds, warnings]).toEqual([
      [
        ['captured', '399.00'],
        ['captured', '400.00'],
      ],
      [],
    ]);
    await guard.close();
  });
});

describe('a store that recovers', () => {
  it('answers no "no such hold": captures, releases and reads may be repeated', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    const store = changed(inner, {
      get: () => ({ hold: undefined, nowMs: 0, recoveringForMs: 2_500 }),
      settle: () => ({ outcome: 'recovering', forMs: 2_500 }),
    });
    const guard = wallet.guard({ store });
    const recovering = { code: 'balance_unavailable', reason: 'store', status: 503, retryAfterMs: 2_500 };
    for (const act of [
      () => guard.capture('p-1'),
      () => guard.release('p-1'),
      () => guard.getHold('p-1'),
      () => guard.resume('p-1'),
      () => guard.reconcile({ reference: 'p-1' }),
    ]) {
      expect(await thrownBy(act())).toMatchObject(recovering);
    }
    await guard.close();
  });

  it('receives a verdict again until it has recovered', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    let isRecovering = true;
    const store = changed(inner, {
      settle: (request) => (isRecovering ? { outcome: 'recovering', forMs: 1_000 } : inner.settle(request)),
    });
    const guard = wallet.guard({ store });
    await guard.withHold(onReturn, () => 'receipt');
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_SETTLEMENT_FAILED']);
    isRecovering = false;
    await wallet.clock.pass(1_000);
    expect(await stateOf(inner)).toBe('captured');
    await guard.close();
  });
});

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
        `its payment has not ended (attempt ${open[0]?.attempt}). Its money stays held until another process settles it.`,
    ]);
    silence();
    gate.resolve();
    await paying;
    expect(warnings[1]).toMatch(
      /^PAYOUT_GUARD_SETTLEMENT_FAILED: Payout p-1 of wallet default is known to be made, .* Settle it by hand: it is not tried again\./,
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
