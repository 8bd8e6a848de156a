// Daily limits whose counters lack a part of the day, because the store is new or lost data.
import { describe, expect, it, jest } from '@jest/globals';
import { memoryStore, type PayoutGuard } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

/** 2023-11-14, 22:13:20 in UTC: in Nairobi the 15th, 1:13:20 at night. */
const startMs = 1_700_000_000_000;

interface AfterLoss {
  readonly wallet: ScriptedWallet;
  readonly guard: PayoutGuard;
  readonly events: readonly string[];
  /** Holds an amount; resolves to `held` or the code of the refusal. */
  pay(reference: string, amount: string): Promise<string>;
}

describe('B2. counters that lack a part of the day', () => {
  /** A store whose memory began in the course of the day, as one that lost its data. */
  function afterLoss(): AfterLoss {
    const wallet = scriptedWallet('1000000.00');
    const store = memoryStore({ clock: wallet.clock });
    const guard = wallet.guard({
      limits: { perDay: '1000.00', timeZone: 'Africa/Nairobi' },
      store: Object.assign(store, { limits: 'durable' }),
    });
    const events: string[] = [];
    guard.on('limitsUnknown', ({ since, until }) => events.push(`${since.toISOString()} to ${until.toISOString()}`));
    guard.on('limitsAccepted', ({ wallet: key }) => events.push(`accepted ${key}`));
    const pay: AfterLoss['pay'] = async (reference, amount) =>
      guard.hold({ reference, amount, state: 'sent' }).then(
        () => 'held',
        (error) => error.code,
      );
    return { wallet, guard, pay, events };
  }

  it('refuse until midnight in the time zone of the wallet', async () => {
    const { wallet, pay, events } = afterLoss();
    const midnightMs = Date.parse('2023-11-15T21:00:00Z');
    expect(await pay('a', '1.00')).toBe('limits_unknown');
    wallet.clock.advance(midnightMs - startMs - 1);
    expect(await pay('a', '1.00')).toBe('limits_unknown');
    wallet.clock.advance(1);
    expect(await pay('a', '1000.00')).toBe('held');
    expect(await pay('b', '0.01')).toBe('limit_exceeded');
    expect(events).toEqual(['2023-11-14T22:13:20.000Z to 2023-11-15T21:00:00.000Z']);
  });

  it('refuse until an operator accepts them', async () => {
    const { guard, pay, events } = afterLoss();
    expect(await pay('a', '1.00')).toBe('limits_unknown');
    await guard.acceptLimits('default');
    expect(await pay('a', '1000.00')).toBe('held');
    expect(await pay('b', '0.01')).toBe('limit_exceeded');
    expect(events.at(-1)).toBe('accepted default');
  });

  it('refuse with the next step, for the operator and not for the client', async () => {
    const { guard } = afterLoss();
    const error = (await thrownBy(guard.hold({ reference: 'a', amount: '1.00' }))) as Error;
    expect(error).toMatchObject({
      name: 'LimitsUnknownError',
      status: 503,
      expose: false,
      retryAfterMs: 60_000,
      since: new Date(startMs),
      until: new Date('2023-11-15T21:00:00Z'),
    });
    expect(error.message).toBe(
      'Daily limits unknown: the store is new or lost data at 2023-11-14T22:13:20.000Z, so payouts of this day may ' +
        'be missing from it. Wallet "default" pays nothing until 2023-11-15T21:00:00.000Z, the end of the day in ' +
        'Africa/Nairobi. To pay before, check what was paid today and call guard.acceptLimits("default").',
    );
  });

  it('are a process warning, once, if nothing listens', async () => {
    const wallet = scriptedWallet();
    const store = Object.assign(memoryStore({ clock: wallet.clock }), { limits: 'durable' as const });
    const guard = wallet.guard({ limits: { perDay: '10.00', timeZone: 'UTC' }, store });
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    for (const reference of ['a', 'b']) await thrownBy(guard.hold({ reference, amount: '1.00' }));
    const warned = warn.mock.calls.filter(
      ([, options]) => (options as { code?: string })?.code === 'PAYOUT_GUARD_LIMITS',
    );
    warn.mockRestore();
    expect(warned.length).toBe(1);
    expect(warned[0]?.[0]).toMatch(/call guard\.acceptLimits\("default"\)/);
  });

  it('are accepted for a wallet that has limits per day, and for no other', async () => {
    const guard = scriptedWallet().guard({ limits: { perPayout: '1.00' } });
    await expect(guard.acceptLimits('default')).rejects.toMatchObject({ code: 'invalid_argument', argument: 'wallet' });
  });
});
