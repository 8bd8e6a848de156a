import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryStore, type PayoutGuard } from 'payout-guard';
import { scriptedWallet } from '../support/wallet.js';

const guards: PayoutGuard[] = [];
afterEach(() => Promise.all(guards.splice(0).map((guard) => guard.close())));

describe('a frozen wallet', () => {
  const wallet = scriptedWallet('1000.00');
  const open = (store = memoryStore()): PayoutGuard => {
    const guard = wallet.guard({ store });
    guards.push(guard);
    return guard;
  };
  const frozen = { name: 'WalletFrozenError', code: 'wallet_frozen', status: 423, wallet: 'default' };

  it('is refused by every guard of the store once freeze() resolves', async () => {
    const store = memoryStore();
    const [one, other] = [open(store), open(store)];
    await other.checkFunds('1.00');
    await one.freeze('default', 'drift of 12.00');
    await expect(other.hold({ amount: '1.00', reference: 'a' })).rejects.toMatchObject(frozen);
    await expect(other.assertSufficientFunds('1.00')).rejects.toMatchObject(frozen);
    await expect(other.checkFunds('1.00')).rejects.toMatchObject(frozen);
    await other.unfreeze('default');
    expect((await one.hold({ amount: '1.00', reference: 'a' })).state).toBe('reserved');
  });

  it('sends nothing new, and payouts already sent continue to their outcome', async () => {
    const guard = open();
    const hold = await guard.hold({ amount: '10.00', reference: 'a' });
    const sent = await guard.hold({ amount: '10.00', reference: 'b' });
    await sent.sent();
    await guard.freeze('default', 'audit');
    await expect(hold.sent()).rejects.toMatchObject(frozen);
    expect((await guard.getHold('a'))?.state).toBe('reserved');
    expect((await sent.capture()).state).toBe('captured');
  });

  it('shows the reason and time to operators and not to clients', async () => {
    const guard = open();
    const told: unknown[] = [];
    guard.on('frozen', (event) => told.push(event));
    await guard.freeze('default', 'suspected theft');
    expect((await guard.funds()).frozen).toMatchObject({ reason: 'suspected theft', since: expect.any(Date) });
    const error = await guard.hold({ amount: '1.00', reference: 'a' }).catch((reason) => reason);
    expect(error.reason).toBe('suspected theft');
    expect(JSON.stringify(error) + error.message + error.stack).not.toContain('theft');
    await guard.unfreeze('default');
    expect((await guard.funds()).frozen).toBeUndefined();
    expect(told).toEqual([{ wallet: 'default', reason: 'suspected theft' }, { wallet: 'default' }]);
  });

  it.each([[''], [undefined], [7], ['a\nb'], ['x'.repeat(201)]])(
    'needs a reason that can be shown: not %p',
    async (reason) => {
      const guard = open();
      await expect(guard.freeze('default', reason as string)).rejects.toMatchObject({
        code: 'invalid_argument',
        argument: 'reason',
      });
      expect((await guard.checkFunds('1.00')).sufficient).toBe(true);
    },
  );

  it('is one of the wallets of the guard', async () => {
    await expect(open().freeze('other', 'audit')).rejects.toMatchObject({ code: 'configuration' });
  });
});
