// The doctor finds each seeded mistake of a provider, of the setup and of the versions, and nothing in a good setup.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createPayoutGuard, observing, type PayoutGuard } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { stripe } from 'payout-guard/providers/stripe';
import { interswitchSimulator, stripeSimulator } from 'payout-guard/testing';
import { type Case, ends, examine, finds, machine, provider, simulator, sqlite } from './doctor-support.js';
import { file, folder, moduleOf, run, secret } from './support.js';

describe('the doctor', () => {
  it('finds nothing in a good setup: every check is ok, and it exits 0', async () => {
    const { code, found, oks } = await examine({});
    expect([code, found]).toEqual([0, []]);
    const checks = ['provider', 'currency', 'mode', 'clock', 'store', 'clock', 'overdue', 'history', 'versions'];
    expect(oks.map(({ check }) => check)).toEqual(checks);
    expect(oks[0]?.title).toBe(
      'default: interswitch answers, and the available balance decides; for display only: ledgerBalance, ' +
        'accountName, currencyCode',
    );
  });

  it('prints a table, the advice and a summary', async () => {
    const store = sqlite();
    const guard = createPayoutGuard({ provider: provider(), currency: 'UGX', store });
    const { code, out } = await run(['doctor', '--guard', await moduleOf({ guard })]);
    expect(code).toBe(0);
    expect(out).toMatch(/^RESULT {3}CHECK/);
    expect(out).toContain('\nwarning: what operators do is not recorded\n  Export `history` from the guard module');
    expect(out.endsWith('\n\n0 problems, 1 warning')).toBe(true);
  });

  const shifted = (ms: number) => ({ ...machine(), now: () => Date.now() + ms });
  const status = (code: number) => () => {
    simulator.fault({ kind: 'status', status: code, body: secret }, { times: 100 });
    return {};
  };

  it.each<Case>([
    ['wrong credentials', status(401), 'problem', 'provider', 'the provider rejected the credentials'],
    [
      'a key that the provider does not know',
      async () => {
        const { url, close } = await stripeSimulator();
        ends.push(close);
        const options = { secretKey: `sk_test_${secret}`, baseUrl: url, product: 'payouts' } as const;
        return { wallet: { provider: stripe({ ...options, webhookSecret: `whsec_${secret}` }), currency: 'USD' } };
      },
      'problem',
      'provider',
      'default: the provider rejected the credentials',
    ],
    ['a forbidden account', status(403), 'problem', 'provider', 'the provider refused access'],
    ['an unknown account', status(404), 'problem', 'provider', 'the provider answered with an error (HTTP 404)'],
    ['a limit of requests', status(429), 'problem', 'provider', 'the provider limits our requests'],
    [
      'another service at the address',
      () => {
        simulator.fault({ kind: 'body', body: '<html>', contentType: 'text/html' }, { times: 100 });
        return {};
      },
      'problem',
      'provider',
      "the provider's answer is not a balance",
    ],
    [
      'a provider that is down',
      async () => {
        const down = await interswitchSimulator({});
        await down.close();
        return { wallet: { provider: interswitch({ baseUrl: down.url, maxAttempts: 1 }) } };
      },
      'problem',
      'provider',
      'the provider could not be reached',
    ],
    ['a wrong currency', () => ({ wallet: { currency: 'KES' } }), 'problem', 'provider', 'this guard decides in KES'],
    [
      'wrong decimals',
      () => ({ wallet: { currency: { code: 'UGX', exponent: 2 } } }),
      'problem',
      'currency',
      'default: UGX with 2 decimals; ISO 4217 has 0',
    ],
    [
      'a test account in production',
      () => ({ context: { env: { NODE_ENV: 'production' } } }),
      'problem',
      'mode',
      'default: a test account (127.0.0.1:',
    ],
    [
      'an adapter without an account',
      () => ({ wallet: { provider: { ...provider(), accountId: undefined } } }),
      'warning',
      'account',
      'default: the adapter names no account',
    ],
    [
      'a clock far from that of the provider',
      () => ({ guard: { clock: shifted(-630_000) } }),
      'problem',
      'clock',
      'default: the clock of the provider is 10m ',
    ],
    [
      'a clock a little behind that of the provider',
      () => ({ guard: { clock: shifted(20_000) } }),
      'warning',
      'clock',
      'behind this one',
    ],
    [
      'a store whose clock is behind',
      () => ({ guard: { store: sqlite({ clock: shifted(-3_600_000) }) } }),
      'problem',
      'clock',
      'sqlite: the clock of the store is 1h behind this one',
    ],
    [
      'a missing webhook secret',
      async () => {
        const { url, close, secretKey } = await stripeSimulator();
        ends.push(close);
        return { wallet: { provider: stripe({ secretKey, baseUrl: url, product: 'payouts' }), currency: 'USD' } };
      },
      'warning',
      'webhook',
      'default: webhooks cannot be verified',
    ],
    [
      'a key of the other mode',
      async () => {
        // The simulator answers in the live mode to a key with this in it.
        const secretKey = `sk_test_${secret}`;
        const { url, close } = await stripeSimulator({ secretKey });
        ends.push(close);
        const options = { secretKey, baseUrl: url, product: 'payouts', webhookSecret: `whsec_${secret}` } as const;
        return { wallet: { provider: stripe(options), currency: 'USD' } };
      },
      'problem',
      'provider',
      'the answer is of live mode and the credentials are of test mode',
    ],
    [
      'a provider without look-ups',
      () => ({ wallet: { provider: { ...provider(), lookup: undefined } as never } }),
      'warning',
      'look-up',
      'default: payouts cannot be looked up',
    ],
    [
      'overdue payouts',
      () => {
        const clock = { ...machine() };
        return {
          guard: { store: sqlite({ clock }), overdueAfterMs: 1_000 },
          before: async (guard: PayoutGuard) => {
            clock.now = () => Date.now() - 4_000;
            await guard.hold({ amount: '10', reference: 'late-1', state: 'sent' });
            clock.now = () => Date.now();
          },
        };
      },
      'problem',
      'overdue',
      '1 payout without an outcome; the oldest, late-1, for ',
    ],
    [
      'a frozen wallet',
      () => ({ before: (guard: PayoutGuard) => guard.freeze('default', 'audit') }),
      'warning',
      'freeze',
      'default: frozen (audit)',
    ],
    ['a guard that only observes', () => ({ wrap: observing }), 'warning', 'observing', 'this guard only observes'],
    [
      'no history',
      () => ({ exports: { history: undefined } }),
      'warning',
      'history',
      'what operators do is not recorded',
    ],
    [
      'a process warning while the module is loaded',
      () => ({ before: async () => process.emitWarning('it is odd', { code: 'PAYOUT_GUARD_TWO_STORES' }) }),
      'warning',
      'warning',
      'it is odd',
    ],
    [
      'an old package beside this one',
      async () => {
        const manifest = {
          version: '0.1.0',
          engines: { node: '>=20' },
          peerDependencies: { croner: '^9.0.0 || ^10.0.0' },
        };
        await install('payout-guard', manifest);
        await install('croner', { version: '8.4.1' });
        return {};
      },
      'problem',
      'versions',
      'croner 8.4.1 is not ^9.0.0 || ^10.0.0',
    ],
    [
      'an old Node.js',
      async () => {
        await install('payout-guard', { version: '9.9.9', engines: { node: '>=99' } });
        return {};
      },
      'problem',
      'versions',
      'it needs >=99',
    ],
  ])('finds %s', (...one) => finds(one));

  async function install(name: string, manifest: object): Promise<void> {
    await mkdir(join(folder, 'node_modules', name), { recursive: true });
    await file(join('node_modules', name, 'package.json'), JSON.stringify(manifest));
  }
});
