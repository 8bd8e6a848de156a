// Log lines that need an operator.
import { describe, expect, it } from '@jest/globals';
import { memoryStore, type PayoutAnswer, PayoutRejectedError } from 'payout-guard';
import { pino } from 'pino';
import { deferred, orphanWallet, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { logged } from './log-events-support.js';

const warnings = collectWarnings();

describe('log lines', () => {
  it('have an error for everything that needs an operator, with the details to act on it', async () => {
    const wallet = scriptedWallet();
    const store = memoryStore({ clock: wallet.clock });
    let answer: PayoutAnswer = { outcome: 'failed' };
    const {
      guard,
      lines,
      wallet: own,
    } = logged({
      store,
      clock: wallet.clock,
      overdueAfterMs: 1_000,
      lookupsPerSecond: 1_000,
      debitVisibleAt: 'acceptance',
      verdictOfResult: () => 'pending',
      lookup: async () => answer,
    });
    expect(own.asked).toBe(0);
    // Failed after its debit, paid after its reservation, and perhaps paid twice.
    await guard.withHold({ amount: '1.00', reference: 'failed' }, () => 'accepted');
    await guard.reconcile({ reference: 'failed' });
    const late = await guard.hold({ amount: '1.00', reference: 'late' });
    const twice = await guard.hold({ amount: '1.00', reference: 'twice' });
    wallet.clock.advance(60_000);
    await late.capture();
    const again = await guard.hold({ amount: '1.00', reference: 'twice', state: 'sent' });
    await twice.capture().catch(() => {});
    // One source reports it as made, and another rejects it.
    const paying = guard.withHold({ amount: '1.00', reference: 'both' }, async () => {
      await guard.capture('both');
      throw new PayoutRejectedError();
    });
    await paying.catch(() => {});
    const both = await guard.getHold('both');
    // Not found by the provider, twenty times. Then a payout of a wallet that no process serves.
    await again.capture();
    for (let index = 0; index < 20; index++) {
      await guard.hold({ amount: '1.00', reference: `p-${index}`, state: 'sent' });
    }
    await (await orphanWallet(store, wallet.clock)).close();
    answer = { outcome: 'unknown', absent: true };
    wallet.clock.advance(900_000);
    await guard.reconcile();
    // Left open, and then settled while the store is down.
    const payment = deferred<string>();
    const left = guard.withHold({ amount: '1.00', reference: 'left' }, () => payment.promise);
    await new Promise(setImmediate);
    await guard.close({ waitMs: 0 });
    store.settle = () => {
      throw new Error('down');
    };
    payment.resolve('accepted');
    await left;

    const quiet = new Set(['held', 'captured', 'approved', 'snapshot', 'reconciled', 'overdue', 'check_failed']);
    const seen = lines.map(({ level, event, mode, ...line }) => [
      pino.levels.labels[Number(level)],
      String(event).replace('payout_guard.', ''),
      line,
    ]);
    const told = seen.filter(([, event]) => !quiet.has(String(event)));
    const first = told.filter(([, event], index) => told.findIndex(([, other]) => other === event) === index);
    const hold = { wallet: 'default', currency: 'KES', attempt: expect.any(String), msg: expect.any(String) };
    expect(first).toEqual([
      ['warn', 'failed_after_capture', { ...hold, reference: 'failed', state: 'captured', failed: true }],
      [
        'warn',
        'paid_after_release',
        { ...hold, reference: 'late', state: 'captured', paidAttempt: late.attempt, perhapsTwice: false },
      ],
      [
        'error',
        'contradiction',
        {
          wallet: 'default',
          reference: 'both',
          attempt: both?.attempt,
          wanted: 'released',
          found: 'captured',
          msg: 'The outcome of a payout contradicts the store; nothing was changed.',
        },
      ],
      ['warn', 'never_seen', { ...hold, reference: 'p-0', state: 'sent', ageMs: 900_000 }],
      [
        'error',
        'lookup_finds_nothing',
        { wallet: 'default', inARow: 20, msg: 'The provider has no record of the payouts that are looked up.' },
      ],
      ['error', 'orphan_wallet', { wallet: 'gone', msg: 'No process serves a wallet that has undecided payouts.' }],
      [
        'error',
        'left_open',
        {
          wallet: 'default',
          reference: 'left',
          attempt: expect.any(String),
          pending: 'paying',
          msg: 'The guard closed and left a payout open; its money stays held.',
        },
      ],
      [
        'error',
        'store_failure',
        {
          store: 'memory',
          operation: 'settle',
          cause: 'other',
          code: 'Error',
          what: 'the store threw an error',
          advice: 'See the log of the database.',
          count: 1,
          msg: 'The store of holds did not answer, or refused an operation.',
        },
      ],
      [
        'error',
        'settlement_failed',
        {
          wallet: 'default',
          reference: 'left',
          retried: false,
          error: expect.objectContaining({ code: 'balance_unavailable', reason: 'store' }),
          msg: 'The outcome of a payout could not be recorded; settle it by hand.',
        },
      ],
    ]);
    expect(told.filter(([, event]) => event === 'paid_after_release').at(-1)).toEqual([
      'error',
      'paid_after_release',
      {
        ...hold,
        reference: 'twice',
        state: 'sent',
        paidAttempt: twice.attempt,
        perhapsTwice: true,
        msg: 'A payout was perhaps made twice.',
      },
    ]);
    // A log line counts as handling the event, so there is no process warning.
    expect(warnings).toEqual([]);
  });
});
