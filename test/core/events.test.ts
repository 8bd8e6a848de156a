import { describe, expect, it } from '@jest/globals';
import { BalanceUnavailableError } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();

describe('events', () => {
  it('are emitted once per occurrence, in order', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ settles: 'onReturn' });
    const told: unknown[] = [];
    const names = ['approved', 'insufficient', 'held', 'captured', 'released', 'snapshot', 'providerFailure'] as const;
    for (const name of names) guard.on(name, () => told.push(name));
    await guard.checkFunds('1.00');
    await thrownBy(guard.assertSufficientFunds('1000.01'));
    await guard.withHold({ amount: '1.00', reference: 'p-1' }, () => undefined);
    await guard.capture('p-1');
    await guard.hold({ amount: '1.00', reference: 'p-2' });
    await guard.release('p-2');
    await guard.release('p-2');
    wallet.answer = () => Promise.reject(new BalanceUnavailableError('network'));
    await thrownBy(guard.checkFunds('1.00', { refresh: true }));
    expect(told).toEqual([
      'snapshot',
      'approved',
      'insufficient',
      'approved',
      'held',
      'captured',
      'approved',
      'held',
      'released',
      'providerFailure',
    ]);
    await guard.close();
  });

  it('end when the listener is removed, and a listener that throws changes nothing', async () => {
    const guard = scriptedWallet('1000.00').guard();
    let heard = 0;
    const leave = guard.on('held', () => {
      heard += 1;
      throw new Error('a bug in the listener');
    });
    await guard.hold({ amount: '1.00', reference: 'p-1' });
    leave();
    await guard.hold({ amount: '1.00', reference: 'p-2' });
    expect([heard, warnings]).toEqual([
      1,
      [
        'PAYOUT_GUARD_LISTENER: A listener of the event held threw. ' +
          '(Error: (message withheld: it may contain secrets))',
      ],
    ]);
    await guard.close();
  });

  it('report an async listener that rejects, without an unhandled rejection', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listen);
    guard.on('held', async () => {
      throw new Error('the database of the listener is down');
    });
    expect((await guard.hold({ amount: '1.00', reference: 'p-1' })).state).toBe('reserved');
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    process.off('unhandledRejection', listen);
    expect([unhandled, warnings]).toEqual([
      [],
      [
        'PAYOUT_GUARD_LISTENER: A listener of the event held threw. ' +
          '(Error: (message withheld: it may contain secrets))',
      ],
    ]);
    await guard.close();
  });
});
