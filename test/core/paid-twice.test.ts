import { afterEach, describe, expect, it } from '@jest/globals';
import type { PayoutAnswer, PayoutGuard } from 'payout-guard';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();
const guards: PayoutGuard[] = [];
afterEach(() => Promise.all(guards.splice(0).map((guard) => guard.close())));

/** A payout of 600.00 out of 2000.00 whose answer was lost, and which is then looked up. */
async function lookedUp(answer: PayoutAnswer, options = {}) {
  const wallet = scriptedWallet('2000.00', { lookup: async () => answer, ...options });
  const guard = wallet.guard({ visibilityLagMs: 5_000 });
  guards.push(guard);
  const times: number[] = [];
  const failures: string[] = [];
  guard.on('paidTwice', (event) => void times.push(event.times));
  guard.on('providerFailure', ({ error }) => void failures.push(error.message));
  await guard.hold({ amount: '600.00', reference: 'p1', state: 'sent' });
  await guard.reconcile({ reference: 'p1' });
  return { guard, times, failures, captured: (await guard.getHold('p1'))?.captured };
}

describe('a look-up that finds a payout made twice', () => {
  it('counts both debits, and reports them', async () => {
    const { guard, times, captured } = await lookedUp({ outcome: 'completed', timesPaid: 2 });
    expect([captured, times]).toEqual(['1200.00', [2]]);
    const third = guard.hold({ amount: '1400.00', reference: 'p2' });
    await expect(third).rejects.toMatchObject({ code: 'insufficient_funds' });
    expect((await guard.hold({ amount: '800.00', reference: 'p3' })).state).toBe('reserved');
  });

  it('counts the reported debit as often', async () => {
    const { captured } = await lookedUp({ outcome: 'completed', debited: '610.00', timesPaid: 3 });
    expect(captured).toBe('1830.00');
  });

  it('is a process warning without a listener', async () => {
    const wallet = scriptedWallet('2000.00', { lookup: async () => ({ outcome: 'completed', timesPaid: 2 }) });
    const guard = wallet.guard();
    guards.push(guard);
    await guard.hold({ amount: '600.00', reference: 'p1', state: 'sent' });
    await guard.reconcile({ reference: 'p1' });
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_PAID_TWICE']);
  });

  it.each([0, 1.5, -1, 1_001, '2'])('takes %p times for no answer', async (timesPaid) => {
    const { captured, failures } = await lookedUp({ outcome: 'completed', timesPaid } as PayoutAnswer);
    expect(captured).toBeUndefined();
    expect(failures).toHaveLength(1);
  });
});

describe('a reported debit', () => {
  it.each([
    ['299.99', '600.00'],
    ['6.00', '600.00'],
    ['0.00', '600.00'],
    ['-600.00', '600.00'],
    ['600.005', '600.00'],
    ['1e3', '600.00'],
    ['999999999999999999', '600.00'],
  ])(
    'of %s for a held 600.00 is not believed: the held amount counts, and it is reported',
    async (debited, counted) => {
      const { captured, failures, guard } = await lookedUp({ outcome: 'completed', debited });
      expect(captured).toBe(counted);
      expect(failures).toHaveLength(1);
      const next = guard.hold({ amount: '1400.01', reference: 'p2' });
      await expect(next).rejects.toMatchObject({ code: 'insufficient_funds' });
    },
  );

  it.each(['300.00', '590.00', '600.00', '605.00', '60000.00'])('of %s counts', async (debited) => {
    const { captured, failures } = await lookedUp({ outcome: 'completed', debited });
    expect([captured, failures]).toEqual([debited, []]);
  });
});
