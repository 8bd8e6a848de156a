// Funds, log output and options of a guard.
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  ConfigurationError,
  createPayoutGuard,
  type HoldStore,
  isPayoutGuardError,
  type LimitSettings,
  memoryStore,
  type PayoutGuardOptions,
} from 'payout-guard';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { storeWith } from './guard-support.js';

describe('funds', () => {
  it("shows the wallet, and the provider's other fields beside the balance", async () => {
    const wallet = scriptedWallet();
    wallet.balance = { available: '1000.00', currency: 'KES', details: { ledger: '9999.00' } };
    const store = storeWith(() => ({ epoch: 'e1', active: 100_00n, captured: 0n }));
    const { funds } = wallet.guard({ floor: '50.00', store });
    await funds();
    wallet.clock.advance(1_234);
    expect(await funds()).toEqual({
      wallet: 'default',
      currency: 'KES',
      available: '1000.00',
      held: '100.00',
      spendable: '850.00',
      floor: '50.00',
      asOf: new Date(wallet.clock.now() - 1_234),
      ageMs: 1_234,
      details: { ledger: '9999.00' },
    });
    expect(wallet.asked).toBe(1);
    await funds({ refresh: true });
    expect(wallet.asked).toBe(2);
  });
});

describe('log output', () => {
  it('shows no balance of a decision or an error unless its property is read', async () => {
    const wallet = scriptedWallet('7771.11');
    const { checkFunds, assertSufficientFunds } = wallet.guard();
    const decision = await checkFunds('1.00');
    const error = await assertSufficientFunds('99999.00').catch((thrown: unknown) => thrown);
    expect(isPayoutGuardError(error)).toBe(true);
    const written = [decision, error].map(
      (value) => `${inspect(value, { depth: 9, showHidden: false })}${JSON.stringify(value)}`,
    );
    expect(written.join()).not.toMatch(/7771|92227|99999/);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'InsufficientFundsError',
      code: 'insufficient_funds',
      status: 422,
      message: 'The wallet cannot cover this payout.',
      temporary: false,
    });
    expect(inspect(wallet.guard())).not.toMatch(/scripted|KES/);
  });
});

describe('the options', () => {
  const { provider } = scriptedWallet();
  const bad: [string, object, RegExp][] = [
    ['no provider', { provider: undefined }, /provider: must be a provider/],
    ['a provider that is none', { provider: {} }, /provider: must be a provider/],
    ['a currency that is none', { currency: 'KSH' }, /currency: "KSH" is not an ISO 4217/],
    ['a number for a currency', { currency: 404 }, /currency/],
    ['an odd exponent', { currency: { code: 'KES', exponent: 1.5 } }, /exponent/],
    ['a typo', { flor: '5' }, /flor/],
    ['a typo inside', { cache: { maxAge: 5 } }, /maxAge/],
    ['a negative floor', { floor: '-1' }, /floor: Invalid amount: it is negative/],
    ['a floor too precise', { floor: '0.001' }, /floor: .*decimals/],
    ['a bigint floor', { floor: 5n }, /floor: .*fromMinorUnits/],
    ['a balance older than two minutes', { cache: { maxAgeMs: 120_001 } }, /cache\.maxAgeMs/],
    ['a negative age', { cache: { maxAgeMs: -1 } }, /cache\.maxAgeMs/],
    ['half a millisecond', { cache: { maxAgeMs: 0.5 } }, /cache\.maxAgeMs/],
    ['no wallets to remember', { cache: { maxWallets: 0 } }, /cache\.maxWallets/],
    ['a refresh without pause', { minRefreshMs: 0 }, /minRefreshMs/],
    ['a lag beyond ten minutes', { visibilityLagMs: 600_001 }, /visibilityLagMs/],
    ['an end of payouts that is none', { settles: 'later' }, /settles/],
    ['a provider without a name', { provider: { ...provider, name: '' } }, /provider\.name/],
    ['a time to pay of nothing', { payWithinMs: 0 }, /payWithinMs/],
    ['an absence of less than an hour', { absentIsFailedAfterMs: 3_599_999 }, /absentIsFailedAfterMs/],
    ['the default wallet of before', { wallet: 'main' }, /wallet/],
    ['the mode of before', { mode: 'observe' }, /mode/],
    ['another status', { insufficientFundsStatus: 400 }, /insufficientFundsStatus/],
    ['a store that is none', { store: {} }, /store: must be a store/],
    ['a clock that is none', { clock: {} }, /clock/],
    ['a time limit of nothing', { fetchTimeoutMs: 0 }, /fetchTimeoutMs/],
    ['an amount that is none', { alwaysRefreshAbove: 'much' }, /alwaysRefreshAbove/],
  ];

  it.each(bad)('refuse %s', (_, option, message) => {
    const act = () => createPayoutGuard({ provider, currency: 'KES', ...option } as PayoutGuardOptions);
    expect(act).toThrow(ConfigurationError);
    expect(act).toThrow(message);
  });

  it('report every problem at once', () => {
    const act = () => createPayoutGuard({ provider, currency: 'KES', floor: '-1', alwaysRefreshAbove: 'x' });
    expect(act).toThrow(/floor.*alwaysRefreshAbove/s);
  });

  it('accept values at the limits', () => {
    const act = () =>
      createPayoutGuard({
        provider,
        currency: 'KES',
        floor: '0',
        cache: { maxAgeMs: 120_000, maxWallets: 1_000_000 },
        minRefreshMs: 100,
        fetchTimeoutMs: 60_000,
        insufficientFundsStatus: 402,
      });
    expect(act).not.toThrow();
  });

  it('set the status of insufficient funds', async () => {
    const guard = scriptedWallet('0.00').guard({ insufficientFundsStatus: 409 });
    await expect(guard.assertSufficientFunds('1.00')).rejects.toMatchObject({ status: 409 });
  });
});

