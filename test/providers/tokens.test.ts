// Access tokens of JPay: fetched once, renewed early, replaced once after a 401, and never requested in a loop.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { BalanceProvider } from 'payout-guard';
import { type JpayOptions, jpay } from 'payout-guard/providers/jpay';
import type { JpaySimulator, JpaySimulatorOptions } from 'payout-guard/testing';
import { stoppedClock } from '../support/wallet.js';
import { expectSharedRequest } from './shared-request.js';
import { closeAll, failureOf, guardOf, quick, send, startJpay, startServer } from './support.js';

afterEach(closeAll);

const minuteMs = 60_000;
const paths = { app: '/auth/app/token', refresh: '/auth/refresh', balance: '/wallets/balance' } as const;

/** The number of requests for a token by app key, a token by refresh token, and a balance. */
function asked(simulator: JpaySimulator): [app: number, refresh: number, balance: number] {
  return [simulator.count(paths.app), simulator.count(paths.refresh), simulator.count(paths.balance)];
}

async function merchant(simulated: JpaySimulatorOptions = {}, options: Partial<JpayOptions> = {}) {
  const clock = stoppedClock();
  const simulator = await startJpay({ clock, ...simulated });
  const { url: baseUrl, appKey, appSecret } = simulator;
  const provider = jpay({ baseUrl, appKey, appSecret, ...quick, clock, ...options } as JpayOptions);
  return { ...guardOf(provider), clock, simulator, provider };
}

const ask = (provider: BalanceProvider, signal = new AbortController().signal) =>
  provider.fetchBalance({ currency: 'KES', signal });

