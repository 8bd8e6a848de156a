// Payrolls that are held whole or not at all.
import { describe, expect, it } from '@jest/globals';
import { type HoldAllOptions, InsufficientFundsError, memoryStore, ReferencesTakenError } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { listed, payroll, referencesOf } from './hold-all-support.js';
import { position } from './holds-support.js';

collectWarnings();

describe('a payroll with policy all', () => {
  it('holds every payout under its own reference, fees included, in the order given', async () => {
    const guard = scriptedWallet('1000.00').guard({ floor: '100.00' });
    const held = await guard.holdAll(
      [
        { amount: '300.00', fee: '5.00', reference: 'amina', fingerprint: 'account 1', metadata: { month: 'May' } },
        { amount: '200.00', reference: 'ben' },
        { amount: '394.00', fee: '1.00', reference: 'chen' },
      ],
      { policy: 'all' },
    );
    expect(held).toEqual({
      wallet: 'default',
      currency: 'KES',
      holds: [expect.anything(), expect.anything(), expect.anything()],
      leftOut: [],
      required: '900.00',
      held: '900.00',
    });
    expect(held.missing).toBe('0.00');
    expect([held.decision.required, held.decision.spendable, held.decision.held]).toEqual(['900.00', '900.00', '0.00']);
    const shown = held.holds.map(({ reference, state, amount, decision }) => [reference, state, amount, decision]);
    expect(shown).toEqual([
      ['amina', 'reserved', '305.00', held.decision],
      ['ben', 'reserved', '200.00', held.decision],
      ['chen', 'reserved', '395.00', held.decision],
    ]);
    expect((await guard.getHold('amina'))?.metadata).toEqual({ month: 'May' });
    const another = { amount: '305.00', reference: 'amina', fingerprint: 'account 2' };
    await expect(guard.hold(another)).rejects.toMatchObject({ difference: 'payee' });
    expect(await position(guard)).toBe('held 900.00 spendable 0.00');
    await guard.close();
  });

  it('hands out handles that pay, each settled by its own end', async () => {
    const guard = scriptedWallet('1000.00').guard({ settles: 'onReturn' });
    const { holds } = await guard.holdAll(payroll('100.00', '200.00', '300.00'), { policy: 'all' });
    const [first, second, third] = holds;
    await first?.pay(() => 'paid');
    await second?.release();
    expect(await listed(guard)).toEqual(['p-1 captured 100.00', 'p-2 released 200.00', 'p-3 reserved 300.00']);
    expect([first?.state, second?.state, third?.state]).toEqual(['captured', 'released', 'reserved']);
    await guard.close();
  });

  it('refuses as a whole with the figures of the sum, fee included, and holds nothing', async () => {
    const guard = scriptedWallet('1000.00').guard({ floor: '100.00' });
    await guard.hold({ amount: '150.00', reference: 'other' });
    const payouts = [...payroll('300.00', '400.00'), { amount: '49.00', fee: '2.00', reference: 'p-3' }];
    const error = (await thrownBy(guard.holdAll(payouts, { policy: 'all' }))) as InsufficientFundsError;
    expect(error).toBeInstanceOf(InsufficientFundsError);
    expect([error.required, error.spendable, error.shortfall, error.held, error.temporary]).toEqual([
      '751.00',
      '750.00',
      '1.00',
      '150.00',
      true,
    ]);
    expect(await listed(guard)).toEqual(['other reserved 150.00']);
    await guard.holdAll(payouts.slice(0, 2), { policy: 'all' });
    expect(await position(guard)).toBe('held 850.00 spendable 50.00');
    await guard.close();
  });

  it('asks the provider once more before it refuses, and holds what then fits', async () => {
    const wallet = scriptedWallet('100.00');
    const guard = wallet.guard();
    await guard.checkFunds('1.00');
    wallet.clock.advance(2_000);
    wallet.balance = { available: '600.00', currency: 'KES' };
    expect(referencesOf(await guard.holdAll(payroll('300.00', '300.00'), { policy: 'all' }))).toEqual(['p-1', 'p-2']);
    expect(wallet.asked).toBe(2);
    await guard.close();
  });

  it('lists every reference that is taken, with its state, and holds nothing', async () => {
    const guard = scriptedWallet('1000.00').guard();
    await (await guard.hold({ amount: '10.00', reference: 'p-2' })).capture();
    await guard.hold({ amount: '99.00', reference: 'p-3' });
    const failed = await guard.hold({ amount: '10.00', reference: 'p-4', state: 'sent' });
    await failed.release();
    await (await guard.hold({ amount: '10.00', reference: 'p-5' })).release();
    const payouts = payroll('10.00', '10.00', '10.00', '10.00', '10.00');
    const error = (await thrownBy(guard.holdAll(payouts, { policy: 'all' }))) as ReferencesTakenError;
    expect(error).toBeInstanceOf(ReferencesTakenError);
    expect([error.code, error.status, error.retryable, error.retryAfterMs]).toEqual([
      'references_taken',
      409,
      false,
      undefined,
    ]);
    expect(error.taken).toEqual([
      { reference: 'p-2', state: 'captured' },
      { reference: 'p-3', state: 'reserved', difference: 'amount' },
      { reference: 'p-4', state: 'released' },
    ]);
    expect(error.message).toBe(
      'References of this payroll belong to other payouts: p-2 (captured), p-3 (reserved), p-4 (released). Nothing ' +
        "was held. Leave those payouts out, or hold the payroll with policy 'fit'.",
    );
    expect(await listed(guard)).toEqual([
      'p-2 captured 10.00',
      'p-3 reserved 99.00',
      'p-4 released 10.00',
      'p-5 released 10.00',
    ]);
    // The one that was not sent may be held again.
    const again = payouts.filter(({ reference }) => reference === 'p-1' || reference === 'p-5');
    expect(referencesOf(await guard.holdAll(again, { policy: 'all' }))).toEqual(['p-1', 'p-5']);
    await guard.close();
  });

  it('is refused on a frozen wallet, by a closed guard and by a signal, and holds nothing', async () => {
    const store = memoryStore();
    const guard = scriptedWallet('1000.00').guard({ store });
    await guard.freeze('default', 'audit');
    await expect(guard.holdAll(payroll('1.00'), { policy: 'all' })).rejects.toMatchObject({ code: 'wallet_frozen' });
    await guard.unfreeze('default');
    const gone = new Error('the client has gone');
    const options: HoldAllOptions = { policy: 'all', signal: AbortSignal.abort(gone) };
    await expect(guard.holdAll(payroll('1.00'), options)).rejects.toBe(gone);
    await guard.close();
    await expect(guard.holdAll(payroll('1.00'), { policy: 'all' })).rejects.toMatchObject({ reason: 'closed' });
    expect((await store.list({ limit: 10 })).holds).toEqual([]);
  });

  it('releases its holds when the caller gives up while the store answers', async () => {
    const given = memoryStore();
    const controller = new AbortController();
    const gone = new Error('the client has gone');
    const store = changed(given, {
      holdAll: async (request) => {
        const answer = await given.holdAll(request);
        controller.abort(gone);
        return answer;
      },
    });
    const guard = scriptedWallet('1000.00').guard({ store });
    const held: string[] = [];
    guard.on('held', ({ hold }) => held.push(hold.reference));
    const taking = guard.holdAll(payroll('1.00', '2.00'), { policy: 'all', signal: controller.signal });
    await expect(taking).rejects.toBe(gone);
    expect([held, await listed(guard)]).toEqual([[], ['p-1 released 1.00', 'p-2 released 2.00']]);
    // Nothing was sent, so the references may be held again.
    expect(referencesOf(await guard.holdAll(payroll('1.00', '2.00'), { policy: 'all' }))).toEqual(['p-1', 'p-2']);
    await guard.close();
  });
});
