import { afterEach, describe, expect, it } from '@jest/globals';
import type { PayoutGuard } from 'payout-guard';
import { scriptedWallet } from '../support/wallet.js';

const guards: PayoutGuard[] = [];
afterEach(() => Promise.all(guards.splice(0).map((guard) => guard.close())));

describe('a stale balance for display', () => {
  const open = () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    guards.push(guard);
    return { wallet, guard };
  };
  const stale = { staleForDisplayMs: 300_000 };

  it('is shown with its age, without a request to the provider, until it is too old', async () => {
    const { wallet, guard } = open();
    await guard.funds(stale);
    wallet.balance = { available: '1.00', currency: 'KES' };
    wallet.clock.advance(299_999);
    expect(await guard.funds(stale)).toMatchObject({ available: '1000.00', ageMs: 299_999 });
    expect(wallet.asked).toBe(1);
    wallet.clock.advance(1);
    expect(await guard.funds(stale)).toMatchObject({ available: '1.00', ageMs: 0 });
    expect(wallet.asked).toBe(2);
  });

  it('shows holds and captures as they are now', async () => {
    const { wallet, guard } = open();
    await guard.funds();
    await guard.hold({ amount: '400.00', reference: 'a', state: 'sent' });
    wallet.clock.advance(60_000);
    expect(await guard.funds(stale)).toMatchObject({ available: '1000.00', held: '400.00', spendable: '600.00' });
  });

  it('decides nothing: the next check and the next hold ask the provider', async () => {
    const { wallet, guard } = open();
    await guard.funds(stale);
    wallet.balance = { available: '1.00', currency: 'KES' };
    wallet.clock.advance(60_000);
    await guard.funds(stale);
    await expect(guard.hold({ amount: '500.00', reference: 'a' })).rejects.toMatchObject({
      code: 'insufficient_funds',
    });
    expect((await guard.checkFunds('500.00')).sufficient).toBe(false);
  });

  it.each([-1, 1.5, 300_001, Number.NaN, '60000'])('is refused for %p', async (staleForDisplayMs) => {
    const { guard } = open();
    await expect(guard.funds({ staleForDisplayMs } as object)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('is refused together with refresh, and for a check', async () => {
    const { guard } = open();
    await expect(guard.funds({ ...stale, refresh: true })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(guard.checkFunds('1.00', stale as object)).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
