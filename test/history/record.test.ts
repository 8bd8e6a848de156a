// Events of a guard as history entries.
import { describe, expect, it, jest } from '@jest/globals';
import { memoryStore, type PayoutAnswer, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import { type HistoryEntry, memoryHistory, recordHistory } from 'payout-guard/history';
import { deferred, orphanWallet, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();

describe('recordHistory', () => {
  it('records the events of payouts under their names, and none of what it was not asked for', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ reconcileEveryMs: 0, overdueAfterMs: 1_000 });
    const history = memoryHistory();
    recordHistory(guard, history);
    const few = memoryHistory();
    recordHistory(guard, few, { kinds: ['insufficient', 'frozen'] });
    const hold = await guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
    await hold.capture('9.00');
    await guard.hold({ amount: '10.00', reference: 'b', state: 'sent' });
    await guard.release('b', { reason: 'the payee has closed the account' });
    await guard.hold({ amount: '10.00', reference: 'c', state: 'sent' });
    wallet.clock.advance(1_000);
    await guard.reconcile();
    await guard.freeze('default', 'audit');
    await expect(guard.hold({ amount: '1.00', reference: 'd' })).rejects.toMatchObject({ status: 423 });
    await guard.unfreeze('default');
    await expect(guard.hold({ amount: '1.00', reference: 'no reference' })).rejects.toMatchObject({ status: 400 });
    await guard.checkFunds('5000.00');
    wallet.answer = () => Promise.reject(new Error('down'));
    wallet.clock.advance(60_000);
    await expect(guard.checkFunds('1.00')).rejects.toMatchObject({ status: 503 });
    await guard.close();
    const { entries } = history.query();
    expect(entries.map(line)).toEqual([
      'snapshot 1000.00',
      'approved a 10.00',
      'held a 10.00',
      'captured a 9.00',
      'approved b 10.00',
      'held b 10.00',
      'released b 10.00',
      'approved c 10.00',
      'held c 10.00',
      'overdue c 10.00',
      'frozen',
      'checkFailed d',
      'unfrozen',
      'checkFailed no reference',
      'snapshot 1000.00',
      'insufficient 5000.00',
      'providerFailure',
      'checkFailed',
    ]);
    expect(new Set(entries.map((one) => one.wallet))).toEqual(new Set(['default']));
    expect(few.query().entries.map(({ kind }) => kind)).toEqual(['frozen', 'insufficient']);
    const [released] = history.query({ kind: 'released' }).entries;
    expect(released?.data).toEqual({
      state: 'released',
      attempt: expect.stringMatching(/^[0-9a-f-]{36}\/2$/),
      amount: '10.00',
      currency: 'KES',
      createdAt: '2023-11-14T22:13:20.000Z',
      sentAt: '2023-11-14T22:13:20.000Z',
      failed: true,
      reason: 'the payee has closed the account',
    });
    // To record an event is not to handle it.
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_OVERDUE', 'PAYOUT_GUARD_MEMORY_LOST']);
  });

  it('records every event that needs an operator, and leaves its process warning', async () => {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    let answer: PayoutAnswer = { outcome: 'unknown', absent: true };
    const guard = wallet.guard({
      store,
      reconcileEveryMs: 0,
      overdueAfterMs: 1_000,
      lookupsPerSecond: 1_000,
      debitVisibleAt: 'acceptance',
      verdictOfResult: () => 'pending',
      lookup: async () => answer,
    });
    const history = memoryHistory();
    recordHistory(guard, history);
    const kindsOf = (reference?: string) =>
      history
        .query({ reference, limit: 1_000 })
        .entries.filter(({ kind }) => !['snapshot', 'approved', 'held'].includes(kind))
        .map(({ kind, data: { createdAt, sentAt, attempt, message, ...data } }) => [kind, data]);

    // Debited at acceptance, and failed.
    await guard.withHold({ amount: '10.00', reference: 'failed' }, () => 'accepted');
    answer = { outcome: 'failed' };
    await guard.reconcile({ reference: 'failed' });
    const held = { amount: '10.00', currency: 'KES' };
    expect(kindsOf('failed')).toEqual([
      ['captured', { ...held, state: 'captured', captured: '10.00', awaitsOutcome: true }],
      ['failedAfterCapture', { ...held, state: 'captured', captured: '10.00', failed: true }],
    ]);

    // Paid after its reservation had expired.
    const late = await guard.hold({ amount: '10.00', reference: 'late' });
    wallet.clock.advance(60_000);
    await late.capture();
    const captured = { ...held, state: 'captured', captured: '10.00' };
    expect(kindsOf('late')).toEqual([
      ['captured', captured],
      ['paidAfterRelease', { ...captured, paidAttempt: late.attempt, perhapsTwice: false }],
    ]);

    // Captured by one verdict and rejected by another.
    const paying = guard.withHold({ amount: '10.00', reference: 'both' }, async () => {
      await guard.capture('both');
      throw new PayoutRejectedError();
    });
    await expect(paying).rejects.toMatchObject({ code: 'payout_rejected' });
    expect(kindsOf('both')).toEqual([
      ['captured', captured],
      ['contradiction', { wanted: 'released', found: 'captured' }],
    ]);

    // Never seen by the provider, twenty times, and of a wallet that no process serves.
    answer = { outcome: 'unknown', absent: true };
    await hold20(guard);
    await (await orphanWallet(store, wallet.clock)).close();
    wallet.clock.advance(900_000);
    await guard.reconcile();
    expect(kindsOf('p-7')).toEqual([
      ['overdue', { amount: '1.00', currency: 'KES', state: 'sent', ageMs: 900_000, outcome: 'unknown' }],
      ['neverSeen', { amount: '1.00', currency: 'KES', state: 'sent', ageMs: 900_000 }],
    ]);
    expect(history.query({ kind: 'lookupFindsNothing' }).entries.map(({ wallet, data }) => [wallet, data])).toEqual([
      ['default', { inARow: 20 }],
    ]);
    expect(history.query({ kind: 'orphanWallet' }).entries.map(({ wallet, data }) => [wallet, data])).toEqual([
      ['gone', {}],
    ]);

    // Left open, and then known while the store is down.
    const payment = deferred<string>();
    const last = guard.withHold({ amount: '1.00', reference: 'left' }, () => payment.promise);
    await new Promise(setImmediate);
    await guard.close({ waitMs: 0 });
    jest.spyOn(store, 'settle').mockImplementation(() => {
      throw new Error('down');
    });
    payment.resolve('accepted');
    await last;
    expect(kindsOf('left')).toEqual([
      ['leftOpen', { pending: 'paying' }],
      ['settlementFailed', { code: 'balance_unavailable', reason: 'store', retried: false }],
    ]);
    expect(new Set(codesOf(warnings))).toEqual(
      new Set([
        'PAYOUT_GUARD_PAID_AFTER_RELEASE',
        'PAYOUT_GUARD_CONTRADICTION',
        'PAYOUT_GUARD_LOOKUP',
        'PAYOUT_GUARD_ORPHAN',
        'PAYOUT_GUARD_OVERDUE',
        'PAYOUT_GUARD_NEVER_SEEN',
        'PAYOUT_GUARD_LEFT_OPEN',
        'PAYOUT_GUARD_SETTLEMENT_FAILED',
      ]),
    );
  });
});

/** Twenty payouts, one after the other. */
async function hold20(guard: PayoutGuard): Promise<void> {
  for (let index = 0; index < 20; index++) {
    await guard.hold({ amount: '1.00', reference: `p-${index}`, state: 'sent' });
  }
}

function line({ kind, reference, amount }: HistoryEntry): string {
  return [kind, reference, amount].filter(Boolean).join(' ');
}

it('a history that fails changes nothing for the payout, and is reported', async () => {
  const guard = scriptedWallet().guard();
  recordHistory(guard, {
    add: () => Promise.reject(new Error('full')),
    query: () => ({ entries: [] }),
    close: async () => {},
  });
  await expect(guard.checkFunds('1.00')).resolves.toMatchObject({ sufficient: true });
  await guard.close();
  expect(warnings).toEqual([
    'PAYOUT_GUARD_HISTORY: The history rejected an entry (snapshot). (Error: (message withheld: it may contain ' +
      'secrets))',
    'PAYOUT_GUARD_HISTORY: The history rejected an entry (approved). (Error: (message withheld: it may contain ' +
      'secrets))',
  ]);
});
