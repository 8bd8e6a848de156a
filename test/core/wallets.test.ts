// The wallets of a guard, rule by rule (W1 to W4): whose money it is, and whose holds.
import { describe, expect, it } from '@jest/globals';
import {
  type BalanceProvider,
  createPayoutGuard,
  type FindWallet,
  type HoldStore,
  memoryStore,
  type PayoutGuard,
  type PayoutGuardOptions,
  type WalletSettings,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { deferred, scriptedWallet, stoppedClock } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();
const conflict = (text: string) => ({ code: 'configuration', status: 500, message: expect.stringContaining(text) });

/** A provider of one account. */
function account(
  accountId: string | undefined,
  more: Partial<BalanceProvider> = {},
  available = '1000',
): BalanceProvider {
  return {
    name: 'scripted',
    accountId,
    debitVisibleAt: 'completion',
    visibleAfterMs: 0,
    fetchBalance: async ({ currency }) => ({ available, currency }),
    ...more,
  };
}

function guardOf(wallets: PayoutGuardOptions['wallets'], store: HoldStore = memoryStore()): PayoutGuard {
  return createPayoutGuard({ wallets, store } as PayoutGuardOptions);
}

describe('several wallets in one guard', () => {
  const wallets = () => ({
    kes: { provider: account('jpay/1', { name: 'jpay' }, '1000.00'), currency: 'KES', floor: '100.00' },
    ugx: { provider: account('isw/1', { name: 'interswitch' }, '5000'), currency: 'UGX' },
  });

  it('have providers, currencies, floors and holds of their own', async () => {
    const guard = guardOf(wallets());
    await guard.withHold({ wallet: 'kes', amount: '900.00', reference: 'k-1' }, () => 'accepted');
    await guard.withHold({ wallet: 'ugx', amount: '5000', reference: 'u-1' }, () => 'accepted');
    expect(await thrownBy(guard.hold({ wallet: 'kes', amount: '0.01', reference: 'k-2' }))).toMatchObject({
      code: 'insufficient_funds',
      currency: 'KES',
    });
    expect((await guard.funds({ wallet: 'ugx' })).spendable).toBe('0');
    const { holds } = await guard.listHolds();
    expect(holds.map(({ wallet, amount, currency }) => [wallet, amount, currency])).toEqual([
      ['kes', '900.00', 'KES'],
      ['ugx', '5000', 'UGX'],
    ]);
    expect((await guard.listHolds({ wallet: 'ugx' })).holds.map(({ reference }) => reference)).toEqual(['u-1']);
    expect((await guard.capture('u-1', '4999')).captured).toBe('4999');
    expect(await thrownBy(guard.capture('k-1', '899.999'))).toMatchObject({ code: 'invalid_amount' });
    await guard.close();
  });

  it('must be named, and only those that are configured can be', async () => {
    const guard = guardOf(wallets());
    expect(await thrownBy(guard.checkFunds('1'))).toMatchObject({ code: 'invalid_argument', argument: 'wallet' });
    expect(await thrownBy(guard.hold({ amount: '1', reference: 'a' }))).toMatchObject({ code: 'invalid_argument' });
    for (const wallet of ['default', 'KES', '__proto__', 'constructor', '', 7 as unknown as string]) {
      expect(await thrownBy(guard.checkFunds('1', { wallet }))).toMatchObject({ code: 'configuration' });
      expect(await thrownBy(guard.freeze(wallet, 'audit'))).toMatchObject({ code: 'configuration' });
    }
    const error = await thrownBy(guard.checkFunds('1', { wallet: 'other' }));
    expect(error).toMatchObject(conflict('unknown wallet "other"; add it to `wallets`'));
    await guard.close();
  });

  it('need not be named when there is one', async () => {
    const guard = guardOf({ only: wallets().kes });
    expect((await guard.checkFunds('1.00')).wallet).toBe('only');
    await guard.close();
  });

  it.each([
    ['none', {}, 'name at least one'],
    ['a key that is none', { 'my wallet': {} }, 'a key must be'],
    ['a wallet without a provider', { kes: { currency: 'KES' } }, 'wallets.kes.provider'],
    ['a typo', { kes: { ...wallets().kes, flor: '1' } }, 'wallets.kes.'],
    ['two problems', { kes: { ...wallets().kes, floor: '-1' }, ugx: { currency: 'UGX' } }, 'wallets.kes.floor'],
  ])('are refused with %s', (_, given, problem) => {
    expect(() => guardOf(given as never)).toThrow(problem);
  });

  it('and settings of one beside them are refused', () => {
    const both = { wallets: wallets(), currency: 'KES' } as unknown as PayoutGuardOptions;
    expect(() => createPayoutGuard(both)).toThrow(/currency/);
  });

  it('fail apart: a provider that is down leaves the other wallets working', async () => {
    const down = account('down', { fetchBalance: () => Promise.reject(new Error('down')) });
    const guard = guardOf({ up: wallets().ugx, down: { provider: down, currency: 'UGX' } });
    expect(await thrownBy(guard.checkFunds('1', { wallet: 'down' }))).toMatchObject({ reason: 'provider_error' });
    expect((await guard.checkFunds('1', { wallet: 'up' })).sufficient).toBe(true);
    await guard.close();
  });
});

describe('W1. a wallet has one identity, and an identity one wallet', () => {
  it.each([
    ['another account', account('2'), 'KES'],
    ['another provider', account('1', { name: 'other' }), 'KES'],
    ['another currency', account('1'), 'UGX'],
    ['another exponent', account('1'), { code: 'KES', exponent: 3 }],
  ] as const)('a key that the store knows with %s is refused at first use', async (_, provider, currency) => {
    const store = memoryStore();
    const first = guardOf({ main: { provider: account('1'), currency: 'KES' } }, store);
    await first.withHold({ amount: '10.00', reference: 'p-1' }, () => 'accepted');
    const second = guardOf({ main: { provider, currency } }, store);
    const refused = conflict('in the store this key is another balance');
    for (const act of [
      () => second.checkFunds('1'),
      () => second.hold({ amount: '1', reference: 'p-2' }),
      () => second.funds(),
      () => second.getHold('p-1'),
      () => second.capture('p-1'),
      () => second.release('p-1'),
      () => second.listHolds(),
      () => second.freeze('main', 'audit'),
      () => second.resume('p-1'),
    ]) {
      expect(await thrownBy(act())).toMatchObject(refused);
    }
    expect((await second.reconcile({ olderThanMs: 0 })).open).toBe(0);
    expect(codesOf(warnings)).toContain('PAYOUT_GUARD_WALLET');
    expect((await first.getHold('p-1'))?.state).toBe('sent');
    expect((await first.checkFunds('990.00')).sufficient).toBe(true);
    await first.close();
    await second.close();
  });

  it('two keys for one balance are refused, in one guard and in two', async () => {
    const store = memoryStore();
    const settings = { provider: account('1'), currency: 'KES' };
    const guard = guardOf({ a: settings, b: settings }, store);
    await guard.checkFunds('1.00', { wallet: 'a' });
    const twice = conflict('this balance is wallet "a" in the store already');
    expect(await thrownBy(guard.checkFunds('1.00', { wallet: 'b' }))).toMatchObject(twice);
    const other = guardOf({ c: { provider: account('1'), currency: 'KES' } }, store);
    expect(await thrownBy(other.hold({ amount: '1.00', reference: 'p-1' }))).toMatchObject(twice);
    expect((await guard.checkFunds('1.00', { wallet: 'a' })).sufficient).toBe(true);
    await guard.close();
    await other.close();
  });

  it('a key that was refused leaves nothing behind: its identity can be used under the right key', async () => {
    const store = memoryStore();
    await guardOf({ a: { provider: account('1'), currency: 'KES' } }, store).checkFunds('1.00');
    const mistaken = guardOf({ a: { provider: account('2'), currency: 'KES' } }, store);
    expect(await thrownBy(mistaken.checkFunds('1.00'))).toMatchObject({ code: 'configuration' });
    const right = guardOf({ b: { provider: account('2'), currency: 'KES' } }, store);
    expect((await right.checkFunds('1.00')).sufficient).toBe(true);
  });

  it('stays claimed when the store wrote the key and did not respond', async () => {
    const inner = memoryStore();
    let isSilent = true;
    const store = changed(inner, {
      swapNote: (key, expected, value) => {
        const answer = inner.swapNote(key, expected, value);
        if (isSilent && key === 'wallet/a') throw new Error('connection lost');
        return answer;
      },
    });
    const settings = { provider: account('1'), currency: 'KES' };
    expect(await thrownBy(guardOf({ a: settings }, store).checkFunds('1.00'))).toMatchObject({ reason: 'store' });
    isSilent = false;
    const twice = conflict('this balance is wallet "a" in the store already');
    expect(await thrownBy(guardOf({ b: settings }, store).checkFunds('1.00'))).toMatchObject(twice);
    expect((await guardOf({ a: settings }, store).checkFunds('1.00')).sufficient).toBe(true);
  });

  it('of a refused key is not claimed even when the store stops responding after the refusal', async () => {
    const inner = memoryStore();
    await guardOf({ a: { provider: account('1'), currency: 'KES' } }, inner).checkFunds('1.00');
    const store = changed(inner, { swapNote: () => Promise.reject(new Error('connection lost')) });
    const mistaken = guardOf({ a: { provider: account('2'), currency: 'KES' } }, store);
    expect(await thrownBy(mistaken.checkFunds('1.00'))).toMatchObject({ code: 'configuration' });
    const right = guardOf({ b: { provider: account('2'), currency: 'KES' } }, inner);
    expect((await right.checkFunds('1.00')).sufficient).toBe(true);
  });

  it('is checked again in a new epoch, before anything is decided in it', async () => {
    let inner = memoryStore();
    const store = new Proxy({} as HoldStore, {
      get: (_, name: keyof HoldStore) => {
        const value = inner[name];
        return typeof value === 'function' ? value.bind(inner) : value;
      },
    });
    const guard = guardOf({ a: { provider: account('1'), currency: 'KES' } }, store);
    await guard.hold({ amount: '1.00', reference: 'p-1' });
    inner = memoryStore();
    // After the loss another service is the first to use the key.
    await guardOf({ a: { provider: account('2'), currency: 'KES' } }, store).checkFunds('1.00');
    expect(await thrownBy(guard.hold({ amount: '1.00', reference: 'p-2' }))).toMatchObject({ code: 'configuration' });
  });

  it('refuses a second key for one balance, whatever the decimals that its currency is given', async () => {
    const store = memoryStore();
    await guardOf({ a: { provider: account('1'), currency: 'UGX' } }, store).checkFunds('1');
    const other = guardOf({ b: { provider: account('1'), currency: { code: 'UGX', exponent: 2 } } }, store);
    expect(await thrownBy(other.hold({ amount: '1', reference: 'p-1' }))).toMatchObject({ code: 'configuration' });
  });

  it('keeps only a hash of the account', async () => {
    const store = memoryStore();
    const notes: string[] = [];
    const { swapNote } = store;
    store.swapNote = (...note) => {
      notes.push(note.join(' '));
      return swapNote.apply(store, note);
    };
    await guardOf({ a: { provider: account('merchant 4711'), currency: 'KES' } }, store).checkFunds('1.00');
    expect(notes).toHaveLength(2);
    expect(notes.join()).not.toContain('4711');
    expect(notes[0]).toMatch(/^identity\/scripted [0-9a-f]{32} KES {2}a$/);
  });

  it('warns of an adapter without accountId, and tells its wallets apart by their keys', async () => {
    const store = memoryStore();
    const provider = () => account(undefined, { name: 'nameless' });
    const guard = guardOf({ a: { provider: provider(), currency: 'KES' } }, store);
    expect(warnings).toEqual([
      'PAYOUT_GUARD_ACCOUNT: Provider nameless of wallet a has no accountId, so a second key for the same balance cannot be detected. Add one to the adapter.',
    ]);
    await guard.checkFunds('1.00');
    const again = guardOf({ a: { provider: provider(), currency: 'KES' } }, store);
    expect((await again.checkFunds('1.00')).sufficient).toBe(true);
  });
});

describe('W2. a wallet that moves to another provider', () => {
  const old = { provider: account('service', { name: 'interswitch' }), currency: 'UGX' };
  const moved = (more: Partial<WalletSettings>) => ({
    main: { provider: account('terminal', { name: 'phoenix' }), currency: 'UGX', ...more },
  });

  it('names the old one in formerly, and both decide meanwhile', async () => {
    const store = memoryStore();
    const before = guardOf({ main: old }, store);
    await before.hold({ amount: '600', reference: 'p-1' });
    expect(await thrownBy(guardOf(moved({}), store).checkFunds('1'))).toMatchObject({ code: 'configuration' });
    expect(await thrownBy(guardOf(moved({ formerly: ['jpay'] }), store).checkFunds('1'))).toMatchObject({
      code: 'configuration',
    });
    const after = guardOf(moved({ formerly: ['interswitch'] }), store);
    expect((await after.checkFunds('401')).sufficient).toBe(false);
    expect((await after.checkFunds('400')).sufficient).toBe(true);
    expect((await before.checkFunds('400')).sufficient).toBe(true);
    const elsewhere = guardOf({ other: moved({}).main }, store);
    expect(await thrownBy(elsewhere.checkFunds('1'))).toMatchObject(conflict('wallet "main"'));
  });

  it('cannot change its currency by it', async () => {
    const store = memoryStore();
    await guardOf({ main: old }, store).checkFunds('1');
    const guard = guardOf(moved({ formerly: ['interswitch'], currency: 'KES' }), store);
    expect(await thrownBy(guard.checkFunds('1.00'))).toMatchObject({ code: 'configuration' });
  });
});

describe('W3. wallets that a function finds', () => {
  function found(settings: Record<string, WalletSettings>, isLate = false) {
    const asked: string[] = [];
    const find: FindWallet = (key) => {
      asked.push(key);
      return isLate ? Promise.resolve(settings[key]) : settings[key];
    };
    return { find, asked };
  }

  it.each([false, true])('are asked for once for each key, however many need it at once (late: %p)', async (isLate) => {
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

  it('that hangs ends with fetchTimeoutMs', async () => {
    const guard = createPayoutGuard({ wallets: () => new Promise(() => {}), fetchTimeoutMs: 100 });
    expect(await thrownBy(guard.checkFunds('1.00', { wallet: 'a' }))).toMatchObject({ reason: 'timeout' });
    await guard.close();
  });

  it('are forgotten when they are not used, asked for again then, and never while a payout is under way here', async () => {
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

  it('are found again after their credentials were refused', async () => {
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

  it('looks payouts up when it is told how', async () => {
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
    for (const act of [
      () => ugx.capture('k-1'),
      () => ugx.release('k-1'),
      () => ugx.getHold('k-1'),
      () => ugx.resume('k-1'),
      () => ugx.reconcile({ reference: 'k-1' }),
    ]) {
      expect(await thrownBy(act())).toMatchObject(foreign);
    }
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
