import { describe, expect, it } from '@jest/globals';
import { BalanceUnavailableError, memoryStore, observing, PayoutRejectedError } from 'payout-guard';
import { type EventLogger, logEvents } from 'payout-guard/telemetry';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { closedAfterwards, logged } from './log-events-support.js';

const warnings = collectWarnings();

describe('log lines', () => {
  it('follow a payout from its balance to its end, without amounts', async () => {
    const { guard, lines, wallet } = logged();
    await guard.withHold({ amount: '12.34', reference: 'p-1', settles: 'onReturn' }, () => {});
    await guard.assertSufficientFunds('1.00');
    const mode = 'enforce';
    const attempt = (await guard.getHold('p-1'))?.attempt;
    const hold = { mode, wallet: 'default', reference: 'p-1', attempt, currency: 'KES' };
    const asOf = new Date(wallet.clock.now()).toISOString();
    expect(lines).toEqual([
      {
        level: 20,
        event: 'payout_guard.snapshot',
        mode,
        wallet: 'default',
        currency: 'KES',
        asOf,
        msg: 'A balance was read.',
      },
      { level: 30, event: 'payout_guard.held', ...hold, state: 'sent', msg: 'Money was held for a payout.' },
      { level: 30, event: 'payout_guard.captured', ...hold, state: 'captured', msg: 'A payout was made.' },
      {
        level: 20,
        event: 'payout_guard.approved',
        mode,
        wallet: 'default',
        currency: 'KES',
        temporary: false,
        msg: 'A check was approved.',
      },
    ]);
  });

  it('have a level by the severity of the event', async () => {
    const { guard, wallet, lines, names } = logged({ lookup: async () => ({ outcome: 'pending' }) });
    await guard.hold({ amount: '900.00', reference: 'p-1', state: 'sent' });
    await guard.hold({ amount: '900.00', reference: 'p-2' }).catch(() => {});
    await guard.hold({ amount: '900.00', reference: 'p-1' }).catch(() => {});
    wallet.clock.advance(300_000);
    await guard.reconcile();
    await guard.release('p-1', { reason: 'the account is closed' });
    await guard.freeze('default', 'drift');
    wallet.answer = async () => {
      throw new BalanceUnavailableError('forbidden', { cause: new Error('secret of the cause') });
    };
    await guard.assertSufficientFunds('1.00').catch(() => {});
    await guard.unfreeze('default');
    expect(names()).toEqual([
      'debug payout_guard.snapshot',
      'info payout_guard.held',
      'warn payout_guard.insufficient',
      'warn payout_guard.check_failed',
      'warn payout_guard.overdue',
      'debug payout_guard.reconciled',
      'info payout_guard.released',
      'warn payout_guard.frozen',
      'warn payout_guard.provider_failure',
      'error payout_guard.check_failed',
      'warn payout_guard.unfrozen',
    ]);
    expect(lines[3]).toMatchObject({ reference: 'p-1', error: { code: 'payout_in_progress' } });
    expect(lines[4]).toMatchObject({ reference: 'p-1', ageMs: 300_000, outcome: 'pending' });
    expect(lines[5]).toEqual({
      level: 20,
      event: 'payout_guard.reconciled',
      mode: 'enforce',
      captured: 0,
      released: 0,
      open: 1,
      overdue: 1,
      neverSeen: 0,
      msg: 'Sent payouts were looked up.',
    });
    expect(lines[6]).toMatchObject({ state: 'released', failed: true, reason: 'the account is closed' });
    expect(lines[7]).toMatchObject({ wallet: 'default', reason: 'drift' });
    expect(lines[9]).toMatchObject({ error: { code: 'balance_unavailable', reason: 'forbidden' } });
    expect(JSON.stringify(lines)).not.toMatch(/secret|900|1000|stack/);
  });

  it('are a warning while the guard retries to record an outcome', async () => {
    const store = memoryStore();
    const { guard, lines } = logged({ store, settles: 'onReturn' });
    const { settle } = store;
    await guard.withHold({ amount: '1.00', reference: 'p-1' }, () => {
      store.settle = () => {
        throw new Error('down');
      };
    });
    store.settle = settle;
    expect(lines.at(-1)).toMatchObject({
      level: 40,
      event: 'payout_guard.settlement_failed',
      reference: 'p-1',
      retried: true,
    });
  });

  it('include balances when the option is set', async () => {
    const { guard, lines } = logged({ floor: '100.00' }, { expose: 'amounts' });
    await (await guard.hold({ amount: '600.00', reference: 'p-1' })).capture('601.00');
    await guard.hold({ amount: '300.00', reference: 'p-2' }).catch(() => {});
    expect(lines.map(({ amounts }) => amounts)).toEqual([
      { available: '1000.00' },
      { amount: '600.00' },
      { amount: '600.00', captured: '601.00' },
      // The debit above the hold.
      { amount: '600.00', captured: '601.00' },
      {
        required: '300.00',
        available: '1000.00',
        floor: '100.00',
        held: '0.00',
        capturedSince: '601.00',
        spendable: '299.00',
        shortfall: '1.00',
      },
    ]);
  });

  it('show that a guard only observes, first and in every line', async () => {
    const { guard, lines } = logged({}, {}, observing);
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_OBSERVE']);
    await guard.hold({ amount: '1000.01', reference: 'p-1' });
    await guard.hold({ amount: '1,5', reference: 'p-2' });
    expect(lines.map(({ mode, level, msg }) => [mode, level, msg])).toEqual([
      ['observe', 40, 'The guard only observes: it refuses no payout.'],
      ['observe', 20, 'A balance was read.'],
      ['observe', 40, 'A payout would have been refused: the wallet cannot cover it.'],
      ['observe', 40, 'A payout would have been refused: invalid_amount.'],
    ]);
  });

  it("repeat a client's reference or wallet only if it is valid", async () => {
    const { guard, lines } = logged();
    const forged = 'p-1\n{"level":50}';
    const wrong = [forged, 'x'.repeat(129), 7, { toString: () => 'p-1' }] as string[];
    for (const text of wrong) {
      await guard.hold({ amount: '1.00', reference: text }).catch(() => {});
      await guard.assertSufficientFunds('1.00', { wallet: text }).catch(() => {});
    }
    expect(lines).toHaveLength(8);
    for (const line of lines) expect(Object.keys(line).sort()).toEqual(['error', 'event', 'level', 'mode', 'msg']);
  });

  it('reject an invalid logger and invalid options', () => {
    const { guard } = logged();
    const wrong = () => logEvents(guard, { info: () => {} } as never, { expose: 'balances', level: 1 } as never);
    expect(wrong).toThrow(
      expect.objectContaining({
        code: 'configuration',
        problems: [
          expect.stringMatching(/^expose: /),
          expect.stringMatching(/level/),
          'logger: must have info, warn and error',
        ],
      }),
    );
  });

  it('end when they are stopped, and need no debug', async () => {
    const told: string[] = [];
    const logger: EventLogger = {
      info: (_, message) => told.push(message),
      warn: () => {},
      error: () => {},
    };
    const guard = closedAfterwards(scriptedWallet('1000.00').guard({ store: memoryStore() }));
    const stop = logEvents(guard, logger);
    const rejecting = guard.withHold({ amount: '1.00', reference: 'p-1' }, () => {
      throw new PayoutRejectedError();
    });
    await expect(rejecting).rejects.toMatchObject({ code: 'payout_rejected' });
    stop();
    await guard.hold({ amount: '1.00', reference: 'p-2' });
    expect(told).toEqual(['Money was held for a payout.', 'A payout was not made.']);
  });
});
