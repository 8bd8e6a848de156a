// Alerts for events of the guard: each raised once between the processes of a store, however often the event comes.
import { describe, expect, it, jest } from '@jest/globals';
import { type Hold, memoryStore, PayoutRejectedError } from 'payout-guard';
import { conditionOf } from '../../src/monitor/event-rules.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { two } from './event-alerts-support.js';
import { quiet, type Watch } from './support.js';

const warnings = collectWarnings();

/** Takes a hold, lets its reservation expire, and returns its handle. */
async function expired({ guard, wallet }: Watch, reference: string, amount = '5.00'): Promise<Hold> {
  const hold = await guard.hold({ amount, reference });
  wallet.clock.advance(60_000);
  return hold;
}

describe('a payout that the provider has never seen', () => {
  it('raises never_seen once, in place of overdue_hold', async () => {
    const { wallet, one, other, raised } = two({ lookup: async () => ({ outcome: 'unknown', absent: true }) });
    const { attempt } = await one.guard.hold({ amount: '5.00', reference: 'a', state: 'sent' });
    for (let round = 0; round < 3; round++) {
      wallet.clock.advance(400_000);
      for (const { guard } of [one, other]) await guard.reconcile();
    }
    expect(await raised()).toEqual(['never_seen a 5.00']);
    expect(one.alerts[0]?.message).toBe(
      'Payout a of 5.00 KES from wallet default was sent 6 minutes ago, and the provider has no record of it. Its ' +
        'money stays held. If your own records show that it was not sent, call guard.release("a", { attempt: ' +
        `"${attempt}" }). Otherwise ask the provider first.`,
    );
  });

  it('raises overdue_hold as well once the provider has a record of it', async () => {
    let absent = true;
    const { wallet, one, raised } = two({
      lookup: async () => (absent ? { outcome: 'unknown', absent } : { outcome: 'pending' }),
    });
    await one.guard.hold({ amount: '5.00', reference: 'a', state: 'sent' });
    wallet.clock.advance(400_000);
    await one.guard.reconcile();
    absent = false;
    await one.guard.reconcile();
    expect(await raised()).toEqual(['never_seen a 5.00', 'overdue_hold a 5.00 pending']);
  });
});

describe('a payout that was made after its hold had ended', () => {
  it('is raised once for its attempt, with the debit recorded', async () => {
    const { one, other, alerts } = two();
    const hold = await expired(one, 'a');
    await hold.capture('4.50');
    await hold.capture('4.50');
    await other.guard.capture('a', '4.50');
    expect(await alerts()).toEqual([
      {
        id: expect.any(String),
        kind: 'paid_after_release',
        message:
          'Payout a of 5.00 KES from wallet default was made after its hold had expired or been released. The ' +
          'debit is recorded. Check that a was paid once, and make payouts within hold.pay() or call hold.sent() ' +
          'before you send.',
        reference: 'a',
        wallet: 'default',
        attempt: hold.attempt,
        amount: '5.00',
        currency: 'KES',
        perhapsTwice: false,
        at: new Date(one.wallet.clock.now()).toISOString(),
      },
    ]);
    expect(warnings).toEqual([]);
  });

  it('is raised once more for another attempt, and as perhaps paid twice however often the webhook comes', async () => {
    const { one, other, raised } = two();
    const [first, second] = [await expired(one, 'a'), await expired(one, 'a')];
    const third = await one.guard.hold({ amount: '5.00', reference: 'a', state: 'sent' });
    for (const { guard } of [one, other, one]) {
      for (const { attempt } of [first, second]) {
        await expect(guard.capture('a', undefined, { attempt })).rejects.toMatchObject({ code: 'hold_state' });
      }
    }
    expect(await raised()).toEqual(['paid_after_release a perhaps twice', 'paid_after_release a perhaps twice']);
    expect((await one.guard.getHold('a'))?.attempt).toBe(third.attempt);
  });

  it('deletes its note a week after the hold has ended', async () => {
    const { one, wallet, store } = two();
    const swapNote = jest.spyOn(store, 'swapNote');
    await (await expired(one, 'a')).capture();
    await quiet();
    const key = swapNote.mock.calls.map(([note]) => note).find((note) => note.startsWith('monitor/hold/a/')) ?? '';
    expect(key).toMatch(/^monitor\/hold\/a\/paid_after_release\/[\w-]{16}$/);
    wallet.clock.advance(604_790_000);
    await one.round();
    expect(await store.note(key)).toBeDefined();
    wallet.clock.advance(1);
    await one.monitor.check();
    expect(await store.note(key)).toBeUndefined();
  });
});

