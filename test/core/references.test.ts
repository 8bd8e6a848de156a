// References of payouts, and the list of holds.
import { describe, expect, it } from '@jest/globals';
import { createPayoutGuard, HoldConflictError, InvalidReferenceError, PayoutInProgressError } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { position } from './holds-support.js';

collectWarnings();

describe('a hold', () => {
  it('has a reference that is never reused', async () => {
    const [kes, other] = [scriptedWallet('1000.00'), scriptedWallet('1000.00')];
    const guard = createPayoutGuard({
      clock: kes.clock,
      wallets: {
        kes: { provider: kes.provider, currency: 'KES' },
        other: { provider: other.provider, currency: 'KES' },
      },
    });
    const payout = { amount: '10.00', reference: 'p-1', wallet: 'kes' };
    const hold = await guard.hold(payout);
    expect(await thrownBy(guard.hold(payout))).toBeInstanceOf(PayoutInProgressError);
    await hold.sent();
    expect(await thrownBy(guard.hold(payout))).toMatchObject({ code: 'payout_in_progress', status: 409 });
    expect(await thrownBy(guard.hold({ ...payout, amount: '10.01' }))).toMatchObject({
      difference: 'amount',
      status: 422,
    });
    expect(await thrownBy(guard.hold({ ...payout, fee: '0.01' }))).toBeInstanceOf(HoldConflictError);
    expect(await thrownBy(guard.hold({ ...payout, wallet: 'other' }))).toMatchObject({ difference: 'wallet' });
    await hold.capture();
    expect(await thrownBy(guard.hold(payout))).toMatchObject({ code: 'duplicate_reference', state: 'captured' });
    await guard.hold({ ...payout, reference: 'p-2' });
    await guard.release('p-2');
    expect((await guard.hold({ ...payout, reference: 'p-2' })).state).toBe('reserved');
    await guard.close();
  });

  it.each([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
    ['a number', 17],
    ['an object', { toString: () => 'p-1' }],
    ['an array', ['p-1']],
    ['with a space', 'p 1'],
    ['with a newline', 'p-1\n'],
    ['with a null character', 'p\u0000'],
    ['with an escape', '\u001b[31m'],
    ['beyond ASCII', 'pé'],
    ['with a direction override', '\u202ep-1'],
  ])('is refused when its reference is %s', async (_, reference) => {
    const guard = scriptedWallet().guard();
    for (const act of [
      () => guard.hold({ amount: '1.00', reference: reference as string }),
      () => guard.capture(reference as string),
      () => guard.release(reference as string),
      () => guard.getHold(reference as string),
    ]) {
      expect(await thrownBy(act())).toBeInstanceOf(InvalidReferenceError);
    }
    expect(await position(guard)).toBe('held 0.00 spendable 1000.00');
    await guard.close();
  });

  it.each(['__proto__', 'constructor', 'x'.repeat(128), 'a/b:c#1'])(
    'takes %p for an ordinary reference',
    async (reference) => {
      const guard = scriptedWallet().guard();
      expect(await guard.getHold(reference)).toBeUndefined();
      await guard.hold({ amount: '1.00', reference });
      expect((await guard.getHold(reference))?.amount).toBe('1.00');
      await guard.close();
    },
  );

  it('is listed for operators, in pages, with its fields', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    for (const reference of ['a', 'b', 'c']) {
      await guard.hold({ amount: '1.00', reference, metadata: { by: 'Ada' } });
      wallet.clock.advance(10);
    }
    await guard.capture('b');
    const first = await guard.listHolds({ limit: 2 });
    expect(first.holds).toEqual([
      {
        reference: 'a',
        wallet: 'default',
        state: 'reserved',
        attempt: expect.any(String),
        amount: '1.00',
        currency: 'KES',
        createdAt: new Date(wallet.clock.now() - 30),
        expiresAt: new Date(wallet.clock.now() - 30 + 60_000),
        metadata: { by: 'Ada' },
      },
      {
        reference: 'b',
        wallet: 'default',
        state: 'captured',
        attempt: expect.any(String),
        amount: '1.00',
        captured: '1.00',
        currency: 'KES',
        createdAt: new Date(wallet.clock.now() - 20),
        endedAt: new Date(wallet.clock.now()),
        metadata: { by: 'Ada' },
      },
    ]);
    const second = await guard.listHolds({ limit: 2, after: first.next });
    expect([second.holds.map(({ reference }) => reference), second.next]).toEqual([['c'], undefined]);
    const open = await guard.listHolds({ state: 'reserved', olderThanMs: 15 });
    expect(open.holds.map(({ reference }) => reference)).toEqual(['a']);
    expect(await thrownBy(guard.listHolds({ limit: 0 }))).toMatchObject({
      code: 'invalid_argument',
      argument: 'limit',
    });
    await guard.close();
  });
});
