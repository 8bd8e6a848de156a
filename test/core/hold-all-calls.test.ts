// The arguments and the events of payrolls, and payrolls of an observing guard.
import { describe, expect, it } from '@jest/globals';
import {
  type HoldAllOptions,
  type HoldStore,
  InvalidArgumentError,
  memoryStore,
  observing,
  type PayoutToHold,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { many, payroll, referencesOf } from './hold-all-support.js';

collectWarnings();

describe('the arguments of a payroll', () => {
  const good: PayoutToHold = { amount: '1.00', reference: 'p-1' };
  const wrong: readonly [what: string, payouts: unknown, options: unknown, message: RegExp][] = [
    ['no payouts', [], { policy: 'all' }, /payouts must be a list of 1 to 50,000 payouts/],
    ['too many payouts', many(50_001), { policy: 'all' }, /payouts must be a list of 1 to 50,000 payouts/],
    ['no list', { length: 1 }, { policy: 'all' }, /payouts must be a list/],
    ['no options', [good], undefined, /options must have a policy/],
    ['no policy', [good], {}, /policy must be 'all' or 'fit'/],
    ['an unknown option', [good], { policy: 'all', folicy: 1 }, /folicy is no option of holdAll/],
    ['an unknown order', [good], { policy: 'fit', order: 'largestFirst' }, /order must be 'given' or 'smallestFirst'/],
    ['an order of all', [good], { policy: 'all', order: 'given' }, /order is only possible with policy 'fit'/],
    ['a lifetime that is none', [good], { policy: 'all', expiresInMs: 0 }, /expiresInMs must be a whole number/],
    ['a reference twice', [good, good], { policy: 'all' }, /payouts have the reference "p-1" twice/],
    ['a payout that is none', [good, null], { policy: 'all' }, /payouts\[1\] cannot be held: .*must be an object/],
    ['a promise', [good, Promise.resolve(good)], { policy: 'all' }, /payouts\[1\] cannot be held: .*must be an object/],
    ['a wrong amount', [good, { ...good, amount: '1.001' }], { policy: 'fit' }, /payouts\[1\] cannot be held: /],
    ['a wrong reference', [{ ...good, reference: 'a b' }], { policy: 'fit' }, /payouts\[0\] cannot be held: /],
    [
      'an option of a hold',
      [{ ...good, state: 'sent' }],
      { policy: 'fit' },
      /payouts\[0\] cannot be held: .*state is no/,
    ],
    ['a negative fee', [{ ...good, fee: '-1' }], { policy: 'fit' }, /payouts\[0\] cannot be held: /],
  ];
  it.each(wrong)('are refused before anything is sent: %s', async (_, payouts, options, message) => {
    const wallet = scriptedWallet();
    const refuse = () => {
      throw new Error('the store was asked');
    };
    const store: HoldStore = changed(memoryStore(), { holdAll: refuse, hold: refuse, totals: refuse });
    const guard = wallet.guard({ store });
    const error = await thrownBy(guard.holdAll(payouts as PayoutToHold[], options as HoldAllOptions));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toMatch(message);
    expect(wallet.asked).toBe(0);
    await guard.close();
  });

  it('are refused when the sum is beyond what a store can keep', async () => {
    const guard = scriptedWallet().guard();
    const payouts = payroll('92233720368547758.07', '0.01');
    await expect(guard.holdAll(payouts, { policy: 'all' })).rejects.toMatchObject({ code: 'invalid_amount' });
    await guard.close();
  });

  it('are read before the call returns: a list that changes afterwards changes nothing', async () => {
    const guard = scriptedWallet().guard();
    const payouts = payroll('1.00', '2.00');
    const holding = guard.holdAll(payouts, { policy: 'all' });
    payouts.push({ amount: '4.00', reference: 'p-9' });
    payouts[0] = { amount: '8.00', reference: 'p-8' };
    expect(referencesOf(await holding)).toEqual(['p-1', 'p-2']);
    await guard.close();
  });
});

describe('the events of a payroll', () => {
  it('are one decision for the sum, and one held for each payout', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const seen: string[] = [];
    guard.on('approved', ({ decision, ...about }) =>
      seen.push(`approved ${decision.required} ${JSON.stringify(about)}`),
    );
    guard.on('insufficient', ({ decision, ...about }) =>
      seen.push(`short ${decision.shortfall} ${JSON.stringify(about)}`),
    );
    guard.on('checkFailed', ({ error, ...about }) => seen.push(`${error.code} ${JSON.stringify(about)}`));
    guard.on('held', ({ hold }) => seen.push(`held ${hold.reference} ${hold.amount}`));
    await guard.holdAll(payroll('100.00', '200.00'), { policy: 'all' });
    await thrownBy(guard.holdAll(payroll('1.00', '2.00'), { policy: 'all' }));
    await thrownBy(guard.holdAll([{ amount: '701.00', reference: 'p-9' }], { policy: 'all' }));
    await thrownBy(guard.holdAll([], { policy: 'all', wallet: 'default' }));
    expect(seen).toEqual([
      'approved 300.00 {"payouts":2}',
      'held p-1 100.00',
      'held p-2 200.00',
      'references_taken {"payouts":2}',
      'short 1.00 {"payouts":1}',
      'invalid_argument {"wallet":"default","payouts":0}',
    ]);
    await guard.close();
  });

  it('report a store that restores open holds, and the payroll is refused', async () => {
    const given = memoryStore();
    const store = changed(given, {
      holdAll: ({ payouts: [first] }) => ({
        outcome: 'refused',
        refusals: [{ reference: first?.reference ?? '', outcome: 'recovering', forMs: 4_000 }],
      }),
    });
    const guard = scriptedWallet('1000.00').guard({ store });
    const seen: string[] = [];
    guard.on('storeFailure', ({ operation, wallet, code, count }) =>
      seen.push(`${operation} ${wallet} ${code} ${count}`),
    );
    const refused = guard.holdAll(payroll('1.00'), { policy: 'all' });
    await expect(refused).rejects.toMatchObject({ reason: 'store', retryAfterMs: 4_000 });
    expect(seen).toEqual(['holdAll default RECOVERING 1']);
    await guard.close();
  });

  it('are traced as one step', async () => {
    const steps: string[] = [];
    const guard = scriptedWallet('1000.00').guard({
      trace: ({ name, wallet }, run) => {
        steps.push(`${name} ${wallet}`);
        return run();
      },
    });
    await guard.holdAll(many(1_200), { policy: 'all', wallet: 'default' }).catch(() => {});
    expect(steps).toEqual(['hold_all default', 'fetch_balance default']);
    await guard.close();
  });
});

