// Wallets that a function finds, guards that only settle, and dangerous setups.
import { describe, expect, it } from '@jest/globals';
import {
  type BalanceProvider,
  createPayoutGuard,
  type FindWallet,
  memoryStore,
  type PayoutGuard,
  type WalletSettings,
} from 'payout-guard';
import { callsAbout } from '../support/calls.js';
import { thrownBy } from '../support/errors.js';
import { deferred, scriptedWallet, stoppedClock } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { account, guardOf } from './wallets-support.js';

const warnings = collectWarnings();
const conflict = (text: string) => ({ code: 'configuration', status: 500, message: expect.stringContaining(text) });

describe('W3. wallets that a function finds', () => {
  function found(settings: Record<string, WalletSettings>, isLate = false) {
    const asked: string[] = [];
    const find: FindWallet = (key) => {
      asked.push(key);
      return isLate ? Promise.resolve(settings[key]) : settings[key];
    };
    return { find, asked };
  }

  it.each([false, true])('are requested once per key by concurrent calls (late: %p)', async (isLate) => {
    const { find, asked } = found({ a: { provider: account('1'), currency: 'KES' } }, isLate);
    const guard = guardOf(find);
    await Promise.all([guard.checkFunds('1.00', { wallet: 'a' }), guard.checkFunds('1.00', { wallet: 'a' })]);
    await guard.hold({ wallet: 'a', amount: '1.00', reference: 'p-1' });
    expect(asked).toEqual(['a']);
    expect(await thrownBy(guard.checkFunds('1.00', { wallet: 'b' }))).toMatchObject(conflict('unknown wallet "b"'));
    expect(await thrownBy(guard.checkFunds('1.00'))).toMatchObject({ code: 'invalid_argument' });
    await guard.close();
  });

  it.each([
    ['throws', () => thrower(), 'wallets: threw an error'],
    ['rejects', () => Promise.reject(new Error('secret of the database')), 'wallets: threw an error'],
    ['returns null', () => null, 'wallets()'],
    ['returns a text', () => 'jpay', 'wallets()'],
    ['returns settings with a typo', () => ({ provider: account('1'), currency: 'KES', flor: '1' }), 'wallets()'],
  ])('that %s is an error of its own (F1)', async (_, find, problem) => {
    const guard = guardOf(find as FindWallet);
    const error = await thrownBy(guard.checkFunds('1.00', { wallet: 'a' }));
    expect(error).toMatchObject(conflict(problem));
    expect(String(error)).not.toContain('secret');
    await guard.close();
  });

  it('that hangs is abandoned after fetchTimeoutMs', async () => {
    const guard = createPayoutGuard({ wallets: () => new Promise(() => {}), fetchTimeoutMs: 100 });
    expect(await thrownBy(guard.checkFunds('1.00', { wallet: 'a' }))).toMatchObject({ reason: 'timeout' });
    await guard.close();
  });

  it('are evicted when unused, requested again when used, and kept while a payout is under way', async () => {
    const settings = Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((key) => [key, { provider: account(key), currency: 'KES' }]),
    );
    const { find, asked } = found(settings);
    const guard = createPayoutGuard({ wallets: find, cache: { maxWallets: 1 } });
    const gate = deferred<void>();
    const paying = guard.withHold({ wallet: 'a', amount: '1.00', reference: 'p-1' }, () => gate.promise);
    for (const wallet of ['b', 'c', 'b']) await guard.checkFunds('1.00', { wallet });
    expect(asked).toEqual(['a', 'b', 'c', 'b']);
    await guard.getHold('p-1');
    expect(asked).toEqual(['a', 'b', 'c', 'b']);
    gate.resolve();
    await paying;
    await guard.getHold('p-1');
    expect(asked).toEqual(['a', 'b', 'c', 'b', 'a']);
    await guard.close();
  });

  it('are requested again after their credentials were refused', async () => {
    const { BalanceUnavailableError } = await import('payout-guard');
    const refused = account('1', { fetchBalance: () => Promise.reject(new BalanceUnavailableError('unauthorized')) });
    const settings: Record<string, WalletSettings> = { a: { provider: refused, currency: 'KES' } };
    const { find, asked } = found(settings);
    const guard = guardOf(find);
    expect(await thrownBy(guard.checkFunds('1.00', { wallet: 'a' }))).toMatchObject({ reason: 'unauthorized' });
    settings.a = { provider: account('1'), currency: 'KES' };
    expect((await guard.checkFunds('1.00', { wallet: 'a', refresh: true })).sufficient).toBe(true);
    expect(asked).toEqual(['a', 'a']);
    await guard.close();
  });

  it('are found by the keys of undecided payouts, so that another process settles them', async () => {
    const store = memoryStore();
    const settings = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [
        `m/${index}`,
        { provider: account(`${index}`, { lookup: async () => ({ outcome: 'completed' }) }), currency: 'KES' },
      ]),
    );
    const payer = guardOf(found(settings).find, store);
    for (const wallet of Object.keys(settings)) {
      await payer.withHold({ wallet, amount: '1.00', reference: `p-${wallet}` }, () => 'accepted');
    }
    const { find, asked } = found(settings, true);
    const other = createPayoutGuard({ wallets: find, store, lookupsPerSecond: 1_000 });
    expect(await other.reconcile({ olderThanMs: 0 })).toMatchObject({ captured: 150, open: 0 });
    expect(new Set(asked).size).toBe(150);
    await payer.close();
    await other.close();
  });

  it('report keys of undecided payouts that no process serves', async () => {
    const clock = stoppedClock();
    const store = memoryStore({ clock });
    const payer = createPayoutGuard({ wallets: { gone: { provider: account('1'), currency: 'KES' } }, store, clock });
    await payer.withHold({ amount: '1.00', reference: 'p-1' }, () => 'accepted');
    const others = [
      createPayoutGuard({ wallets: found({}).find, store, clock }),
      createPayoutGuard({ wallets: { kept: { provider: account('2'), currency: 'KES' } }, store, clock }),
    ];
    const orphans: string[] = [];
    for (const guard of others) guard.on('orphanWallet', ({ wallet }) => orphans.push(wallet));
    for (const guard of others) await guard.reconcile({ olderThanMs: 0 });
    expect(orphans).toEqual([]);
    clock.advance(900_000);
    for (const guard of others) await guard.reconcile({ olderThanMs: 0 });
    expect(orphans).toEqual(['gone', 'gone']);
    await payer.reconcile({ olderThanMs: 0 });
    for (const guard of others) await guard.reconcile({ olderThanMs: 0 });
    expect(orphans).toHaveLength(2);
    for (const guard of [payer, ...others]) await guard.close();
  });
});

