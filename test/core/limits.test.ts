// Limits of a wallet as an application sees them, on the memory store. Their options are in guard-options.test.ts.
import { describe, expect, it, jest } from '@jest/globals';
import {
  type GuardEvents,
  type HoldStore,
  type LimitedPayout,
  type LimitSettings,
  memoryStore,
  type PayoutGuard,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

const anHourMs = 3_600_000;
/** 2023-11-14, 22:13:20 in UTC: in Nairobi the 15th, 1:13:20 at night. */
const startMs = 1_700_000_000_000;
const nairobi = { timeZone: 'Africa/Nairobi', countSinceStart: true } as const;

interface Limited {
  readonly wallet: ScriptedWallet;
  readonly guard: PayoutGuard;
  /** Holds an amount, to a payee if one is named; resolves to `held` or the refusal in words. */
  pay(reference: string, amount: string, more?: { fee?: string; to?: string }): Promise<string>;
}

function limited(limits: LimitSettings, store?: HoldStore): Limited {
  const wallet = scriptedWallet('1000000.00');
  const guard = wallet.guard({ limits, ...(store && { store }) });
  const pay: Limited['pay'] = async (reference, amount, { fee, to } = {}) => {
    try {
      await guard.hold({ reference, amount, fee, fingerprint: to, state: 'sent' });
      return 'held';
    } catch (error) {
      const { code, limit, temporary, used } = error as Record<string, unknown>;
      return code === 'limit_exceeded' ? `${limit} ${temporary ? `at ${used}` : 'alone'}` : String(code);
    }
  };
  return { wallet, guard, pay };
}

describe('a limit for one payout', () => {
  it('counts the fee, and refuses without asking the provider', async () => {
    const { wallet, guard, pay } = limited({ perPayout: '500.00' });
    expect(await pay('a', '490.00', { fee: '10.01' })).toBe('perPayout alone');
    expect(wallet.asked).toBe(0);
    expect(await pay('a', '490.00', { fee: '10.00' })).toBe('held');
    const error = await thrownBy(guard.hold({ reference: 'b', amount: '500.01' }));
    expect(error).toMatchObject({
      name: 'LimitExceededError',
      code: 'limit_exceeded',
      status: 422,
      wallet: 'default',
      limit: 'perPayout',
      temporary: false,
      required: '500.01',
      allowed: '500.00',
      used: '0.00',
      remaining: '500.00',
      currency: 'KES',
      retryAfterMs: undefined,
    });
    expect(JSON.stringify(error)).not.toMatch(/500/);
  });

  it('refuses advice and preparation as well', async () => {
    const { guard } = limited({ perPayout: '500.00' });
    const payout = { reference: 'a', amount: '500.01' };
    const refusal = { code: 'limit_exceeded', status: 422 };
    await expect(guard.checkFunds('500.01')).rejects.toMatchObject(refusal);
    await expect(guard.assertSufficientFunds('500.01')).rejects.toMatchObject(refusal);
    await expect(guard.prepare(payout)).rejects.toMatchObject(refusal);
    await expect(guard.withHold(payout, async () => {})).rejects.toMatchObject(refusal);
    expect((await guard.checkFunds('500.00')).sufficient).toBe(true);
  });

  it('that was lowered does not hide a payout that was made or is under way', async () => {
    const store = memoryStore();
    const { wallet, guard, pay } = limited({ perPayout: '500.00' }, store);
    const before = wallet.guard({ store });
    await before.hold({ reference: 'a', amount: '900.00', state: 'sent' });
    expect(await pay('a', '900.00')).toBe('payout_in_progress');
    await guard.capture('a');
    expect(await pay('a', '900.00')).toBe('duplicate_reference');
    expect(await pay('a', '800.00')).toBe('hold_conflict');
    expect(await pay('b', '900.00')).toBe('perPayout alone');
  });

  it('is told apart from too little money', async () => {
    const { wallet, guard, pay } = limited({ perPayout: '500.00' });
    wallet.balance = { available: '400.00', currency: 'KES' };
    const failures: string[] = [];
    guard.on('insufficient', ({ reference }) => failures.push(`insufficient ${reference}`));
    guard.on('checkFailed', ({ error, reference }) => failures.push(`${error.code} ${reference}`));
    expect(await pay('a', '450.00')).toBe('insufficient_funds');
    expect(await pay('b', '550.00')).toBe('perPayout alone');
    expect(failures).toEqual(['insufficient a', 'limit_exceeded b']);
  });
});

describe('a limit per day', () => {
  it('refuses what is left over, until the day ends in its time zone', async () => {
    const { wallet, guard, pay } = limited({ ...nairobi, perDay: '1000.00' });
    expect(await pay('a', '600.00')).toBe('held');
    expect(await pay('b', '1000.01')).toBe('perDay alone');
    const error = await thrownBy(guard.hold({ reference: 'b', amount: '395.00', fee: '5.01' }));
    // Midnight in Nairobi is 21:00 in UTC.
    const until = new Date('2023-11-15T21:00:00Z');
    expect(error).toMatchObject({
      status: 429,
      limit: 'perDay',
      temporary: true,
      required: '400.01',
      used: '600.00',
      remaining: '400.00',
      until,
      retryAfterMs: until.getTime() - startMs,
    });
    expect(await pay('b', '395.00', { fee: '5.00' })).toBe('held');
    wallet.clock.advance(until.getTime() - startMs - 1);
    expect(await pay('c', '0.01')).toBe('perDay at 1000.00');
    wallet.clock.advance(1);
    expect(await pay('c', '1000.00')).toBe('held');
  });

  it('gives back what was released, expired or debited less, and counts what was debited more', async () => {
    const { wallet, guard, pay } = limited({ ...nairobi, perDay: '1000.00' });
    const above: GuardEvents['debitAboveHold'][] = [];
    guard.on('debitAboveHold', (event) => above.push(event));
    await pay('released', '400.00');
    await guard.hold({ reference: 'expired', amount: '300.00', expiresInMs: 1_000 });
    await pay('less', '300.00');
    expect(await pay('x', '0.01')).toBe('perDay at 1000.00');
    await guard.release('released');
    expect(await pay('x', '400.01')).toBe('perDay at 600.00');
    wallet.clock.advance(1_000);
    expect(await pay('x', '700.01')).toBe('perDay at 300.00');
    await guard.capture('less', '100.00');
    expect(above).toEqual([]);
    expect(await pay('more', '900.00')).toBe('held');
    await guard.capture('more', '1200.00');
    expect(above).toMatchObject([{ hold: { reference: 'more', amount: '900.00', captured: '1200.00' } }]);
    const error = await thrownBy(guard.hold({ reference: 'x', amount: '0.01' }));
    expect(error).toMatchObject({ used: '1300.00', remaining: '0.00' });
  });

  it('counts a payout that was made after its release again, on the day of its grant', async () => {
    const { wallet, guard, pay } = limited({ ...nairobi, perDay: '1000.00' });
    guard.on('paidAfterRelease', () => {});
    const { attempt } = await guard.hold({ reference: 'late', amount: '600.00', expiresInMs: 1_000 });
    wallet.clock.advance(1_000);
    expect(await pay('a', '400.00')).toBe('held');
    await guard.capture('late', undefined, { attempt });
    expect(await pay('b', '0.01')).toBe('perDay at 1000.00');
    wallet.clock.advance(Date.parse('2023-11-15T21:00:00Z') - wallet.clock.now());
    const old = await guard.hold({ reference: 'old', amount: '700.00', expiresInMs: 1_000 });
    wallet.clock.advance(24 * anHourMs);
    // It counts on the day before, where nothing depends on it any more.
    await guard.capture('old', undefined, { attempt: old.attempt });
    expect(await pay('c', '1000.00')).toBe('held');
  });

  it('does not count a payout twice that is held and then paid', async () => {
    const { guard, pay } = limited({ ...nairobi, perDay: '1000.00' });
    const hold = await guard.hold({ reference: 'a', amount: '600.00' });
    await hold.pay(async () => hold.capture());
    expect(await pay('b', '400.00')).toBe('held');
    expect(await pay('c', '0.01')).toBe('perDay at 1000.00');
  });

  it('follows the clock of the store, however wrong the one of the process is', async () => {
    const { wallet, guard, pay } = limited(
      { ...nairobi, perDay: '1000.00' },
      memoryStore({ clock: { now: () => startMs + 100 * 24 * anHourMs, elapsed: () => 0 } }),
    );
    expect(await pay('a', '1000.00')).toBe('held');
    wallet.clock.step(-1_000 * 24 * anHourMs);
    expect(await pay('b', '0.01')).toBe('perDay at 1000.00');
    const error = await thrownBy(guard.hold({ reference: 'b', amount: '0.01' }));
    expect(error).toMatchObject({ until: new Date('2024-02-23T21:00:00Z') });
  });

  it('gives up on a store whose day changes with every answer', async () => {
    const store = memoryStore();
    let nowMs = startMs;
    const hold: HoldStore['hold'] = () => {
      nowMs += 24 * anHourMs;
      return { outcome: 'stale_day', nowMs };
    };
    const { guard } = limited({ ...nairobi, perDay: '1000.00' }, changed(store, { hold }));
    await expect(guard.hold({ reference: 'a', amount: '1.00' })).rejects.toMatchObject({
      code: 'balance_unavailable',
      reason: 'store',
      detail: 'its clock changes again and again',
    });
  });

  it('has 23 or 25 hours where clocks change', async () => {
    const { wallet, pay } = limited({ perDay: '1000.00', timeZone: 'Europe/Berlin', countSinceStart: true });
    for (const [midnight, hours] of [
      ['2024-03-30T23:00:00Z', 23],
      ['2024-10-26T22:00:00Z', 25],
    ] as const) {
      wallet.clock.advance(Date.parse(midnight) - wallet.clock.now());
      expect(await pay(midnight, '1000.00')).toBe('held');
      wallet.clock.advance(hours * anHourMs - 1);
      expect(await pay(`${midnight}b`, '0.01')).toBe('perDay at 1000.00');
      wallet.clock.advance(1);
      expect(await pay(`${midnight}b`, '1000.00')).toBe('held');
    }
  });
});

describe('a limit per payee', () => {
  it('knows payees by their fingerprint, and refuses a payout without one', async () => {
    const { guard, pay } = limited({ ...nairobi, perPayee: { perDay: '100.00' }, perDay: '150.00' });
    expect(await pay('a', '100.00', { to: '254700000001' })).toBe('held');
    expect(await pay('b', '0.01', { to: '254700000001' })).toBe('perPayee at 100.00');
    expect(await pay('c', '50.00', { to: '254700000002' })).toBe('held');
    expect(await pay('d', '50.00', { to: '254700000003' })).toBe('perDay at 150.00');
    expect(await pay('e', '100.01', { to: '254700000003' })).toBe('perPayee alone');
    const nobody = (await thrownBy(guard.hold({ reference: 'f', amount: '1.00' }))) as Error;
    expect(nobody).toMatchObject({ code: 'invalid_argument', status: 400, argument: 'fingerprint' });
    expect(nobody.message).toMatch(/limits what one payee may get/);
    await expect(guard.prepare({ reference: 'f', amount: '1.00' })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('takes the key of a function, and nothing but a text', async () => {
    let answer: unknown = 'group-1';
    const key = jest.fn((_: LimitedPayout) => answer as string | undefined);
    const { guard, pay } = limited({ ...nairobi, perPayee: { perDay: '100.00', key } });
    expect(await pay('a', '60.00', { to: 'one' })).toBe('held');
    expect(await pay('b', '60.00', { to: 'two' })).toBe('perPayee at 60.00');
    expect(key).toHaveBeenLastCalledWith({ amount: '60.00', reference: 'b', fingerprint: 'two' });
    answer = undefined;
    const missing = await thrownBy(guard.hold({ reference: 'c', amount: '1.00' }));
    expect(missing).toMatchObject({ code: 'invalid_argument', argument: 'limits.perPayee.key' });
    for (const odd of ['', 7, null, Promise.resolve('payee')]) {
      answer = odd;
      expect(await pay('c', '1.00')).toBe('configuration');
    }
    key.mockImplementation(() => {
      throw new Error('no payee');
    });
    expect(await pay('c', '1.00')).toBe('configuration');
  });
});
