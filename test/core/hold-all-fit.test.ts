// Payrolls of which the payouts are held that fit.
import { describe, expect, it } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { many, payroll, referencesOf } from './hold-all-support.js';

collectWarnings();

describe('a payroll with policy fit', () => {
  const amounts = ['500.00', '600.00', '300.00', '250.00', '200.00'];

  it('holds what fits in the order given, and reports what it left out and why', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    await (await guard.hold({ amount: '50.00', reference: 'p-6' })).capture();
    wallet.balance = { available: '950.00', currency: 'KES' };
    const payouts = [...payroll(...amounts), { amount: '50.00', reference: 'p-6' }];
    const held = await guard.holdAll(payouts, { policy: 'fit' });
    expect(referencesOf(held)).toEqual(['p-1', 'p-3']);
    expect(held.leftOut).toEqual([
      { reference: 'p-2', amount: '600.00', reason: 'insufficient' },
      { reference: 'p-4', amount: '250.00', reason: 'insufficient' },
      { reference: 'p-5', amount: '200.00', reason: 'insufficient' },
      { reference: 'p-6', amount: '50.00', reason: 'taken', state: 'captured' },
    ]);
    // 1,850.00 are required for those that are not taken, and 950.00 could be spent.
    expect([held.required, held.held, held.missing]).toEqual(['1850.00', '800.00', '900.00']);
    expect(JSON.stringify(held)).not.toContain('missing');
    await guard.close();
  });

  it('holds the largest number of payouts with the smallest first', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const held = await guard.holdAll(payroll(...amounts), { policy: 'fit', order: 'smallestFirst' });
    expect(referencesOf(held)).toEqual(['p-5', 'p-4', 'p-3']);
    expect(held.leftOut.map(({ reference }) => reference)).toEqual(['p-1', 'p-2']);
    await guard.close();
  });

  it('decides on a balance of this call, not on a remembered one that is too low', async () => {
    const wallet = scriptedWallet('300.00');
    const guard = wallet.guard();
    await guard.checkFunds('1.00');
    wallet.balance = { available: '500.00', currency: 'KES' };
    const held = await guard.holdAll(payroll('500.00', '300.00'), { policy: 'fit' });
    expect([referencesOf(held), wallet.asked]).toEqual([['p-1'], 2]);
    await guard.close();
  });

  it('goes on beyond a thousand payouts', async () => {
    const guard = scriptedWallet('1500.00').guard();
    await (await guard.hold({ amount: '1.00', reference: 'p-1200' })).sent();
    const held = await guard.holdAll(many(2_500), { policy: 'fit' });
    expect([held.holds.length, held.required, held.held, held.missing]).toEqual([
      1_499,
      '2499.00',
      '1499.00',
      '1000.00',
    ]);
    expect(held.leftOut.slice(0, 2)).toEqual([
      { reference: 'p-1200', amount: '1.00', reason: 'taken', state: 'sent' },
      { reference: 'p-1501', amount: '1.00', reason: 'insufficient' },
    ]);
    await guard.close();
  });

  it('is released whole when the wallet is frozen between two parts', async () => {
    const given = memoryStore();
    const store = changed(given, {
      holdAll: async (request) => {
        const answer = await given.holdAll(request);
        await given.freeze('default', 'audit');
        return answer;
      },
    });
    const guard = scriptedWallet('5000.00').guard({ store });
    await expect(guard.holdAll(many(1_500), { policy: 'fit' })).rejects.toMatchObject({ code: 'wallet_frozen' });
    expect((await given.totals('default')).active).toBe(0n);
    await guard.close();
  });

  it('holds nothing when every reference is taken, and says so', async () => {
    const guard = scriptedWallet('1000.00').guard();
    await guard.holdAll(payroll('10.00', '20.00'), { policy: 'all' });
    const held = await guard.holdAll(payroll('10.00', '20.00'), { policy: 'fit' });
    expect([held.holds, held.required, held.held, held.missing]).toEqual([[], '0.00', '0.00', '0.00']);
    expect(held.leftOut.map(({ reason }) => reason)).toEqual(['taken', 'taken']);
    await guard.close();
  });
});