function thrower(): never {
  throw new Error('secret of the database');
}

describe('W4. a guard that settles only', () => {
  const settleOnly = { settleOnly: true, providerName: 'scripted', currency: 'KES' } as const;

  it('lists, captures, releases and freezes, and never decides', async () => {
    const store = memoryStore();
    const payer = guardOf({ main: { provider: account('1'), currency: 'KES' } }, store);
    for (const reference of ['a', 'b']) await payer.withHold({ amount: '1.00', reference }, () => 'accepted');
    const settler = guardOf({ main: settleOnly }, store);
    expect((await settler.listHolds()).holds.map(({ amount, currency }) => `${amount} ${currency}`)).toEqual([
      '1.00 KES',
      '1.00 KES',
    ]);
    expect((await settler.capture('a', '0.99')).captured).toBe('0.99');
    expect((await settler.release('b')).failed).toBe(true);
    await settler.freeze('main', 'audit');
    expect(await thrownBy(payer.hold({ amount: '1.00', reference: 'c' }))).toMatchObject({ code: 'wallet_frozen' });
    for (const act of [
      () => settler.checkFunds('1.00'),
      () => settler.hold({ amount: '1.00', reference: 'd' }),
      () => settler.funds(),
    ]) {
      expect(await thrownBy(act())).toMatchObject({ code: 'configuration' });
    }
    await payer.close();
    await settler.close();
  });

  it('looks payouts up when a look-up is configured', async () => {
    const store = memoryStore();
    const payer = guardOf({ main: { provider: account('1'), currency: 'KES' } }, store);
    await payer.withHold({ amount: '1.00', reference: 'a' }, () => 'accepted');
    const settler = guardOf({ main: { ...settleOnly, lookup: async () => ({ outcome: 'completed' }) } }, store);
    expect((await settler.reconcile({ reference: 'a' })).captured).toBe(1);
  });

  it.each([
    ['as long as the service that pays', 60_000, 60_000],
    ['for 10 s when it is not told', undefined, 10_000],
  ])('counts a capture as held %s', async (_, visibilityLagMs, heldForMs) => {
    const clock = stoppedClock();
    const store = memoryStore({ clock });
    const payer = guardOf({ main: { provider: account('1'), currency: 'KES' } }, store);
    await payer.withHold({ amount: '1.00', reference: 'a' }, () => 'accepted');
    await guardOf({ main: { ...settleOnly, visibilityLagMs } }, store).capture('a');
    const { hold } = await store.get('a');
    expect(hold?.visibleAtMs).toBe(clock.now() + heldForMs);
  });

  it.each([
    ['another provider', { ...settleOnly, providerName: 'other' }],
    ['another currency', { ...settleOnly, currency: 'UGX' }],
  ])('refuses a wallet that the store knows with %s', async (_, settings) => {
    const store = memoryStore();
    const payer = guardOf({ main: { provider: account('1'), currency: 'KES' } }, store);
    await payer.withHold({ amount: '1.00', reference: 'a' }, () => 'accepted');
    expect(await thrownBy(guardOf({ main: settings }, store).capture('a'))).toMatchObject({ code: 'configuration' });
    expect((await payer.getHold('a'))?.state).toBe('sent');
  });

  it('answers holds of another service as foreign and retryable, never as missing', async () => {
    const store = memoryStore();
    const kes = guardOf({ kes: { provider: account('1'), currency: 'KES' } }, store);
    await kes.withHold({ amount: '1.00', reference: 'k-1' }, () => 'accepted');
    const ugx = guardOf(
      { ugx: { provider: account('2', { lookup: async () => ({ outcome: 'failed' }) }), currency: 'UGX' } },
      store,
    );
    const foreign = { code: 'foreign_wallet', status: 503, retryable: true, wallet: 'kes', reference: 'k-1' };
    for (const act of callsAbout('k-1', ugx)) expect(await thrownBy(act())).toMatchObject(foreign);
    expect((await ugx.listHolds()).holds).toEqual([]);
    expect(await ugx.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 0, open: 0, neverSeen: [] });
    expect((await kes.getHold('k-1'))?.state).toBe('sent');
    await kes.close();
    await ugx.close();
  });
});

