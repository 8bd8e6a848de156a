// The module of the user that exports the guard: every form of it, and what is wrong with others.
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, observing } from 'payout-guard';
import { memoryHistory } from 'payout-guard/history';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { closedBy, file, moduleOf, run, secret } from './support.js';

collectWarnings();

const statusOf = (name: string) => run(['status', '--guard', name, '--json']);
const made = () => scriptedWallet('1000.00').guard();

describe('a guard module', () => {
  it.each<[string, () => Readonly<Record<string, unknown>>]>([
    ['exports guard', () => ({ guard: made() })],
    ['has a guard as its default', () => ({ default: made() })],
    ['has an object with a guard as its default', () => ({ default: { guard: made(), history: memoryHistory() } })],
    ['has a function as its default', () => ({ default: () => made() })],
    ['has an async function that returns an object', () => ({ default: async () => ({ guard: made() }) })],
    ['was compiled to CommonJS', () => ({ default: { __esModule: true, default: made() } })],
    ['exports a guard that is wrapped', () => ({ guard: observing(made()) })],
  ])('%s', async (_, exports) => {
    const { code, out } = await statusOf(await moduleOf(exports()));
    expect(code).toBe(0);
    expect(JSON.parse(out).wallets).toMatchObject([{ wallet: 'default', funds: { available: '1000.00' } }]);
  });

  it('is found in the working directory', async () => {
    (globalThis as Record<string, unknown>).payoutGuardCliDefault = made();
    await file('payout-guard.config.mjs', 'export const guard = globalThis.payoutGuardCliDefault;');
    expect(await run(['status'])).toMatchObject({ code: 0, out: expect.stringContaining('1000.00') });
  });

  it('closes what it exports, in the order of a shutdown', async () => {
    const closed: string[] = [];
    const noting = (name: string) => async () => void closed.push(name);
    const real = made();
    const guard = closedBy(real, () => {
      closed.push('guard');
      return real.close();
    });
    const name = await moduleOf({
      guard,
      monitor: { check: async () => {}, close: noting('monitor') },
      history: { query: async () => {}, close: noting('history') },
      store: { name: 'sqlite', totals: async () => {}, close: noting('store') },
      close: noting('connections'),
    });
    expect((await statusOf(name)).code).toBe(0);
    expect(closed).toEqual(['guard', 'monitor', 'history', 'store', 'connections']);
  });

  it('is reported when it cannot be closed, without the text of the error', async () => {
    const close = () => Promise.reject(Object.assign(new Error(secret), { code: 'ECONNRESET' }));
    const { code, err } = await statusOf(await moduleOf({ guard: made(), close }));
    expect([code, err]).toEqual([0, expect.stringContaining('closing close failed with ECONNRESET')]);
  });
});

describe('a wrong guard module', () => {
  const throws = (text: string) => `throw ${text}`;

  it.each<[string, string, number, string]>([
    ['is missing', '', 2, '--guard: there is no file missing.mjs'],
    ['exports nothing', 'export {};', 1, 'exports no guard. Export `guard`, made by createPayoutGuard'],
    ['exports another value', `export const guard = { url: '${secret}' };`, 1, 'exports no guard'],
    ['exports text', `export const guard = '${secret}';`, 1, 'exports no guard'],
    ['throws', throws(`new Error('password ${secret}')`), 1, 'cannot be loaded: it failed with Error. Run `node '],
    ['throws a code', throws(`Object.assign(new TypeError('${secret}'), { code: 'ECONNREFUSED' })`), 1, 'ECONNREFUSED'],
    ['throws text', throws(`'${secret}'`), 1, 'it failed with an error'],
    ['throws with a secret as its name', throws(`Object.assign(new Error(), { name: 'a ${secret}' })`), 1, 'an error'],
    ['has a function that throws', `export default async () => { ${throws(`new Error('${secret}')`)} };`, 1, 'Error'],
    ['is no JavaScript', `const = '${secret}'`, 1, 'it failed with SyntaxError'],
  ])('that %s is named', async (what, text, code, message) => {
    const name = what === 'is missing' ? 'missing.mjs' : await file('bad.mjs', text);
    const outcome = await run(['status', '--guard', name]);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toContain(message);
  });

  it('whose options are wrong is reported with our own message', async () => {
    const options = () => {
      throw new ConfigurationError(['currency: "KSH" is not an ISO 4217 code']);
    };
    const { code, err } = await run(['status', '--guard', await moduleOf({ default: options })]);
    expect([code, err]).toEqual([1, expect.stringContaining('currency: "KSH" is not an ISO 4217 code')]);
  });

  it('of another version of this package is refused', async () => {
    const guard = { ...made(), internals: { wallets: () => [] } };
    const { code, err } = await run(['status', '--guard', await moduleOf({ guard })]);
    expect([code, err]).toEqual([1, expect.stringContaining('of another version of payout-guard')]);
  });

  it.each(['history', 'monitor', 'store'])('whose %s is none is refused', async (name) => {
    const { code, err } = await run(['status', '--guard', await moduleOf({ guard: made(), [name]: {} })]);
    expect([code, err]).toEqual([1, expect.stringContaining(`its export \`${name}\` has no `)]);
  });

  it('is missing everywhere: the names are listed', async () => {
    const { code, err } = await run(['status']);
    expect([code, err]).toEqual([2, expect.stringContaining('there is no payout-guard.config.js here')]);
  });
});
