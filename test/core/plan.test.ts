// A list of payouts compared with its wallets.
import { describe, expect, it } from '@jest/globals';
import { createPayoutGuard, InvalidArgumentError, memoryStore, type PlannedPayout } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';

const list = (...amounts: string[]) => amounts.map((amount, index) => ({ reference: `p-${index}`, amount }));

describe('a plan', () => {
  it('answers which payouts fit in their order, fees included, and what is missing', async () => {
    const guard = scriptedWallet('1000.00').guard({ floor: '100.00' });
    const payouts = [...list('400.00', '600.00'), { reference: 'last', amount: '499.00', fee: '1.00' }];
    expect(await guard.plan(payouts)).toEqual({
      payouts: [
        { ...about('p-0', '400.00'), answer: 'fits' },
        { ...about('p-1', '600.00'), answer: 'does not fit' },
        { ...about('last', '499.00', '1.00', '500.00'), answer: 'fits' },
      ],
      wallets: [
        {
          wallet: 'default',
          currency: 'KES',
          spendable: '900.00',
          required: '1500.00',
          fits: '900.00',
          missing: '600.00',
          frozen: false,
        },
      ],
    });
    expect((await guard.funds()).held).toBe('0.00');
  });

  it('names the time from which all would fit if reservations expire, and none if they have too little', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const nowMs = wallet.clock.now();
    await guard.hold({ reference: 'late', amount: '500.00', expiresInMs: 90_000 });
    await guard.hold({ reference: 'soon', amount: '300.00', expiresInMs: 30_000 });
    await guard.hold({ reference: 'sent', amount: '100.00', state: 'sent' });
    const fitsFrom = async (...amounts: string[]) => (await guard.plan(list(...amounts))).wallets[0]?.fitsFrom;
    expect(await fitsFrom('100.00')).toBeUndefined();
    expect(await fitsFrom('400.00')).toEqual(new Date(nowMs + 30_000));
    expect(await fitsFrom('400.00', '0.01')).toEqual(new Date(nowMs + 90_000));
    expect(await fitsFrom('900.00')).toEqual(new Date(nowMs + 90_000));
    expect(await fitsFrom('900.01')).toBeUndefined();
  });

  it('counts no payout whose reference is taken, and none of a frozen wallet', async () => {
    const guard = scriptedWallet('1000.00').guard();
    await guard.withHold({ reference: 'p-0', amount: '400.00' }, () => {});
    expect((await guard.plan(list('400.00', '600.00'))).payouts.map(({ answer, state }) => [answer, state])).toEqual([
      ['taken', 'sent'],
      ['fits', undefined],
    ]);
    await guard.freeze('default', 'audit');
    const { payouts, wallets } = await guard.plan(list('1.00', '600.00'));
    expect([payouts.map(({ answer }) => answer), wallets[0]?.frozen]).toEqual([['taken', 'frozen'], true]);
  });

  it('names the limit of payouts that are above one by themselves, fees included', async () => {
    const limits = {
      ...{ perPayout: '300.00', perDay: '2000.00', perPayee: { perDay: '200.00', key: () => 'payee' } },
      ...{ timeZone: 'Africa/Nairobi', countSinceStart: true },
    };
    const guard = scriptedWallet('1000.00').guard({ limits });
    const payouts = [...list('300.01', '200.01', '200.00'), { reference: 'fee', amount: '300.00', fee: '0.01' }];
    const plan = await guard.plan(payouts);
    expect(plan.payouts.map(({ answer, limit }) => [answer, limit])).toEqual([
      ['over limit', 'perPayout'],
      ['over limit', 'perPayee'],
      ['fits', undefined],
      ['over limit', 'perPayout'],
    ]);
    expect(plan.wallets[0]).toMatchObject({ required: '200.00', fits: '200.00', missing: '0.00' });
    await guard.freeze('default', 'audit');
    expect((await guard.plan(payouts)).payouts.map(({ answer }) => answer)).toEqual([
      ...['over limit', 'over limit', 'frozen', 'over limit'],
    ]);
  });

  it('counts the payouts of the list that fit against the limit of a day', async () => {
    const limits = { perDay: '500.00', timeZone: 'Africa/Nairobi', countSinceStart: true };
    const guard = scriptedWallet('450.00').guard({ limits });
    await guard.withHold({ reference: 'p-0', amount: '50.00' }, () => {});
    const { payouts } = await guard.plan(list('50.00', '300.00', '150.00', '201.00', '100.00'));
    expect(payouts.map(({ answer, limit }) => [answer, limit])).toEqual([
      ['taken', undefined],
      ['fits', undefined],
      ['does not fit', undefined],
      ['over limit', 'perDay'],
      ['fits', undefined],
    ]);
  });

  it('has one sum for each wallet, and asks each provider once', async () => {
    const [one, other] = [scriptedWallet('100.00'), scriptedWallet('50.00')];
    const guard = createPayoutGuard({
      wallets: {
        one: { provider: one.provider, currency: 'KES' },
        other: { provider: other.provider, currency: 'KES' },
      },
      store: memoryStore(),
    });
    const payouts = list('60.00', '60.00', '50.00').map((payout, index) => ({
      ...payout,
      wallet: index === 2 ? 'other' : 'one',
    }));
    const { wallets } = await guard.plan(payouts);
    expect(wallets.map(({ wallet, fits, missing }) => [wallet, fits, missing])).toEqual([
      ['one', '60.00', '20.00'],
      ['other', '50.00', '0.00'],
    ]);
    expect([one.asked, other.asked]).toEqual([1, 1]);
    const alone = scriptedWallet('100.00').guard();
    expect(
      (
        await alone.plan([
          { reference: 'a', amount: '60.00' },
          { reference: 'b', amount: '60.00', wallet: 'default' },
        ])
      ).wallets.length,
    ).toBe(1);
  });

  it('refuses a reference that the provider does not take, as a hold would', async () => {
    const guard = scriptedWallet('100.00', { maxReferenceLength: 8 }).guard();
    const refusal = await thrownBy(guard.plan([...list('1.00'), { reference: 'too-long-1', amount: '1.00' }]));
    expect(refusal).toMatchObject({ code: 'invalid_argument', argument: 'payouts[1]' });
    expect((refusal as Error).message).toMatch(/cannot be planned: .* 1 to 8 visible ASCII/);
  });

  it.each<[string, unknown, string]>([
    ['no list', { amount: '1.00' }, 'payouts'],
    ['an amount with separators', list('1,000.00'), 'payouts[0]'],
    ['a reference with a space', [...list('1.00'), { reference: 'a b', amount: '1.00' }], 'payouts[1]'],
    ['an empty list', [], 'payouts'],
    ['a reference that occurs twice', [...list('1.00', '2.00'), ...list('1.00')], 'payouts'],
    ['nothing at a place', [undefined], 'payouts[0]'],
    ['another currency', [...list('1.00'), { reference: 'a', amount: '1.00', currency: 'UGX' }], 'payouts[1]'],
  ])('refuses %s with an error that names it', async (_, payouts, argument) => {
    const refusal = await thrownBy(
      scriptedWallet('100.00')
        .guard()
        .plan(payouts as PlannedPayout[]),
    );
    expect(refusal).toBeInstanceOf(InvalidArgumentError);
    expect(refusal).toMatchObject({ argument });
  });
});

function about(reference: string, amount: string, fee = '0.00', required = amount) {
  return { wallet: 'default', reference, currency: 'KES', amount, fee, required };
}
