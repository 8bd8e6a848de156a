// The list of a batch: lists that are refused, references that other payouts or runs have, and its wallet.
import { describe, expect, it } from '@jest/globals';
import {
  createPayoutGuard,
  InvalidArgumentError,
  memoryStore,
  type PayoutGuard,
  PayoutRejectedError,
} from 'payout-guard';
import { type BatchOptions, runBatch } from 'payout-guard/batch';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { outcomes, type Salary, salaries, setUp } from './batch-support.js';

describe('the list of a batch', () => {
  it('refuses a list in which a reference belongs to another payout, and with fit leaves that one out', async () => {
    const { guard, made, pay } = setUp();
    await guard.hold({ reference: 's-1', amount: '7.00', state: 'sent' });
    await guard.hold({ reference: 's-2', amount: '100.00', state: 'sent', fingerprint: 'another payee' });
    const refusal = await thrownBy(runBatch(guard, salaries(4), pay));
    expect(refusal).toMatchObject({
      code: 'references_taken',
      taken: [
        { reference: 's-1', state: 'sent', difference: 'amount' },
        { reference: 's-2', state: 'sent', difference: 'payee' },
      ],
    });
    expect(made).toEqual([]);
    const report = await runBatch(guard, salaries(4), pay, { policy: 'fit' });
    expect(outcomes(report)).toEqual(['s-0 paid', 's-1 taken', 's-2 taken', 's-3 paid']);
  });

  it('reports payouts that another run took meanwhile by the state of their holds', async () => {
    const { wallet, store, open, made, pay } = setUp();
    const other = open();
    const race = async () => {
      await other.withHold({ reference: 's-0', amount: '100.00' }, () => 'made');
      await other.hold({ reference: 's-1', amount: '100.00', state: 'sent' });
      await thrownBy(
        other.withHold({ reference: 's-2', amount: '100.00' }, () => Promise.reject(new PayoutRejectedError())),
      );
      await other.hold({ reference: 's-3', amount: '100.00' });
      await other.hold({ reference: 's-4', amount: '7.00' });
    };
    const racing = changed(store, { holdAll: (request) => race().then(() => store.holdAll(request)) });
    const guard = wallet.guard({ store: racing, settles: 'onReturn' });
    const { rows } = await runBatch(guard, salaries(6), pay, { policy: 'fit' });
    expect(rows).toEqual([
      { reference: 's-0', outcome: 'paid', amount: '100.00', captured: '100.00', earlier: true },
      { reference: 's-1', outcome: 'open', amount: '100.00', earlier: true },
      { reference: 's-2', outcome: 'failed', amount: '100.00', earlier: true },
      { reference: 's-3', outcome: 'notSent', amount: '100.00' },
      { reference: 's-4', outcome: 'taken', amount: '100.00' },
      { reference: 's-5', outcome: 'paid', amount: '100.00', captured: '100.00' },
    ]);
    expect(made).toEqual(['s-5 +25470000005']);
    expect((await store.get('s-3')).hold?.state).toBe('reserved');
  });

  it('reports them without the store, once it has refused them', async () => {
    const { wallet, store, open, pay } = setUp();
    const other = open();
    let isSilent = false;
    const racing = changed(store, {
      holdAll: async (request) => {
        await other.withHold({ reference: 's-0', amount: '100.00' }, () => 'made');
        await thrownBy(
          other.withHold({ reference: 's-1', amount: '100.00' }, () => Promise.reject(new PayoutRejectedError())),
        );
        isSilent = true;
        return store.holdAll(request);
      },
      get: (reference) => {
        if (isSilent) throw new Error('connection terminated');
        return store.get(reference);
      },
    });
    const guard = wallet.guard({ store: racing, settles: 'onReturn' });
    const { rows } = await runBatch(guard, salaries(2), pay, { policy: 'fit' });
    expect(rows).toEqual([
      { reference: 's-0', outcome: 'paid', amount: '100.00', earlier: true },
      { reference: 's-1', outcome: 'failed', amount: '100.00', earlier: true },
    ]);
  });

  it('shows no second employee as paid who has the reference of another one', async () => {
    const { guard, made, pay } = setUp();
    await runBatch(guard, salaries(1), pay);
    const both = [...salaries(1), { ...salaries(1)[0], to: '+254711111111' } as Salary];
    await expect(runBatch(guard, both, pay)).rejects.toMatchObject({ argument: 'payouts' });
    expect(made).toEqual(['s-0 +25470000000']);
  });

  it('names a payout whose payee is no text, though its reference was paid', async () => {
    const { guard, pay } = setUp();
    await runBatch(guard, salaries(2), pay);
    const wrong = [...salaries(1), { ...salaries(2)[1], fingerprint: 7 as unknown as string } as Salary];
    const refusal = await thrownBy(runBatch(guard, wrong, pay));
    expect(refusal).toBeInstanceOf(InvalidArgumentError);
    expect(refusal).toMatchObject({ argument: 'payouts[1]' });
  });

  it('pays from a wallet that a function finds', async () => {
    const { wallet, made, pay } = setUp();
    const settings = { provider: wallet.provider, currency: 'KES', settles: 'onReturn' } as const;
    const guard = createPayoutGuard({
      wallets: async (key) => (key === 'acme' ? settings : undefined),
      store: memoryStore({ clock: wallet.clock }),
      clock: wallet.clock,
    });
    const report = await runBatch(guard, salaries(2), pay, { wallet: 'acme' });
    expect([report.wallet, outcomes(report)]).toEqual(['acme', ['s-0 paid', 's-1 paid']]);
    expect(made.length).toBe(2);
    await expect(runBatch(guard, salaries(2), pay, { wallet: 'nix' })).rejects.toMatchObject({ code: 'configuration' });
    await expect(runBatch(guard, salaries(2), pay)).rejects.toMatchObject({ argument: 'wallet' });
    await guard.close();
  });

  it('refuses another wallet or currency before anything is held, and pays those that name its own', async () => {
    const { wallet, made, pay } = setUp();
    const settings = { provider: wallet.provider, currency: 'KES', settles: 'onReturn' } as const;
    const store = memoryStore({ clock: wallet.clock });
    const other = { ...settings, provider: setUp().wallet.provider };
    const guard = createPayoutGuard({ wallets: { one: settings, other }, store, clock: wallet.clock });
    const run = (about: object) =>
      runBatch(guard, [...salaries(1), { ...salaries(2)[1], ...about } as Salary], pay, {
        wallet: 'one',
        policy: 'fit',
      });
    for (const [about, rule] of [
      [{ wallet: 'other' }, 'wallet must be "one", which pays this list'],
      [{ wallet: '' }, 'wallet must be "one", which pays this list'],
      [{ wallet: null }, 'wallet must be "one", which pays this list'],
      [{ currency: 'UGX' }, 'currency must be KES, the currency of the wallet'],
    ] as const) {
      const refusal = await thrownBy(run(about));
      expect(refusal).toBeInstanceOf(InvalidArgumentError);
      expect(refusal).toMatchObject({ argument: 'payouts[1]' });
      expect((refusal as Error).message).toContain(rule);
    }
    expect([made, (await guard.listHolds()).holds]).toEqual([[], []]);
    expect(outcomes(await run({ wallet: 'one', currency: 'KES' }))).toEqual(['s-0 paid', 's-1 paid']);
    await guard.close();
  });

  it.each([
    ['an object', {}],
    ['nothing', undefined],
  ])('refuses %s instead of a guard with an error that names it', async (_, guard) => {
    const refusal = await thrownBy(runBatch(guard as PayoutGuard, salaries(1), () => 'made'));
    expect(refusal).toBeInstanceOf(InvalidArgumentError);
    expect(refusal).toMatchObject({ argument: 'guard' });
  });

  it('names the sum of a list that is beyond 64 bits, and reports one that was paid in two runs', async () => {
    const largest = '50000000000000000.00';
    const { wallet, guard, made, pay } = setUp(largest);
    const refusal = await thrownBy(runBatch(guard, salaries(2, largest), pay));
    expect(refusal).toMatchObject({ code: 'invalid_amount' });
    expect((refusal as Error).message).toBe(
      'Invalid amount: the sum of the payouts is larger than a signed 64-bit integer of minor units.',
    );
    expect(made).toEqual([]);
    await runBatch(guard, salaries(1, largest), pay);
    wallet.clock.advance(60_000);
    const { summary } = await runBatch(guard, salaries(2, largest), pay);
    expect(summary).toEqual([{ outcome: 'paid', payouts: 2, amount: '100000000000000000.00' }]);
  });

  it('pays the list as it was when it was called', async () => {
    const { guard, made, pay } = setUp();
    const list = salaries(2);
    const running = runBatch(guard, list, pay);
    list[1] = { ...list[1], to: 'another' } as Salary;
    list.push({ reference: 's-9', amount: '9.00', to: 'another' });
    expect(outcomes(await running)).toEqual(['s-0 paid', 's-1 paid']);
    expect(made).toEqual(['s-0 +25470000000', 's-1 +25470000001']);
  });

  it.each<[string, unknown, unknown, string]>([
    ['no list', 'payroll.csv', {}, 'payouts'],
    ['an empty list', [], {}, 'payouts'],
    ['a payout without an amount', [{ reference: 'a' }], {}, 'payouts[0]'],
    ['a reference with a space', [{ reference: 'a b', amount: '1' }], {}, 'payouts[0]'],
    ['nothing at a place', [undefined], {}, 'payouts[0]'],
    ['a reference that occurs twice', [...salaries(2), ...salaries(1)], { policy: 'fit' }, 'payouts'],
    [
      'a fingerprint that is no text',
      [...salaries(1), { reference: 'a', amount: '1', fingerprint: 7 }],
      {},
      'payouts[1]',
    ],
    ['metadata that is none', [{ reference: 'a', amount: '1', metadata: 'x' }], {}, 'payouts[0]'],
    ['an unknown option', [{ reference: 'a', amount: '1' }], { parallel: 3 }, 'options'],
    ['no concurrency', [{ reference: 'a', amount: '1' }], { concurrency: 0 }, 'options'],
  ])('refuses %s with an error that names it', async (_, list, options, argument) => {
    const { guard, made, pay } = setUp();
    const refusal = await thrownBy(runBatch(guard, list as Salary[], pay, options as BatchOptions));
    expect(refusal).toBeInstanceOf(InvalidArgumentError);
    expect(refusal).toMatchObject({ argument });
    expect(made).toEqual([]);
  });
});