describe('a payout that was made more than once', () => {
  it('is raised once for its attempt, whichever process looks it up, with the times', async () => {
    const { one, other, alerts } = two({ lookup: async () => ({ outcome: 'completed', timesPaid: 2 }) });
    const { attempt } = await one.guard.hold({ amount: '5.00', reference: 'a', state: 'sent' });
    await Promise.all([one, other, one].map(({ guard }) => guard.reconcile({ reference: 'a' })));
    expect((await one.guard.getHold('a'))?.captured).toBe('10.00');
    const raised = await alerts();
    expect(raised).toMatchObject([
      { kind: 'paid_twice', wallet: 'default', reference: 'a', attempt, amount: '5.00', currency: 'KES', times: 2 },
    ]);
    expect(raised[0]?.message).toContain(
      'Payout a of 5.00 KES from wallet default was made 2 times under one reference',
    );
    expect(warnings).toEqual([]);
  });

  it('is the same alert for the same attempt, and another one for another attempt', async () => {
    const { one } = two();
    const hold = async (reference: string) =>
      one.guard.getHold((await one.guard.hold({ amount: '5.00', reference, state: 'sent' })).reference);
    const held = await hold('a');
    if (!held) throw new Error('no hold');
    const keyOf = (more = {}) => conditionOf.paidTwice({ hold: { ...held, ...more }, times: 2 }, 0)?.key;
    expect(keyOf({ state: 'captured' })).toBe(keyOf());
    expect(keyOf({ attempt: 'b/2' })).not.toBe(keyOf());
  });
});

describe('daily limits that a loss of data made unknown', () => {
  it('are raised once for each loss, whichever process is refused', async () => {
    const wallet = scriptedWallet();
    const store = Object.assign(memoryStore({ clock: wallet.clock }), { limits: 'durable' as const });
    const { one, other, raised } = two({ store, limits: { perDay: '10.00', timeZone: 'UTC' } }, wallet);
    const refusedBy = ({ guard }: Watch) =>
      expect(guard.hold({ amount: '5.00', reference: 'a' })).rejects.toMatchObject({ code: 'limits_unknown' });
    await Promise.all([one, other, one].map(refusedBy));
    const began = new Date(wallet.clock.now());
    const midnight = new Date(began).setUTCHours(24, 0, 0, 0);
    expect(await raised()).toEqual([`limits_unknown ${began.toISOString()} ${new Date(midnight).toISOString()}`]);
    expect(warnings).toEqual([]);
  });
});

describe('an outcome that the store contradicts', () => {
  it('is raised with both states and the next step', async () => {
    const { one, other, alerts } = two();
    let attempt = '';
    const paying = one.guard.withHold({ amount: '5.00', reference: 'a' }, async (hold) => {
      attempt = hold.attempt;
      // A webhook reports it as made, and the payment code as rejected.
      await other.guard.capture('a');
      throw new PayoutRejectedError();
    });
    await expect(paying).rejects.toMatchObject({ code: 'payout_rejected' });
    const about = { reference: 'a', wallet: 'default', attempt, wanted: 'released', found: 'captured' };
    expect(await alerts()).toEqual([
      {
        id: expect.any(String),
        kind: 'contradiction',
        message:
          `Payout a of wallet default was not made, but the store has it as captured (attempt ${attempt}). Nothing ` +
          'was changed. Check it with the provider. If it was not made, expect the balance to be higher than its ' +
          'payouts explain.',
        ...about,
        at: new Date(one.wallet.clock.now()).toISOString(),
      },
    ]);
    expect(warnings).toEqual([]);
  });

  it('is the same one for the same attempt and outcome', () => {
    const keyOf = (attempt: string, wanted: 'captured' | 'released') =>
      conditionOf.contradiction({ reference: 'a', wallet: 'w', attempt, wanted, found: 'unknown' }, 0)?.key;
    const keys = [keyOf('1', 'captured'), keyOf('1', 'captured'), keyOf('2', 'captured'), keyOf('1', 'released')];
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(3);
    // The key of a note has 256 characters at most, that of a monitor's 223 with its longest name.
    expect(keyOf('x'.repeat(1_000), 'captured')?.length).toBe('hold/a/contradiction/'.length + 16);
  });
});
