import { describe, expect, it } from '@jest/globals';
import { createPayoutGuard, memoryStore } from 'payout-guard';
import type { Fact } from '../../src/monitor/alert-outbox.js';
import { drifted } from '../../src/monitor/alert-rules.js';
import { scriptedWallet } from '../support/wallet.js';
import { quiet, type Setting, short, type Watch } from './support.js';
import { watch } from './watches.js';

/** Three processes that watch one wallet, one after the other each time. */
function three() {
  const wallet = scriptedWallet('5000.00');
  const setting: Setting = { wallet, guard: { store: memoryStore({ clock: wallet.clock }), cache: { maxAgeMs: 0 } } };
  const watches = [1, 2, 3].map(() => watch({ drift: { creditToleranceMs: 1_000 } }, setting));
  const rounds = async (available: string, count = 3) => {
    const from = watches.map(({ alerts }) => alerts.length);
    for (let round = 0; round < count; round++)
      for (const one of watches) await one.round(round === 0 ? available : undefined);
    // Drift that the last reading revealed is alerted a moment later.
    await quiet();
    for (const { monitor } of watches) await monitor.check();
    return watches.flatMap(({ alerts }, index) => alerts.slice(from[index]).map(short));
  };
  return { wallet, watches, rounds };
}

describe('drift', () => {
  it('is raised once between the processes that see it, and so is the next of the same amount', async () => {
    const { rounds, watches } = three();
    expect(await rounds('5000.00')).toEqual([]);
    expect(await rounds('4999.00')).toEqual(['drift debit 1.00']);
    expect(await rounds('4998.00')).toEqual(['drift debit 1.00']);
    expect(await rounds('5100.00')).toEqual(['drift credit 102.00']);
    const [first] = watches.flatMap(({ alerts }) => alerts);
    expect(first).toEqual({
      id: expect.any(String),
      kind: 'drift',
      message: expect.stringMatching(/^1\.00 KES left wallet default between .* Compare the statement of the provider/),
      wallet: 'default',
      currency: 'KES',
      at: expect.any(String),
      direction: 'debit',
      amount: '1.00',
      from: expect.any(String),
      to: expect.any(String),
      expected: '5000.00',
      actual: '4999.00',
    });
  });

  it('is another movement when a process sees a second one of the same amount at about the same time', () => {
    const at = (ms: number) => new Date(1_700_000_000_000 + ms);
    const amounts = { direction: 'debit', amount: '1.00', expected: '10.00', actual: '9.00' } as const;
    const event = { wallet: 'w', currency: 'KES', ...amounts };
    let fact: Fact | undefined;
    const isRaised = (owner: string, from: number, to: number, amount = '1.00') => {
      const change = drifted({ ...event, amount, from: at(from), to: at(to) }, owner, 0)(fact);
      fact = change?.fact ?? fact;
      return change?.alert !== undefined;
    };
    const raised = [isRaised('one', 0, 20), isRaised('one', 10, 30), isRaised('two', 5, 25), isRaised('two', 15, 35)];
    expect(raised).toEqual([true, true, false, false]);
    const others = [isRaised('two', 15, 35), isRaised('two', 16, 36, '2.00'), isRaised('six', 40, 50)];
    expect(others).toEqual([true, true, true]);
    // The note stays short, however many movements there are.
    for (let hour = 1; hour < 100; hour++) isRaised('one', hour * 3_600_000, hour * 3_600_000 + 10);
    expect(JSON.stringify(fact).length).toBeLessThan(2_000);
  });

  it('is not raised for payouts, nor for credits that were reported to each process', async () => {
    const { rounds, watches } = three();
    await rounds('5000.00');
    const [one] = watches as [Watch];
    await one.guard.withHold({ amount: '100.00', reference: 'a', settles: 'onReturn' }, async () => {});
    expect(await rounds('4900.00')).toEqual([]);
    for (const { monitor } of watches) monitor.drift()?.credit({ amount: '50.00' });
    expect(await rounds('4950.00')).toEqual([]);
  });

  it('is not watched without the option, and of no wallet that the guard does not have', () => {
    const one = watch();
    expect(one.monitor.drift()).toBeUndefined();
    expect(one.monitor.drift('default')).toBeUndefined();
    expect(() => one.monitor.drift('x')).toThrow(expect.objectContaining({ code: 'configuration' }));
  });

  it('is raised for each wallet by itself, in its currency and with a limit of its own', async () => {
    const [kes, ugx] = [scriptedWallet('5000.00'), scriptedWallet()];
    ugx.balance = { available: '5000', currency: 'UGX' };
    const made = createPayoutGuard({
      wallets: {
        kes: { provider: kes.provider, currency: 'KES' },
        ugx: { provider: ugx.provider, currency: 'UGX' },
      },
      cache: { maxAgeMs: 0 },
      clock: kes.clock,
      reconcileEveryMs: 0,
    });
    const wallets = [
      { wallet: 'kes', thresholds: ['1'], freezeAbove: '99.99' },
      { wallet: 'ugx', thresholds: ['1'], freezeAbove: '100' },
    ];
    const one = watch({ wallets, drift: {} }, { wallet: kes, made });
    await one.round();
    kes.balance = { available: '4900.00', currency: 'KES' };
    ugx.balance = { available: '4900', currency: 'UGX' };
    await one.round();
    await quiet();
    expect(one.alerts.map((alert) => [alert.wallet, short(alert)]).sort()).toEqual([
      ['kes', 'drift debit 100.00'],
      ['ugx', 'drift debit 100'],
    ]);
    const frozen = async (wallet: string) => (await made.funds({ wallet })).frozen !== undefined;
    expect([await frozen('kes'), await frozen('ugx')]).toEqual([true, false]);
    expect(() => one.monitor.drift()).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    one.monitor.drift('ugx')?.credit({ amount: '7' });
    expect(() => one.monitor.drift('ugx')?.credit({ amount: '7.50' })).toThrow(
      expect.objectContaining({ code: 'invalid_amount' }),
    );
  });
});

describe('a balance that lags', () => {
  it('is raised once a day, with the lag that was observed', async () => {
    const wallet = scriptedWallet('5000.00', { visibleAfterMs: 10_000 });
    const setting: Setting = { wallet, guard: { cache: { maxAgeMs: 0 } } };
    const one = watch({ drift: {} }, setting);
    await one.round();
    for (const [reference, before, after] of [
      ['a', '5000.00', '4900.00'],
      ['b', '4900.00', '4800.00'],
    ] as const) {
      await (await one.guard.hold({ amount: '100.00', reference, state: 'sent' })).capture();
      wallet.clock.advance(2_000);
      await one.round(before);
      wallet.clock.advance(5_000);
      await one.round(after);
    }
    await quiet();
    const alerts = one.alerts.filter(({ kind }) => kind === 'visibility_lag');
    expect(alerts.map(short)).toEqual(['visibility_lag a 12000 27000']);
    expect(alerts[0]).toMatchObject({ wallet: 'default', currency: 'KES', amount: '100.00', lagMs: 10_000 });
    // A movement that the lag explains is no drift.
    wallet.clock.advance(600_000);
    await one.round();
    expect(one.alerts.map(({ kind }) => kind)).toEqual(['visibility_lag']);
  });
});
