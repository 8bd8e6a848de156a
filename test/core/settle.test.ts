// Verdicts and the store, rule by rule (S1, S2, S5): a known outcome of a payout is not lost.
import { describe, expect, it } from '@jest/globals';
import { type GuardEvents, type HoldStore, memoryStore, PayoutRejectedError } from 'payout-guard';
import { callsAbout } from '../support/calls.js';
import { thrownBy } from '../support/errors.js';
import { changed, silenced } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { fragile, stateOf } from './settle-support.js';

const warnings = collectWarnings();
const payout = { amount: '400.00', reference: 'p-1' };
const onReturn = { ...payout, settles: 'onReturn' } as const;

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
    const { store, silence } = silenced(inner);
    const guard = wallet.guard({ store });
    await guard.hold(payout);
    silence(true);
    expect(await thrownBy(guard.release('p-1'))).toMatchObject({ message: expect.stringContaining('Repeat the call') });
    silence(false);
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
    for (const act of callsAbout('p-1', guard)) expect(await thrownBy(act())).toMatchObject(recovering);
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
