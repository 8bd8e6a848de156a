import { describe, expect, it } from '@jest/globals';
import { HoldStateError, InsufficientFundsError, InvalidAmountError, InvalidArgumentError } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { position } from './holds-support.js';

const warnings = collectWarnings();

describe('a hold', () => {
  it('reduces the spendable amount by its amount and fee until it ends', async () => {
    const guard = scriptedWallet('1000.00').guard({ floor: '100.00' });
    const hold = await guard.hold({ amount: '500.00', fee: '10.00', reference: 'p-1' });
    expect([hold.reference, hold.wallet, hold.amount, hold.currency, hold.state]).toEqual([
      'p-1',
      'default',
      '510.00',
      'KES',
      'reserved',
    ]);
    expect(await position(guard)).toBe('held 510.00 spendable 390.00');
    await expect(guard.hold({ amount: '390.01', reference: 'p-2' })).rejects.toBeInstanceOf(InsufficientFundsError);
    expect((await guard.hold({ amount: '390.00', reference: 'p-3' })).decision?.held).toBe('510.00');
    await hold.release();
    expect(await position(guard)).toBe('held 390.00 spendable 510.00');
    await guard.close();
  });

  it('is granted exactly as often as it fits among many concurrent requests', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const holds = Array.from({ length: 50 }, (_, index) => guard.hold({ amount: '120.00', reference: `p-${index}` }));
    const settled = await Promise.allSettled(holds);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    for (const outcome of settled) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'insufficient_funds', temporary: true });
    }
    expect(await position(guard)).toBe('held 960.00 spendable 40.00');
    await guard.close();
  });

  it('that was captured stays subtracted until a later balance request shows it', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const hold = await guard.hold({ amount: '400.00', reference: 'p-1' });
    await hold.sent();
    wallet.balance = { available: '600.00', currency: 'KES' };
    const info = await hold.capture();
    expect([info.state, info.captured, hold.state]).toEqual(['captured', '400.00', 'captured']);
    expect(await position(guard)).toBe('held 0.00 spendable 600.00');
    expect(wallet.asked).toBe(1);
    expect((await guard.funds({ refresh: true })).spendable).toBe('600.00');
    await guard.close();
  });

  it('moves between states only as allowed, and otherwise rejects with its state', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const captured = await guard.hold({ amount: '1.00', reference: 'captured' });
    await captured.sent();
    expect(await thrownBy(captured.sent())).toMatchObject({ name: 'HoldStateError', state: 'sent', status: 409 });
    await captured.capture();
    expect((await captured.capture()).state).toBe('captured');
    expect(await thrownBy(captured.release())).toMatchObject({ name: 'HoldStateError', state: 'captured' });

    const released = await guard.hold({ amount: '1.00', reference: 'released' });
    await released.release();
    expect((await released.release()).state).toBe('released');
    expect(await thrownBy(released.sent())).toBeInstanceOf(HoldStateError);
    expect(await thrownBy(guard.capture('nobody'))).toMatchObject({ name: 'HoldStateError', state: 'unknown' });
    expect(await thrownBy(guard.release('nobody'))).toMatchObject({ name: 'HoldStateError', state: 'unknown' });
    expect(await position(guard)).toBe('held 0.00 spendable 999.00');
    await guard.close();
  });

  it('is captured with the amount that was debited, and only with it', async () => {
    const guard = scriptedWallet('1000.00').guard();
    await guard.hold({ amount: '100.00', reference: 'less' });
    await guard.hold({ amount: '100.00', reference: 'more' });
    expect((await guard.capture('less', '40.00')).captured).toBe('40.00');
    expect((await guard.capture('more', '250.00')).captured).toBe('250.00');
    expect((await guard.capture('less', '40.00')).captured).toBe('40.00');
    expect((await guard.capture('less')).captured).toBe('40.00');
    expect(await thrownBy(guard.capture('less', '41.00'))).toMatchObject({
      name: 'HoldConflictError',
      difference: 'amount',
    });
    for (const amount of ['0', '-1.00', '1e3', 'all', '0.001', Number.NaN]) {
      expect(await thrownBy(guard.capture('more', amount))).toBeInstanceOf(InvalidAmountError);
    }
    expect(await position(guard)).toBe('held 0.00 spendable 710.00');
    await guard.close();
  });

  it('expires when it is only reserved, and must not be sent then', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ holdExpiresInMs: 1_000, cache: { maxAgeMs: 60_000 } });
    const hold = await guard.hold({ amount: '600.00', reference: 'p-1' });
    const sent = await guard.hold({ amount: '300.00', reference: 'p-2', expiresInMs: 1_000 });
    await sent.sent();
    wallet.clock.advance(999);
    expect(await position(guard)).toBe('held 900.00 spendable 100.00');
    wallet.clock.advance(1);
    expect(await position(guard)).toBe('held 300.00 spendable 700.00');
    expect(await thrownBy(hold.sent())).toMatchObject({ name: 'HoldStateError', state: 'released' });
    wallet.clock.advance(365 * 86_400_000);
    expect((await guard.getHold('p-2'))?.state).toBe('sent');
    await guard.close();
  });

  it('that expired cannot touch the hold of a retry with the same reference', async () => {
    const wallet = scriptedWallet('100.00');
    const guard = wallet.guard({ cache: { maxAgeMs: 60_000 } });
    const payout = { amount: '100.00', reference: 'p-1', expiresInMs: 1_000 };
    const first = await guard.hold(payout);
    wallet.clock.advance(1_000);
    const second = await guard.hold(payout);
    expect(await thrownBy(first.sent())).toMatchObject({ name: 'HoldStateError', state: 'released' });
    await second.sent();
    for (const act of [first.sent, first.release, first.capture]) {
      expect(await thrownBy(act())).toMatchObject({ name: 'HoldStateError', state: 'released' });
    }
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_PAID_AFTER_RELEASE']);
    expect(warnings[0]).toContain('it was perhaps paid twice');
    expect(await thrownBy(guard.hold({ amount: '0.01', reference: 'p-2' }))).toBeInstanceOf(InsufficientFundsError);
    await second.capture();
    expect(await position(guard)).toBe('held 0.00 spendable 0.00');
    await guard.close();
  });

  it('counts as held for visibilityLagMs after its capture', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ visibilityLagMs: 2_000 });
    await guard.hold({ amount: '400.00', reference: 'p-1', state: 'sent' });
    await guard.capture('p-1');
    // The provider shows the debit two seconds late. A balance requested before that still has the money.
    wallet.clock.advance(1_999);
    expect((await guard.checkFunds('600.01', { refresh: true })).sufficient).toBe(false);
    wallet.clock.advance(1);
    wallet.balance = { available: '600.00', currency: 'KES' };
    expect((await guard.checkFunds('600.00', { refresh: true })).sufficient).toBe(true);
    expect((await guard.checkFunds('600.01', { refresh: true })).sufficient).toBe(false);
    await guard.close();
  });

  it.each([
    ['an expiry of nothing', { expiresInMs: 0 }],
    ['an expiry of a fraction', { expiresInMs: 0.5 }],
    ['an expiry beyond 30 days', { expiresInMs: 2_592_000_001 }],
    ['a state that is none', { state: 'SENT' }],
    ['a state that a hold cannot begin with', { state: 'captured' }],
    ['a currency that is an object', { currency: { toString: 1 } }],
    ['metadata that is a promise', { metadata: Promise.resolve({}) }],
    ['metadata that is text', { metadata: 'note' }],
    ['metadata that is null', { metadata: null }],
    ['a number in its metadata', { metadata: { attempt: 1 } }],
    ['a long text in its metadata', { metadata: { note: 'x'.repeat(257) } }],
    [
      'too much metadata',
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, ''])) },
    ],
  ])('is refused with %s', async (_, options) => {
    const guard = scriptedWallet().guard();
    const act = guard.hold({ amount: '1.00', reference: 'p-1', ...options } as never);
    expect(await thrownBy(act)).toBeInstanceOf(InvalidArgumentError);
    expect(await guard.getHold('p-1')).toBeUndefined();
    await guard.close();
  });

  it('is decided on a balance that is requested once more before a refusal', async () => {
    const wallet = scriptedWallet('100.00');
    const guard = wallet.guard();
    await guard.hold({ amount: '60.00', reference: 'p-1' });
    wallet.balance = { available: '500.00', currency: 'KES' };
    wallet.clock.advance(1_000);
    expect((await guard.hold({ amount: '60.00', reference: 'p-2' })).decision?.available).toBe('500.00');
    await guard.close();
  });
});