describe('a token by app key', () => {
  it('is fetched once for a thousand checks at once, and so is the balance', async () => {
    const { simulator, provider } = await merchant();
    const { checkFunds } = guardOf(provider, { cache: {} });
    const decisions = await Promise.all(Array.from({ length: 1_000 }, () => checkFunds('12000.00')));
    expect(decisions.every(({ sufficient }) => sufficient)).toBe(true);
    expect(asked(simulator)).toEqual([1, 0, 1]);
  });

  it('is fetched once for many balances at once', async () => {
    const { simulator, provider } = await merchant();
    const balances = await Promise.all(Array.from({ length: 100 }, () => ask(provider)));
    expect(new Set(balances.map(({ available }) => available))).toEqual(new Set(['12000.00']));
    expect(asked(simulator)).toEqual([1, 0, 100]);
  });

  it.each([true, false])(
    'is renewed 60 seconds before it ends, by the refresh token (exp told: %j)',
    async (withExp) => {
      const { clock, simulator, checkFunds } = await merchant({ withExp });
      await checkFunds('1.00');
      clock.advance(14 * minuteMs - 1);
      await checkFunds('1.00');
      expect(asked(simulator)).toEqual([1, 0, 2]);
      clock.advance(1);
      await checkFunds('1.00');
      expect(asked(simulator)).toEqual([1, 1, 3]);
    },
  );

  it('is renewed again and again with the newest refresh token, as each works once', async () => {
    const { clock, simulator, checkFunds } = await merchant();
    for (let round = 0; round < 20; round += 1) {
      expect((await checkFunds('12000.00')).sufficient).toBe(true);
      clock.advance(14 * minuteMs);
    }
    expect(asked(simulator)).toEqual([1, 19, 20]);
  });

  it('is fetched by app key again when the refresh token is dead', async () => {
    const { clock, simulator, checkFunds } = await merchant();
    await checkFunds('1.00');
    clock.advance(7 * 24 * 60 * minuteMs);
    expect((await checkFunds('12000.00')).sufficient).toBe(true);
    expect(asked(simulator)).toEqual([2, 1, 2]);
    clock.advance(14 * minuteMs);
    await checkFunds('1.00');
    expect(asked(simulator)).toEqual([2, 2, 3]);
  });

  it('is fetched by app key when renewing it broke off, as the refresh token may be used up', async () => {
    for (const kind of ['reset', 'reset_midway', 'html_500'] as const) {
      const { clock, simulator, checkFunds } = await merchant();
      await checkFunds('1.00');
      clock.advance(14 * minuteMs);
      simulator.fault({ kind }, { path: paths.refresh, times: 1 });
      expect((await checkFunds('12000.00')).sufficient).toBe(true);
      expect([kind, asked(simulator)]).toEqual([kind, [2, 1, 2]]);
    }
  });

  it('that dies early is renewed once and the balance is asked for once more', async () => {
    const { simulator, checkFunds } = await merchant();
    await checkFunds('1.00');
    simulator.expireAccessTokens();
    expect((await checkFunds('12000.00')).sufficient).toBe(true);
    expect(asked(simulator)).toEqual([1, 1, 3]);
  });

  it('that dies early is renewed once for many balances at once', async () => {
    const { simulator, provider } = await merchant();
    await ask(provider);
    simulator.expireAccessTokens();
    await Promise.all(Array.from({ length: 50 }, () => ask(provider)));
    expect(asked(simulator)).toEqual([1, 1, 101]);
  });

  it('that dies together with its refresh token is fetched by app key', async () => {
    const { simulator, checkFunds } = await merchant();
    await checkFunds('1.00');
    simulator.expireAccessTokens();
    simulator.expireRefreshTokens();
    expect((await checkFunds('12000.00')).sufficient).toBe(true);
    expect(asked(simulator)).toEqual([2, 1, 3]);
  });

  it('that is renewed while attempts fail is renewed once for the balance, not for each attempt', async () => {
    const { simulator, checkFunds } = await merchant();
    simulator.fault({ kind: 'status', status: 500 }, { times: 1 });
    simulator.fault({ kind: 'status', status: 401 }, { times: 1 });
    simulator.fault({ kind: 'status', status: 500 }, { times: 1 });
    simulator.fault({ kind: 'status', status: 401 });
    expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason: 'unauthorized' });
    expect(asked(simulator)).toEqual([1, 1, 4]);
  });

  it('that never works is unauthorized, after one renewal for each balance', async () => {
    const { simulator, checkFunds } = await merchant();
    simulator.fault({ kind: 'status', status: 401, body: '{"detail":"Invalid or expired token"}' });
    const error = await failureOf(checkFunds('1.00'));
    expect(error).toMatchObject({ reason: 'unauthorized', status: 503, message: expect.stringContaining('HTTP 401') });
    expect(asked(simulator)).toEqual([1, 1, 2]);
    for (let round = 0; round < 10; round += 1) await failureOf(checkFunds('1.00'));
    expect(asked(simulator)).toEqual([1, 11, 22]);
  });

  it('whose 401 is written at length in another encoding is renewed all the same', async () => {
    let balances = 0;
    const server = await startServer((response, { url }) => {
      if (url !== paths.balance) send(response, '{"access":"a","refresh":"r"}');
      else if (++balances === 1) send(response, Buffer.from('acc\xe8s refus\xe9'.padEnd(100_000), 'latin1'), 401);
      else send(response, '{"collection_wallet_balance":"0.00","payout_wallet_balance":"5.00","total_balance":"5.00"}');
    });
    const { checkFunds } = guardOf(jpay({ baseUrl: server.url, appKey: 'k', appSecret: 's', ...quick }));
    expect((await checkFunds('5.00')).sufficient).toBe(true);
    expect(server.requests.map(({ path }) => path)).toEqual([paths.app, paths.balance, paths.refresh, paths.balance]);
  });

  it.each<[string, Partial<JpayOptions>]>([
    ['key', { appKey: 'wrong' } as Partial<JpayOptions>],
    ['secret', { appSecret: 'wrong' } as Partial<JpayOptions>],
  ])('is not tried for again with a wrong %s', async (_, wrong) => {
    const { simulator, checkFunds } = await merchant({}, wrong);
    expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason: 'unauthorized', status: 503 });
    expect(asked(simulator)).toEqual([1, 0, 0]);
  });

  it('is not tried for again from an address that is refused, early or late', async () => {
    const { simulator, checkFunds } = await merchant();
    simulator.refuseIp(true);
    expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason: 'forbidden' });
    expect(asked(simulator)).toEqual([1, 0, 0]);
    simulator.refuseIp(false);
    await checkFunds('1.00');
    simulator.refuseIp(true);
    expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason: 'forbidden' });
    expect(asked(simulator)).toEqual([2, 0, 2]);
  });

  it.each([[['collections']], [[]], [['payout', 'PAYOUTS']]])(
    'is not used when the products are %j',
    async (products) => {
      const { simulator, checkFunds } = await merchant({ products });
      const error = await failureOf(checkFunds('1.00'));
      expect(error).toMatchObject({ reason: 'forbidden', message: expect.stringContaining('product "payouts"') });
      expect(asked(simulator)).toEqual([1, 0, 0]);
    },
  );

  it.each<[string, string, Record<string, unknown>]>([
    ['no access token', 'malformed', { access: undefined }],
    ['no refresh token', 'malformed', { refresh: undefined }],
    ['a token of null', 'malformed', { access: null }],
    ['a number for a token', 'malformed', { access: 5 }],
    ['an empty token', 'malformed', { access: '' }],
    ['a token with a line break', 'malformed', { access: 'a\r\nx-injected: 1' }],
    ['a token with a space', 'malformed', { access: 'a b' }],
    ['a token of other letters', 'malformed', { access: 'tökén' }],
    ['a token of 8,193 characters', 'malformed', { access: 'a'.repeat(8_193) }],
    ['products that are no list', 'malformed', { products: 'payouts' }],
    ['products that are numbers', 'malformed', { products: [5] }],
  ])('is not believed with %s', async (_, reason, fields) => {
    const { simulator, checkFunds } = await merchant();
    simulator.fault({ kind: 'fields', fields }, { path: paths.app, times: 1 });
    expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason, status: 503 });
    expect(asked(simulator)).toEqual([1, 0, 0]);
    expect((await checkFunds('12000.00')).sufficient).toBe(true);
  });

  it.each<[string, unknown]>([
    ['is no number', { exp: 'soon' }],
    ['is long past', { exp: 1 }],
    ['is negative', { exp: -1e300 }],
    ['is beyond all time', { exp: 1e300 }],
    ['is beyond all numbers', '{"exp":1e400}'],
    ['is in no object', 'null'],
    ['is in no JSON', '{"exp":'],
  ])('works even if its exp %s', async (_, claims) => {
    const payload = Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims)).toString('base64url');
    const { simulator, checkFunds } = await merchant();
    simulator.fault({ kind: 'fields', fields: { access: `e30.${payload}.x` } }, { path: paths.app, times: 1 });
    // The simulator does not accept this token: a 401 and one renewal follow.
    expect((await checkFunds('12000.00')).sufficient).toBe(true);
    expect(asked(simulator)).toEqual([1, 1, 2]);
  });

  it('is asked for three times while its endpoint fails, and no balance without it', async () => {
    const { simulator, checkFunds } = await merchant();
    simulator.fault({ kind: 'html_500' }, { path: paths.app });
    expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason: 'provider_error' });
    expect(asked(simulator)).toEqual([3, 0, 0]);
  });

  it('that one guard waits for is not lost to another when the first is closed, or gives up', async () => {
    for (const end of ['close', 'timeout'] as const) {
      await expectSharedRequest(end, await merchant(), paths.app, { first: '1.00', staying: '12000.00' });
    }
  });
});
