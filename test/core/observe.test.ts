// Observing: nothing is refused, nothing is delayed, and the real hold is always settled.
import { describe, expect, it } from '@jest/globals';
import {
  BalanceUnavailableError,
  createPayoutGuard,
  type HoldOptions,
  type ObservingGuard,
  observing,
  PayoutRejectedError,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();

function observed(wallet: ScriptedWallet, options: Parameters<ScriptedWallet['guard']>[0] = {}) {
  const guard = wallet.guard(options);
  return { guard, observer: observing(guard) };
}

/** Waits until all background work has ended. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

async function fill({ guard }: { guard: ReturnType<ScriptedWallet['guard']> }): Promise<void> {
  await guard.withHold({ amount: '1000.00', reference: 'all' }, () => 'accepted');
}

describe('an observing guard', () => {
  it('is reported as a process warning and in its internals', async () => {
    const { guard, observer } = observed(scriptedWallet());
    expect([codesOf(warnings), guard.internals.observes, observer.internals.observes]).toEqual([
      ['PAYOUT_GUARD_OBSERVE'],
      false,
      true,
    ]);
    await observer.close();
  });

  it('approves what the real one approves, with its numbers and its hold', async () => {
    const { guard, observer } = observed(scriptedWallet('1000.00'));
    await guard.checkFunds('1.00');
    expect((await observer.checkFunds('400.00')).spendable).toBe('1000.00');
    const result = await observer.withHold(
      { amount: '400.00', reference: 'p-1', settles: 'onReturn' },
      (hold) => hold.amount,
    );
    await settled();
    expect([result, (await guard.getHold('p-1'))?.state]).toEqual(['400.00', 'captured']);
    expect(observer.report()).toMatchObject({ approved: 2, refused: 0, overspent: {} });
    await observer.close();
  });

  it.each<[string, (guard: ObservingGuard) => Promise<unknown>, string]>([
    ['a check', (guard) => guard.assertSufficientFunds('1.00'), 'insufficient_funds'],
    ['a hold', (guard) => guard.hold({ amount: '1.00', reference: 'p-1' }), 'insufficient_funds'],
    ['a payout', (guard) => guard.withHold({ amount: '1.00', reference: 'p-1' }, () => 'paid'), 'insufficient_funds'],
    ['a taken reference', (guard) => guard.hold({ amount: '1000.00', reference: 'all' }), 'payout_in_progress'],
    ['an odd reference', (guard) => guard.hold({ amount: '1.00', reference: 'no such' }), 'invalid_reference'],
    ['an odd amount', (guard) => guard.checkFunds('1,00'), 'invalid_amount'],
    ['no amount', (guard) => guard.hold({ reference: 'p-1' } as HoldOptions), 'invalid_amount'],
    ['an unknown wallet', (guard) => guard.checkFunds('1.00', { wallet: 'other' }), 'configuration'],
    ['a hold that is not there', (guard) => guard.resume('p-9'), 'hold_state'],
  ])('refuses nothing: %s', async (_, act, code) => {
    const both = observed(scriptedWallet('1000.00'));
    await fill(both);
    expect(await thrownBy(act(both.observer))).toBe('nothing was thrown');
    await settled();
    expect(both.observer.report().refusedBy).toEqual({ [code]: 1 });
    await both.observer.close();
  });

  it('refuses nothing when a function of the request throws', async () => {
    const { observer } = observed(scriptedWallet('1000.00'));
    const hold = await observer.hold(() => {
      throw new Error('req.body is undefined');
    });
    expect(await hold.pay(() => 'paid')).toBe('paid');
    await settled();
    expect(warnings.map((warning) => warning.slice(0, 60))).toEqual([
      'PAYOUT_GUARD_OBSERVE: This guard only observes: it refuses n',
      'PAYOUT_GUARD_OBSERVE: The observed guard failed. (Error: (me',
    ]);
    await observer.close();
  });

  it.each([
    ['hangs', () => new Promise<never>(() => {})],
    ['is down', () => Promise.reject(new BalanceUnavailableError('network'))],
  ])('delays nothing while the provider %s', async (_, answer) => {
    const wallet = scriptedWallet('1000.00');
    wallet.answer = answer;
    const { observer } = observed(wallet);
    const order: string[] = [];
    const turns = (async () => {
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      order.push('20 turns of the event loop');
    })();
    expect((await observer.assertSufficientFunds('1.00')).sufficient).toBe(true);
    expect(await observer.withHold({ amount: '1.00', reference: 'p-1' }, async () => 'paid')).toBe('paid');
    const hold = await observer.hold({ amount: '1.00', reference: 'p-2' });
    await hold.sent();
    await hold.capture();
    order.push('the payouts');
    await turns;
    expect(order).toEqual(['the payouts', '20 turns of the event loop']);
    await observer.close({ waitMs: 0 });
  });

  it('settles a real hold that is granted after the payment has ended', async () => {
    const wallet = scriptedWallet('1000.00');
    let answer: () => void = () => {};
    wallet.answer = () =>
      new Promise((resolve) => {
        answer = () => resolve(wallet.balance);
      });
    const { guard, observer } = observed(wallet);
    const rejected = observer.withHold({ amount: '1.00', reference: 'no' }, () =>
      Promise.reject(new PayoutRejectedError()),
    );
    expect(await thrownBy(rejected)).toBeInstanceOf(PayoutRejectedError);
    await observer.withHold({ amount: '1.00', reference: 'yes', settles: 'onReturn' }, () => 'paid');
    await observer.withHold({ amount: '1.00', reference: 'open' }, () => 'accepted');
    expect(await guard.getHold('yes')).toBeUndefined();
    answer();
    await settled();
    const states = [];
    for (const reference of ['no', 'yes', 'open']) states.push((await guard.getHold(reference))?.state);
    expect(states).toEqual(['released', 'captured', 'sent']);
    await observer.close();
  });

  it('captures and releases the real hold first, and answers for one that was refused', async () => {
    const { guard, observer } = observed(scriptedWallet('1000.00'));
    await guard.checkFunds('1.00');
    await observer.withHold({ amount: '600.00', reference: 'held' }, () => 'accepted');
    await observer.withHold({ amount: '600.00', reference: 'refused' }, () => 'accepted');
    await settled();
    expect((await observer.capture('held')).state).toBe('captured');
    expect((await guard.getHold('held'))?.state).toBe('captured');
    expect((await observer.capture('refused')).state).toBe('captured');
    expect((await observer.release('no-such-reference')).state).toBe('released');
    expect(await guard.getHold('refused')).toBeUndefined();
    await observer.close();
  });

  it('reports the maximum overspend: payouts that were not covered and not proved to have failed', async () => {
    const { guard, observer } = observed(scriptedWallet('1000.00'));
    await guard.checkFunds('1.00');
    const pay = (reference: string, end: () => unknown) =>
      observer.withHold({ amount: '600.00', reference }, end).catch(() => {});
    await pay('fits', () => 'accepted');
    await pay('made', () => 'accepted');
    await pay('rejected', () => Promise.reject(new PayoutRejectedError()));
    await pay('released', () => 'accepted');
    await settled();
    expect(observer.report().overspent).toEqual({ default: '1200.00' });
    await observer.release('released');
    await settled();
    const { approved, refused, overspent, refusals, since } = observer.report();
    expect([approved, refused, overspent]).toEqual([1, 3, { default: '600.00' }]);
    expect(refusals[0]).toEqual({
      at: since,
      code: 'insufficient_funds',
      reference: 'made',
      required: '600.00',
      spendable: '400.00',
    });
    await observer.close();
  });

  it('reports the reason for an unavailable balance', async () => {
    const wallet = scriptedWallet('1000.00');
    wallet.answer = () => Promise.reject(new BalanceUnavailableError('forbidden'));
    const { observer } = observed(wallet);
    await observer.checkFunds('1.00');
    await settled();
    expect(observer.report().refusals).toMatchObject([{ code: 'balance_unavailable', reason: 'forbidden' }]);
    await observer.close();
  });

  it('refuses nothing when the function that finds wallets throws', async () => {
    const observer = observing(
      createPayoutGuard({
        wallets: () => {
          throw new Error('the database is down');
        },
      }),
    );
    expect(await observer.withHold({ wallet: 'a', amount: '1.00', reference: 'p-1' }, () => 'paid')).toBe('paid');
    await settled();
    expect(observer.report().refusedBy).toEqual({ configuration: 1 });
    await observer.close();
  });
});
