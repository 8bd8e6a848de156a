// Payrolls of more payouts than one request of a store may have.
import { describe, expect, it } from '@jest/globals';
import {
  type BalanceUnavailableError,
  type InsufficientFundsError,
  memoryStore,
  type ReferencesTakenError,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { listed, many, referencesOf } from './hold-all-support.js';
import { position } from './holds-support.js';

const warnings = collectWarnings();

describe('a payroll of more than a thousand payouts', () => {
  it('is held whole: the sum first, which is then divided', async () => {
    const given = memoryStore();
    const steps: string[] = [];
    const store = changed(given, {
      hold: (request) => {
        steps.push(`${request.reference.replace(/[\da-f-]{36}/, '...')} ${request.state} ${request.amountMinor}`);
        return given.hold(request);
      },
      holdAll: async (request) => {
        const answer = await given.holdAll(request);
        const { active } = await given.totals('default');
        steps.push(`${request.payouts.length} out of it, ${active} held`);
        return answer;
      },
    });
    const guard = scriptedWallet('2500.00').guard({ store });
    const held = await guard.holdAll(many(2_500), { policy: 'all' });
    expect(steps).toEqual([
      'batch of 2500 payouts ... reserved 250000',
      '1000 out of it, 250000 held',
      '1000 out of it, 250000 held',
      '500 out of it, 250000 held',
    ]);
    expect([held.holds.length, held.required, held.held, held.decision.spendable]).toEqual([
      2_500,
      '2500.00',
      '2500.00',
      '2500.00',
    ]);
    expect(referencesOf(held).slice(998, 1_002)).toEqual(['p-999', 'p-1000', 'p-1001', 'p-1002']);
    const [batch, ...payouts] = await listed(guard);
    expect(batch).toMatch(/^batch of 2500 payouts [\da-f-]{36} released 500.00$/);
    expect([payouts.length, new Set(payouts.map((line) => line.split(' ')[1]))]).toEqual([
      2_500,
      new Set(['reserved']),
    ]);
    await guard.close();
  });

  it('does not fit by one unit: refused with the figures of the sum', async () => {
    const guard = scriptedWallet('2499.99').guard();
    const error = (await thrownBy(guard.holdAll(many(2_500), { policy: 'all' }))) as InsufficientFundsError;
    expect([error.code, error.required, error.shortfall]).toEqual(['insufficient_funds', '2500.00', '0.01']);
    expect(await listed(guard)).toEqual([]);
    await guard.close();
  });

  it('has taken references in several parts: all are listed, and what was held is released', async () => {
    const guard = scriptedWallet('5000.00').guard();
    for (const reference of ['p-1500', 'p-2400']) await (await guard.hold({ amount: '1.00', reference })).sent();
    await (await guard.hold({ amount: '1.00', reference: 'p-2450' })).release();
    const error = (await thrownBy(guard.holdAll(many(2_500), { policy: 'all' }))) as ReferencesTakenError;
    expect(error.taken).toEqual([
      { reference: 'p-1500', state: 'sent' },
      { reference: 'p-2400', state: 'sent' },
    ]);
    expect(await position(guard)).toBe('held 2.00 spendable 4998.00');
    const open = (await listed(guard)).filter((line) => !line.includes(' released '));
    expect(open).toEqual(['p-1500 sent 1.00', 'p-2400 sent 1.00']);
    await guard.close();
  });

  it('may be retried when all that is taken is of a call that was refused without an answer', async () => {
    const given = memoryStore();
    const store = changed(given, {
      holdAll: async (request) => {
        const answer = await given.holdAll(request);
        if (answer.outcome !== 'refused') return answer;
        const refusals = answer.refusals.map((one) => ({
          ...one,
          ...(one.outcome === 'exists' && { retryAfterMs: 900 }),
        }));
        return { ...answer, refusals };
      },
    });
    const guard = scriptedWallet('9000.00').guard({ store });
    const before = many(2_500);
    await guard.holdAll(before, { policy: 'all' });
    const again = (await thrownBy(guard.holdAll(before, { policy: 'all' }))) as ReferencesTakenError;
    expect([again.taken.length, again.retryable, again.retryAfterMs]).toEqual([2_500, true, 900]);
    await guard.capture('p-2500');
    const later = (await thrownBy(guard.holdAll(before, { policy: 'all' }))) as ReferencesTakenError;
    expect([later.taken.length, later.retryable, later.retryAfterMs]).toEqual([2_500, false, undefined]);
    await guard.close();
  });

  it('is frozen between two parts: refused, and everything is released', async () => {
    const given = memoryStore();
    const store = changed(given, {
      holdAll: async (request) => {
        const answer = await given.holdAll(request);
        await given.freeze('default', 'audit');
        return answer;
      },
    });
    const guard = scriptedWallet('5000.00').guard({ store });
    const refused = guard.holdAll(many(2_500), { policy: 'all' });
    await expect(refused).rejects.toMatchObject({ code: 'wallet_frozen' });
    expect((await listed(guard)).filter((line) => !line.includes(' released '))).toEqual([]);
    expect((await given.totals('default')).active).toBe(0n);
    await guard.close();
  });

  it('loses its sum half way, because that expired: refused, and everything is released', async () => {
    const wallet = scriptedWallet('5000.00');
    const given = memoryStore({ clock: wallet.clock });
    const store = changed(given, {
      holdAll: async (request) => {
        const answer = await given.holdAll(request);
        wallet.clock.advance(120_001);
        return answer;
      },
    });
    const guard = wallet.guard({ store });
    const error = (await thrownBy(guard.holdAll(many(2_500), { policy: 'all' }))) as BalanceUnavailableError;
    expect([error.code, error.reason]).toEqual(['balance_unavailable', 'store']);
    expect((await given.totals('default')).active).toBe(0n);
    await guard.close();
  });

  it('is released in the background when the store is silent half way', async () => {
    const wallet = scriptedWallet('5000.00');
    const given = memoryStore({ clock: wallet.clock });
    let isSilent = false;
    let parts = 0;
    const silence = () => {
      if (isSilent) throw new Error('connection terminated');
    };
    const store = changed(given, {
      holdAll: (request) => {
        parts += 1;
        if (parts === 2) isSilent = true;
        silence();
        return given.holdAll(request);
      },
      settle: (request) => {
        silence();
        return given.settle(request);
      },
    });
    const guard = wallet.guard({ store });
    await expect(guard.holdAll(many(1_500), { policy: 'all' })).rejects.toMatchObject({ reason: 'store' });
    expect((await given.totals('default')).active).toBe(150_000n);
    isSilent = false;
    await wallet.clock.pass(1_000);
    expect((await given.totals('default')).active).toBe(0n);
    expect(warnings).toEqual([]);
    await guard.close();
  });
});
