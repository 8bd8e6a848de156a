import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BalanceUnavailableError,
  createPayoutGuard,
  type GuardOptions,
  memoryStore,
  observing,
  type PayoutAnswer,
  type PayoutGuard,
  PayoutRejectedError,
  type WalletSettings,
} from 'payout-guard';
import { type EventLogger, type LogEventsOptions, logEvents } from 'payout-guard/telemetry';
import { pino } from 'pino';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();
let guard: PayoutGuard | undefined;
afterEach(() => guard?.close());

/** A guard whose events are written by a real pino. */
function logged(
  options: Partial<GuardOptions & WalletSettings> = {},
  logOptions?: LogEventsOptions,
  wrap: (guard: PayoutGuard) => PayoutGuard = (made) => made,
) {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const wallet = scriptedWallet('1000.00');
  const made = wrap(wallet.guard({ reconcileEveryMs: 0, ...options }));
  guard = made;
  const logger = pino({ level: 'debug', base: null, timestamp: false }, stream);
  const stop = logEvents(made, logger, logOptions);
  const names = () => lines.map(({ level, event }) => `${pino.levels.labels[Number(level)]} ${event}`);
  return { guard: made, wallet, lines, names, stop };
}

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
    const foreign = createPayoutGuard({
      wallets: { gone: { provider: scriptedWallet().provider, currency: 'KES' } },
      store,
      clock: wallet.clock,
      reconcileEveryMs: 0,
    });
    await foreign.hold({ wallet: 'gone', amount: '1.00', reference: 'x', state: 'sent' });
    await foreign.close();
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
    guard = scriptedWallet('1000.00').guard({ store: memoryStore() });
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
