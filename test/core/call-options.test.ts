// Options of calls. A misspelt option must not silently mean a default, and a wrong call must hold and pay nothing.
import { describe, expect, it } from '@jest/globals';
import { type Hold, observing, type PayoutGuard } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

collectWarnings();
const payout = { amount: '1.00', reference: 'p-1' };

describe('an option that a call does not have is refused', () => {
  it.each<[call: string, option: string, act: (guard: PayoutGuard, options: object) => Promise<unknown>]>([
    ['check', 'walet', (guard, options) => guard.checkFunds('1.00', options)],
    ['check', 'fees', (guard, options) => guard.assertSufficientFunds('1.00', options)],
    ['funds', 'fee', (guard, options) => guard.funds(options)],
    ['hold', 'expireInMs', (guard, options) => guard.hold({ ...payout, ...options })],
    ['withHold', 'state', (guard, options) => guard.withHold({ ...payout, ...options }, () => 'paid')],
    ['capture', 'actual', (guard, options) => guard.capture('p-1', '1.00', options)],
    ['release', 'why', (guard, options) => guard.release('p-1', options)],
    ['listHolds', 'cursor', (guard, options) => guard.listHolds(options)],
    ['reconcile', 'older', (guard, options) => guard.reconcile(options)],
    ['close', 'wait', (guard, options) => guard.close(options)],
  ])('by %s: %s', async (call, option, act) => {
    const guard = scriptedWallet('1000.00').guard();
    expect(await thrownBy(act(guard, { [option]: 'x' }))).toMatchObject({
      code: 'invalid_argument',
      message: `Invalid argument: ${option} is no option of ${call}.`,
    });
    expect((await guard.funds()).held).toBe('0.00');
    await guard.close();
  });

  it.each([
    [{ settle: 'onReturn' }, 'settle is no option of pay'],
    [{ settles: true }, "settles must be 'onReturn'"],
    [{ settles: 'onreturn' }, "settles must be 'onReturn'"],
    [{ returns: 'x' }, "returns must be 'providerAnswer'"],
  ])('by pay, which does not begin: %p', async (options, message) => {
    const guard = scriptedWallet('1000.00').guard();
    const hold = await guard.hold(payout);
    let begun = 0;
    const pay = (given?: object) => hold.pay(() => ++begun, given as Parameters<Hold['pay']>[1]);
    expect(await thrownBy(pay(options))).toMatchObject({ message: `Invalid argument: ${message}.` });
    expect([begun, hold.state]).toEqual([0, 'reserved']);
    expect(await pay()).toBe(1);
    await guard.close();
  });
});

describe('withHold without a function or without a request', () => {
  const wrong: [string, (guard: PayoutGuard) => Promise<unknown>, string][] = [
    ['a promise', (guard) => guard.withHold(payout, Promise.resolve(1) as never), 'invalid_argument'],
    ['no request', (guard) => guard.withHold(undefined as never, 'x' as never), 'invalid_argument'],
  ];

  it.each(wrong)('rejects and holds nothing: %s', async (_, act, code) => {
    const guard = scriptedWallet('1000.00').guard();
    expect(await thrownBy(act(guard))).toMatchObject({ code });
    expect(await thrownBy(guard.withHold(undefined as never, () => 'paid'))).toMatchObject({
      code: 'invalid_reference',
    });
    expect((await guard.funds()).held).toBe('0.00');
    await guard.close();
  });

  it.each(wrong)('does the same on a guard that observes: %s', async (_, act, code) => {
    const guard = observing(scriptedWallet('1000.00').guard());
    expect(await thrownBy(act(guard))).toMatchObject({ code });
    const hold = await guard.hold({ ...payout, reference: 'p-2' });
    expect(await thrownBy(hold.pay(undefined as never))).toMatchObject({ code: 'invalid_argument' });
    expect(await guard.getHold('p-1')).toBeUndefined();
    await guard.close();
  });
});

describe('a reference that the provider does not take', () => {
  it('is refused with its form before anything is held', async () => {
    const referenceForm = { pattern: /^[a-z]{3}$/, words: '3 small letters' };
    const guard = scriptedWallet('1000.00', { referenceForm }).guard();
    for (const reference of ['ab', 'abcd', 'a:b', 'ABC']) {
      expect(await thrownBy(guard.hold({ ...payout, reference }))).toMatchObject({
        code: 'invalid_reference',
        message: 'Invalid reference: the provider takes 3 small letters.',
      });
      expect(await guard.getHold(reference)).toBeUndefined();
    }
    expect((await guard.hold({ ...payout, reference: 'abc' })).state).toBe('reserved');
    await guard.close();
  });

  it('is no form that remembers its last match', () => {
    const referenceForm = { pattern: /a/g, words: 'a' };
    expect(() => scriptedWallet('1.00', { referenceForm }).guard()).toThrow('referenceForm');
  });

  it('is refused when it is too long, before anything is held', async () => {
    const wallet = scriptedWallet('1000.00', { maxReferenceLength: 50 });
    const guard = wallet.guard();
    expect(await thrownBy(guard.hold({ ...payout, reference: 'x'.repeat(51) }))).toMatchObject({
      code: 'invalid_reference',
      message: 'Invalid reference: pass the unique id of the payout, 1 to 50 visible ASCII characters without spaces.',
    });
    expect((await guard.hold({ ...payout, reference: 'x'.repeat(50) })).state).toBe('reserved');
    await guard.close();
  });
});
