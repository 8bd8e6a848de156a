// The rules of wallets (W1, W3, W4) through guards on memory, Redis and PostgreSQL: whose holds they are.
import { describe, expect, it } from '@jest/globals';
import { type BalanceProvider, createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { everyStore } from '../support/every-store.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { closed, payout, type Start, startProcess } from './processes.js';

collectWarnings();

describe.each(await everyStore())('on %s', (_, { open }) => {
  const start: Start = (wallet, options) => startProcess(open, wallet, options);

  it('W1. one of two services with two accounts under one key decides, and no second key has the balance', async () => {
    const wallet = scriptedWallet('1000.00');
    const stranger = scriptedWallet('9999.00');
    const guards = [start(wallet), stranger.guard({ store: open(wallet.clock), clock: wallet.clock })];
    const ends = await Promise.allSettled(guards.map((guard) => guard.checkFunds('1.00')));
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = ends[0]?.status === 'fulfilled' ? wallet : stranger;
    const { provider } = winner;
    const store = open(wallet.clock);
    const second = createPayoutGuard({ wallets: { second: { provider, currency: 'KES' } }, store });
    expect(await thrownBy(second.hold({ amount: '1.00', reference: 'p-2' }))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('this balance is wallet "default" in the store already'),
    });
    await closed(...guards, second);
  });

  describe('two guards of two currencies on one store', () => {
    async function both() {
      const { clock } = scriptedWallet();
      const asked: string[] = [];
      const provider = (name: string, available: string): BalanceProvider => ({
        name,
        accountId: `${name}/1`,
        debitVisibleAt: 'completion',
        visibleAfterMs: 0,
        fetchBalance: async ({ currency }) => ({ available, currency }),
        lookup: async ({ reference }) => {
          asked.push(`${name} ${reference}`);
          return { outcome: 'completed' };
        },
      });
      const settings = {
        kes: { provider: provider('jpay', '1500.00'), currency: 'KES' },
        ugx: { provider: provider('interswitch', '150000'), currency: 'UGX' },
      };
      const guard = (key: 'kes' | 'ugx') =>
        createPayoutGuard({ wallets: { [key]: settings[key] }, store: open(clock), clock, reconcileEveryMs: 0 });
      return { kes: guard('kes'), ugx: guard('ugx'), asked };
    }

    it('W4. never look up, list, settle or count the holds of the other, and answer for them as foreign', async () => {
      const { kes, ugx, asked } = await both();
      await kes.withHold({ amount: '1500.00', reference: 'k-1' }, () => 'accepted');
      const none = { captured: 0, released: 0, open: 0, neverSeen: [] };
      expect(await ugx.reconcile({ olderThanMs: 0 })).toEqual(none);
      expect([asked, (await ugx.listHolds()).holds]).toEqual([[], []]);
      const foreign = { code: 'foreign_wallet', status: 503, retryable: true, wallet: 'kes' };
      for (const act of [
        () => ugx.capture('k-1'),
        () => ugx.release('k-1'),
        () => ugx.getHold('k-1'),
        () => ugx.reconcile({ reference: 'k-1' }),
      ]) {
        expect(await thrownBy(act())).toMatchObject(foreign);
      }
      await ugx.withHold({ amount: '150000', reference: 'u-1' }, () => 'accepted');
      const shown = async (guard: PayoutGuard) =>
        (await guard.listHolds()).holds.map(({ amount, currency }) => `${amount} ${currency}`);
      expect([await shown(kes), await shown(ugx)]).toEqual([['1500.00 KES'], ['150000 UGX']]);
      // The lease of another guard would keep it from this.
      expect(await kes.reconcile({ olderThanMs: 0 })).toEqual({ ...none, captured: 1 });
      expect(asked).toEqual(['jpay k-1']);
      await closed(kes, ugx);
    });
  });

  it('W3. a key without a process is reported, and a guard that finds wallets claims undecided keys', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'completed' }) });
    const { clock, provider } = wallet;
    const find = (served: string) => (key: string) => (key === served ? { provider, currency: 'KES' } : undefined);
    const options = (served: string) => ({ wallets: find(served), store: open(clock), clock, reconcileEveryMs: 0 });
    const payer = createPayoutGuard(options('a'));
    await payer.withHold({ ...payout, wallet: 'a' }, () => 'accepted');
    clock.advance(3_600_000);
    const [wrong, right] = [createPayoutGuard(options('b')), createPayoutGuard(options('a'))];
    const orphans: string[] = [];
    wrong.on('orphanWallet', ({ wallet: key }) => orphans.push(key));
    expect((await wrong.reconcile({ olderThanMs: 0 })).captured).toBe(0);
    expect(orphans).toEqual(['a']);
    expect((await right.reconcile({ olderThanMs: 0 })).captured).toBe(1);
    await closed(payer, wrong, right);
  });
});
