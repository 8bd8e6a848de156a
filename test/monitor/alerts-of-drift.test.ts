import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import type { Fact } from '../../src/monitor/alert-book.js';
import { drifted } from '../../src/monitor/conditions.js';
import { scriptedWallet } from '../support/wallet.js';
import { type Setting, short, type Watch, watch } from './support.js';

const open: Watch[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** Three processes that watch one wallet, one after the other each time. */
function three() {
  const wallet = scriptedWallet('5000.00');
  const setting: Setting = { wallet, guard: { store: memoryStore({ clock: wallet.clock }), cache: { maxAgeMs: 0 } } };
  const watches = [1, 2, 3].map(() => watch({ drift: { creditToleranceMs: 1_000 } }, setting));
  open.push(...watches);
  const rounds = async (available: string, count = 3) => {
    const from = watches.map(({ alerts }) => alerts.length);
    for (let round = 0; round < count; round++)
      for (const one of watches) await one.round(round === 0 ? available : undefined);
    // What was found in the last look is told when its listener has been told.
    await new Promise((resolve) => setTimeout(resolve, 10));
    for (const { monitor } of watches) await monitor.check();
    return watches.flatMap(({ alerts }, index) => alerts.slice(from[index]).map(short));
  };
  return { wallet, watches, rounds };
}

describe('drift', () => {
  it('is told once between the processes that see it, and so is the next of the same amount', async () => {
    const { rounds, watches } = three();
    expect(await rounds('5000.00')).toEqual([]);
    expect(await rounds('4999.00')).toEqual(['drift debit 1.00']);
    expect(await rounds('4998.00')).toEqual(['drift debit 1.00']);
    expect(await rounds('5100.00')).toEqual(['drift credit 102.00']);
    const [first] = watches.flatMap(({ alerts }) => alerts);
    expect(first).toEqual({
      id: expect.any(String),
      kind: 'drift',
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
    const isTold = (owner: string, from: number, to: number, amount = '1.00') => {
      const change = drifted({ ...event, amount, from: at(from), to: at(to) }, owner, 0)(fact);
      fact = change?.fact ?? fact;
      return change?.alert !== undefined;
    };
    const told = [isTold('one', 0, 20), isTold('one', 10, 30), isTold('two', 5, 25), isTold('two', 15, 35)];
    expect(told).toEqual([true, true, false, false]);
    expect([isTold('two', 15, 35), isTold('two', 16, 36, '2.00'), isTold('six', 40, 50)]).toEqual([true, true, true]);
    // However long it goes on, the note stays short.
    for (let hour = 1; hour < 100; hour++) isTold('one', hour * 3_600_000, hour * 3_600_000 + 10);
    expect(JSON.stringify(fact).length).toBeLessThan(2_000);
  });

  it('is not told of payouts, nor of credits that were reported to each process', async () => {
    const { rounds, watches } = three();
    await rounds('5000.00');
    const [one] = watches as [Watch];
    await one.guard.withHold({ amount: '100.00', reference: 'a', settles: 'onReturn' }, async () => {});
    expect(await rounds('4900.00')).toEqual([]);
    for (const { monitor } of watches) monitor.drift()?.credit({ amount: '50.00' });
    expect(await rounds('4950.00')).toEqual([]);
  });

  it('is not watched unless that is said, and not of what cannot be watched', () => {
    const one = watch();
    open.push(one);
    expect(one.monitor.drift()).toBeUndefined();
    expect(() => watch({ drift: { freezeAbove: '-1' } })).toThrow(/freezeAbove: Invalid amount: it is negative/);
    expect(() => watch({ drift: {} }, { guard: { mode: 'observe' } })).toThrow(/mode 'observe'/);
  });
});
