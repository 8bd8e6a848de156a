// The time for which a capture still counts as held, because balances do not show it yet.
import { describe, expect, it } from '@jest/globals';
import type { PayoutGuard } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

collectWarnings();
const payout = { amount: '400.00', reference: 'p-1' };

describe('P8. a capture', () => {
  const position = async (guard: PayoutGuard) => {
    const { held, spendable } = await guard.funds({ refresh: true });
    return `held ${held}, spendable ${spendable}`;
  };

  it.each([
    ['10 s after it, where the adapter declares nothing', {}, {}, 10_000],
    ['at once, where the provider documents it', { visibleAfterMs: 0 }, {}, 0],
    ['when the adapter declares', { visibleAfterMs: 3_000 }, {}, 3_000],
    ['when the option sets', { visibleAfterMs: 0 }, { visibilityLagMs: 7_000 }, 7_000],
  ] as const)('stops counting as held %s', async (_, provider, options, lagMs) => {
    const wallet = scriptedWallet('1000.00', { visibleAfterMs: undefined, ...provider });
    const guard = wallet.guard(options);
    await guard.withHold({ ...payout, settles: 'onReturn' }, () => 'paid');
    if (lagMs > 0) {
      wallet.clock.advance(lagMs - 1);
      expect(await position(guard)).toBe('held 400.00, spendable 600.00');
      wallet.clock.advance(1);
    }
    expect(await position(guard)).toBe('held 0.00, spendable 1000.00');
    await guard.close();
  });

  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('counts as held for its lag, though the clock of the process steps %s', async (_, stepMs) => {
    const wallet = scriptedWallet('1000.00', { visibleAfterMs: 10_000 });
    const guard = wallet.guard();
    await guard.withHold({ ...payout, settles: 'onReturn' }, () => 'paid');
    wallet.clock.advance(4_000);
    wallet.clock.step(stepMs);
    expect(await position(guard)).toBe('held 400.00, spendable 600.00');
    expect(await thrownBy(guard.hold({ amount: '600.01', reference: 'p-2' }))).toMatchObject({
      code: 'insufficient_funds',
    });
    wallet.clock.advance(5_999);
    expect(await position(guard)).toBe('held 400.00, spendable 600.00');
    wallet.clock.advance(1);
    expect(await position(guard)).toBe('held 0.00, spendable 1000.00');
    await guard.close();
  });
});
