import { describe, expect, it } from '@jest/globals';
import { LimitExceededError, type LimitSettings, memoryStore } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { listed, many, payroll, referencesOf } from './hold-all-support.js';

const aSecondMs = 1_000;
/** In Nairobi. */
const midnightMs = Date.parse('2023-11-15T21:00:00Z');
const perDay = { timeZone: 'Africa/Nairobi', countSinceStart: true } as const;

function figures(error: unknown): unknown[] {
  if (!(error instanceof LimitExceededError)) return [error];
  return [error.limit, error.required, error.allowed, error.used, error.status];
}

describe('a payroll under limits', () => {
  it('is refused as a whole by the limit of a day, with the figures of the sum', async () => {
    const guard = scriptedWallet('5000.00').guard({ limits: { perDay: '1000.00', ...perDay } });
    await guard.hold({ amount: '300.00', reference: 'before' });
    const error = await thrownBy(guard.holdAll(payroll('400.00', '200.00', '200.00'), { policy: 'all' }));
    expect(figures(error)).toEqual(['perDay', '800.00', '1000.00', '300.00', 429]);
    expect(await listed(guard)).toEqual(['before reserved 300.00']);
    const fits = payroll('400.00', '200.00', '100.00');
    expect(referencesOf(await guard.holdAll(fits, { policy: 'all' }))).toEqual(['p-1', 'p-2', 'p-3']);
    await guard.close();
  });

  it('is refused for ever when its sum is above what a day allows', async () => {
    const guard = scriptedWallet('5000.00').guard({ limits: { perDay: '1000.00', ...perDay } });
    const error = await thrownBy(guard.holdAll(payroll('600.00', '600.00'), { policy: 'all' }));
    expect([...figures(error), (error as LimitExceededError).temporary]).toEqual([
      'perDay',
      '1200.00',
      '1000.00',
      '0.00',
      422,
      false,
    ]);
    await guard.close();
  });

  it('is refused by the limit of a payee, with the figures of that payee', async () => {
    const guard = scriptedWallet('5000.00').guard({ limits: { perPayee: { perDay: '500.00' }, ...perDay } });
    await guard.hold({ amount: '100.00', reference: 'before', fingerprint: 'amina' });
    const payouts = [
      { amount: '300.00', reference: 'p-1', fingerprint: 'amina' },
      { amount: '450.00', reference: 'p-2', fingerprint: 'ben' },
      { amount: '150.00', reference: 'p-3', fingerprint: 'amina' },
    ];
    const error = await thrownBy(guard.holdAll(payouts, { policy: 'all' }));
    expect(figures(error)).toEqual(['perPayee', '450.00', '500.00', '100.00', 429]);
    const held = await guard.holdAll(payouts, { policy: 'fit' });
    expect(referencesOf(held)).toEqual(['p-1', 'p-2']);
    expect(held.leftOut).toEqual([{ reference: 'p-3', amount: '150.00', reason: 'limit', limit: 'perPayee' }]);
    expect([held.required, held.held, held.missing]).toEqual(['750.00', '750.00', '0.00']);
    await guard.close();
  });

  it('needs a payee for each payout, and names the payout that has none', async () => {
    const guard = scriptedWallet('5000.00').guard({ limits: { perPayee: { perDay: '500.00' }, ...perDay } });
    const payouts = [
      { amount: '1.00', reference: 'p-1', fingerprint: 'amina' },
      { amount: '1.00', reference: 'p-2' },
    ];
    await expect(guard.holdAll(payouts, { policy: 'fit' })).rejects.toMatchObject({
      code: 'invalid_argument',
      argument: 'payouts[1]',
    });
    await guard.close();
  });

  it('has a payout that is above the limit of one: refused, or left out', async () => {
    const guard = scriptedWallet('5000.00').guard({ limits: { perPayout: '500.00' } });
    const error = await thrownBy(guard.holdAll(payroll('400.00', '501.00'), { policy: 'all' }));
    expect(figures(error)).toEqual(['perPayout', '501.00', '500.00', '0.00', 422]);
    const held = await guard.holdAll(payroll('400.00', '501.00'), { policy: 'fit' });
    expect(referencesOf(held)).toEqual(['p-1']);
    expect(held.leftOut).toEqual([{ reference: 'p-2', amount: '501.00', reason: 'limit', limit: 'perPayout' }]);
    await guard.close();
  });

  it('reports a payout that was made before the limit was set as taken', async () => {
    const store = memoryStore();
    const wallet = scriptedWallet('5000.00');
    const before = wallet.guard({ store });
    await (await before.hold({ amount: '501.00', reference: 'p-2' })).capture();
    const guard = wallet.guard({ store, limits: { perPayout: '500.00' } });
    await expect(guard.holdAll(payroll('400.00', '501.00'), { policy: 'all' })).rejects.toMatchObject({
      taken: [{ reference: 'p-2', state: 'captured' }],
    });
    const { leftOut } = await guard.holdAll(payroll('400.00', '501.00'), { policy: 'fit' });
    expect(leftOut).toEqual([{ reference: 'p-2', amount: '501.00', reason: 'taken', state: 'captured' }]);
    await before.close();
    await guard.close();
  });

  it('counts once for the day while a long one is divided', async () => {
    const given = memoryStore();
    const guard = scriptedWallet('5000.00').guard({
      store: changed(given, { limits: given.limits, acceptLimits: (wallet) => given.acceptLimits?.(wallet) }),
      limits: { perDay: '2000.00', ...perDay },
    });
    await guard.hold({ amount: '500.01', reference: 'before' });
    const error = await thrownBy(guard.holdAll(many(1_500), { policy: 'all' }));
    expect(figures(error)).toEqual(['perDay', '1500.00', '2000.00', '500.01', 429]);
    await guard.release('before');
    await guard.hold({ amount: '500.00', reference: 'exactly' });
    expect((await guard.holdAll(many(1_500), { policy: 'all' })).holds).toHaveLength(1_500);
    await expect(guard.hold({ amount: '0.01', reference: 'more' })).rejects.toMatchObject({ used: '2000.00' });
    await guard.release('p-1500');
    await guard.hold({ amount: '1.00', reference: 'instead' });
    await guard.close();
  });

  it('counts on the day of its sum when it is divided over midnight', async () => {
    const { guard, wallet } = dividedOverMidnight({ perDay: '6.00' });
    expect((await guard.holdAll(many(6), { policy: 'all' })).holds).toHaveLength(6);
    expect(wallet.clock.now()).toBe(midnightMs);
    // All of them count on the day of their sum, so the new day has room for its whole limit.
    await guard.hold({ amount: '6.00', reference: 'today' });
    await expect(guard.hold({ amount: '0.01', reference: 'more' })).rejects.toMatchObject({ used: '6.00' });
    await guard.close();
  });

  it('is checked against the limit of a payee on the day of its sum when it is divided over midnight', async () => {
    const { guard, given } = dividedOverMidnight({ perDay: '9.00', perPayee: { perDay: '6.00', key: () => 'one' } });
    await guard.hold({ amount: '1.00', reference: 'before' });
    const error = await thrownBy(guard.holdAll(many(6), { policy: 'all' }));
    expect(figures(error)).toEqual(['perPayee', '6.00', '6.00', '1.00', 429]);
    // That day is over, so the payroll may be repeated at once.
    expect(error).toMatchObject({ until: new Date(midnightMs), retryAfterMs: 1 });
    expect((await given.totals('default')).active).toBe(100n);
    expect(await guard.holdAll(many(6), { policy: 'all' })).toMatchObject({ held: '6.00' });
    await guard.close();
  });

  it('gives back what it counted when it is given up half way', async () => {
    const guard = scriptedWallet('5000.00').guard({
      limits: {
        perDay: '2000.00',
        perPayee: { perDay: '100.00', key: ({ reference }) => payeeOf(reference) },
        ...perDay,
      },
    });
    // The payouts from 1,200 on are of one payee, who may get 100.00.
    const error = await thrownBy(guard.holdAll(many(1_500), { policy: 'all' }));
    expect(figures(error)).toEqual(['perPayee', '301.00', '100.00', '0.00', 422]);
    expect((await listed(guard)).filter((line) => !line.includes(' released '))).toEqual([]);
    await guard.holdAll(many(1_200), { policy: 'all' });
    const more = [{ amount: '99.00', reference: 'x-1300' }];
    await guard.holdAll(more, { policy: 'all' });
    await guard.close();
  });
});

/** A guard whose payrolls are divided in twos. Midnight is after the first part of each. */
function dividedOverMidnight(limits: LimitSettings) {
  const wallet = scriptedWallet('5000.00');
  const given = memoryStore({ clock: wallet.clock });
  wallet.clock.advance(midnightMs - aSecondMs - wallet.clock.now());
  const store = changed(given, {
    maxPayouts: 2,
    holdAll: async (request) => {
      const answer = await given.holdAll(request);
      if (wallet.clock.now() < midnightMs) wallet.clock.advance(midnightMs - wallet.clock.now());
      return answer;
    },
  });
  return { wallet, given, guard: wallet.guard({ store, limits: { ...limits, ...perDay } }) };
}

function payeeOf(reference: string): string {
  const number = Number(reference.slice(2));
  return number >= 1_200 ? 'one payee' : reference;
}
