// Payouts that were made after the release of their hold (S1).
import { describe, expect, it } from '@jest/globals';
import type { PayoutGuard } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();
const payout = { amount: '400.00', reference: 'p-1' };
const onReturn = { ...payout, settles: 'onReturn' } as const;

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