describe('an observing guard', () => {
  it('approves a payroll that does not fit, and reports it', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = observing(wallet.guard({ settles: 'onReturn' }));
    const fits = await guard.holdAll(payroll('100.00', '200.00'), { policy: 'all' });
    expect([referencesOf(fits), fits.held]).toEqual([['p-1', 'p-2'], '300.00']);
    await fits.holds[0]?.pay(() => 'paid');
    wallet.balance = { available: '900.00', currency: 'KES' };
    const short = [
      { amount: '500.00', reference: 'p-3' },
      { amount: '300.00', reference: 'p-4' },
    ];
    const all = await guard.holdAll(short, { policy: 'all' });
    expect(referencesOf(all)).toEqual(['p-3', 'p-4']);
    const fit = await guard.holdAll(short, { policy: 'fit' });
    expect([referencesOf(fit), fit.leftOut]).toEqual([['p-3', 'p-4'], []]);
    const wrong = await guard.holdAll([{ amount: 'much', reference: 'p-5' }], { policy: 'all' });
    expect(referencesOf(wrong)).toEqual(['p-5']);
    const { approved, refused, refusedBy, overspent } = guard.report();
    expect([approved, refused, refusedBy, overspent]).toEqual([
      1,
      3,
      { insufficient_funds: 2, invalid_argument: 1 },
      { default: '1100.00' },
    ]);
    await guard.close();
  });
});