describe('limits that cannot be kept are refused at creation', () => {
  const { provider } = scriptedWallet();
  const problemsOf = (limits: unknown, store?: HoldStore): readonly string[] => {
    try {
      createPayoutGuard({ provider, currency: 'KES', limits: limits as LimitSettings, store });
      return [];
    } catch (error) {
      return (error as { problems: readonly string[] }).problems;
    }
  };

  it.each<[unknown, RegExp]>([
    [{}, /^limits: name at least one of perPayout, perPayee and perDay$/],
    [{ timeZone: 'UTC' }, /^limits: name at least one/],
    [{ perDay: '10.00' }, /^limits: timeZone is required with a limit per day/],
    [{ perPayee: { perDay: '10.00' } }, /^limits: timeZone is required/],
    [
      { perDay: '10.00', timeZone: 'Africa/Kikuyu' },
      /^limits\.timeZone: must be an IANA name such as "Africa\/Nairobi"$/,
    ],
    [{ perPayout: '0' }, /^limits\.perPayout: .*zero/],
    [{ perPayout: '1.001' }, /^limits\.perPayout: /],
    [{ perDay: -1, timeZone: 'UTC' }, /^limits\.perDay: /],
    [{ perPayee: { perDay: 'x' }, timeZone: 'UTC' }, /^limits\.perPayee\.perDay: /],
    [{ perPayee: { perDay: '1', key: 'iban' }, timeZone: 'UTC' }, /^limits\.perPayee\.key: must be a function$/],
    [{ perPayee: { key: () => 'a' }, timeZone: 'UTC' }, /^limits\.perPayee\.perDay: must be an amount$/],
    [{ perPayot: '1.00' }, /^limits: .*perPayot/],
  ])('%j', (limits, problem) => {
    const problems = problemsOf(limits);
    expect(problems.some((text) => problem.test(text))).toBe(true);
  });

  it('the memory store takes limits per day only if it may forget them', () => {
    const limits = { perDay: '10.00', timeZone: 'UTC' };
    expect(problemsOf(limits)).toEqual([
      'limits: the memory store forgets at a restart what was paid on the day, so a limit per day could be spent ' +
        'twice; use sqliteStore, redisStore or postgresStore, or set limits.countSinceStart to accept it in a test',
    ]);
    expect(problemsOf({ ...limits, countSinceStart: true })).toEqual([]);
    expect(problemsOf({ perPayout: '10.00' })).toEqual([]);
  });

  it('a store that counts no limits takes none per day', () => {
    const store = changed(memoryStore(), { limits: undefined });
    expect(problemsOf({ perDay: '10.00', timeZone: 'UTC', countSinceStart: true }, store)).toEqual([
      'limits: the memory store counts no daily limits; use sqliteStore, redisStore or postgresStore',
    ]);
  });

  it('also of wallets that a function finds', async () => {
    const guard = createPayoutGuard({
      wallets: () => ({ provider, currency: 'KES', limits: { perDay: '10.00', timeZone: 'UTC' } }),
    });
    await expect(guard.hold({ wallet: 'w', reference: 'a', amount: '1.00' })).rejects.toMatchObject({
      code: 'configuration',
      problems: [expect.stringMatching(/^wallets\(\)\.limits: the memory store forgets/)],
    });
  });
});