describe('a setup that loses money in production', () => {
  it.each([
    ['one provider instance', (provider: BalanceProvider) => provider],
    ['two adapters for one account', (provider: BalanceProvider, name: string) => ({ ...provider, name })],
  ])('is reported once: guards of %s with stores of their own', async (title, another) => {
    const scripted = { ...scriptedWallet().provider, name: title.split(' ')[0] ?? '' };
    const guards: PayoutGuard[] = [createPayoutGuard({ provider: scripted, currency: 'KES' })];
    expect(warnings).toEqual([]);
    for (let more = 0; more < 2; more++) {
      guards.push(createPayoutGuard({ provider: another(scripted, scripted.name), currency: 'KES' }));
      expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_TWO_STORES']);
    }
    for (const guard of guards) await guard.close();
  });

  it('is not reported: guards of one balance with one store', async () => {
    const { provider } = scriptedWallet();
    const store = memoryStore();
    const guards = [0, 1].map(() => createPayoutGuard({ provider, currency: 'KES', store }));
    expect(warnings).toEqual([]);
    for (const guard of guards) await guard.close();
  });

  it('is reported: a memory store under PM2', async () => {
    const { provider } = scriptedWallet();
    process.env.NODE_APP_INSTANCE = '1';
    try {
      await createPayoutGuard({ provider, currency: 'KES' }).close();
      expect(warnings).toEqual([expect.stringMatching(/^PAYOUT_GUARD_MEMORY_STORE: This process runs under PM2/)]);
    } finally {
      delete process.env.NODE_APP_INSTANCE;
    }
  });
});
