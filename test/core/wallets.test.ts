// The wallets of a guard, rule by rule (W1 to W4): the owner of money and of holds.
import { describe, expect, it } from '@jest/globals';
import {
  createPayoutGuard,
  type HoldStore,
  memoryStore,
  type PayoutGuardOptions,
  type WalletSettings,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { account, guardOf } from './wallets-support.js';

const warnings = collectWarnings();
const conflict = (text: string) => ({ code: 'configuration', status: 500, message: expect.stringContaining(text) });

describe('several wallets in one guard', () => {
  const wallets = () => ({
    kes: { provider: account('jpay/1', { name: 'jpay' }, '1000.00'), currency: 'KES', floor: '100.00' },
    ugx: { provider: account('isw/1', { name: 'interswitch' }, '5000'), currency: 'UGX' },
  });

  it('have their own providers, currencies, floors and holds', async () => {
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

  it('refuse settings of a single wallet beside them', () => {
    const both = { wallets: wallets(), currency: 'KES' } as unknown as PayoutGuardOptions;
    expect(() => createPayoutGuard(both)).toThrow(/currency/);
  });

  it('fail independently: a provider that is down leaves the other wallets working', async () => {
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

  it('a refused key claims nothing: its identity can be used under the right key', async () => {
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

  it('is checked again in a new epoch, before the first decision', async () => {
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
    // After the loss, another service is the first to use the key.
    await guardOf({ a: { provider: account('2'), currency: 'KES' } }, store).checkFunds('1.00');
    expect(await thrownBy(guard.hold({ amount: '1.00', reference: 'p-2' }))).toMatchObject({ code: 'configuration' });
  });

  it('refuses a second key for one balance, also with other decimals of its currency', async () => {
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

  it('warns of an adapter without accountId, and distinguishes its wallets by key', async () => {
    const store = memoryStore();
    const provider = () => account(undefined, { name: 'nameless' });
    const guard = guardOf({ a: { provider: provider(), currency: 'KES' } }, store);
    expect(warnings).toEqual([
      'PAYOUT_GUARD_ACCOUNT: Provider nameless of wallet a has no accountId, ' +
        'so a second key for the same balance cannot be detected. Add one to the adapter.',
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

  it('names the old one in formerly, and both decide in the meantime', async () => {
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

  it('cannot change its currency with it', async () => {
    const store = memoryStore();
    await guardOf({ main: old }, store).checkFunds('1');
    const guard = guardOf(moved({ formerly: ['interswitch'], currency: 'KES' }), store);
    expect(await thrownBy(guard.checkFunds('1.00'))).toMatchObject({ code: 'configuration' });
  });
});
