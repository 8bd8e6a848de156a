import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BalanceUnavailableError,
  memoryStore,
  type PayoutGuard,
  type PayoutGuardOptions,
  PayoutRejectedError,
} from 'payout-guard';
import { type EventLogger, type LogEventsOptions, logEvents } from 'payout-guard/telemetry';
import { pino } from 'pino';
import { scriptedWallet } from '../support/wallet.js';

let guard: PayoutGuard | undefined;
afterEach(() => guard?.close());

/** A guard whose events a real pino writes. */
function logged(options: Partial<PayoutGuardOptions> = {}, logOptions?: LogEventsOptions) {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const wallet = scriptedWallet('1000.00');
  const made = wallet.guard({ reconcileEveryMs: 0, ...options });
  guard = made;
  const logger = pino({ level: 'debug', base: null, timestamp: false }, stream);
  const stop = logEvents(made, logger, logOptions);
  const names = () => lines.map(({ level, event }) => `${pino.levels.labels[Number(level)]} ${event}`);
  return { guard: made, wallet, lines, names, stop };
}

describe('log lines', () => {
  it('tell a payout from its balance to its end, without amounts', async () => {
    const { guard, lines, wallet } = logged();
    await guard.withHold({ amount: '12.34', reference: 'p-1', settles: 'onReturn' }, () => {});
    await guard.assertSufficientFunds('1.00');
    const mode = 'enforce';
    const hold = { mode, wallet: 'default', reference: 'p-1', currency: 'KES' };
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

  it('tell what an operator must see at the level it deserves', async () => {
    const { guard, wallet, lines, names } = logged({ lookup: async () => ({ outcome: 'pending' }) });
    const hold = await guard.hold({ amount: '900.00', reference: 'p-1', state: 'sent' });
    await guard.hold({ amount: '900.00', reference: 'p-2' }).catch(() => {});
    await guard.hold({ amount: '900.00', reference: 'p-1' }).catch(() => {});
    wallet.clock.advance(300_000);
    await guard.reconcile();
    await guard.release('p-1');
    await guard.conclude(hold, 'accepted', { settles: 'onReturn' });
    await guard.freeze('default', 'drift');
    wallet.answer = async () => {
      throw new BalanceUnavailableError('forbidden', { cause: new Error('secret of the cause') });
    };
    await guard.assertSufficientFunds('1.00').catch(() => {});
    await guard.unfreeze('default');
    expect(names()).toEqual([
      'debug payout_guard.snapshot',
      'info payout_guard.held',
      'warn payout_guard.refused',
      'warn payout_guard.rejected',
      'warn payout_guard.overdue',
      'debug payout_guard.reconciled',
      'info payout_guard.released',
      'error payout_guard.unsettled',
      'warn payout_guard.frozen',
      'warn payout_guard.provider_failure',
      'error payout_guard.rejected',
      'warn payout_guard.unfrozen',
    ]);
    expect(lines[3]).toMatchObject({ reference: 'p-1', error: { code: 'duplicate_reference', state: 'sent' } });
    expect(lines[4]).toMatchObject({ reference: 'p-1', ageMs: 300_000, outcome: 'pending' });
    expect(lines[5]).toMatchObject({ captured: 0, released: 0, open: 1, overdue: 1 });
    expect(lines[7]).toMatchObject({ reference: 'p-1', error: { code: 'hold_state', state: 'released' } });
    expect(lines[8]).toMatchObject({ wallet: 'default', reason: 'drift' });
    expect(lines[10]).toMatchObject({ error: { code: 'balance_unavailable', reason: 'forbidden' } });
    expect(JSON.stringify(lines)).not.toMatch(/secret|900|1000|stack/);
  });

  it('hold balances when they are asked for', async () => {
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

  it('say of a guard that only observes that it does, first and in every line', async () => {
    const { emitWarning } = process;
    process.emitWarning = () => {};
    const { guard, lines } = logged({ mode: 'observe' });
    process.emitWarning = emitWarning;
    await guard.hold({ amount: '1000.01', reference: 'p-1' });
    await guard.hold({ amount: '1,5', reference: 'p-2' });
    expect(lines.map(({ mode, level, msg }) => [mode, level, msg])).toEqual([
      ['observe', 40, 'The guard only observes: it refuses no payout.'],
      ['observe', 20, 'A balance was read.'],
      ['observe', 40, 'A payout would have been refused: the wallet cannot cover it.'],
      ['observe', 40, 'A payout would have been refused: invalid_amount.'],
    ]);
  });

  it('repeat nothing that a client wrote as a reference or wallet unless it can be one', async () => {
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

  it('are refused a logger that is none, and options that mean nothing', () => {
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
